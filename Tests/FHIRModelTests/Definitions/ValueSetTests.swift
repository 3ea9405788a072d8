import CDefinitions
import Testing

@testable import FHIRModel

@Suite struct ValueSetTests {
  let table = DefinitionTable.r4
  let gender = "http://hl7.org/fhir/ValueSet/administrative-gender"

  @Test func `every code of every value set is found, with its system and without`() {
    for index in table.valueSets.indices where table.valueSets[index].codes == UInt8(CODES_LISTED.rawValue) {
      for code in table.codes(of: index) {
        let text = table.bytes(ofString: code.code)
        #expect(table.contains(code: text, valueSet: index))
        #expect(table.contains(code: text, system: table.bytes(ofString: code.system), valueSet: index))
      }
    }
  }

  @Test func `a code of another system or of another value set is not found`() throws {
    let index = try #require(table.valueSet(gender))
    #expect(contains("female", in: index))
    #expect(!contains("Female", in: index))
    #expect(!contains("", in: index))
    #expect(contains("female", system: "http://hl7.org/fhir/administrative-gender", in: index))
    #expect(!contains("female", system: "http://example.org/gender", in: index))
  }

  @Test func `a value set is found by its URL, with a version or without`() {
    #expect(table.valueSet(gender) != nil)
    #expect(table.valueSet(gender + "|4.0.1") == table.valueSet(gender))
    #expect(table.valueSet("http://example.org/none") == nil)
    for index in table.valueSets.indices {
      #expect(table.valueSet(table.string(table.valueSets[index].url)) == index)
    }
  }

  @Test(arguments: [
    ("mimetypes", CODES_MIME), ("all-languages", CODES_LANGUAGE), ("ucum-units", CODES_UCUM),
    ("currencies", CODES_LISTED), ("all-types", CODES_LISTED), ("data-types", CODES_LISTED),
    ("object-lifecycle-events", CODES_LISTED),
  ])
  func `a value set has a list of codes or a grammar`(name: String, expected: definition_codes) throws {
    let index = try #require(table.valueSet("http://hl7.org/fhir/ValueSet/" + name))
    #expect(table.valueSets[index].codes == UInt8(expected.rawValue))
  }

  @Test func `the lists of types hold every type`() throws {
    let index = try #require(table.valueSet("http://hl7.org/fhir/ValueSet/resource-types"))
    // The concrete ones, Resource and DomainResource.
    #expect(table.codes(of: index).count == 148)
    for type in table.resourceTypes { #expect(contains(table.name(of: type), in: index)) }
  }

  @Test func `every required value set is known, but one that LOINC owns`() {
    var unknown: Set<String> = []
    for element in table.elements {
      guard let binding = table.binding(of: element), let index = table.requiredValueSet(of: binding),
        table.valueSets[index].codes == UInt8(CODES_UNKNOWN.rawValue)
      else { continue }
      unknown.insert(table.string(table.valueSets[index].url))
    }
    #expect(unknown == ["http://loinc.org/vs/LL379-9"])
  }

  @Test(arguments: [
    ("Patient", "gender", "administrative-gender"), ("Patient", "language", "all-languages"),
    ("Attachment", "contentType", "mimetypes"), ("Money", "currency", "currencies"),
    ("Timing.repeat", "durationUnit", "units-of-time"),
  ])
  func `a required or maximum binding is the one that must hold`(type: String, name: String, expected: String)
    throws
  {
    let found = try binding(type, name)
    let binding = try #require(found)
    let index = try #require(table.requiredValueSet(of: binding))
    #expect(table.string(table.valueSets[index].url) == "http://hl7.org/fhir/ValueSet/" + expected)
  }

  @Test func `a preferred binding without a maximum demands nothing`() throws {
    let found = try binding("Patient", "maritalStatus")
    let binding = try #require(found)
    #expect(table.requiredValueSet(of: binding) == nil)
  }

  @Test func `units of Age are bound on the type`() throws {
    let age = try #require(table.typeID("Age"))
    let binding = try #require(table.binding(of: table[age]))
    #expect(binding.strength == UInt8(BINDING_EXTENSIBLE.rawValue))
    #expect(
      table.requiredValueSet(of: binding) == table.valueSet("http://hl7.org/fhir/ValueSet/all-time-units"))
  }

  private func binding(_ type: String, _ name: String) throws -> definition_binding? {
    let type = try #require(table.typeID(type))
    let name = try #require(table.nameID(name))
    let child = try #require(table.child(name, of: type))
    return table.binding(of: table.elements[child.element])
  }

  private func contains(_ code: String, in valueSet: Int) -> Bool {
    var code = code
    return code.withUTF8 { table.contains(code: $0, valueSet: valueSet) }
  }

  private func contains(_ code: String, system: String, in valueSet: Int) -> Bool {
    var code = code
    var system = system
    return code.withUTF8 { code in
      system.withUTF8 { table.contains(code: code, system: $0, valueSet: valueSet) }
    }
  }
}
