import BSON
import FHIRFormats
import FHIRModel
import Foundation
import TestSupport
import Testing

/// What a drifted database exports, what was told of it, and what the validator says to it.
struct DriftedExport {
  struct Note: Decodable, Hashable {
    var document: String
    var id: String
    var field: String
  }

  let folder: String
  /// By `Type/id`: the resource's text.
  private(set) var resources: [String: String] = [:]
  /// By `Patient/id` or another that a resource is about: what is said of it.
  private(set) var said: [String: CarriedTexts] = [:]
  private(set) var all = CarriedTexts()
  let told: Set<Note>

  private static let owners = ["subject", "patient", "beneficiary", "practitioner"].compactMap {
    DefinitionTable.r4.nameID($0)
  }
  private static let id = DefinitionTable.r4.nameID("id")
  private static let reference = DefinitionTable.r4.nameID("reference")

  init(of workspace: Workspace, to name: String, _ label: String, _ arguments: [String]) throws {
    folder = workspace.path(name)
    let report = workspace.path(name + ".notes")
    let out = try workspace.run(["export", "--out", folder, "--report", report, "--quiet"] + arguments)
    try #require(out.status == 0, "\(label): \(out.errors)")
    let notes = (try? String(contentsOfFile: report, encoding: .utf8)) ?? ""
    told = Set(
      try notes.split(separator: "\n").map { try JSONDecoder().decode(Note.self, from: Data($0.utf8)) })
    for file in try files() {
      let reader = try ResourceReader(source: FileSource(folder + "/" + file), name: file)
      while let record = try reader.next() { add(record.tree, label) }
    }
  }

  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".ndjson") }.sorted()
  }

  private mutating func add(_ tree: ResourceTree, _ label: String) {
    guard let id = Self.id, let reference = Self.reference else { return }
    let output = OutputBuffer()
    JSONWriter(to: output).write(tree, at: 0)
    let type = tree.string(at: 0)
    let own = type + "/" + (tree.child(id, of: 0).map { tree.string(at: $0) } ?? "?")
    #expect(resources[own] == nil, "\(label): \(folder.suffix(6)): \(own) comes twice")
    resources[own] = String(decoding: output.array, as: UTF8.self)
    var subject = own
    for name in Self.owners {
      guard let owner = tree.child(name, of: 0), let text = tree.child(reference, of: owner) else { continue }
      subject = tree.string(at: text)
    }
    for index in 1..<tree.count where tree.nodes[index].textLength > 0 {
      let text = tree.string(at: index)
      said[subject, default: CarriedTexts()].add(text)
      all.add(text)
    }
  }

  /// What the validator holds against it.
  func errors() throws -> [String] {
    struct Finding: Decodable {
      var source: String
      var line: Int
      var expression: String
      var severity: String
      var rule: String
      var message: String
    }
    let outcome = try Program.run(["validate", folder, "--format", "ndjson", "--quiet"])
    #expect((0...1).contains(outcome.status), "\(outcome.errors)")
    return try outcome.lines.compactMap { line in
      let finding = try JSONDecoder().decode(Finding.self, from: Data(line.utf8))
      guard finding.severity == "error" || finding.severity == "fatal" else { return nil }
      let text = try String(contentsOfFile: finding.source, encoding: .utf8).split(separator: "\n")[
        finding.line - 1]
      return "\(finding.rule) \(finding.expression): \(finding.message): \(text.prefix(700))"
    }
  }

  /// Exports of one database have the same bytes.
  static func checkSameBytes(_ a: DriftedExport, _ b: DriftedExport, _ label: String) throws {
    #expect(try a.files() == b.files(), "\(label)")
    for file in try a.files() {
      let first = try String(contentsOfFile: a.folder + "/" + file, encoding: .utf8)
      let second = try String(contentsOfFile: b.folder + "/" + file, encoding: .utf8)
      #expect(first == second, "\(label): \(file)")
    }
  }
}

extension DriftedDatabase {
  /// What changed in the platform's collections. New documents that say nothing of their own wait for their resources: a patient has a
  /// chart, if an empty one, and whoever is named by an appointment has a list of it. A copy of a chart follows the chart.
  static func contentDifferences(
    of workspace: Workspace, from before: DatabaseContents, _ layout: Layout
  ) throws -> [String] {
    try DatabaseContents(of: workspace).differences(from: before).filter { line in
      if line.hasPrefix("fhirline_") || line.hasSuffix("with 0 documents") { return false }
      if layout == .both, line.hasPrefix("patient "), line.contains(": patient_chart") { return false }
      let isNew = line.contains(": is new: ") || line.contains(": patient_chart was not there")
      return !isNew || line.contains(#""fhir" : "#) || line.contains(#""resourceType" : "#)
    }
  }
}
