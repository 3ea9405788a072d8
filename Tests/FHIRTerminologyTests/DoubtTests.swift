import FHIRModel
import Testing

@testable import FHIRTerminology

/// What cannot be decided offline is said to be so, and never called wrong.
struct DoubtTests {
  private let set = "http://clinic/ValueSet/test"

  private func terminology(_ include: String, _ other: String = ClinicDefinitions.wards) throws -> Terminology
  {
    Terminology(
      source: try ClinicDefinitions(ClinicDefinitions.valueSet("test", include: include), other))
  }

  @Test func absentValueSet() throws {
    let terminology = try terminology(#"{"system": "http://clinic/wards"}"#)
    #expect(
      terminology.validate(system: "x", code: "y", in: "http://nowhere/vs|1")
        == .cannotTell(.noValueSet("http://nowhere/vs")))
  }

  @Test func absentCodeSystem() throws {
    let terminology = try terminology(
      #"{"system": "http://absent"}, {"system": "http://clinic/wards", "concept": [{"code": "icu"}]}"#)
    #expect(
      terminology.validate(system: "http://absent", code: "a", in: set)
        == .cannotTell(.noCodeSystem("http://absent")))
    #expect(terminology.validate(system: "http://clinic/wards", code: "icu", in: set) == .valid)
    #expect(
      terminology.validate(system: "http://clinic/wards", code: "er", in: set) == .invalid(.notInValueSet))
  }

  @Test(arguments: ["fragment", "example", "not-present", "supplement"])
  func codeSystemInPart(content: String) throws {
    let system = """
      {"resourceType": "CodeSystem", "url": "http://part", "status": "active", "content": "\(content)",
       "concept": [{"code": "a", "display": "A"}]}
      """
    let terminology = try terminology(#"{"system": "http://part"}"#, system)
    let known = terminology.validate(system: "http://part", code: "a", in: set)
    let other = terminology.validate(system: "http://part", code: "b", in: set)
    if content == "fragment" || content == "example" {
      #expect(known == .valid)
      #expect(other == .cannotTell(.incompleteCodeSystem("http://part")))
    } else {
      guard case .cannotTell = known, case .cannotTell = other else {
        Issue.record("\(content) is judged")
        return
      }
    }
  }

  @Test func anUnknownFilter() throws {
    let terminology = try terminology(
      #"{"system": "http://clinic/wards", "filter": [{"property": "beds", "op": "more-than", "value": "3"}]}"#
    )
    #expect(
      terminology.validate(system: "http://clinic/wards", code: "icu", in: set) == .cannotTell(.filter(set)))
    #expect(
      terminology.validate(system: "http://clinic/wards", code: "none", in: set) == .invalid(.notInValueSet))
  }

  @Test func valueSetsThatContainEachOther() throws {
    let terminology = Terminology(
      source: try ClinicDefinitions(
        ClinicDefinitions.valueSet(
          "test",
          include:
            #"{"valueSet": ["http://clinic/ValueSet/b"]}, {"system": "http://x", "concept": [{"code": "a"}]}"#
        ),
        ClinicDefinitions.valueSet("b", include: #"{"valueSet": ["http://clinic/ValueSet/test"]}"#)))
    #expect(terminology.validate(system: "http://x", code: "a", in: set) == .valid)
    #expect(terminology.validate(system: "http://x", code: "b", in: set) == .cannotTell(.circular(set)))
  }

  /// Twenty-five value sets of which each contains the next twice: 2²⁵ selections.
  @Test func valueSetsThatMultiply() throws {
    let include = { (i: Int) in
      "{\"valueSet\": [\"http://clinic/ValueSet/v\(i)\"]}, {\"valueSet\": [\"http://clinic/ValueSet/v\(i)|1\"]}"
    }
    var trees: [String: ResourceTree] = [:]
    for i in 0..<25 {
      let text = ClinicDefinitions.valueSet("v\(i)", include: include(i + 1))
      trees["v\(i)"] = try ClinicDefinitions(text).valueSet("http://clinic/ValueSet/v\(i)")
    }
    let terminology = Terminology(source: Chain(trees: trees))
    let verdict = terminology.validate(system: "http://x", code: "a", in: "http://clinic/ValueSet/v0")
    guard case .cannotTell = verdict else {
      Issue.record("judged")
      return
    }
  }

  private struct Chain: TerminologySource {
    let trees: [String: ResourceTree]
    func valueSet(_ canonical: String) -> ResourceTree? {
      trees[String(canonical.split(separator: "/").last?.prefix { $0 != "|" } ?? "")]
    }
    func codeSystem(_ canonical: String) -> ResourceTree? { nil }
    func isCore(valueSet url: String) -> Bool { false }
  }

  @Test func anExpansionDecidesWhatTheCompositionCannot() throws {
    func expanded(_ mark: String) -> String {
      """
      {"resourceType": "ValueSet", "url": "http://clinic/ValueSet/test", "status": "active",
       "compose": {"include": [{"system": "http://absent"}]},
       "expansion": {\(mark) "timestamp": "2020-01-01", "total": 2, "contains": [
         {"system": "http://absent", "abstract": true, "code": "group", "contains": [
           {"system": "http://absent", "code": "a"}, {"system": "http://absent", "code": "b"}]}]}}
      """
    }
    let closed = Terminology(source: try ClinicDefinitions(expanded("")))
    #expect(closed.validate(system: "http://absent", code: "b", in: set) == .valid)
    #expect(closed.validate(system: nil, code: "b", in: set) == .valid)
    #expect(closed.validate(system: "http://absent", code: "c", in: set) == .invalid(.notInValueSet))
    #expect(closed.validate(system: "http://absent", code: "group", in: set) == .invalid(.notInValueSet))
    let open = Terminology(
      source: try ClinicDefinitions(
        expanded(
          #""extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-unclosed", "valueBoolean": true}],"#
        )))
    #expect(open.validate(system: "http://absent", code: "b", in: set) == .valid)
    #expect(
      open.validate(system: "http://absent", code: "c", in: set)
        == .cannotTell(.noCodeSystem("http://absent")))
  }

  @Test func impliedValueSetsOfSNOMEDAndLOINC() {
    let terminology = Terminology.core
    let snomed = "http://snomed.info/sct"
    for set in [snomed + "?fhir_vs", snomed + "?fhir_vs=isa/73211009", "http://loinc.org/vs/LL715-4"] {
      let system = set.hasPrefix(snomed) ? snomed : "http://loinc.org"
      let code = system == snomed ? "73211009" : "8480-6"
      #expect(
        terminology.validate(system: system, code: code, in: set) == .cannotTell(.noCodeSystem(system)))
      #expect(
        terminology.validate(system: system, code: "73211008", in: set) == .invalid(.notInValueSet))
      #expect(terminology.validate(system: "http://x", code: code, in: set) == .invalid(.notInValueSet))
    }
  }
}
