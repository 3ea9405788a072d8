import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import Foundation
import Testing

/// What a database exports, by the subjects that it is about.
struct LawExport {
  let folder: String
  /// By subject, and by `Type/id`: the resource's text.
  private(set) var resources: [String: [String: String]] = [:]
  /// By subject: the fields that export told of.
  private(set) var told: [String: Set<String>] = [:]
  /// By subject: what the validator holds against its resources, places in lists left out.
  private(set) var errors: [String: Set<String>] = [:]

  private struct Header: Decodable {
    var resourceType: String
    var id: String?
  }

  private struct Note: Decodable {
    var id: String
    var field: String
  }

  private struct Finding: Decodable {
    var source: String
    var line: Int
    var expression: String
    var severity: String
    var rule: String
  }

  /// Whom an id is about: what stands before its first hyphen.
  static func subject(_ id: String) -> String { String(id.prefix { $0 != "-" }) }

  init(of workspace: Workspace, to name: String) throws {
    folder = workspace.path(name)
    let report = workspace.path(name + ".notes")
    let out = try workspace.run("export", "--out", folder, "--report", report, "--no-progress", "--quiet")
    #expect(out.status == 0, "\(out.errors)")
    var owners: [String: [String]] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".ndjson") {
      for line in try String(contentsOfFile: folder + "/" + file, encoding: .utf8).split(separator: "\n") {
        let header = try JSONDecoder().decode(Header.self, from: Data(line.utf8))
        let subject = LawExport.subject(header.id ?? "")
        let key = header.resourceType + "/" + (header.id ?? "")
        #expect(resources[subject]?[key] == nil, "\(key) comes twice")
        resources[subject, default: [:]][key] = String(line)
        owners[file, default: []].append(key)
      }
    }
    if let notes = try? String(contentsOfFile: report, encoding: .utf8) {
      for line in notes.split(separator: "\n") {
        let note = try JSONDecoder().decode(Note.self, from: Data(line.utf8))
        // The document's own id, with its source before it.
        told[LawExport.subject(note.id.replacing("north.", with: "")), default: []].insert(note.field)
      }
    }
    let validated = try Program.run(["validate", folder, "--format", "ndjson", "--no-progress", "--quiet"])
    for line in validated.lines {
      let finding = try JSONDecoder().decode(Finding.self, from: Data(line.utf8))
      guard finding.severity == "error" || finding.severity == "fatal" else { continue }
      let file = URL(filePath: finding.source).lastPathComponent
      let key = try #require(owners[file]?[finding.line - 1])
      let place = finding.expression.replacing(/\[[0-9]+\]/, with: "")
      errors[LawExport.subject(String(key.drop { $0 != "/" }.dropFirst())), default: []].insert(
        "\(key) \(finding.rule) \(place)")
    }
  }

  /// A resource as a tree of values.
  static func value(_ text: String) throws -> BSONValue {
    let reader = try ResourceReader(source: MemorySource(Array(text.utf8)), name: "resource")
    let record = try #require(try reader.next())
    var encoder = ResourceEncoder()
    var writer = BSONWriter()
    try encoder.encode(record.tree, into: &writer)
    return .document(try writer.finish().fields())
  }
}
