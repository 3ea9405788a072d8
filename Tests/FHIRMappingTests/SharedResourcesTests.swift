import BSON
import FHIRFormats
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// All that the specification and Synthea have, through BSON and back, and through the lens and back.
@Suite(.enabled(if: SharedData.isPresent)) struct SharedResourcesTests {
  @Test(arguments: [
    ("examples/json", ".json"), ("examples/xml", ".xml"),
    ("synthea/bundles-us-core", "6c8f3e83-c351-ed33-c38d-6be101c275d2.json"),
    ("synthea/bulk-1", ".ndjson"), ("scheduling", ".json"),
  ])
  func `resources come back from BSON as they were`(_ folder: String, _ suffix: String) throws {
    let files = SharedData.files(folder, suffix)
    #expect(!files.isEmpty)
    var failures: [String] = []
    for file in files {
      try SharedData.forEachResource(of: file) { tree, node in
        let back = try decoded(try encoded(tree, node: node))
        if let difference = difference(tree, at: node, back) { failures.append("\(file): \(difference)") }
      }
    }
    #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(5))")
  }

  @Test func `JSON and XML of one resource give the same bytes`() throws {
    var failures: [String] = []
    // observation-decimal spells its numbers otherwise in XML (1.0e0, e-245), and spelling is kept.
    for file in SharedData.files("examples/json", ".json") where !file.hasSuffix("observation-decimal.json") {
      var fromJSON: [BSONDocument] = []
      var fromXML: [BSONDocument] = []
      try SharedData.forEachResource(of: file) { tree, node in fromJSON.append(try encoded(tree, node: node))
      }
      let twin = file.replacing("json", with: "xml")
      try SharedData.forEachResource(of: twin) { tree, node in fromXML.append(try encoded(tree, node: node)) }
      let same = try zip(fromJSON, fromXML).allSatisfy {
        withoutNarrative(.document(try $0.fields())) == withoutNarrative(.document(try $1.fields()))
      }
      if fromJSON.count != fromXML.count || !same { failures.append(file) }
    }
    #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(5))")
  }

  /// Narratives may be spelled another way in XML.
  private func withoutNarrative(_ value: BSONValue) -> BSONValue {
    switch value {
    case .document(let fields):
      .document(
        BSONFields(fields.fields.filter { $0.key != "div" }.map { .init($0.key, withoutNarrative($0.value)) })
      )
    case .array(let items): .array(items.map(withoutNarrative))
    default: value
    }
  }

  @Test(arguments: [
    ("examples/json", ".json"), ("synthea/bulk-10", "Practitioner.000.ndjson"),
    ("synthea/bulk-10", "Patient.000.ndjson"), ("synthea/bulk-1", ".ndjson"), ("scheduling", ".json"),
  ])
  func `documents give their resource back`(_ folder: String, _ suffix: String) throws {
    let lens = try Lens()
    var failures: [String] = []
    var count = 0
    for file in SharedData.files(folder, suffix) {
      try SharedData.forEachResource(of: file) { tree, node in
        let home = lens.mappings.homes.home(of: tree, node: node, id: "d", key: "d") { reference, _ in
          namesSomebody(reference, in: tree) ? "d" : nil
        }
        let (kind, section) = (home.kind, home.section)
        guard kind != .resource else { return }
        let document = try encoded(tree, node: node)
        let id = try document.fields()["id"]?.text ?? "none"
        let resource = Part.Resource(key: tree.string(at: node) + "/" + id, bytes: document.shared)
        let part = Part(
          kind: kind, documentID: "d",
          content: section.map { .section($0, resource) } ?? .root(resource, names: []))
        let assembly = try lens.assembler.assemble(kind: kind, id: section == nil ? id : "d", parts: [part])
        let exported = try lens.export(assembly.pages, kind: kind, references: .original)
        count += 1
        let back = exported.resources.values.first
        let found = back.map { difference(tree, at: node, $0) ?? "" } ?? "nothing came back"
        if !found.isEmpty || exported.resources.count != 1 || !exported.notes.isEmpty {
          failures.append("\(file) \(resource.key): \(found) \(exported.resources.count) \(exported.notes)")
        }
      }
    }
    #expect(count > 0)
    #expect(failures.isEmpty, "\(failures.count) of \(count): \(failures.prefix(8).joined(separator: "\n"))")
  }
}
