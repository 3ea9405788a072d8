import Testing

@testable import FHIRDefinitions
@testable import FHIRFormats
@testable import FHIRModel

/// Snapshots from differentials, case by case.
struct SnapshotGeneratorTests {
  private static let base = "http://example.org/StructureDefinition/"

  /// A profile of a type, or of another profile, without a snapshot.
  static func profile(
    _ name: String, type: String, base: String? = nil, derivation: String = "constraint", _ elements: String
  ) -> String {
    """
    {"resourceType": "StructureDefinition", "url": "\(Self.base)\(name)", "version": "1", "name": "\(name)",
     "kind": "resource", "abstract": false, "type": "\(type)", "derivation": "\(derivation)",
     "baseDefinition": "\(base ?? "http://hl7.org/fhir/StructureDefinition/\(type)")",
     "differential": {"element": [\(elements)]}}
    """
  }

  private func store(_ profiles: [String]) throws -> ConformanceStore {
    let files = profiles.enumerated().map { ("p\($0).json", $1) }
    let package = try PackageBuilder(files).withTar { try ConformancePackage(path: $0) }
    return ConformanceStore(packages: [package])
  }

  private func elements(_ name: String, _ profiles: String...) throws -> [String: ElementDefinition] {
    let store = try store(profiles)
    let structure = store.structureDefinition(Self.base + name)
    #expect(store.problems.isEmpty)
    let elements = try #require(structure).elements
    #expect(Set(elements.map(\.id)).count == elements.count)
    return Dictionary(uniqueKeysWithValues: elements.map { ($0.id ?? "", $0) })
  }

  private func problem(_ name: String, _ profiles: String...) throws -> DefinitionError? {
    let store = try store(profiles)
    #expect(store.structureDefinition(Self.base + name) == nil)
    return store.problems.first
  }

  @Test func `what the differential does not say stays as the base has it`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Patient",
        """
        {"id": "Patient", "path": "Patient"},
        {"id": "Patient.gender", "path": "Patient.gender", "min": 1, "mustSupport": true, "fixedCode": "female",
         "constraint": [{"key": "own-1", "severity": "error", "human": "…", "expression": "true"}]}
        """))
    let gender = try #require(found["Patient.gender"])
    #expect(gender.min == 1 && gender.max == 1 && gender.mustSupport && gender.types.map(\.code) == ["code"])
    #expect(gender.binding?.strength == .required && gender.fixed?.type == "code")
    #expect(gender.constraints.map(\.key) == ["ele-1", "own-1"])
    #expect(gender.constraints.last?.source == Self.base + "p")
    #expect(found["Patient.contact.gender"]?.min == 0 && found["Patient.active"]?.mustSupport == false)
  }

  @Test func `a differential that walks into a datatype gives the element that datatype's elements`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Patient",
        #"{"id": "Patient.maritalStatus.coding.system", "path": "Patient.maritalStatus.coding.system", "min": 1}"#
      ))
    #expect(found["Patient.maritalStatus.coding.system"]?.min == 1)
    #expect(
      found["Patient.maritalStatus.coding.code"]?.min == 0 && found["Patient.maritalStatus.text"] != nil)
    #expect(found["Patient.name.family"] == nil)
  }

  @Test func `a slice begins with the base's element, and is optional unless it says otherwise`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Patient",
        """
        {"path": "Patient.identifier", "min": 2, "mustSupport": true,
         "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "closed", "ordered": true}},
        {"path": "Patient.identifier", "sliceName": "ssn", "max": "1"},
        {"path": "Patient.identifier.system", "min": 1, "fixedUri": "http://example.org/ssn"},
        {"path": "Patient.identifier", "sliceName": "mrn", "min": 1},
        {"path": "Patient.identifier.system", "patternUri": "http://example.org/mrn"}
        """))
    let sliced = try #require(found["Patient.identifier"])
    #expect(sliced.slicing?.isOrdered == true && sliced.slicing?.rules == .closed && sliced.min == 2)
    let ssn = try #require(found["Patient.identifier:ssn"])
    #expect(ssn.min == 0 && ssn.max == 1 && !ssn.mustSupport && ssn.slicing == nil)
    #expect(found["Patient.identifier:ssn.system"]?.fixed != nil)
    #expect(found["Patient.identifier:mrn"]?.min == 1 && found["Patient.identifier:mrn.system"]?.fixed == nil)
    #expect(
      found["Patient.identifier:mrn.system"]?.pattern != nil && found["Patient.identifier.system"] == nil)
  }

  @Test func `a slice of a slice stands within it, and profiles of profiles go on`() throws {
    let outer = Self.profile(
      "outer", type: "Patient",
      """
      {"id": "Patient.identifier", "path": "Patient.identifier",
       "slicing": {"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}},
      {"id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "max": "3"},
      {"id": "Patient.identifier:a.use", "path": "Patient.identifier.use", "fixedCode": "usual"}
      """)
    let inner = Self.profile(
      "inner", type: "Patient", base: Self.base + "outer",
      """
      {"id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a",
       "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}},
      {"id": "Patient.identifier:a/b", "path": "Patient.identifier", "sliceName": "a/b", "max": "1"},
      {"id": "Patient.identifier:a/b.value", "path": "Patient.identifier.value", "min": 1}
      """)
    let found = try elements("inner", outer, inner)
    #expect(found["Patient.identifier:a"]?.max == 3 && found["Patient.identifier:a"]?.slicing != nil)
    #expect(found["Patient.identifier:a/b"]?.max == 1 && found["Patient.identifier:a/b.value"]?.min == 1)
    #expect(
      found["Patient.identifier:a/b.use"]?.fixed != nil && found["Patient.identifier:a.value"]?.min == 0)
  }

  @Test func `a choice's shorthand is its slice, and where it must be there the only type`() throws {
    let optional = Self.profile(
      "optional", type: "Observation",
      """
      {"path": "Observation.valueQuantity"}, {"path": "Observation.valueQuantity.code", "min": 1}
      """)
    let found = try elements("optional", optional)
    #expect(found["Observation.value[x]"]?.slicing?.discriminators.map(\.kind) == [.type])
    #expect(found["Observation.value[x]"]?.slicing?.rules == .open)
    #expect(found["Observation.value[x]:valueQuantity"]?.types.map(\.code) == ["Quantity"])
    #expect(found["Observation.value[x]:valueQuantity.code"]?.min == 1)
    #expect(found["Observation.value[x]"]?.types.count == 11)
    let needed = try elements(
      "needed", Self.profile("needed", type: "Observation", #"{"path": "Observation.valueString", "min": 1}"#)
    )
    #expect(needed["Observation.value[x]"]?.types.map(\.code) == ["string"])
    #expect(needed["Observation.value[x]"]?.min == 1)
  }

  @Test func `a content reference is walked into`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Questionnaire",
        """
        {"id": "Questionnaire.item.item.text", "path": "Questionnaire.item.item.text", "min": 1}
        """))
    #expect(found["Questionnaire.item.item.text"]?.min == 1 && found["Questionnaire.item.text"]?.min == 0)
    #expect(found["Questionnaire.item.item"]?.contentReference == nil)
    #expect(found["Questionnaire.item.item.item"]?.contentReference == "#Questionnaire.item")
  }

  @Test func `an extension's slice has what its definition says`() throws {
    let definition = Self.profile(
      "visit", type: "Extension",
      """
      {"id": "Extension", "path": "Extension", "max": "1", "isModifier": true, "constraint":
       [{"key": "v-1", "severity": "error", "human": "…", "expression": "true"}]},
      {"id": "Extension.url", "path": "Extension.url", "fixedUri": "\(Self.base)visit"},
      {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": "date"}]}
      """)
    let profile = Self.profile(
      "p", type: "Patient",
      """
      {"id": "Patient.modifierExtension:visit", "path": "Patient.modifierExtension", "sliceName": "visit",
       "type": [{"code": "Extension", "profile": ["\(Self.base)visit"]}]},
      {"id": "Patient.modifierExtension:visit.value[x]", "path": "Patient.modifierExtension.value[x]",
       "maxValueDate": "2020-01-01"}
      """)
    let found = try elements("p", definition, profile)
    let slice = try #require(found["Patient.modifierExtension:visit"])
    #expect(slice.max == 1 && slice.isModifier && slice.constraints.contains { $0.key == "v-1" })
    #expect(found["Patient.modifierExtension"]?.slicing?.discriminators.map(\.path) == ["url"])
    #expect(found["Patient.modifierExtension:visit.value[x]"]?.types.map(\.code) == ["date"])
    #expect(found["Patient.modifierExtension:visit.value[x]"]?.maxValue?.type == "date")
    #expect(found["Patient.modifierExtension:visit.url"]?.fixed != nil)
  }

  @Test func `a binding may be raised without its value set`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Condition",
        #"{"path": "Condition.code", "binding": {"strength": "required"}}, {"path": "Condition.note", "binding": {"strength": "required"}}"#
      ))
    #expect(found["Condition.code"]?.binding?.strength == .required)
    #expect(found["Condition.code"]?.binding?.valueSet == "http://hl7.org/fhir/ValueSet/condition-code")
    #expect(found["Condition.note"]?.binding == nil)
  }

  @Test func `a type of its own adds elements to its base's`() throws {
    let found = try elements(
      "Own",
      Self.profile(
        "Own", type: "Own", base: "http://hl7.org/fhir/StructureDefinition/DomainResource",
        derivation: "specialization",
        """
        {"path": "Own", "min": 0, "max": "*"},
        {"path": "Own.part", "min": 1, "max": "1", "type": [{"code": "BackboneElement"}]},
        {"path": "Own.part.when", "min": 0, "max": "1", "type": [{"code": "date"}]}
        """))
    #expect(found["Own.id"] != nil && found["Own.contained"] != nil && found["Own.part"]?.min == 1)
    #expect(found["Own.part.when"]?.types.map(\.code) == ["date"])
    #expect(found["Own.part.modifierExtension"] != nil)
  }

  // MARK: Trouble

  @Test func `an element that the base does not have is told of`() throws {
    let error = try problem("p", Self.profile("p", type: "Patient", #"{"path": "Patient.colour", "min": 1}"#))
    #expect(
      error?.code == .malformed && error?.message.contains("colour") == true && error?.file == "p0.json")
    let foreign = try problem("p", Self.profile("p", type: "Patient", #"{"path": "Observation.code"}"#))
    #expect(foreign?.code == .malformed)
  }

  @Test func `circles of bases, and bases that are missing, are told of`() throws {
    let a = Self.profile("a", type: "Patient", base: Self.base + "b", "")
    let b = Self.profile("b", type: "Patient", base: Self.base + "a", "")
    #expect(try problem("a", a, b)?.message.contains("itself") == true)
    let lonely = Self.profile("p", type: "Patient", base: Self.base + "gone", "")
    #expect(try problem("p", lonely)?.code == .missing)
  }

  @Test func `a profile that uses itself for an element falls back to the type`() throws {
    let found = try elements(
      "p",
      Self.profile(
        "p", type: "Bundle",
        """
        {"path": "Bundle.entry.resource", "type": [{"code": "Bundle", "profile": ["\(Self.base)p"]}]},
        {"path": "Bundle.entry.resource.total", "min": 1}
        """))
    #expect(found["Bundle.entry.resource.total"]?.min == 1)
  }

  @Test func `snapshots that would grow without end are refused`() throws {
    // Each level walks into a content reference that holds all levels before it.
    var path = "Questionnaire.item"
    var elements: [String] = []
    for level in 0..<40 {
      path += ".item"
      elements.append(#"{"path": "\#(path).text", "min": 1}"#)
      elements.append(#"{"path": "\#(path)", "sliceName": "s\#(level)"}"#)
    }
    _ = try store([Self.profile("p", type: "Questionnaire", elements.joined(separator: ","))])
      .structureDefinition(Self.base + "p")
    let deep = "Patient" + String(repeating: ".extension", count: 200)
    #expect(
      try problem("p", Self.profile("p", type: "Patient", #"{"path": "\#(deep)"}"#))?.code == .malformed)
    let many = (0..<20_001).map { #"{"path": "Patient.contact", "sliceName": "s\#($0)"}"# }
    let error = try problem("p", Self.profile("p", type: "Patient", many.joined(separator: ",")))
    #expect(error?.code == .tooLarge)
  }

  @Test func `a snapshot that is not whole is made anew, and missing ids are given`() throws {
    let broken = """
      {"resourceType": "StructureDefinition", "url": "\(Self.base)p", "name": "p", "kind": "resource",
       "abstract": false, "type": "Patient", "derivation": "constraint",
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
       "snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.name.family"}]},
       "differential": {"element": [{"path": "Patient.active", "min": 1}]}}
      """
    let found = try elements("p", broken)
    #expect(found["Patient.active"]?.min == 1 && found["Patient.name"] != nil)
    let idless = broken.replacing(
      #"{"path": "Patient.name.family"}"#, with: #"{"path": "Patient.active", "min": 1}"#)
    #expect(try elements("p", idless).count == 2)
  }
}
