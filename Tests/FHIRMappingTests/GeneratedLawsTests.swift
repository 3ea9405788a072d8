import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// `export(import(x)) = x`, and import after export changes nothing, for generated resources of every type.
@Suite struct GeneratedLawsTests {
  static let types = DefinitionTable.r4.resourceTypes.map { DefinitionTable.r4.name(of: $0) }

  @Test func `all types are there`() { #expect(Self.types.count == 146) }

  /// How many resources of a type: more of those that fields are taken from.
  private static func count(_ type: String) -> Int {
    switch type {
    case "Patient", "Practitioner", "Appointment": 20
    case "Coverage", "PractitionerRole", "Observation", "Condition", "DocumentReference": 10
    default: 2
    }
  }

  @Test(arguments: types) func `a resource comes back as it was`(_ type: String) throws {
    let lens = try Lens()
    for seed in 0..<Runs.count(Self.count(type)) {
      var generator = TreeGenerator(
        seed: UInt64(seed) &* 977 &+ type.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
      let text = generator.resource(type, id: "x")
      let (resource, node) = try Self.read(text)
      let home = lens.mappings.homes.home(of: resource, node: node, id: "x", key: type + "/x") {
        reference, type in
        type == "Patient" && namesSomebody(reference, in: resource) ? "p1" : nil
      }
      // Whose the resource is, import knows by its resolver; here all are one patient's.
      let owner = home.section == nil ? home.documentID : "p1"
      let part = try Self.part(resource, node, home, owner)
      let assembly = try lens.assembler.assemble(kind: home.kind, id: owner, parts: [part])
      let back = try lens.export(assembly.pages, kind: home.kind, references: .original)
      #expect(back.notes.isEmpty, "\(seed) \(back.notes)")
      #expect(back.resources.count == 1)
      let returned = try #require(back.resources["\(type)/x"], "\(seed) \(text)")
      #expect(difference(resource, at: node, returned) == nil, "\(seed) \(text)")

      // The export again: as new, and over what is stored.
      let (later, laterNode) = try Self.read(json(returned))
      let again = try Self.part(later, laterNode, home, owner)
      #expect(
        try lens.assembler.assemble(kind: home.kind, id: owner, parts: [again]).pages == assembly.pages,
        "\(seed)")
      let over = try lens.assembler.assemble(
        kind: home.kind, id: owner, parts: [again], stored: assembly.pages)
      #expect(try over.pages == assembly.pages, "\(seed)")
      #expect(over.tally.total == .init(unchanged: 1), "\(seed) \(text)")
    }
  }

  /// A resource as its reader gives it: a Bundle is kept whole where it is the entry of another.
  private static func read(_ text: String) throws -> (ResourceTree, Int) {
    guard text.hasPrefix("{\"resourceType\":\"Bundle\"") else { return (try tree(text), 0) }
    let whole = try tree(
      "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":\(text)}]}")
    let name = try #require(DefinitionTable.r4.nameID("resource"))
    return (whole, try #require(whole.child(name, of: 0)))
  }

  private static func part(_ tree: ResourceTree, _ node: Int, _ home: Home, _ owner: String) throws -> Part {
    let resource = Part.Resource(key: home.key, bytes: try encoded(tree, node: node).shared)
    return Part(
      kind: home.kind, documentID: owner,
      content: home.section.map { .section($0, resource) } ?? .root(resource, names: []))
  }
}
