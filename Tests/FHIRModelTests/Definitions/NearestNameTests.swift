import Testing

@testable import FHIRModel

@Suite struct NearestNameTests {
  let table = DefinitionTable.r4

  @Test(arguments: [
    ("Patient", "brithDate", "birthDate"), ("Patient", "birthdate", "birthDate"),
    ("Patient", "gendr", "gender"),
    ("Patient", "deceasedBool", "deceasedBoolean"), ("Patient", "xyz", nil),
    ("Observation", "valueQuantiy", "valueQuantity"),
    ("Patient", "", nil), ("Patient", "telecoms", "telecom"), ("Patient", "namee", "name"),
  ])
  func `a misspelt element is near the one that was meant`(type: String, name: String, expected: String?)
    throws
  {
    let type = try #require(table.typeID(type))
    #expect(table.closestName(to: name, in: type) == expected)
  }

  @Test func `a misspelt resource type or code is near the one that was meant`() throws {
    #expect(table.closestResourceType(to: "Pateint") == "Patient")
    #expect(table.closestResourceType(to: "patient") == "Patient")
    #expect(table.closestResourceType(to: "Unicorn") == nil)
    let gender = try #require(table.valueSet("http://hl7.org/fhir/ValueSet/administrative-gender"))
    #expect(table.closestCode(to: "Female", valueSet: gender) == "female")
    #expect(table.closestCode(to: "m", valueSet: gender) == nil)
  }

  @Test func `the fewest mistakes win, and of equals the first`() {
    #expect(closest(to: "abcdef", among: ["abcxyf", "abcdxf"]) == "abcdxf")
    #expect(closest(to: "abcdef", among: ["abcdeX", "abcdXf"]) == "abcdeX")
    #expect(closest(to: "ab", among: ["ba"]) == "ba")
    #expect(closest(to: "ab", among: []) == nil)
  }
}
