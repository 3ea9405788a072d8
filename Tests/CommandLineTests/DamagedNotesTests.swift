import BSON
import Foundation
import TestSupport
import Testing

/// Documents of the import's own collections that somebody changed: they say nothing then, or something else.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct DamagedNotesTests {
  private let workspace: Workspace
  /// What refers to others, by URLs of a server and by a urn.
  private let first: String
  /// Those others.
  private let second: String

  init() throws {
    let workspace = try Workspace()
    self.workspace = workspace
    let server = "http://clinic.example.org/fhir"
    func entry(_ url: String, _ resource: String) -> String {
      #"{"fullUrl":"\#(url)","resource":\#(resource)}"#
    }
    func observation(_ id: String, _ subject: String) -> String {
      entry(
        "\(server)/Observation/\(id)",
        #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"subject":{"reference":"\#(subject)"}}"#
      )
    }
    func patient(_ id: String, _ url: String) -> String {
      entry(url, #"{"resourceType":"Patient","id":"\#(id)"}"#)
    }
    func bundle(_ name: String, _ entries: [String]) throws -> String {
      try workspace.write(
        name, #"{"resourceType":"Bundle","type":"collection","entry":[\#(entries.joined(separator: ","))]}"#)
    }
    let urn = "urn:uuid:00000000-0000-4000-8000-000000000001"
    first = try bundle(
      "first.json",
      [
        patient("p", server + "/Patient/p"), observation("o", server + "/Patient/p"), observation("w", urn),
        observation("v", server + "/Patient/late"),
      ])
    second = try bundle("second.json", [patient("u", urn), patient("late", server + "/Patient/late")])
  }

  private func damage(_ collection: String, _ field: String, _ value: BSONValue?, in workspace: Workspace)
    throws
  {
    let change: BSONFields =
      value.map { ["$set": .document(BSONFields([.init(field, $0)]))] }
      ?? ["$unset": .document(BSONFields([.init(field, "")]))]
    let reply = try workspace.command([
      "update": .string(collection), "updates": [["q": [:], "u": .document(change), "multi": true]],
    ])
    #expect(reply["n"]?.integer ?? 0 > 0)
  }

  private func charts(_ workspace: Workspace) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for chart in try workspace.documents(in: "patient_chart") {
      counts[chart["_id"]?.text ?? ""] = chart["observations"]?.elements?.count ?? 0
    }
    return counts
  }

  private static let whole = ["p": 1, "u": 1, "late": 1]

  @Test(arguments: ["base", "source"], [5, .null, ["x"], ["a": 1], "x", nil] as [BSONValue?])
  func `a server's note that somebody changed is made anew`(field: String, value: BSONValue?) throws {
    #expect(try workspace.importFiles(first).loaded.inserted == 4)
    try damage("fhirline_bases", field, value, in: workspace)
    let outcome = try workspace.run("import", second, "--no-progress")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains("fhirline_bases: 1 note") == (field == "base" && value != "x"),
      "\(outcome.errors)")
    #expect(try charts(workspace) == Self.whole)
    let notes = try workspace.documents(in: "fhirline_bases")
    #expect(notes.map { $0["base"] } == ["http://clinic.example.org/fhir"] && notes[0]["source"] == "")
    #expect(try workspace.documents(in: "fhirline_waiting").isEmpty)
    let again = try workspace.run("import", first, second, "--no-progress")
    #expect(again.status == 0 && !again.errors.contains("fhirline_bases"), "\(again.errors)")
  }

  @Test(
    arguments: ["name", "kind", "document", "source"], [5, .null, ["x"], ["a": 1], "x", nil] as [BSONValue?])
  func `what waits by a note that somebody changed is noted anew when it comes again`(
    field: String, value: BSONValue?
  ) throws {
    #expect(try workspace.importFiles(first).loaded.inserted == 4)
    let before = try workspace.documents(in: "fhirline_waiting")
    try damage("fhirline_waiting", field, value, in: workspace)
    #expect(try workspace.importFiles(first).loaded.unchanged == 4)
    func told(_ notes: [BSONFields]) -> [[BSONValue?]] {
      notes.map { note in ["_id", "name", "kind", "document", "source"].map { note[$0] } }
        .sorted { $0[0]?.text ?? "" < $1[0]?.text ?? "" }
    }
    #expect(try told(workspace.documents(in: "fhirline_waiting")) == told(before))
    #expect(try workspace.importFiles(second).loaded.inserted == 2)
    #expect(try charts(workspace) == Self.whole)
    #expect(try workspace.documents(in: "fhirline_waiting").isEmpty)
  }

  @Test(arguments: ["name", "kind", "document"], [5, nil] as [BSONValue?])
  func `an import tells of notes that it cannot read`(field: String, value: BSONValue?) throws {
    _ = try workspace.importFiles(first)
    try damage("fhirline_waiting", field, value, in: workspace)
    let outcome = try workspace.run("import", second, "--no-progress")
    #expect(outcome.errors.contains("fhirline_waiting: 2 notes"), "\(outcome.errors)")
    // The remedy that is told is one.
    #expect(try workspace.importFiles(first).loaded.unchanged + 0 <= 4)
    #expect(try charts(workspace) == Self.whole)
  }

  @Test(arguments: [5, .null, ["x"], ["a": 1], "x", "", "/", nil] as [BSONValue?])
  func `a resource's key that somebody changed is told from the resource`(value: BSONValue?) throws {
    _ = try workspace.importFiles(first)
    try damage("resource", "_fhirline.key", value, in: workspace)
    let plan = try workspace.run("plan", second)
    #expect(plan.status == 0, "\(plan.errors)")
    #expect(try workspace.importFiles(second).loaded.inserted == 2)
    #expect(try charts(workspace) == Self.whole)
    #expect(try workspace.documents(in: "resource").isEmpty)
    #expect(try workspace.run("doctor", "--quiet").status == 0)
  }
}
