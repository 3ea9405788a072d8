import BSON
import DocumentStore
import Foundation
import Testing

/// Charts of several pages whose first somebody deleted: a person who deletes the document under the patient's `_id` leaves the others.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct LeftPagesTests {
  private let workspace: Workspace
  private let options: [String]
  /// The observations of one import, and of another, whose chart has so many more.
  private let former: String

  init() throws {
    workspace = try Workspace()
    options = ["--config", try workspace.write("pipeline.yml", "documents:\n  chart_page_entries: 100\n")]
    former = try LeftPagesTests.observations("a", 300, in: workspace)
  }

  private static func observations(_ name: String, _ count: Int, in workspace: Workspace) throws -> String {
    let lines = (0..<count).map {
      #"{"resourceType":"Observation","id":"\#(name)-\#($0)","status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/p"}}"#
    }
    return try workspace.write("\(name).ndjson", lines.joined(separator: "\n") + "\n")
  }

  private func exported(_ workspace: Workspace) throws -> [String] {
    let out = workspace.path("out-\(UUID().uuidString)")
    let outcome = try workspace.run(["export", "--out", out, "--quiet"] + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = try String(contentsOfFile: out + "/Observation.ndjson", encoding: .utf8)
    return lines.split(separator: "\n").map(String.init).sorted()
  }

  private func counts(_ command: String, _ files: [String]) throws -> Workspace.Summary.Loaded {
    struct Resources: Decodable { var loaded: Workspace.Summary.Loaded }
    struct Plan: Decodable {
      var resources: Resources?
      var loaded: Workspace.Summary.Loaded?
    }
    let arguments = command == "plan" ? ["--format", "json"] : ["--summary", "json", "--no-progress"]
    let outcome = try workspace.run([command] + files + arguments + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let plan = try JSONDecoder().decode(Plan.self, from: Data(outcome.output.utf8))
    return try #require(plan.loaded ?? plan.resources?.loaded)
  }

  @Test(arguments: [300, 1], ["patient_chart", "#2 too"])
  func `what comes then goes on with the pages that are left`(count: Int, deleted: String) throws {
    #expect(try workspace.importFiles(former, "--config", options[1]).loaded.inserted == 300)
    let gone = deleted == "#2 too" ? ["p", "p#2"] : ["p"]
    for id in gone {
      try workspace.command([
        "delete": "patient_chart", "deletes": [["q": ["_id": .string(id)], "limit": 1]],
      ])
    }
    let left = try exported(workspace)
    #expect(left.count > 50 && left.count < 300)
    let more = try LeftPagesTests.observations("b", count, in: workspace)
    let plan = try counts("plan", [more, former])
    let loaded = try counts("import", [more])
    #expect(loaded.inserted == count && loaded.unchanged == 0)
    #expect(try exported(workspace).count == left.count + count)
    #expect(try Set(left).isSubset(of: exported(workspace)))
    let doctor = try workspace.run(["doctor"] + options)
    #expect(!doctor.output.contains("page") && !doctor.output.contains("hash"), "\(doctor.output)")
    // What was deleted comes back, and nothing stands there twice.
    let again = try counts("import", [former])
    #expect(again.inserted == 300 - left.count && again.unchanged == left.count)
    #expect(plan.inserted == again.inserted + count && plan.unchanged == left.count)
    #expect(try counts("import", [more, former]) == .init(inserted: 0, replaced: 0, unchanged: 300 + count))
    let other = try Workspace()
    #expect(try other.importFiles(former, more, "--config", options[1]).loaded.inserted == 300 + count)
    #expect(try exported(other) == exported(workspace))
    #expect(try hash(workspace) == hash(other))
  }

  private func hash(_ workspace: Workspace) throws -> BSONValue? {
    try workspace.document("p", in: "patient_chart")["_fhirline"]?.fields?["hash"]
  }
}
