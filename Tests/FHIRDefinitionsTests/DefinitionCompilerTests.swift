import CDefinitions
import Testing

@testable import FHIRDefinitions
@testable import FHIRModel

@Suite struct DefinitionCompilerTests {
  let bytes: [UInt8]
  let table: DefinitionTable

  init() throws {
    bytes = try Self.compile(ClinicPackage.files)
    table = try #require(DefinitionTable(keeping: bytes))
  }

  @Test func `a small package compiles to a sound table that names it`() {
    #expect(table.isSound)
    #expect(table.packages == ["test.package#1.2.3"])
    #expect(table.resourceTypes.map { table.name(of: $0) } == ["Visit"])
  }

  @Test func `every fact of a type is kept`() throws {
    let expected = """
      Visit : Resource, resource, invariants vis-1
        id 0..1 id
        status 1..1 code, modifier, summary, required http://example.org/status, invariants vis-3
        value[x] 0..1 Quantity{SimpleQuantity} (valueQuantity) | string (valueString), preferred \
      http://example.org/units max http://example.org/status
        of 0..3 Reference -> Visit
        any 0..3 Reference
        part 0..* Visit.part
        contained 0..* Resource, holds a resource

      """
    #expect(try description("Visit") == expected)
    #expect(
      try description("Visit.part") == """
        Visit.part : Element, backbone, invariants ele-1 vis-2
          name 0..1 string
          part 0..* Visit.part

        """)
    #expect(
      try description("SimpleQuantity") == """
        SimpleQuantity : Quantity, datatype, constraint, invariants ele-1 sqty-1
          unit 0..0 string

        """)
    #expect(try description("code") == "code : Element, primitive, grammar 8, invariants ele-1\n")
  }

  @Test func `an invariant knows its severity and where it comes from`() throws {
    let visit = try #require(table.typeID("Visit.part"))
    let invariants = table.invariants(of: visit)
    #expect(invariants.map { table.string($0.expression) }.last == "name.exists()")
    #expect(invariants.map(\.severity) == [0, UInt8(INVARIANT_WARNING.rawValue)])
    #expect(
      invariants.map { table.string($0.source) } == [
        ClinicPackage.url + "Element", ClinicPackage.url + "Visit",
      ])
  }

  @Test func `a value set with force has its codes, one without has none`() throws {
    let status = try #require(table.valueSet("http://example.org/status"))
    #expect(table.codes(of: status).map { table.string($0.code) } == ["on", "off"])
    #expect(table.string(table.valueSets[status].version) == "2")
    let units = try #require(table.valueSet("http://example.org/units"))
    #expect(table.valueSets[units].codes == UInt8(CODES_UNKNOWN.rawValue))
  }

  @Test func `the order of files does not change a byte`() throws {
    #expect(try Self.compile(ClinicPackage.files.reversed()) == bytes)
  }

  @Test func `of two definitions with one URL the first package's counts`() throws {
    let core = try PackageBuilder(ClinicPackage.files).read()
    let again = try PackageBuilder(ClinicPackage.files).read()
    let table = try #require(DefinitionTable(keeping: DefinitionCompiler(packages: [core, again]).table()))
    #expect(table.types.count == self.table.types.count)
  }

  @Test func `a package of profiles adds no types to the core's`() throws {
    let core = try PackageBuilder(ClinicPackage.files).read()
    let profile = ClinicPackage.structure(
      "MyVisit", kind: "resource", base: "Visit", type: "Visit",
      [
        #"{"path": "Visit", "min": 0, "max": "*"}"#
      ])
    let guide = try PackageBuilder([profile], manifest: #"{"name": "my.guide", "version": "1"}"#).read()
    let table = try #require(DefinitionTable(keeping: DefinitionCompiler(packages: [core, guide]).table()))
    #expect(table.types.count == self.table.types.count)
    #expect(table.packages == ["test.package#1.2.3", "my.guide#1"])
  }

  // MARK: Mistakes

  @Test(arguments: [
    (#"{"path": "Visit.x", "min": 0, "max": "1", "type": [{"code": "Unicorn"}]}"#, "Unicorn"),
    (##"{"path": "Visit.x", "min": 0, "max": "1", "contentReference": "#Visit.y"}"##, "#Visit.y"),
    (#"{"path": "Visit.x.y", "min": 0, "max": "1", "type": [{"code": "string"}]}"#, "Visit.x.y"),
    (#"{"path": "Visit.x", "min": -1, "max": "1", "type": [{"code": "string"}]}"#, "min"),
    (#"{"path": "Visit.x", "min": 0, "max": "many", "type": [{"code": "string"}]}"#, "max"),
    (#"{"path": "Visit.x", "min": 0, "max": "70000", "type": [{"code": "string"}]}"#, "occurrences"),
    (#"{"min": 0, "max": "1"}"#, "path"),
  ])
  func `a mistake names the package, the file and what is wrong`(element: String, word: String) throws {
    let visit = ClinicPackage.structure(
      "Visit", kind: "resource", base: "Resource",
      [
        #"{"path": "Visit", "min": 0, "max": "*"}"#, element,
      ])
    let error = definitionError { _ = try Self.compile(ClinicPackage.files(with: [visit])) }
    #expect(error?.message.contains(word) == true, "\(error?.description ?? "no error")")
    if error?.code != .tableFull { #expect(error?.file == "StructureDefinition-Visit.json") }
  }

  @Test func `a base that no package has is missing, and so is a snapshot`() {
    let orphan = ClinicPackage.structure(
      "Visit", kind: "resource", base: "Unicorn",
      [
        #"{"path": "Visit", "min": 0, "max": "*"}"#
      ])
    let bare = ClinicPackage.structure("Visit", kind: "resource", base: "Resource", [])
    #expect(definitionError { _ = try Self.compile(ClinicPackage.files(with: [orphan])) }?.code == .missing)
    #expect(definitionError { _ = try Self.compile(ClinicPackage.files(with: [bare])) }?.code == .malformed)
  }

  @Test func `a file that is no JSON is told with its place`() {
    let error = definitionError {
      _ = try Self.compile(ClinicPackage.files(with: [("ValueSet-x.json", "{\n  \"a\": }")]))
    }
    #expect(error?.code == .malformed)
    #expect(error?.file == "ValueSet-x.json")
    #expect(error?.message.contains("line 2") == true)
  }

  @Test func `packages for different versions of FHIR do not go together`() throws {
    let core = try PackageBuilder(ClinicPackage.files).read()
    let other = try PackageBuilder(
      [], manifest: #"{"name": "r5", "version": "1", "fhirVersions": ["5.0.0"]}"#
    ).read()
    let error = definitionError { _ = try DefinitionCompiler(packages: [core, other]) }
    #expect(error?.code == .wrongVersion)
    #expect(error?.package == "r5#1")
  }

  @Test func `a package without a manifest is refused`() throws {
    let error = definitionError { _ = try PackageBuilder(verbatim: [("package/a.json", "{}")]).read() }
    #expect(error?.code == .notAPackage)
  }

  // MARK: Building

  static func compile(_ files: [(String, String)]) throws -> [UInt8] {
    try DefinitionCompiler(packages: [PackageBuilder(files).read()]).table()
  }

  private func description(_ type: String) throws -> String {
    table.description(of: try #require(table.typeID(type)))
  }
}
