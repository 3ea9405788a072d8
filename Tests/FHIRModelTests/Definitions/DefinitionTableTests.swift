import CDefinitions
import Glibc
import TestSupport
import Testing

@testable import FHIRModel

@Suite struct DefinitionTableTests {
  let table = DefinitionTable.r4

  @Test func `the embedded table is sound`() {
    #expect(table.isSound)
    #expect(table.packages == ["hl7.fhir.r4.core#4.0.1", "hl7.fhir.r4.expansions#4.0.1"])
  }

  /// Nanoseconds that this thread has worked.
  private func threadTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  @Test func `opening the table costs nothing worth naming`() {
    // The time of this thread alone, at its best: other work on the machine is not the table's.
    let best = (0..<5).map { _ in
      let start = threadTime()
      _ = DefinitionTable.embedded?.resourceTypes
      return threadTime() - start
    }.min()
    #expect(best ?? 0 < 10_000_000)
  }

  @Test func `R4 has 146 concrete resource types and 20 primitives`() {
    #expect(table.resourceTypes.count == 146)
    #expect(table.types.count { $0.kind == UInt8(DEFINITION_PRIMITIVE.rawValue) } == 20)
    // 41 datatypes of their own, and the two profiles that count as such.
    #expect(table.types.count { $0.kind == UInt8(DEFINITION_DATATYPE.rawValue) } == 43)
  }

  @Test func `every primitive has a grammar of its own and nothing else has one`() {
    let grammars = table.types.filter { $0.kind == UInt8(DEFINITION_PRIMITIVE.rawValue) }.map(\.grammar)
    #expect(Set(grammars) == Set(1...20))
    #expect(
      table.types.allSatisfy { ($0.kind == UInt8(DEFINITION_PRIMITIVE.rawValue)) == ($0.grammar != 0) })
  }

  @Test func `every element of every type is found under each of its names`() throws {
    for index in table.types.indices {
      let type = TypeID(rawValue: UInt16(index))
      for element in table.elements(of: type) {
        for (offset, ref) in table.typeRefs(of: element).enumerated() {
          let child = try #require(table.child(NameID(rawValue: ref.json_name), of: type))
          #expect(table.string(table.elements[child.element].path) == table.string(element.path))
          #expect(child.typeRef == Int(element.first_type_ref) + offset)
        }
      }
    }
  }

  @Test func `every name and every type is found`() {
    for raw in 1..<table.nameCount {
      let name = NameID(rawValue: UInt16(raw))
      #expect(table.nameID(table.string(of: name)) == name)
    }
    for index in table.types.indices {
      let type = TypeID(rawValue: UInt16(index))
      #expect(table.typeID(table.name(of: type)) == type)
    }
  }

  @Test func `a thousand names that R4 does not have are not found`() {
    var random = SeededGenerator(seed: 42)
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let known = Set((1..<table.nameCount).map { table.string(of: NameID(rawValue: UInt16($0))) })
    let types = Set(table.types.indices.map { table.name(of: TypeID(rawValue: UInt16($0))) })
    for _ in 0..<1000 {
      // Names that differ from a known one in one letter are the likeliest to be mistaken for it.
      var name = Array(known.randomElement(using: &random) ?? "name")
      name[Int.random(in: 0..<name.count, using: &random)] = letters.randomElement(using: &random) ?? "x"
      if !known.contains(String(name)) { #expect(table.nameID(String(name)) == nil) }
      if !types.contains(String(name)) { #expect(table.typeID(String(name)) == nil) }
    }
    #expect(table.nameID("") == nil)
  }

  @Test func `a choice has no element under its bare name`() throws {
    let observation = try #require(table.typeID("Observation"))
    let bare = try #require(table.nameID("value"))
    #expect(table.child(bare, of: observation) == nil)
  }

  @Test func `an element of another type is not found`() throws {
    let patient = try #require(table.typeID("Patient"))
    let status = try #require(table.nameID("status"))
    #expect(table.child(status, of: patient) == nil)
  }

  @Test(arguments: [
    ("Patient", "DomainResource", true), ("Bundle", "DomainResource", false), ("Bundle", "Resource", true),
    ("Age", "Quantity", true), ("SimpleQuantity", "Quantity", true), ("Quantity", "Age", false),
    ("id", "string", true), ("positiveInt", "integer", true), ("Patient.contact", "BackboneElement", true),
    ("Patient", "Patient", true),
  ])
  func `types know what they are derived from`(type: String, other: String, expected: Bool) throws {
    let type = try #require(table.typeID(type))
    let other = try #require(table.typeID(other))
    #expect(table.isSubtype(type, of: other) == expected)
  }

  @Test(arguments: [
    ("Patient", "id", "id"), ("Bundle", "id", "id"), ("Patient.contact", "id", "string"),
    ("HumanName", "id", "string"), ("xhtml", "id", "string"), ("Extension", "url", "uri"),
    ("Narrative", "div", "xhtml"), ("Extension", "id", "string"),
  ])
  func `ids, urls and narratives have the types that FHIR means`(type: String, name: String, expected: String)
    throws
  {
    let type = try #require(table.typeID(type))
    let name = try #require(table.nameID(name))
    let child = try #require(table.child(name, of: type))
    #expect(table.name(of: table.type(of: child)) == expected)
  }
}
