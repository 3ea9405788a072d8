import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// Of everything that a document holds in a field, drifted as it may be, each word and each digit stands in what is exported, or it is
/// told that it does not.
@Suite struct DriftCarriageTests {
  private let lens: Lens

  init() throws { lens = try Lens() }

  @Test(arguments: DocumentKind.mapped)
  func `every shape of every field is carried or told`(_ kind: DocumentKind) throws {
    let plan = try #require(lens.mappings.plan(kind))
    let derived = Set(plan.fields.filter { $0.derived != nil }.map(\.name))
    var count = 0
    for (name, shapes) in DriftGenerator.shapes(kind) where !derived.contains(name) {
      let others = name.contains("date") ? [] : DriftGenerator.days
      for value in shapes + DriftGenerator.nonsense + DriftGenerator.strange + DriftGenerator.rare + others {
        var fields: BSONFields = ["_id": "d"]
        fields[name] = value
        count += 1
        try check(fields, name, kind)
      }
    }
    #expect(count > 250, "\(count)")
  }

  private func check(_ fields: BSONFields, _ name: String, _ kind: DocumentKind) throws {
    let plan = lens.mappings.plan(kind)
    let (resources, notes) = try lens.export([try BSONDocument(fields)], kind: kind)
    if notes.contains(where: { $0.hasPrefix(name + ":") }) { return }
    var exported = CarriedTexts()
    for tree in resources.values {
      for index in 0..<tree.count where tree.nodes[index].textLength > 0 {
        exported.add(tree.string(at: index))
      }
    }
    if plan?.fields.first(where: { $0.name == name })?.transform is ReferenceTransform {
      // Whatever it is: it names somebody.
      let value = fields[name] ?? .null
      let said = try BSONDocument(["id": value]).withView { try $0.find("id").flatMap(StoredID.text) }
      guard let said, BSONValue.string(said).trimmedText != nil else { return }
      #expect(exported.texts.contains(DocumentID.fhirID(said)), "\(kind) \(name): \(value)")
      return
    }
    for leaf in exported.missing(from: fields[name] ?? .null) {
      Issue.record("\(kind) \(name): \(leaf) is not in \(exported.texts.filter { !$0.contains("://") })")
    }
  }
}
