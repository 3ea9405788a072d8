import BSON
import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct QuarantineTests {
  private func quarantine(_ workspace: Workspace, _ arguments: String...) throws -> Program.Outcome {
    try Program.run(
      ["quarantine", arguments[0], "--file", workspace.path("quarantine.ndjson")] + arguments.dropFirst(),
      environment: ["FHIRLINE_DATABASE": workspace.database])
  }

  private func summary(_ outcome: Program.Outcome) throws -> Workspace.Summary {
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(summary.read == summary.accounted)
    return summary
  }

  private static let mixed = """
    {"resourceType":"Patient","id":"good","gender":"female"}
    {"resourceType":"Patient","id":"bad","gender":"unheard-of"}
    {"resourceType":"Patient","id":
    {"resourceType":"Observation","id":"o","status":"finale","code":{"text":"x"},"subject":{"reference":"Patient/bad"}}
    {"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/bad"}}

    """

  @Test func `what is set aside is listed by reason and source, and shown with its reasons`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("mixed.ndjson", QuarantineTests.mixed)
    _ = try workspace.importFiles(file, status: 1)
    let list = try quarantine(workspace, "list")
    #expect(list.status == 0)
    #expect(list.output.contains("quarantine.ndjson: 3 resources set aside"))
    #expect(list.output.contains("1 × Patient.gender: binding-required"))
    #expect(list.output.contains("1 × Observation.status: binding-required"))
    #expect(list.output.contains("read from: \(file) (1)"))
    let json = try quarantine(workspace, "list", "--format", "json")
    #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
    for id in ["1", "Patient/bad", "bad"] {
      let show = try quarantine(workspace, "show", id)
      #expect(show.status == 0)
      #expect(show.output.contains("quarantine.ndjson:1: Patient/bad, read from \(file):2:1"))
      #expect(show.output.contains("\n  \"gender\": \"unheard-of\"\n"))
    }
    #expect(try quarantine(workspace, "show", "9").status == 1)
  }

  @Test func `a quarantine file may be named without the option`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(
      try workspace.write("in.ndjson", QuarantineTests.mixed + "<ClinicalDocument/>\n"), status: 1)
    let file = workspace.path("quarantine.ndjson")
    let list = try workspace.run("quarantine", "list", file)
    #expect(list.status == 0 && list.output.contains("\(file): 4 resources set aside"), "\(list.output)")
    // Of what is no resource there is nothing more to be told than its rule.
    #expect(list.output.contains("1 × unreadable: json-syntax\n"), "\(list.output)")
    let show = try quarantine(workspace, "show", "4")
    #expect(show.output.contains("  fatal: ") && !show.output.contains(": : "), "\(show.output)")
    let wrong = try workspace.run("quarantine", "show", file)
    #expect(wrong.status == 1 && wrong.errors.contains("--file names the file"), "\(wrong.errors)")
    let text = try workspace.read("quarantine.ndjson")
    try workspace.write("quarantine.ndjson", text.replacing("unheard-of", with: "other"))
    let replay = try workspace.run("quarantine", "replay", file, "--summary", "json")
    #expect(try summary(replay).loaded.inserted == 1)
  }

  @Test func `a fix in the file lets a resource leave it; what fails again stays with its new reason`() throws
  {
    let workspace = try Workspace()
    let file = try workspace.write("mixed.ndjson", QuarantineTests.mixed)
    _ = try workspace.importFiles(file, status: 1)
    let text = try workspace.read("quarantine.ndjson")
    try workspace.write(
      "quarantine.ndjson", text.replacing("unheard-of", with: "other").replacing("finale", with: ""))
    let replay = try quarantine(workspace, "replay", "--summary", "json")
    #expect(replay.status == 1, "\(replay.errors)")
    let counts = try summary(replay)
    #expect(counts.read == 3 && counts.loaded.inserted == 1 && counts.quarantined == 2)
    let lines = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("json-syntax") && lines[0].contains("\"line\":3,"))
    #expect(lines[1].contains("\"source\":\"\(file)\",\"line\":4,\"column\":1"))
    #expect(!lines[1].contains("binding-required") && lines[1].contains("Observation.status"))
    let mode = try FileManager.default.attributesOfItem(atPath: workspace.path("quarantine.ndjson"))[
      .posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
    // The origin is the first file and line.
    #expect(try workspace.run("trace", "Patient/bad").output.hasPrefix("Patient/bad: \(file):2, import 2 of"))

    let again = try quarantine(workspace, "replay", "--summary", "json")
    #expect(try summary(again).quarantined == 2)
    try workspace.write(
      "quarantine.ndjson",
      try workspace.read("quarantine.ndjson").replacing(#""status":"""#, with: #""status":"final""#)
        .replacing(
          #""raw":"{\"resourceType\":\"Patient\",\"id\":"#, with: #""raw":"{\"resourceType\":\"Patient\"}"#))
    let last = try quarantine(workspace, "replay", "--summary", "json")
    #expect(last.status == 0, "\(last.errors)")
    #expect(try summary(last).loaded.inserted == 2)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("quarantine.ndjson")))
    let nothing = try Program.run(
      ["quarantine", "replay"],
      environment: [
        "FHIRLINE_DATABASE": workspace.database,
        "FHIRLINE_CONFIG": try workspace.write(
          "c.yml", "import:\n  quarantine: \(workspace.path("quarantine.ndjson"))\n"),
      ])
    #expect(nothing.status == 0 && nothing.errors.contains("nothing is set aside"))
  }

  @Test func `an entry of a Bundle keeps its fullUrl, so that references to it are found`() throws {
    let workspace = try Workspace()
    let bundle = try workspace.write(
      "b.json",
      #"{"resourceType":"Bundle","type":"batch","entry":["#
        + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002","resource":{"resourceType":"Patient","gender":"no"},"#
        + #""request":{"method":"POST","url":"Patient"}},"#
        + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f003","resource":{"resourceType":"Observation","#
        + #""status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002"}},"#
        + #""request":{"method":"POST","url":"Observation"}}]}"#)
    let first = try workspace.importFiles(bundle, status: 1)
    #expect(first.loaded.inserted == 1 && first.quarantined == 1)
    try workspace.write(
      "quarantine.ndjson",
      try workspace.read("quarantine.ndjson").replacing(#""gender":"no""#, with: #""gender":"male""#))
    let replay = try quarantine(workspace, "replay", "--summary", "json")
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try summary(replay).loaded.inserted == 1)
    _ = try workspace.document("0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002", in: "patient")
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    #expect(
      try workspace.read("out/Observation.ndjson").contains(
        #""Patient/0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002""#))
  }

  @Test func `what the database refused stays until the database takes it`() throws {
    let workspace = try Workspace()
    try workspace.command(["create": "patient", "validator": ["name": ["$ne": "Ann Bee"]]])
    let file = try workspace.write(
      "in.ndjson",
      #"{"resourceType":"Patient","id":"a","name":[{"text":"Ann Bee"}]}"# + "\n"
        + #"{"resourceType":"Patient","id":"b","name":[{"text":"Cy Dee"}]}"# + "\n")
    let first = try workspace.importFiles(file, status: 1)
    #expect(first.read == first.accounted && first.quarantined == 1 && first.loaded.inserted == 1)
    let lines = try workspace.read("quarantine.ndjson")
    #expect(lines.contains("\"source\":\"\(file)\",\"line\":1"))
    let again = try quarantine(workspace, "replay", "--summary", "json")
    #expect(again.status == 1)
    #expect(try summary(again).quarantined == 1)
    #expect(try workspace.read("quarantine.ndjson").contains("the collection's own validation rules refuse"))
    try workspace.command(["collMod": "patient", "validator": [:]])
    let last = try quarantine(workspace, "replay", "--summary", "json")
    #expect(last.status == 0, "\(last.errors)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("quarantine.ndjson")))
    #expect(try workspace.document("a", in: "patient")["name"] == "Ann Bee")
  }

  @Test func `lines that are no entries stay as they are`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "bad.json", #"{"resourceType":"Patient","id":"bad","gender":"unheard-of"}"#)
    _ = try workspace.importFiles(file, status: 1)
    let text = try workspace.read("quarantine.ndjson").replacing("unheard-of", with: "male")
    try workspace.write("quarantine.ndjson", "a note of mine\n" + text + "{\"source\":1}\n")
    let replay = try quarantine(workspace, "replay", "--summary", "json")
    #expect(replay.status == 1)
    #expect(try summary(replay).loaded.inserted == 1)
    #expect(try workspace.read("quarantine.ndjson") == "a note of mine\n{\"source\":1}\n")
    let list = try quarantine(workspace, "list")
    #expect(list.output.contains("2 lines that cannot be read as entries"))
  }

  @Test func `text that is no JSON stays, on whatever line, with the line it was read at`() throws {
    let workspace = try Workspace()
    let lines = #"{"resourceType":"Patient","id":"a","gender":"no"}"# + "\n\nno JSON\n"
    let first = try workspace.importFiles(
      workspace.write("a.ndjson", lines),
      workspace.write("b.xml", #"<Patient xmlns="http://hl7.org/fhir"><id value="b"/>"#), status: 1)
    #expect(first.quarantined == 3)
    let aside = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(aside.contains { $0.contains(#""line":3,"column":1,"#) && $0.contains(#""raw":"no JSON""#) })
    for _ in 1...2 {
      let replay = try quarantine(workspace, "replay", "--summary", "json")
      #expect(replay.status == 1)
      let left = try workspace.read("quarantine.ndjson").split(separator: "\n")
      #expect(left.count == 3)
      #expect(left.count { $0.contains(#""raw":"no JSON""#) } == 1)
      #expect(left.count { $0.contains(#""raw":"<Patient"#) } == 1)
    }
  }

  @Test func `bytes that were no text do not become text by a replay`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "in.ndjson",
      Data(#"{"resourceType":"Patient","id":"p","name":[{"family":"M"#.utf8) + Data([0xFC])
        + Data(#"ller"}]}"#.utf8) + Data("\n".utf8))
    _ = try workspace.importFiles(file, status: 1)
    let replay = try quarantine(workspace, "replay", "--summary", "json")
    #expect(replay.status == 1)
    #expect(try summary(replay).quarantined == 1)
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.contains("encoding-utf8") && text.contains("M\u{FFFD}ller"))
    // Nothing of it is lost: what it was stands beside it.
    #expect(text.contains(#""replaced":"fc","#))
    try workspace.write("quarantine.ndjson", text.replacing("\u{FFFD}", with: "ü"))
    #expect(try quarantine(workspace, "replay", "--summary", "json").status == 0)
    #expect(try workspace.document("p", in: "patient")["name"] == "Müller")
  }

  @Test
  func `what begins as a zipped file does is replayed as any other, and nothing goes that was not loaded`()
    throws
  {
    let workspace = try Workspace()
    // What is zipped twice is unzipped once.
    try workspace.write("in.json", #"{"resourceType":"Patient","id":"z"}"#)
    let zipped = workspace.path("in.json.gz")
    let script = "gzip -c <\"$0\" | gzip -c >\"$0.gz\""
    _ = try Program.run(["-c", script, workspace.path("in.json")], program: URL(filePath: "/bin/sh"))
    let other = try workspace.write("other.json", #"{"resourceType":"Patient","id":"p","gender":"none"}"#)
    let outcome = try workspace.run(
      "import", zipped, other, "--quarantine", workspace.path("quarantine.ndjson"))
    #expect(outcome.errors.contains("this is zipped twice: unpack it once"), "\(outcome.errors)")
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.split(separator: "\n").count == 2)
    try workspace.write("quarantine.ndjson", text.replacing(#""none""#, with: #""male""#))
    #expect(try quarantine(workspace, "replay").status == 1)
    #expect(try workspace.document("p", in: "patient")["_id"] == "p")
    let left = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(left.count == 1 && left[0].contains("in.json.gz"))
  }

  @Test func `a Bundle whose entry is no array is set aside, and loads when it is one`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "b.json",
      #"{"resourceType":"Bundle","type":"collection","entry":{"fullUrl":"http://a.b/Patient/p","#
        + #""resource":{"resourceType":"Patient","id":"p"}}}"#)
    let summary = try workspace.importFiles(file, status: 1)
    #expect(summary.read == 1 && summary.quarantined == 1)
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.contains(#""rule":"array-expected""#))
    try workspace.write(
      "quarantine.ndjson",
      text.replacing(#""entry":{"#, with: #""entry":[{"#).replacing(#""id":"p"}}"#, with: #""id":"p"}}]"#))
    #expect(try quarantine(workspace, "replay").status == 0)
    #expect(try workspace.document("p", in: "patient")["_id"] == "p")
  }

  @Test func `what was no UTF-8 can be told from the entry, and stays so when it is replayed`() throws {
    let workspace = try Workspace()
    // A letter of Latin-1, half a letter of UTF-8, a U+FFFD of the source's own, and a letter over many pieces.
    let filler = Data(String(repeating: "é€😀", count: 30_000).utf8)
    let bytes =
      Data(#"{"resourceType":"Patient","id":"p","name":[{"family":"M"#.utf8) + Data([0xFC, 0x6C, 0xE2, 0x82])
      + Data("\u{FFFD}".utf8) + filler + Data([0x80, 0x81]) + Data(#""}]}"#.utf8)
    let file = try workspace.write("in.ndjson", bytes + Data("\n".utf8))
    _ = try workspace.importFiles(file, status: 1)
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.contains(#""replaced":"fc e282 efbfbd 80 81","raw":"#))
    let raw = try #require(text.range(of: #""raw":"#).map { text[$0.upperBound...].dropLast(2) })
    let said = try JSONDecoder().decode(String.self, from: Data(raw.utf8))
    #expect(said == String(decoding: bytes, as: UTF8.self))
    // It is read for what it was, and set aside for the same reasons.
    #expect(try quarantine(workspace, "replay").status == 1)
    #expect(try workspace.read("quarantine.ndjson").contains(#""replaced":"fc e282 efbfbd 80 81","#))
    // U+FFFD that the source had loads, once the rest is corrected.
    let corrected = text.replacing("M\u{FFFD}l\u{FFFD}", with: "Ml").replacing("\u{FFFD}\u{FFFD}", with: "")
      .replacing(#""replaced":"fc e282 efbfbd 80 81""#, with: #""replaced":"efbfbd""#)
    try workspace.write("quarantine.ndjson", corrected)
    #expect(try quarantine(workspace, "replay").status == 0)
    #expect(try workspace.document("p", in: "patient")["name"] != nil)
  }

  @Test func `resources in Bundles are listed by their own elements`() throws {
    let workspace = try Workspace()
    let bad = #"{"resourceType":"Patient","id":"a","gender":"none"}"#
    let file = try workspace.write(
      "b.json",
      #"{"resourceType":"Bundle","type":"collection","entry":[{"resource":\#(bad)},{"resource":"#
        + bad.replacing(#""a""#, with: #""b""#) + "}]}")
    let other = try workspace.write("c.json", bad.replacing(#""a""#, with: #""c""#))
    _ = try workspace.importFiles(file, other, status: 1)
    #expect(try quarantine(workspace, "list").output.contains("3 × Patient.gender: binding-required\n"))
  }

  @Test func `a transaction Bundle is replayed all or nothing`() throws {
    let workspace = try Workspace()
    func entry(_ resource: String) -> String {
      #"{"resource":\#(resource),"request":{"method":"POST","url":"Patient"}}"#
    }
    let file = try workspace.write(
      "t.json",
      """
      {"resourceType":"Bundle","type":"transaction","entry":[
      \(entry(#"{"resourceType":"Patient","id":"a"}"#)),
      \(entry(#"{"resourceType":"Patient","id":"b","gender":"none"}"#)),
      \(entry(#"{"resourceType":"Patient","id":"c"}"#))]}
      """)
    let other = try workspace.write("x.json", #"{"resourceType":"Patient","id":"x","gender":"none"}"#)
    #expect(try workspace.importFiles(file, other, status: 1).quarantined == 4)
    let before = try workspace.read("quarantine.ndjson")
    // One resource is corrected, and the Bundle is not.
    try workspace.write(
      "quarantine.ndjson",
      before.replacing(#""id":"x","gender":"none""#, with: #""id":"x","gender":"male""#))
    let first = try quarantine(workspace, "replay", "--summary", "json")
    #expect(first.status == 1)
    #expect(try summary(first).loaded.inserted == 1)
    #expect(try summary(first).quarantined == 3)
    let left = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(left.count == 3)
    #expect(left.count { $0.contains("transaction-refused") } == 2)
    #expect(left.count { $0.contains("binding-required") && $0.contains(#""id":"b""#) } == 1)
    try workspace.write(
      "quarantine.ndjson",
      try workspace.read("quarantine.ndjson").replacing(#""gender":"none""#, with: #""gender":"male""#))
    let second = try quarantine(workspace, "replay", "--summary", "json")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try summary(second).loaded.inserted == 3)
    #expect(try workspace.run("trace", "Patient/b").output.hasPrefix("Patient/b: \(file):3, import"))
  }

  @Test(arguments: ["t.json", "t.ndjson"])
  func `a transaction that MongoDB refuses is replayed as it came`(name: String) throws {
    let workspace = try Workspace()
    func entry(_ type: String, _ resource: String) -> String {
      #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\#(type.count % 10)","resource":{"resourceType":"#
        + #""\#(type)",\#(resource)},"request":{"method":"POST","url":"\#(type)"}}"#
    }
    let entries = [
      entry("Patient", #""birthDate":"1970-01-01","telecom":[{"system":"email","value":"a@x.org"}]"#),
      entry(
        "Observation",
        #""status":"final","code":{"text":"c"},"valueString":"v","#
          + #""subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f007"}"#),
    ]
    let file = try workspace.write(
      name,
      #"{"resourceType":"Bundle","type":"transaction","entry":["# + entries.joined(separator: ",") + "]}")
    try workspace.insert([["_id": "other", "email": "a@x.org"]], into: "patient")
    try workspace.command([
      "createIndexes": "patient",
      "indexes": [["key": ["email": 1], "name": "one_email", "unique": true]],
    ])
    let refused = try workspace.importFiles(file, status: 1)
    #expect(refused.quarantined == 2 && refused.accounted == refused.read)
    let lines = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(
      lines.count == 2 && lines.allSatisfy { $0.contains(#""request""#) && $0.contains("MongoDB refused") })
    // What was refused once more stays.
    #expect(try quarantine(workspace, "replay").status == 1)
    #expect(try workspace.read("quarantine.ndjson").split(separator: "\n").count == 2)
    try workspace.command(["dropIndexes": "patient", "index": "one_email"])
    let replay = try quarantine(workspace, "replay", "--summary", "json")
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try summary(replay).loaded.inserted == 2)
    let chart = try workspace.document("0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f007", in: "patient_chart")
    #expect(chart["observations"]?.elements?.count == 1)
  }

  @Test func `of a transaction whose file broke off nothing is replayed but entry by entry`() throws {
    let workspace = try Workspace()
    let entries = (0..<3).map { number in
      #"{"resource":{"resourceType":"Patient","id":"p\#(number)","gender":"\#(number == 1 ? "M" : "male")"},"#
        + #""request":{"method":"PUT","url":"Patient/p\#(number)"}}"#
    }
    let text =
      #"{"resourceType":"Bundle","type":"transaction","entry":["# + entries.joined(separator: ",\n") + ","
    let file = try workspace.write("cut.json", text)
    #expect(try workspace.importFiles(file, status: 1).loaded.inserted == 0)
    let before = try workspace.read("quarantine.ndjson").replacing(
      #""gender":"M""#, with: #""gender":"male""#)
    try workspace.write("quarantine.ndjson", before)
    let replay = try quarantine(workspace, "replay")
    #expect(replay.status == 1)
    #expect(
      replay.errors.contains("3 resources of a transaction Bundle whose file broke off"), "\(replay.errors)")
    #expect(replay.errors.contains("import the whole file again"))
    #expect(try workspace.documents(in: "patient").isEmpty)
    let after = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(
      after.filter { $0.contains("request") }
        == before.split(separator: "\n").filter { $0.contains("request") })
    _ = try quarantine(workspace, "replay", "--no-transactions")
    #expect(try workspace.documents(in: "patient").count == 3)
  }

  @Test func `a long path is shortened for people, and whole for programs`() throws {
    let workspace = try Workspace()
    var item = #"{"linkId":"x","answer":[{"valueBoolean":7}]}"#
    for number in 0..<30 { item = #"{"linkId":"\#(number)","item":[\#(item)]}"# }
    let file = try workspace.write(
      "deep.json",
      #"{"resourceType":"QuestionnaireResponse","status":"completed","item":[\#(item)]}"#)
    _ = try workspace.importFiles(file, status: 1)
    let whole = "QuestionnaireResponse" + String(repeating: ".item", count: 31) + ".answer.value"
    let list = try quarantine(workspace, "list").output
    let line = try #require(list.split(separator: "\n").first { $0.contains(" × ") })
    #expect(line.count < 150 && !list.contains(whole), "\(line)")
    #expect(
      line.contains("QuestionnaireResponse.item.….item.") && line.contains(".item.answer.value"), "\(line)")
    #expect(try quarantine(workspace, "list", "--format", "json").output.contains(whole))
  }
}
