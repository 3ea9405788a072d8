import FHIRModel
import TestSupport
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

  @Test(arguments: [
    // Names that the program or MongoDB keeps for itself.
    ("patient", "  coverages:\n", "  fhir:\n", 11, "must not begin"),
    ("patient", "  coverages:\n", "  _id:\n", 11, "must not begin"),
    ("patient", "  coverages:\n", "  a.b:\n", 11, "must not begin"),
    ("patient", "  coverages:\n", "  patient_chart:\n", 11, "is taken"),
    ("patient", "  email:\n", "  patient_chart:\n", 40, "is taken"),
    ("patient_chart", "  lists:\n", "  page:\n", 122, "is taken"),
    ("patient_chart", "  lists:\n", "  patient_id:\n", 122, "is taken"),
    ("patient", "collection: patient", "collection: system.users", 7, "expected the name of a collection"),
    ("patient", "collection: patient", "collection: fhirline_run", 7, "expected the name of a collection"),
    ("provider", "collection: provider", "collection: patient", 3, "is the collection of patient"),
    // What is written and would count for nothing.
    ("patient", "root: Patient", "root: Patient\nof: Patient", 9, "without a root"),
    ("patient", "root: Patient", "root: Patient\ndefault_duration_minutes: 5", 9, "belongs to the document"),
    (
      "patient_chart", "    type: List\n    owner: subject\n    date: [date]\n", "    []\n", 123,
      "one type at least"
    ),
    ("patient", "prefer: [home]", "prefer: [hom]", 31, "did you mean home?"),
    ("patient", "prefer: [home]", "prefer: []", 31, "one value of use"),
    ("patient", "path: birthDate", "path: birthDate\n    prefer: [home]", 26, "does not have"),
    ("patient", "path: birthDate", "path: birthDate\n    or: gender", 26, "the path leads to code"),
    ("patient", "path: birthDate", "path: birthDate\n    or: birthDate", 26, "leads to the element"),
    ("patient", "choose: newest", "choose: all", 54, "add list: true"),
    (
      "patient", "path: birthDate\n    transform: date", "path: id\n    transform: text", 25,
      "no field writes it"
    ),
    (
      "patient", "derived: appointments", "derived: appointments\n  visits:\n    derived: appointments", 79,
      "are derived alike"
    ),
    (
      "appointment", "fields:\n", "fields:\n  all: { derived: appointments }\n", 12, "no list of appointments"
    ),
    ("appointment", "complete: completed", "Cancelled: completed", 73, "cannot mean two"),
    ("patient_chart", "diastolic: 8462-4", "diastolic: 8480-6", 162, "one code"),
    // What was perhaps meant.
    ("patient", "root: Patient", "root: Patent", 8, "did you mean Patient?"),
    ("patient", "root: Patient", "root: Patient\nfeilds: {}", 9, "did you mean fields?"),
    ("patient", "path: birthDate", "path: brithDate", 25, "did you mean birthDate?"),
    ("patient", "system = 'email'", "sytem = 'email'", 41, "did you mean system?"),
    ("patient", "transform: human_name", "transform: humanname", 21, "did you mean human_name?"),
    ("patient", "from: Coverage", "from: Covrage", 52, "did you mean Coverage?"),
    ("patient", "status: active", "statuz: active", 57, "did you mean status?"),
    ("appointment", "complete: completed", "complete: complet", 73, "did you mean completed?"),
  ])
  func `what would pass silently, or was perhaps meant otherwise`(
    _ file: String, _ old: String, _ new: String, _ line: Int, _ words: String
  ) {
    let files = BuiltInMappings.files.map { each in
      each.name.hasSuffix("/\(file).yml")
        ? (name: each.name, text: each.text.replacing(old, with: new, maxReplacements: 1)) : each
    }
    #expect(files.map(\.text) != BuiltInMappings.files.map(\.text))
    let error = #expect(throws: MappingError.self) { try MappingSet(files: files) }
    #expect(
      error?.file.hasSuffix("/\(file).yml") == true && error?.line == line, "\(String(describing: error))")
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
  }

  @Test(arguments: BuiltInMappings.files.map(\.name))
  func `a file that was mutilated anywhere is compiled, or refused with a line of it`(_ name: String) throws {
    let text = try #require(BuiltInMappings.files.first { $0.name == name }?.text)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var random = SeededGenerator(seed: 7)
    for number in lines.indices
    where !lines[number].allSatisfy(\.isWhitespace) && !lines[number].contains("# ") {
      var changed = lines
      switch Int.random(in: 0..<7, using: &random) {
      case 0: changed.remove(at: number)
      case 1: changed.insert(lines[number], at: number)
      case 2: changed[number] = "  " + lines[number]
      case 3: changed = Array(lines[...number])
      case 4: changed[number] = String(lines[number].dropLast(Int.random(in: 1...4, using: &random)))
      case 5: changed[number] = lines[number].replacing(":", with: ": [")
      default: changed[number] = lines[number].replacing(":", with: ": ~ #")
      }
      do throws(MappingError) {
        _ = try DocumentPlan(
          try MappingNode(parsing: changed.joined(separator: "\n"), file: name), table: .r4)
      } catch {
        #expect(
          error.file == name && (1...changed.count + 1).contains(error.line), "\(error) at \(number + 1)")
        #expect(!error.message.isEmpty)
      }
    }
  }

  @Test func `a mistake reads as compilers write it`() {
    let error = fields("  name: { path: name.famly, transform: text }")
    #expect(error?.description == "p.yml:7:22: error: HumanName has no element famly: did you mean family?")
  }
}
