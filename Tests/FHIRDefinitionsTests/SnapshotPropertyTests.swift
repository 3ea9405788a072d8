import Testing

@testable import FHIRDefinitions
@testable import FHIRModel

/// What holds of a snapshot whatever the differential says.
struct SnapshotPropertyTests {
  /// The same numbers in every run.
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }

  private static let names = [
    "extension", "identifier", "name", "contact", "value[x]", "valueQuantity", "code", "coding", "component",
    "system", "item", "url", "referenceRange", "nonsense", "", "id", "valueString", "deceased[x]",
  ]
  private static let slices = ["a", "a/b", "b", "a/b/c", "/", "valueQuantity", "x.y", ":"]
  private static let types = ["Quantity", "Extension", "string", "Reference", "Nonsense", "BackboneElement", ""]

  private func differential(_ root: String, _ random: inout Seeded) -> String {
    func pick(_ list: [String], _ random: inout Seeded) -> String { list.randomElement(using: &random) ?? "" }
    var elements: [String] = []
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      var path = root
      var id = root
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let name = pick(Self.names, &random)
        path += "." + name
        id += "." + name
        if Int.random(in: 0..<4, using: &random) == 0 { id += ":" + pick(Self.slices, &random) }
      }
      var members = [#""path": "\#(path)""#]
      if Bool.random(using: &random) { members.append(#""id": "\#(id)""#) }
      if Int.random(in: 0..<3, using: &random) == 0 {
        members.append(#""sliceName": "\#(pick(Self.slices, &random))""#)
      }
      if Bool.random(using: &random) { members.append(#""min": \#(Int.random(in: 0...3, using: &random))"#) }
      if Int.random(in: 0..<4, using: &random) == 0 {
        members.append(
          #""type": [{"code": "\#(pick(Self.types, &random))", "profile": ["http://example.org/StructureDefinition/p"]}]"#)
      }
      if Int.random(in: 0..<6, using: &random) == 0 {
        members.append(##""contentReference": "#\##(root).\##(pick(Self.names, &random))""##)
      }
      elements.append("{" + members.joined(separator: ", ") + "}")
    }
    return elements.joined(separator: ",\n")
  }

  @Test(arguments: ["Patient", "Observation", "Questionnaire", "Extension"])
  func `a snapshot is whole, or there is a reason why there is none`(type: String) throws {
    var random = Seeded(state: 42)
    var made = 0
    for _ in 0..<150 {
      let url = "http://example.org/StructureDefinition/"
      let profiles = [
        SnapshotGeneratorTests.profile("p", type: type, differential(type, &random)),
        SnapshotGeneratorTests.profile("q", type: type, base: url + "p", differential(type, &random)),
      ]
      let files = profiles.enumerated().map { ("p\($0).json", $1) }
      let package = try PackageBuilder(files).withTar { try ConformancePackage(path: $0) }
      let store = ConformanceStore(packages: [package])
      for name in ["q", "p"] {
        guard let structure = store.structureDefinition(url + name) else { continue }
        made += 1
        #expect(SnapshotNode.tree(of: structure.elements) != nil, "\(profiles)")
        #expect(Set(structure.elements.map(\.id)).count == structure.elements.count, "\(profiles)")
      }
      #expect(store.problems.count > 0 || store.structureDefinition(url + "q") != nil)
    }
    #expect(made > 10)
  }
}
