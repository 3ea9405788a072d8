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

  private static let paths: [String: [String]] = [
    "Patient": [
      "identifier", "identifier.system", "identifier.type.coding.code", "contact", "contact.name.family",
      "contact.relationship.coding", "extension", "extension.value[x]", "extension.extension.url",
      "deceased[x]",
      "deceasedBoolean", "maritalStatus.coding.system", "link.other.reference", "modifierExtension",
    ],
    "Observation": [
      "value[x]", "valueQuantity", "valueQuantity.code", "value[x].coding.code", "component",
      "component.code",
      "component.valueString", "component.value[x].extension", "component.referenceRange.low", "code.coding",
      "category", "category.coding.system", "effectivePeriod.start",
    ],
    "Questionnaire": [
      "item", "item.item", "item.item.item.text", "item.answerOption.value[x]",
      "item.answerOption.valueCoding.code",
      "item.initial", "useContext.value[x]", "contained", "contained.id", "item.item.code.display",
    ],
    "Extension": [
      "extension", "extension.extension", "extension.extension.value[x]", "extension.valueCoding.system",
      "url",
      "value[x]", "valueReference.identifier.system", "valueCodeableConcept.coding", "extension.url",
    ],
  ]
  private static let slices = ["a", "a/b", "b", "a/b/c", "c", "valueQuantity", "d"]
  private static let types = [
    "Quantity", "Extension", "string", "Reference", "CodeableConcept", "BackboneElement",
  ]

  private func differential(_ root: String, _ random: inout Seeded) -> String {
    func pick(_ list: [String], _ random: inout Seeded) -> String { list.randomElement(using: &random) ?? "" }
    var elements: [String] = []
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      let steps = pick(Self.paths[root] ?? [], &random).split(separator: ".").map(String.init)
      var path = root
      var id = root
      for step in steps {
        let isWrong = Int.random(in: 0..<100, using: &random) == 0
        path += "." + (isWrong ? "nonsense" : step)
        id += "." + (isWrong ? "" : step)
        if Int.random(in: 0..<4, using: &random) == 0 { id += ":" + pick(Self.slices, &random) }
      }
      var members = [#""path": "\#(path)""#]
      if Bool.random(using: &random) { members.append(#""id": "\#(id)""#) }
      if Int.random(in: 0..<3, using: &random) == 0 {
        members.append(#""sliceName": "\#(pick(Self.slices, &random))""#)
      }
      if Bool.random(using: &random) { members.append(#""min": \#(Int.random(in: 0...3, using: &random))"#) }
      if Int.random(in: 0..<8, using: &random) == 0 {
        members.append(
          #""type": [{"code": "\#(pick(Self.types, &random))", "profile": ["http://example.org/StructureDefinition/p"]}]"#
        )
      }
      if Int.random(in: 0..<30, using: &random) == 0 {
        members.append(##""contentReference": "#\##(root).\##(pick(Self.paths[root] ?? [], &random))""##)
      }
      elements.append("{" + members.joined(separator: ", ") + "}")
    }
    return elements.joined(separator: ",\n")
  }

  @Test(arguments: ["Patient", "Observation", "Questionnaire", "Extension"])
  func `a snapshot is whole, or there is a reason why there is none`(type: String) throws {
    var random = Seeded(state: 42)
    var made = 0
    for _ in 0..<60 {
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
    #expect(made > 40)
  }
}
