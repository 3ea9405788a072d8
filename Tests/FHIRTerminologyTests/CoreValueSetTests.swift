import CDefinitions
import FHIRDefinitions
import FHIRModel
import Testing

@testable import FHIRTerminology

/// R4's own value sets, from the table and from the embedded resources.
struct CoreValueSetTests {
  private let terminology = Terminology.core
  private let base = "http://hl7.org/fhir/ValueSet/"

  @Test func requiredValueSets() {
    #expect(terminology.validate(system: nil, code: "female", in: base + "administrative-gender") == .valid)
    #expect(
      terminology.validate(system: nil, code: "f", in: base + "administrative-gender|4.0.1")
        == .invalid(.notInValueSet))
  }

  @Test func grammars() {
    #expect(terminology.validate(system: nil, code: "de-CH", in: base + "all-languages") == .valid)
    #expect(
      terminology.validate(system: nil, code: "de_CH", in: base + "all-languages") == .invalid(.notInValueSet)
    )
    #expect(terminology.validate(system: nil, code: "text/plain", in: base + "mimetypes") == .valid)
    #expect(
      terminology.validate(system: "http://unitsofmeasure.org", code: "mg", in: base + "ucum-units") == .valid
    )
  }

  /// What the table lists and what the resources compose must agree, else one of the two is read wrongly.
  @Test func tableAndResourcesAgree() throws {
    let table = DefinitionTable.r4
    let composed = Terminology(source: ComposedOnly())
    var compared = 0
    for set in table.valueSets where set.codes == 1 && set.code_count > 0 {
      let url = table.string(set.url)
      let plan = composed.valueSet(url)
      guard let members = terminology.valueSet(url).list(limit: 3000), plan.doubt == nil else { continue }
      compared += 1
      for member in members where member.system != "" {
        let system: String? = member.system
        #expect(plan.membership(system: system, code: member.code) == .yes, "\(url): \(member)")
      }
    }
    #expect(compared > 250)
  }

  private struct ComposedOnly: TerminologySource {
    func valueSet(_ canonical: String) -> ResourceTree? { ConformanceStore.core.valueSet(canonical) }
    func codeSystem(_ canonical: String) -> ResourceTree? { ConformanceStore.core.codeSystem(canonical) }
    func isCore(valueSet url: String) -> Bool { false }
  }

  /// Every value set of the core gives a plan, and says what it cannot tell.
  @Test func everyValueSetOfTheCoreCompiles() {
    let doubts = ConformanceStore.core.urls(.valueSet).compactMap { terminology.valueSet($0).doubt }
    #expect(doubts.count < 500)
  }
}
