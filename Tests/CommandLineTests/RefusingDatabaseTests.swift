import BSON
import Foundation
import Testing

/// Databases whose validators and unique indexes refuse documents in the midst of an import: the import goes on, each resource is
/// somewhere, and what is said names the field and the rule.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct RefusingDatabaseTests {
  private func load(_ workspace: Workspace, _ lines: [String], layout: String = "collection") throws -> (
    Workspace.Summary, Program.Outcome
  ) {
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let outcome = try Program.run(
      [
        "import", file, "--config", config, "--summary", "json", "--no-progress", "--quarantine",
        workspace.path("quarantine.ndjson"),
      ], environment: ["FHIRLINE_DATABASE": workspace.database])
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(
      summary.read == lines.count && summary.accounted == lines.count, "\(outcome.output)\(outcome.errors)")
    #expect(!summary.stopped)
    return (summary, outcome)
  }

  private func replay(_ workspace: Workspace, status: Int32) throws {
    let outcome = try workspace.run(
      "quarantine", "replay", "--config", workspace.path("pipeline.yml"), "--file",
      workspace.path("quarantine.ndjson"))
    #expect(outcome.status == status, "\(outcome.errors)")
  }

  private func patient(_ id: String, name: String = "Bee", email: String? = nil) -> String {
    let telecom = email.map { #","telecom":[{"system":"email","value":"\#($0)"}]"# } ?? ""
    return #"{"resourceType":"Patient","id":"\#(id)","name":[{"family":"\#(name)"}]\#(telecom)}"#
  }

  private func observation(_ id: String, of patient: String, _ status: String = "final") -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"\#(status)","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/\#(patient)"}}"#
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `a validator that refuses patients`(layout: String) throws {
    let workspace = try Workspace()
    let schema: BSONValue = [
      "bsonType": "object", "required": ["email", "name"],
      "properties": ["name": ["bsonType": "string", "minLength": 3]],
    ]
    try workspace.command(["create": "patient", "validator": ["$jsonSchema": schema]])
    var lines = (0..<40).map { patient("p\($0)", email: $0.isMultiple(of: 4) ? nil : "p\($0)@x.org") }
    lines.append(patient("short", name: "Q", email: "q@x.org"))
    lines += (0..<40).map { observation("o\($0)", of: "p\($0)") }
    let (summary, outcome) = try load(workspace, lines, layout: layout)
    #expect(outcome.status == 1)
    // Ten have no address, and one's name is too short. A chart within a patient that is refused is refused with it.
    #expect(summary.quarantined == (layout == "embedded" ? 21 : 11))
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.split(separator: "\n").count == summary.quarantined)
    #expect(text.contains("refuse the document: email is wanting, and is required\""))
    #expect(text.contains("refuse the document: name does not satisfy minLength\""))
    // No value of the document is in what is said of it.
    #expect(!outcome.errors.contains("q@x.org"))
    if layout == "both" {
      #expect(
        outcome.errors.contains(": the chart is loaded, and its copy in the patient's document is not: "),
        "\(outcome.errors)")
    }
    try replay(workspace, status: 1)
    #expect(try workspace.read("quarantine.ndjson").split(separator: "\n").count == summary.quarantined)
    try workspace.command(["collMod": "patient", "validator": [:]])
    try replay(workspace, status: 0)
    let (again, end) = try load(workspace, lines, layout: layout)
    #expect(again.loaded.unchanged == lines.count && end.status == 0, "\(end.errors)")
    #expect(try workspace.run("doctor", "--config", workspace.path("pipeline.yml")).status == 0)
  }

  @Test func `a validator that refuses charts, those without content too`() throws {
    let workspace = try Workspace()
    try workspace.command([
      "create": "patient_chart",
      "validator": ["$and": [["observations.status": ["$ne": "amended"]], ["_id": ["$ne": "empty"]]]],
    ])
    let lines =
      ["p", "q", "empty"].map { patient($0) }
      + [observation("o1", of: "p"), observation("o2", of: "q", "amended"), observation("o3", of: "q")]
    let (summary, outcome) = try load(workspace, lines)
    #expect(outcome.status == 1 && summary.quarantined == 2 && summary.loaded.inserted == 4)
    #expect(
      try workspace.read("quarantine.ndjson").contains("observations.status does not satisfy $ne"))
    #expect(
      outcome.errors.contains(
        "patient_chart empty: the document cannot be written, and holds no resource that could be set aside: "
      ),
      "\(outcome.errors)")
    #expect(!outcome.errors.contains("amended"))
    try workspace.command(["collMod": "patient_chart", "validator": [:]])
    try replay(workspace, status: 0)
    #expect(try load(workspace, lines).0.loaded.unchanged == 6)
    #expect(try workspace.documents(in: "patient_chart").count == 3)
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `what is refused waits for nothing, and what is stored waits on`(layout: String) throws {
    let workspace = try Workspace()
    func waiting() throws -> [String] {
      try workspace.documents(in: "fhirline_waiting").compactMap { $0["name"]?.text }.sorted()
    }
    func url(_ id: String) -> String { "https://ehr.example/fhir/Encounter/\(id)" }
    func observation(_ id: String, of patient: String, _ status: String, in encounter: String) -> String {
      self.observation(id, of: patient, status).replacing(
        #""code""#, with: #""encounter":{"reference":"\#(url(encounter))"},"code""#)
    }
    let charts = layout == "embedded" ? "patient" : "patient_chart"
    let path = layout == "embedded" ? "patient_chart.observations.status" : "observations.status"
    try workspace.command([
      "create": .string(charts), "validator": .document(BSONFields([.init(path, ["$ne": "amended"])])),
    ])
    try workspace.command(["create": "resource", "validator": ["fhir.status": ["$ne": "amended"]]])
    let first = ["p", "q"].map { patient($0) } + [observation("o1", of: "p", "final", in: "e1")]
    _ = try load(workspace, first, layout: layout)
    #expect(try waiting() == [url("e1")])
    // Its chart is stored, is not, and is nobody's.
    let second =
      [observation("o2", of: "p", "amended", in: "e2"), observation("o1", of: "p", "final", in: "e3")]
      + [observation("o3", of: "q", "amended", in: "e4"), observation("o4", of: "x", "amended", in: "e5")]
      + [observation("o5", of: "q", "final", in: "e1")]
    let (summary, _) = try load(workspace, second, layout: layout)
    #expect(summary.quarantined == 5)
    #expect(try waiting() == [url("e1")])
    try workspace.command(["collMod": .string(charts), "validator": [:]])
    try replay(workspace, status: 0)
  }

  @Test func `a unique index refuses what another document has`() throws {
    let workspace = try Workspace()
    try workspace.command([
      "createIndexes": "patient",
      "indexes": [["key": ["email": 1], "name": "one_email", "unique": true, "sparse": true]],
    ])
    let first = [
      patient("a", email: "a@x.org"), patient("b", email: "a@x.org"), patient("c", email: "c@x.org"),
    ]
    let (summary, outcome) = try load(workspace, first)
    #expect(summary.quarantined == 1 && summary.loaded.inserted == 2 && outcome.status == 1)
    #expect(try workspace.read("quarantine.ndjson").contains("another document has the same email"))
    #expect(!outcome.errors.contains("a@x.org"))
    try FileManager.default.removeItem(atPath: workspace.path("quarantine.ndjson"))
    // One that is stored changes to what another has.
    let (changed, _) = try load(workspace, [patient("c", email: "a@x.org"), observation("o", of: "c")])
    #expect(changed.quarantined == 1 && changed.loaded.inserted == 1)
    #expect(try workspace.document("c", in: "patient")["email"] == "c@x.org")
  }

  @Test func `a transaction of which one document is refused is refused whole, with the field and the rule`()
    throws
  {
    let workspace = try Workspace()
    let schema: BSONValue = ["properties": ["email": ["bsonType": "int"]]]
    try workspace.command(["create": "patient", "validator": ["$jsonSchema": schema]])
    func entry(_ resource: String, _ url: String) -> String {
      #"{"resource":\#(resource),"request":{"method":"PUT","url":"\#(url)"}}"#
    }
    let entries = [
      entry(patient("a"), "Patient/a"), entry(patient("b", email: "b@x.org"), "Patient/b"),
      entry(observation("o", of: "a"), "Observation/o"),
    ]
    let file = try workspace.write(
      "t.json",
      #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#)
    let summary = try workspace.importFiles(file, status: 1)
    #expect(summary.read == 3 && summary.quarantined == 3)
    #expect(try workspace.documents(in: "patient").isEmpty)
    let text = try workspace.read("quarantine.ndjson")
    #expect(text.contains("email is of type string, expected: int"), "\(text)")
    #expect(!text.contains("the document: email is of type string, expected: int; "))
  }

  @Test func `documents that have drifted take resources under validators that refuse`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        ["_id": "old", "name": "Ann Bee", "date_of_birth": "1980-01-01", "insurance_id": 12_345_678_901],
        ["_id": "other", "date_of_birth": 5, "primary_phone": "5551234567"],
      ], into: "patient")
    try workspace.insert([["_id": "old", "weight": "heavy"]], into: "patient_chart")
    #expect(try workspace.run("init", "--validation", "error").status == 0)
    let lines = [
      #"{"resourceType":"Patient","id":"old","name":[{"text":"Ann Bee"}],"birthDate":"1980-01-02"}"#,
      observation("o1", of: "old"), observation("o2", of: "other"), patient("new", email: "n@x.org"),
    ]
    let (summary, outcome) = try load(workspace, lines)
    #expect(outcome.status == 0 && summary.quarantined == 0, "\(outcome.errors)")
    #expect(try load(workspace, lines).0.loaded.unchanged == 4)
  }

  @Test func `a plan foresees whom a unique index refuses, however many are looked at at once`() throws {
    let workspace = try Workspace()
    try workspace.command([
      "createIndexes": "patient", "indexes": [["name": "one", "key": ["email": 1], "unique": true]],
    ])
    let lines = (0..<60).map { patient("p\($0)", email: "p\($0 / 2)@x.org") }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    let outcome = try workspace.run("plan", file, "--format", "json", "--limit", "100")
    #expect(outcome.output.contains(#""quarantined":30"#), "\(outcome.output)")
    let (summary, _) = try load(workspace, lines)
    #expect(summary.quarantined == 30)
  }

  @Test func `an index by which MongoDB deletes documents is told of`() throws {
    let workspace = try Workspace()
    try workspace.command([
      "createIndexes": "patient",
      "indexes": [["name": "old", "key": ["date_of_birth": 1], "expireAfterSeconds": 2_000_000_000]],
    ])
    let (_, outcome) = try load(workspace, [patient("p")])
    #expect(
      outcome.errors.contains("warning: patient: by an index on date_of_birth that is not fhirline's"),
      "\(outcome.errors)")
  }
}
