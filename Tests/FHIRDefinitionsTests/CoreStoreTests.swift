import Testing

@testable import FHIRDefinitions
@testable import FHIRModel

/// What the embedded core gives without any package's file.
struct CoreStoreTests {
  let store = ConformanceStore.core
  static let hl7 = "http://hl7.org/fhir/"

  private func text(_ tree: ResourceTree?, _ name: String) -> String? {
    tree.flatMap { NamedElement(root: $0, table: .r4).string(name) }
  }

  @Test func `a resource is found by its URL, with its version or without`() {
    let url = Self.hl7 + "StructureDefinition/Patient"
    for canonical in [url, url + "|4.0.1", url + "|4.0", url + "|4.0.1#fragment"] {
      #expect(text(store.resource(.structureDefinition, canonical: canonical), "name") == "Patient")
    }
    #expect(store.resource(.structureDefinition, canonical: url + "|5.0.0") == nil)
    #expect(store.resource(.structureDefinition, canonical: url + "x") == nil)
    #expect(store.resource(.valueSet, canonical: url) == nil)
    #expect(store.versions(.structureDefinition, url: url) == ["4.0.1"])
  }

  @Test func `the same resource is the same tree`() {
    let url = Self.hl7 + "ValueSet/administrative-gender"
    let first = store.resource(.valueSet, canonical: url)
    #expect(first != nil && first === store.resource(.valueSet, canonical: url))
  }

  @Test func `a structure has its snapshot with all that profiles ask for`() throws {
    let vitals = try #require(store.structureDefinition(Self.hl7 + "StructureDefinition/vitalsigns"))
    #expect(vitals.isConstraint && vitals.type == "Observation")
    let category = try #require(vitals.elements.first { $0.path == "Observation.category" })
    #expect(category.slicing?.discriminators.count == 2 && category.slicing?.rules == .open)
    let slice = try #require(vitals.elements.first { $0.sliceName == "VSCat" })
    #expect(slice.min == 1 && slice.max == 1 && slice.mustSupport)
    let code = try #require(vitals.elements.first { $0.id == "Observation.category:VSCat.coding.code" })
    let fixed = try #require(code.fixed)
    #expect(fixed.type == "code" && fixed.tree.string(at: fixed.node) == "vital-signs")
  }

  @Test func `an extension has its contexts`() throws {
    let birthPlace = try #require(
      store.structureDefinition(Self.hl7 + "StructureDefinition/patient-birthPlace"))
    #expect(birthPlace.type == "Extension")
    #expect(birthPlace.contexts == [StructureDefinition.Context(type: "element", expression: "Patient")])
    #expect(birthPlace.elements.contains { $0.path == "Extension.url" && $0.fixed?.type == "uri" })
  }

  @Test func `a code system has its codes, their displays, and nothing that explains them`() throws {
    let tree = try #require(store.resource(.codeSystem, canonical: Self.hl7 + "administrative-gender"))
    let root = NamedElement(root: tree, table: .r4)
    let concepts = root.children("concept")
    #expect(concepts.map { $0.string("code") } == ["male", "female", "other", "unknown"])
    #expect(concepts.allSatisfy { $0.string("display") != nil && $0.child("definition") == nil })
    #expect(root.child("text") == nil && root.child("description") == nil)
  }

  @Test func `every resource of the core can be read, and every structure understood`() throws {
    let counts = ConformanceKind.allCases.map { store.urls($0).count }
    #expect(counts == [655, 1316, 1062, 0, 0, 0, 0, 0, 0])
    for kind in ConformanceKind.allCases {
      for url in store.urls(kind) { #expect(store.resource(kind, canonical: url) != nil, "\(url)") }
    }
    for url in store.urls(.structureDefinition) {
      #expect(store.structureDefinition(url) != nil, "\(url)")
    }
    #expect(store.problems.isEmpty)
  }
}
