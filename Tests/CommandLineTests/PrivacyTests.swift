import BSON
import Foundation
import Testing

/// Values of patients are planted in resources, sound and unsound, and in documents; no command may tell one that was not
/// asked to.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct PrivacyTests {
  /// Every planted value holds one of these, and nothing else does.
  private static let marks = ["Zyxmark", "zyxmark", "4477665544", "1957-12-29", "29.12.1957", "987.654321"]

  @Test func `no command tells a value of a patient`() throws {
    let workspace = try Workspace()
    let sound = try workspace.write("in/sound.ndjson", PrivacyInput.sound)
    let unsound = try workspace.write("in/unsound.ndjson", PrivacyInput.unsound)
    let bundle = try workspace.write("in/bundle.json", PrivacyInput.bundle)
    let broken = try workspace.write("in/broken.json", PrivacyInput.broken)
    let xml = try workspace.write("in/unsound.xml", PrivacyInput.xml)
    let cut = try workspace.write("in/cut.xml", String(PrivacyInput.xml.dropLast(30)))
    let inputs = [sound, unsound, bundle, broken, xml, cut]
    let quarantine = workspace.path("quarantine.ndjson")
    func expectPrivate(
      _ arguments: [String], isDataExpected: Bool = false, mayRefuse: Bool = false, _ input: String = ""
    ) throws {
      let outcome = try Program.run(
        arguments, environment: ["FHIRLINE_DATABASE": workspace.database], input: Data(input.utf8))
      // A command that does not even begin tells nothing, whatever it would tell.
      #expect(
        [0, 1].contains(outcome.status) || mayRefuse && outcome.status == 2, "\(arguments): \(outcome.errors)"
      )
      for text in isDataExpected ? [outcome.errors] : [outcome.output, outcome.errors] {
        for line in text.split(separator: "\n") {
          #expect(
            !PrivacyTests.marks.contains { line.contains($0) }, "\(arguments.joined(separator: " ")): \(line)"
          )
        }
      }
    }

    for format in ["text", "json", "ndjson", "sarif", "junit", "html"] {
      try expectPrivate(["validate", "--format", format, "--best-practice", "--undecided"] + inputs)
    }
    try expectPrivate(["validate", "--write-baseline", workspace.path("baseline")] + inputs)
    #expect(!PrivacyTests.marks.contains { ((try? workspace.read("baseline")) ?? "").contains($0) })
    try expectPrivate(["plan"] + inputs)
    try expectPrivate(["import", "--quarantine", quarantine] + inputs)
    try expectPrivate(["import", "--summary", "json", "--quarantine", quarantine] + inputs)
    #expect(try workspace.read("quarantine.ndjson").contains("Zyxmark"))
    // What MongoDB refuses it tells of with the values: duplicates of a key, documents that break a collection's rules.
    for transactions in ["--no-transactions", "--quiet"] {
      try workspace.command(["dropDatabase": 1])
      try workspace.insert([["_id": "taken", "email": "a@zyxmark.org"]], into: "patient")
      try workspace.command([
        "createIndexes": "patient",
        "indexes": [["key": ["email": 1], "name": "one_email", "unique": true]],
      ])
      try workspace.command(["create": "provider", "validator": ["name": ["$not": ["$type": "string"]]]])
      try expectPrivate(["init"])
      try expectPrivate(["import", transactions, "--quarantine", workspace.path("refused.ndjson")] + inputs)
      try expectPrivate(["quarantine", "list", "--quarantine", workspace.path("refused.ndjson")])
      let refused = try workspace.read("refused.ndjson").split(separator: "\n")
      #expect(refused.contains { $0.contains("the same email") }, "\(transactions)")
      #expect(refused.contains { $0.contains("validation rules") }, "\(transactions)")
      try FileManager.default.removeItem(atPath: workspace.path("refused.ndjson"))
    }
    try workspace.command(["dropDatabase": 1])
    try expectPrivate(["init", "--dry-run"])
    try expectPrivate(["init"])
    try expectPrivate(["import", "--quarantine", workspace.path("again.ndjson")] + inputs)
    try workspace.insert(PrivacyInput.documents, into: "patient")
    try workspace.set("first_name", to: "Zyxmark-edited", of: "sound", in: "patient")
    try workspace.set("date_of_birth", to: "29.12.1957 or so", of: "sound", in: "patient")
    for format in ["text", "json"] {
      try expectPrivate(["plan", "--format", format] + inputs)
      try expectPrivate(["doctor", "--format", format])
      try expectPrivate(["trace", "--format", format, "sound", "drift", "Patient/sound", "Zyx"])
      try expectPrivate(["quarantine", "list", "--format", format, "--quarantine", quarantine])
    }
    try expectPrivate(["quarantine", "replay", "--quarantine", quarantine])
    for format in ["ndjson", "json", "xml", "bundle"] {
      try expectPrivate([
        "export", "--format", format, "--out", workspace.path("out-\(format)"), "--report",
        workspace.path("report-\(format)"),
      ])
      #expect(
        !PrivacyTests.marks.contains { ((try? workspace.read("report-\(format)")) ?? "").contains($0) },
        "\(format)")
    }
    #expect(
      !PrivacyTests.marks.contains { ((try? workspace.read("out-ndjson/manifest.json")) ?? "").contains($0) })
    #expect(try workspace.read("out-ndjson/Patient.ndjson").contains("Zyxmark"))
    try expectPrivate(["doctor", "--fix"])
    try expectPrivate(["compare", workspace.path("in"), workspace.path("out-ndjson")], mayRefuse: true)
    try expectPrivate(["compare", sound, unsound], mayRefuse: true)
    try expectPrivate(["compare", sound, workspace.path("out-ndjson")])
    for input in inputs {
      for format in ["json", "xml", "ndjson"] {
        try expectPrivate(["convert", input, "-", "--format", format], isDataExpected: true)
      }
      try expectPrivate(["fhirpath", "name.family.toInteger() + birthDate", input], isDataExpected: true)
    }
    try expectPrivate(["mapping", "check"])
    try expectPrivate(["mapping", "explain", "patient.name"])
  }
}

/// What holds the planted values.
private enum PrivacyInput {
  private static let person =
    #""name":[{"family":"Zyxmark","given":["Zyxmarka"],"text":"Zyxmarka Zyxmark"}],"birthDate":"1957-12-29","#
    + #""telecom":[{"system":"phone","value":"+49 4477665544"},{"system":"email","value":"a@zyxmark.org"}],"#
    + #""address":[{"line":["Zyxmark street 1"],"city":"Zyxmarktown","postalCode":"zyxmark-1"}],"#
    + #""identifier":[{"system":"https://x.org/mrn","value":"mrn-zyxmark"}]"#

  static let sound = [
    #"{"resourceType":"Patient","id":"sound",\#(person),"contact":[{"name":{"text":"Zyxmark"}}]}"#,
    #"{"resourceType":"Practitioner","id":"doctor",\#(person)}"#,
    #"{"resourceType":"Observation","id":"weight","status":"final","code":{"text":"Zyxmark"},"subject":{"reference":"#
      + #""Patient/sound","display":"Zyxmark"},"valueQuantity":{"value":987.654321,"unit":"zyxmark"},"#
      + #""note":[{"text":"Zyxmark said so"}]}"#,
    #"{"resourceType":"Appointment","id":"visit","status":"booked","comment":"Zyxmark","start":"2030-01-01T10:00:00Z","#
      + #""end":"2030-01-01T10:30:00Z","participant":[{"actor":{"reference":"Patient/sound","display":"Zyxmark"},"#
      + #""status":"accepted"}]}"#,
    #"{"resourceType":"AllergyIntolerance","id":"allergy","patient":{"reference":"Patient/sound"},"#
      + #""code":{"text":"Zyxmark"},"note":[{"text":"Zyxmark"}]}"#,
    #"{"resourceType":"Coverage","id":"coverage","status":"active","beneficiary":{"reference":"Patient/sound"},"#
      + #""subscriberId":"zyxmark","payor":[{"display":"Zyxmark"}]}"#,
  ].joined(separator: "\n")

  /// A fault a line, each with a planted value where a careless message would show it.
  static let unsound =
    ([
      #""gender":"Zyxmark""#, #""birthDate":"Zyxmark""#, #""birthDate":"29.12.1957""#, #""active":"Zyxmark""#,
      #""name":"Zyxmark""#, #""name":[{"family":["Zyxmark"]}]"#, #""name":[{"family":"Zyxmark\u0000"}]"#,
      #""telecom":[{"value":"+49 4477665544"}]"#, #""telecom":[{"system":"Zyxmark","value":"4477665544"}]"#,
      #""telecom":[{"system":"phone","value":4477665544}]"#, #""telecom":[{"rank":"Zyxmark"}]"#,
      #""telecom":[{"rank":987.654321}]"#,
      #""identifier":[{"system":"not a uri zyxmark","value":"Zyxmark"}]"#,
      #""identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"4477665544"}]"#,
      #""photo":[{"contentType":"Zyx mark/Zyxmark","data":"Zyxmark!"}]"#,
      #""multipleBirthInteger":"Zyxmark""#,
      #""multipleBirthInteger":987.654321"#, #""deceasedDateTime":"1957-12-29T25:00:00Z""#,
      #""maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","#
        + #""code":"Zyxmark","display":"Zyxmark"}]}"#,
      #""communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"Zyxmark"}]}}]"#,
      #""text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><script>Zyxmark</script></div>"}"#,
      #""text":{"status":"Zyxmark","div":"<div>Zyxmark"}"#,
      #""generalPractitioner":[{"reference":"Zyxmark of nowhere"}]"#,
      ##""managingOrganization":{"reference":"#Zyxmark"}"##, #""link":[{"type":"Zyxmark"}]"#,
      #""extension":[{"url":"Zyxmark","valueString":"Zyxmark"}]"#,
      #""extension":[{"url":"https://x.org","valueDate":"Zyxmark"}]"#,
      #""contact":[{"gender":"female","period":{"start":"2020-01-01","end":"1957-12-29"}}]"#,
      #""address":[{"use":"Zyxmark","period":{"start":"Zyxmark"}}]"#,
      #""meta":{"lastUpdated":"Zyxmark","versionId":"Zyx mark"}"#,
      #""language":"Zyxmark""#, #""contained":[{"resourceType":"Patient","id":"c","gender":"Zyxmark"}]"#,
      #""name":[{"family":"Zyxmark"}],"name":[]"#,
      #""implicitRules":"Zyx mark""#,
    ].enumerated().map { #"{"resourceType":"Patient","id":"unsound-\#($0)",\#($1)}"# } + [
      #"{"resourceType":"Patient","id":"cut","name":[{"family":"Zyxmark"#,
      #"{"resourceType":"Patient","id":"quote","name":[{"family":"Zyxmark" "given":["Zyxmark"]}]}"#,
      #"Zyxmark 4477665544"#, #""Zyxmark""#, #"{"name":[{"family":"Zyxmark"}]}"#,
      #"{"resourceType":"Patient","id":"escape","name":[{"family":"Zyxmark\q"}]}"#,
      #"{"resourceType":"Observation","id":"o1","status":"Zyxmark","code":{"text":"Zyxmark"},"valueQuantity":{"#
        + #""value":"Zyxmark","system":"http://unitsofmeasure.org","code":"zyxmark"}}"#,
      #"{"resourceType":"Observation","id":"o2","status":"final","code":{"coding":[{"system":"http://loinc.org","#
        + #""code":"Zyxmark"}]},"effectiveDateTime":"1957-12-29T10","valueQuantity":{"value":987.654321,"comparator":"Zyxmark"}}"#,
      #"{"resourceType":"Questionnaire","id":"q","status":"active","item":[{"linkId":"1","type":"group"}]}"#,
      #"{"resourceType":"QuestionnaireResponse","id":"qr","status":"completed","questionnaire":"Questionnaire/q","#
        + #""item":[{"linkId":"1","answer":[{"valueString":"Zyxmark"}]},{"linkId":"2","text":"Zyxmark"}]}"#,
      #"{"resourceType":"MeasureReport","id":"mr","status":"Zyxmark","type":"summary","measure":"https://x.org/m"}"#,
    ]).joined(separator: "\n")

  static let bundle =
    #"{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:zyxmark","resource":"#
    + #"{"resourceType":"Patient",\#(person)},"request":{"method":"POST","url":"Patient","#
    + #""ifNoneExist":"identifier=https://x.org/mrn|mrn-zyxmark"}},{"resource":{"resourceType":"Observation","status":"final","#
    + #""code":{"text":"Zyxmark"},"subject":{"reference":"Patient?identifier=https://x.org/mrn|other-zyxmark"}},"#
    + #""request":{"method":"Zyxmark","url":"Observation?patient=Zyxmark"}},{"request":{"method":"DELETE","#
    + #""url":"Patient?name=Zyxmark"}},{"resource":{"resourceType":"Patient","gender":"Zyxmark"},"request":{"method":"PUT","#
    + #""url":"Patient?name=Zyxmark"}}]}"#

  static let broken = #"{"resourceType":"Patient","id":"broken",\#(person),"gender":Zyxmark}"#

  static let xml =
    #"<Patient xmlns="http://hl7.org/fhir"><id value="xml"/><name><family value="Zyxmark"/><given>Zyxmark</given></name>"#
    + #"<gender value="Zyxmark"/><birthDate value="29.12.1957"/><active value="Zyxmark"/></Patient>"#

  /// As an application wrote them, with the drift of years.
  static let documents: [BSONFields] = [
    [
      "_id": "drift", "first_name": "Zyxmark", "last_name": 4_477_665_544, "date_of_birth": "29.12.1957",
      "gender": "Zyxmark", "primary_phone": 4_477_665_544, "email": ["Zyxmark"], "languages": "Zyxmark",
      "appointments": ["nowhere"], "address": "Zyxmark street",
    ],
    ["_id": "drift2", "name": "Zyxmark", "date_of_birth": "Zyxmark", "insurance": ["member": "zyxmark"]],
  ]
}
