import FHIRModel
import Testing

@testable import FHIRMapping

/// Every mistake in a mapping file shows when it is compiled, at its place, with what was expected.
@Suite struct MappingMistakesTests {
  private static let start = """
    document: patient
    collection: patient
    root: Patient
    sections:
      coverages: { type: Coverage, owner: beneficiary }
    fields:

    """

  private func failure(_ text: String) -> MappingError? {
    do throws(MappingError) {
      _ = try DocumentPlan(try MappingNode(parsing: text, file: "p.yml"), table: .r4)
      return nil
    } catch {
      return error
    }
  }

  private func expect(
    _ failure: MappingError?, _ code: MappingError.Code, line: Int, column: Int, _ words: String,
    _ place: SourceLocation = #_sourceLocation
  ) {
    #expect(failure?.code == code, "\(String(describing: failure))", sourceLocation: place)
    #expect(failure?.line == line, "\(String(describing: failure))", sourceLocation: place)
    #expect(failure?.column == column, "\(String(describing: failure))", sourceLocation: place)
    #expect(failure?.message.contains(words) == true, "\(String(describing: failure))", sourceLocation: place)
  }

  private func fields(_ lines: String) -> MappingError? { failure(Self.start + lines) }

  @Test func `broken YAML`() {
    expect(failure("document: [patient\nroot: x"), .syntax, line: 2, column: 5, "not YAML")
    expect(failure(""), .syntax, line: 1, column: 1, "empty")
    #expect(failure("document: patient\ndocument: patient")?.code == .syntax)
  }

  @Test func `an unknown key`() {
    expect(
      failure("document: patient\ncollection: p\nroots: Patient"), .unknownKey, line: 3, column: 1, "roots")
    expect(
      fields("  name: { path: name, transfrom: human_name }"), .unknownKey, line: 7, column: 23, "transform")
  }

  @Test func `a missing key`() {
    expect(failure("document: patient"), .missingKey, line: 1, column: 1, "collection")
    expect(failure("document: patient\ncollection: p"), .missingKey, line: 1, column: 1, "root")
    expect(fields("  name: { path: name }"), .missingKey, line: 7, column: 9, "transform")
    expect(fields("  name: { transform: text }"), .missingKey, line: 7, column: 9, "path")
  }

  @Test func `an unknown document, type or choice`() {
    expect(failure("document: patients\ncollection: p"), .wrongValue, line: 1, column: 11, "patient_chart")
    expect(failure("document: patient\ncollection: p\nroot: Pateint"), .path, line: 3, column: 7, "Pateint")
    expect(
      fields("  id: { from: Coverage, choose: last, path: subscriberId, transform: text }"), .wrongValue,
      line: 7,
      column: 33, "newest")
  }

  @Test func `an unknown transform`() {
    expect(
      fields("  name: { path: name, transform: humanname }"), .unknownTransform, line: 7, column: 34,
      "human_name")
  }

  @Test func `a path that R4 does not have`() {
    expect(fields("  name: { path: name.famly, transform: text }"), .path, line: 7, column: 22, "HumanName")
    expect(
      fields("  name:\n    path: 'name.famly'\n    transform: text"), .path, line: 8, column: 17, "famly")
    expect(
      failure(
        "document: patient\ncollection: p\nroot: Patient\nsections:\n  c: { type: Coverage, owner: subject }"),
      .path, line: 5, column: 31, "Coverage has no element subject")
  }

  @Test func `a path that is no path`() {
    expect(fields("  a: { path: name., transform: text }"), .path, line: 7, column: 19, "expected the name")
  }

  @Test func `a type that the transform does not take`() {
    expect(fields("  born: { path: name, transform: date }"), .type, line: 7, column: 34, "HumanName")
    expect(
      failure(
        "document: patient\ncollection: p\nroot: Patient\nsections:\n  c: { type: Coverage, owner: status }"),
      .type, line: 5, column: 31, "Reference")
  }

  @Test func `what cannot be turned back`() {
    expect(
      fields("  gone: { path: deceased, transform: date }"), .notInvertible, line: 7, column: 17, "ofType")
    expect(
      fields(
        "  gender:\n    path: gender\n    transform: { code: { codes: { male: m, female: m }, default: male } }"
      ),
      .notInvertible, line: 9, column: 52, "male and female")
    expect(
      fields(
        "  l: { path: communication.language, list: true, transform: language }\n  g: { path: gender, list: true, transform: text }"
      ),
      .notInvertible, line: 8, column: 14, "repeats")
    expect(
      fields("  g: { path: name.given, list: true, transform: text }"), .notInvertible, line: 7, column: 14,
      "[0]")
    expect(
      fields("  h: { path: gender, transform: { quantity: { unit: furlong, decimals: 1 } } }"), .type,
      line: 7,
      column: 35, "Quantity")
  }

  @Test func `an argument that makes no sense`() {
    expect(
      fields("  g:\n    path: gender\n    transform: { code: { codes: { male: m }, default: other } }"),
      .wrongValue,
      line: 9, column: 55, "other")
    expect(
      fields("  g: { path: gender, transform: { text: yes } }"), .wrongValue, line: 7, column: 41,
      "no arguments")
    expect(
      fields(
        "  i:\n    from: Coverage\n    path: subscriberId\n    transform: text\n    make: { statsu: active }"),
      .path, line: 11, column: 13, "statsu")
  }

  @Test func `two fields that write to one element`() {
    expect(
      fields("  a: { path: birthDate, transform: date }\n  b: { path: birthDate, transform: date }"),
      .conflict,
      line: 8, column: 3, "a and b")
    expect(
      fields(
        "  a: { path: telecom.where(system = 'phone').value, transform: text }\n  b: { path: telecom.value, transform: text }"
      ), .conflict, line: 8, column: 3, "a and b")
    #expect(
      fields(
        "  a: { path: telecom.where(system = 'phone').value, transform: text }\n  b: { path: telecom.where(system = 'fax').value, transform: text }"
      ) == nil)
  }

  @Test func `a name that a document cannot have`() {
    expect(fields("  _id: { path: birthDate, transform: date }"), .wrongValue, line: 7, column: 3, "begin")
    expect(
      fields("  coverages: { path: birthDate, transform: date }"), .conflict, line: 7, column: 3, "section")
  }

  @Test func `a file that is missing or stands twice`() throws {
    let patient = BuiltInMappings.files[0]
    let twice = #expect(throws: MappingError.self) {
      try MappingSet(files: BuiltInMappings.files + [patient])
    }
    #expect(twice?.code == .conflict)
    let missing = #expect(throws: MappingError.self) { try MappingSet(files: [patient]) }
    #expect(missing?.code == .missingFile)
    let nowhere = #expect(throws: MappingError.self) { try MappingSet.load(directory: "/nonexistent") }
    #expect(nowhere?.file == "/nonexistent/patient.yml")
  }

  @Test func `a mistake reads as compilers write it`() {
    let error = fields("  name: { path: name.famly, transform: text }")
    #expect(error?.description == "p.yml:7:22: error: HumanName has no element famly")
  }
}
