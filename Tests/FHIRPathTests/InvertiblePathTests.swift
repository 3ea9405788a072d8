import FHIRFormats
import FHIRModel
import Testing

@testable import FHIRPath

@Suite struct InvertiblePathTests {
  static let patient = """
    {"resourceType":"Patient","name":[{"use":"usual","given":["Jo"]},{"use":"official","family":"Li","given":["Joan","M"]}],
     "telecom":[{"system":"email","value":"j@example.org"},{"system":"phone","use":"home","value":"1"},
                {"system":"phone","use":"work","value":"2"}],
     "extension":[{"url":"http://example.org/a","valueString":"x"},{"url":"http://example.org/b","valueCode":"y"}],
     "birthDate":"1980-01-02"}
    """

  private func values(_ path: String) throws -> [String] {
    let reader = try ResourceReader(source: MemorySource(Array(Self.patient.utf8)), name: "test.json")
    let tree = try #require(try reader.next()).tree
    let compiled = try InvertiblePath(path, from: "Patient")
    let nodes = compiled.nodes(in: tree)
    #expect(compiled.firstNode(in: tree) == nodes.first)
    return nodes.map { tree.string(at: $0) }
  }

  @Test(arguments: [
    ("birthDate", ["1980-01-02"]), ("Patient.birthDate", ["1980-01-02"]),
    ("name.given", ["Jo", "Joan", "M"]),
    ("name[1].given", ["Joan", "M"]), ("name.given[2]", ["M"]), ("name.first().given", ["Jo"]),
    ("name.where(use = 'official').family", ["Li"]), ("telecom.where(system = 'phone').value", ["1", "2"]),
    ("telecom.where(system = 'phone' and use = 'work').value", ["2"]),
    ("extension('http://example.org/b').value.ofType(code)", ["y"]),
    ("extension('http://example.org/b').value.ofType(string)", []), ("maritalStatus.text", []),
  ])
  func `a path leads to its elements`(_ path: String, _ expected: [String]) throws {
    #expect(try values(path) == expected)
  }

  @Test(arguments: [
    ("birthdate", FHIRPathError.Code.unknownElement, 1), ("name.famly", .unknownElement, 6),
    ("multipleBirth", .notInvertible, 1), ("multipleBirth.ofType(string)", .unknownType, 22),
    ("multipleBirthInteger", .unknownElement, 1), ("name.count()", .unknownFunction, 6),
    ("name.where(use != 'old')", .notInvertible, 16), ("telecom.where(rank = true)", .wrongArgument, 22),
    ("name.where(given)", .notInvertible, 12), ("'x'", .notInvertible, 1), ("name['a']", .wrongArgument, 6),
    ("name.ofType(HumanName)", .notInvertible, 13), ("name.where(period = 'x')", .notInvertible, 12),
  ])
  func `a path that cannot be walked both ways is refused, with its place`(
    _ path: String, _ code: FHIRPathError.Code, _ column: Int
  ) {
    let error = #expect(throws: FHIRPathError.self) { try InvertiblePath(path, from: "Patient") }
    #expect(error?.code == code, "\(String(describing: error))")
    #expect(error?.column == column, "\(String(describing: error))")
  }

  @Test func `how JSON writes a choice is told apart from how a path does`() {
    let error = #expect(throws: FHIRPathError.self) {
      try InvertiblePath("valueQuantity", from: "Observation")
    }
    #expect(error?.message.contains("value.ofType(Quantity)") == true)
  }

  @Test func `a path knows what stands at its end`() throws {
    let path = try InvertiblePath("communication.language", from: "Patient")
    #expect(path.isMany)
    #expect(path.target.map { DefinitionTable.r4.name(of: $0.type) } == "CodeableConcept")
    #expect(try !InvertiblePath("name.first().family", from: "Patient").isMany)
  }
}
