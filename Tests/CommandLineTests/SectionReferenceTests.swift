import BSON
import Foundation
import TestSupport
import Testing

/// References that name by an identifier what stands in a section of somebody's document: `Encounter?identifier=…`.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SectionReferenceTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private static let patient =
    #"{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"M|1"}]}"#

  private static func visit(_ id: String, _ number: String, of patient: String = "p1") -> String {
    #"{"resourceType":"Encounter","id":"\#(id)","identifier":[{"system":"urn:visits","value":"\#(number)"}],"#
      + #""status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"#
      + #""subject":{"reference":"Patient/\#(patient)"}}"#
  }

  private static func finding(_ id: String, _ visit: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p1"},"encounter":{"reference":"\#(visit)"}}"#
  }

  /// The references of exported observations, by their ids.
  private func exported(_ options: String...) throws -> [String: String] {
    let lines = try workspace.run(
      ["export", "--quiet", "--out", "-", "--type", "Observation"] + config + options
    ).output
    var references: [String: String] = [:]
    for line in lines.split(separator: "\n") {
      let resource = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let visit = resource?["encounter"] as? [String: Any]
      if let id = resource?["id"] as? String { references[id] = visit?["reference"] as? String }
    }
    return references
  }

  private var config: [String] { ["--config", workspace.path("pipeline.yml")] }

  private func load(_ files: String...) throws -> Workspace.Summary {
    try workspace.importFiles(files + config)
  }

  private enum Order: CaseIterable { case together, targetFirst, targetLast }

  @Test(arguments: ["collection", "embedded", "both"], Order.allCases)
  private func `they find their target in any order and across files and runs`(
    layout: String, order: Order
  ) throws {
    _ = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let targets = try workspace.write(
      "targets.ndjson",
      [Self.patient, Self.visit("e1", "V1"), Self.visit("e2", "V2")].joined(separator: "\n"))
    let searches = ["o1": "Encounter?identifier=urn:visits|V1", "o2": "Encounter?identifier=V2"]
    let others = try workspace.write(
      "others.ndjson", searches.map { Self.finding($0.key, $0.value) }.sorted().joined(separator: "\n"))
    switch order {
    case .together:
      // What stands in sections is known when all is loaded.
      let references = try load(targets, others).references
      #expect(references.unresolved == 2 && references.healed == 0)
    case .targetFirst:
      _ = try load(targets)
      let references = try load(others).references
      #expect(references.resolved == 2 && references.unresolved == 0 && references.healed == 0)
    case .targetLast:
      #expect(try load(others).references.unresolved == 2)
      #expect(try load(targets).references.healed == 2)
    }
    #expect(try exported() == ["o1": "Encounter/e1", "o2": "Encounter/e2"])
    #expect(try exported("--references", "original") == searches)
    let before = try DatabaseContents(of: workspace)
    for files in [[targets, others], [others], [targets]] {
      let again = try workspace.importFiles(files + config)
      #expect(again.loaded.unchanged == again.read && again.references.unresolved == 0, "\(again)")
    }
    #expect(try DatabaseContents(of: workspace).differences(from: before) == [])
    // The index that finds them is the program's own.
    let setUp = try workspace.run(["init"] + config)
    #expect(setUp.status == 0 && !setUp.output.contains("drop it"), "\(setUp.output)")
  }

  @Test func `one that several answer to, or another source's, or nobody, stays as it was written`() throws {
    _ = try workspace.write("pipeline.yml", "")
    let other = try workspace.write("other.ndjson", Self.visit("e9", "V9", of: "p9"))
    let elsewhere = try workspace.write("other.yml", "import:\n  source: elsewhere\n")
    _ = try workspace.importFiles([other, "--config", elsewhere])
    let visits = ["e1", "e2"].map { Self.visit($0, "same") }.joined(separator: "\n")
    let searches = [
      "o1": "Encounter?identifier=urn:visits|same", "o2": "Encounter?identifier=urn:visits|V9",
      "o3": "Encounter?identifier=urn:visits|none", "o4": "Encounter?identifier=urn:others|same",
    ]
    let findings = searches.map { Self.finding($0.key, $0.value) }.sorted().joined(separator: "\n")
    let file = try workspace.write("in.ndjson", [Self.patient, visits, findings].joined(separator: "\n"))
    #expect(try load(file).references.unresolved == 4)
    #expect(try load(file).references.unresolved == 4)
    #expect(try exported() == searches)
  }

  @Test func `what an application writes into a visit counts`() throws {
    _ = try workspace.write("pipeline.yml", "")
    _ = try load(
      try workspace.write(
        "in.ndjson", [Self.patient, Self.visit("e1", "V1"), Self.visit("e2", "V2")].joined(separator: "\n")))
    try workspace.set(
      "encounters.0.identifier", to: .array([["system": "urn:visits", "value": "new"]]), of: "p1",
      in: "patient_chart")
    let finding = Self.finding("o1", "Encounter?identifier=urn:visits|new")
    #expect(try load(try workspace.write("o.ndjson", finding)).references.resolved == 1)
    #expect(try exported() == ["o1": "Encounter/e1"])
  }

  @Test func `where nobody asks so, there is no index of identifiers`() throws {
    _ = try workspace.write("pipeline.yml", "")
    let file = try workspace.write(
      "in.ndjson",
      [Self.patient, Self.visit("e1", "V1"), Self.finding("o1", "Encounter/e1")].joined(separator: "\n"))
    _ = try load(file)
    _ = try load(file)
    let indexes = try workspace.command(["listIndexes": "patient_chart"])
    #expect(!"\(indexes)".contains("identifier"))
  }
}
