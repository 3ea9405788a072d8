import BSON
import FHIRMapping
import TestSupport

/// Writes documents to try edits on: resources of FHIR that are valid, with now this and now that in them, or documents that
/// never came from FHIR.
///
/// Whatever belongs to one subject has its name in its id, up to the first hyphen.
struct LawSubjects {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  mutating func one(_ items: [String]) -> String { items.randomElement(using: &random) ?? "" }
  private mutating func some(_ items: [String]) -> [String] {
    items.filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
  }
  private mutating func list(_ name: String, _ items: [String]) -> [String] {
    let items = some(items)
    return items.isEmpty ? [] : [#""\#(name)":[\#(items.joined(separator: ","))]"#]
  }
  private func resource(_ type: String, _ id: String, _ members: [String]) -> String {
    "{" + ([#""resourceType":"\#(type)""#, #""id":"\#(id)""#] + members).joined(separator: ",") + "}"
  }

  /// Those whom appointments are, or come to be, with.
  static let bystanders = [
    "someone", "doctor", "42", "a-b.c", "4711", "123456789012", "0102030405060708090a0b0c",
  ]

  /// Resources that several subjects refer to.
  static let shared =
    bystanders.flatMap {
      [
        #"{"resourceType":"Patient","id":"\#($0)","name":[{"text":"Some One"}]}"#,
        #"{"resourceType":"Practitioner","id":"\#($0)","name":[{"text":"A Doctor"}]}"#,
      ]
    } + [
      #"{"resourceType":"Organization","id":"north","name":"Northern Group"}"#,
      #"{"resourceType":"Organization","id":"south","name":"Southern Group"}"#,
    ]

  /// The resources of a subject.
  mutating func resources(_ setting: LawSetting, _ id: String) -> [String] {
    switch setting.kind {
    case .patient: [patient(id)] + coverages(id)
    case .chart: [patient(id)] + chart(id) + (setting.hasPages ? bulk(id) : [])
    case .provider: [practitioner(id)] + roles(id)
    default: [appointment(id)]
    }
  }

  // MARK: People

  private mutating func meta() -> [String] {
    some([#""meta":{"versionId":"1","lastUpdated":"2024-01-01T00:00:00Z"}"#]) + some([#""language":"en""#])
  }

  private mutating func person() -> [String] {
    list(
      "name",
      [
        #"{"use":"usual","family":"Li","given":["Ann","B."],"_given":[{"id":"g"},null]}"#,
        #"{"text":"A. Li"}"#,
        #"{"use":"old","family":"Wu"}"#,
        #"{"use":"official","text":"Dr. Ana de la Cruz","family":"de la Cruz","given":["Ana"],"prefix":["Dr."]}"#,
      ])
      + list(
        "telecom",
        [
          #"{"system":"phone","value":"555-0101","use":"home"}"#,
          #"{"system":"phone","value":"412345670","use":"work","rank":1}"#,
          #"{"system":"email","value":"a@example.org"}"#, #"{"system":"fax","value":"555-0103"}"#,
          #"{"system":"email","value":"c@example.org","period":{"start":"2020"}}"#, #"{"system":"phone"}"#,
        ])
      + some([#""gender":"female""#])
      + some([one([#""birthDate":"1980-12-31""#, #""birthDate":"1980""#, #""birthDate":"1980-12""#])])
      + some([#""_birthDate":{"extension":[{"url":"http://example.org/e","valueString":"x"}]}"#])
  }

  private mutating func patient(_ id: String) -> String {
    let members =
      meta()
      + list("identifier", [#"{"system":"http://example.org/mrn","value":"\#(id)"}"#, #"{"value":"1"}"#])
      + person()
      + list(
        "address",
        [
          #"{"use":"home","line":["1 Main St","Apt 2"],"city":"Springfield","state":"IL","postalCode":"62701"}"#,
          #"{"text":"somewhere"}"#, #"{"use":"work","city":"Oslo","country":"NO"}"#,
          #"{"use":"old","line":["x"],"district":"y"}"#,
        ])
      + list("contact", [#"{"name":{"text":"Mother"},"telecom":[{"system":"phone","value":"555-0199"}]}"#])
      + list(
        "communication",
        [
          #"{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en"}]}}"#,
          #"{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"und"}],"text":"Elvish"}}"#,
          #"{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es","display":"x"}]},"preferred":true}"#,
        ])
      + some([
        one([
          #""managingOrganization":{"reference":"Organization/north"}"#,
          #""managingOrganization":{"reference":"Organization/south","display":"South"}"#,
          #""managingOrganization":{"display":"Third"}"#,
        ])
      ])
    return resource("Patient", id, members)
  }

  private mutating func coverages(_ id: String) -> [String] {
    (0..<Int.random(in: 0...2, using: &random)).map { number in
      resource(
        "Coverage", "\(id)-c\(number)",
        meta() + [#""status":"active""#] + some([#""subscriberId":"W\#(number)""#])
          + [
            #""beneficiary":{"reference":"Patient/\#(id)"}"#,
            one([
              #""payor":[{"identifier":{"system":"http://example.org/payers","value":"6005\#(number)"}},{"display":"b"}]"#,
              #""payor":[{"display":"A payer"}]"#,
              #""payor":[{"identifier":{"value":"AETNA"},"display":"Aetna"}]"#,
            ]),
          ]
          + some([#""period":{"start":"20\#(20 + number)-01-01"}"#]))
    }
  }

  private mutating func practitioner(_ id: String) -> String {
    let members =
      meta()
      + list(
        "identifier",
        [
          #"{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}"#,
          #"{"system":"http://example.org/staff","value":"\#(id)"}"#,
          #"{"use":"old","system":"http://hl7.org/fhir/sid/us-npi","value":"1992999825"}"#,
        ]) + person()
      + list(
        "qualification",
        [
          #"{"code":{"text":"Surgery"}}"#,
          #"{"code":{"coding":[{"system":"http://example.org/q","code":"MD"}]},"issuer":{"display":"x"}}"#,
        ])
    return resource("Practitioner", id, members)
  }

  private mutating func roles(_ id: String) -> [String] {
    (0..<Int.random(in: 0...2, using: &random)).map { number in
      resource(
        "PractitionerRole", "\(id)-r\(number)",
        meta() + some([#""active":true"#])
          + some([
            one([
              #""period":{"start":"201\#(number)-05-01","end":"2030-01-01"}"#, #""period":{"end":"2030"}"#,
            ])
          ])
          + [#""practitioner":{"reference":"Practitioner/\#(id)"}"#]
          + list(
            "specialty",
            [#"{"text":"Cardiology"}"#, #"{"coding":[{"code":"394579002","display":"Nephrology"}]}"#]))
    }
  }

  // MARK: Charts

  private mutating func chart(_ id: String) -> [String] {
    let vitals = [
      (
        "8302-2",
        #""valueQuantity":{"value":172.5,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}"#
      ),
      (
        "8302-2",
        #""valueQuantity":{"value":70,"unit":"in","system":"http://unitsofmeasure.org","code":"[in_i]"}"#
      ),
      (
        "29463-7",
        #""valueQuantity":{"value":70.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}"#
      ),
      ("29463-7", #""dataAbsentReason":{"text":"refused"}"#),
      ("85354-9", Self.pressure(120, 80)), ("85354-9", Self.pressure(117, 79)),
      (
        "2339-0",
        #""valueQuantity":{"value":98,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}"#
      ),
      (
        "15074-8",
        #""valueQuantity":{"value":5.5,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}"#
      ),
      ("718-7", #""valueQuantity":{"value":14,"unit":"g/dL"}"#),
    ]
    var resources: [String] = []
    for (number, vital) in vitals.enumerated() where chance(50) {
      resources.append(
        resource(
          "Observation", "\(id)-o\(number)",
          meta() + [
            #""status":"final""#, #""code":{"coding":[{"system":"http://loinc.org","code":"\#(vital.0)"}]}"#,
            #""subject":{"reference":"Patient/\#(id)"}"#,
            #""effectiveDateTime":"2024-0\#(number + 1)-01"#
              + one([#"""#, #"T10:00:00Z""#]),
            vital.1,
          ]))
    }
    let codes = [
      #"{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9","display":"Diabetes"}]}"#,
      #"{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I10"},{"system":"http://snomed.info/sct","code":"59621000"}]}"#,
      #"{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"J45"}],"text":"Asthma"}"#,
      #"{"text":"tired"}"#,
      #"{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}]}"#,
    ]
    for (number, code) in codes.enumerated() where chance(50) {
      resources.append(
        resource(
          "Condition", "\(id)-d\(number)",
          meta() + [
            #""clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}"#,
            #""code":\#(code)"#, #""subject":{"reference":"Patient/\#(id)"}"#,
          ]))
    }
    let notes = [
      #"{"contentType":"text/plain","data":"QSBub3Rl","size":6,"title":"t"}"#,
      #"{"contentType":"text/plain; charset=utf-8","data":"w6k="}"#,
      #"{"contentType":"application/pdf","url":"http://example.org/x.pdf"}"#,
    ]
    for (number, note) in notes.enumerated() where chance(50) {
      resources.append(
        resource(
          "DocumentReference", "\(id)-n\(number)",
          meta() + [
            #""status":"current""#, #""subject":{"reference":"Patient/\#(id)"}"#,
            #""date":"2024-0\#(number + 1)-01T00:00:00Z""#, #""content":[{"attachment":\#(note)}]"#,
          ]))
    }
    return resources
  }

  /// More than fits on a chart's page.
  private func bulk(_ id: String) -> [String] {
    (0..<8).map { number in
      resource(
        "Observation", "\(id)-b\(number)",
        [
          #""status":"final""#, #""code":{"text":"sample"}"#, #""subject":{"reference":"Patient/\#(id)"}"#,
          #""note":[{"text":"\#(String(repeating: "word ", count: 400))"}]"#,
        ])
    }
  }

  private static func pressure(_ high: Int, _ low: Int) -> String {
    let parts = [("8480-6", high), ("8462-4", low)].map { code, number in
      #"{"code":{"coding":[{"system":"http://loinc.org","code":"\#(code)"}]},"valueQuantity":{"value":\#(number),"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}"#
    }
    return #""component":[\#(parts.joined(separator: ","))]"#
  }

  // MARK: Appointments

  private mutating func appointment(_ id: String) -> String {
    let url = "https://fhirline.dev/StructureDefinition/"
    let status = one([
      "booked", "fulfilled", "cancelled", "noshow", "proposed", "pending", "arrived", "waitlist",
      "checked-in",
    ])
    let isTimeless = ["proposed", "cancelled", "waitlist"].contains(status)
    var members =
      meta()
      + list(
        "extension",
        [
          #"{"url":"\#(url)confirmed-phone","valueString":"555-0101"}"#,
          #"{"url":"\#(url)billing-disposition","valueString":"billed"}"#,
          #"{"url":"http://example.org/x","valueCode":"y"}"#,
          #"{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService","extension":[{"url":"channelType","valueCoding":{"system":"http://example.org/c","code":"zoom"}}]}"#,
        ])
    if status == "cancelled", chance(50) {
      let word = #"{"url":"\#(url)disposition","valueString":"rescheduled"}"#
      members.removeAll { $0.hasPrefix(#""extension""#) }
      members.append(#""extension":[\#(word)]"#)
    }
    members.append(#""status":"\#(status)""#)
    if status == "cancelled", chance(50) { members.append(#""cancelationReason":{"text":"ill"}"#) }
    members += some([#""serviceType":[{"text":"zoom"}]"#]) + some([#""description":"A visit""#])
    if !isTimeless || chance(50) {
      members.append(one([#""start":"2024-03-01T09:00:00Z""#, #""start":"2024-03-01T09:00:00.000-05:00""#]))
      members.append(#""end":"2024-03-01T19:30:00+01:00""#)
    }
    members += some([one([#""created":"2024-02-01T10:00:00Z""#, #""created":"2024-02-01""#])])
    let participants = some([
      #"{"actor":{"reference":"Patient/someone","display":"Some One"},"status":"accepted"}"#,
      #"{"actor":{"reference":"Practitioner/doctor"},"required":"optional","status":"declined"}"#,
      #"{"type":[{"text":"interpreter"}],"actor":{"display":"x"},"status":"tentative"}"#,
    ])
    let actors =
      participants.isEmpty ? [#"{"actor":{"display":"nobody"},"status":"tentative"}"#] : participants
    members.append(#""participant":[\#(actors.joined(separator: ","))]"#)
    return resource("Appointment", id, members)
  }
}
