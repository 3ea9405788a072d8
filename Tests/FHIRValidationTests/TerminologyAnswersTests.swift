import FHIRFormats
import FHIRModel
import FHIRPath
import FHIRTerminology
import Testing

@testable import FHIRValidation

/// What `memberOf()` and `subsumes()` are told of codes.
@Suite struct `Terminology's answers to FHIRPath` {
  private let answers = TerminologyAnswers(.core, table: .r4)
  private let marital = "http://hl7.org/fhir/ValueSet/marital-status"
  private let act = "http://terminology.hl7.org/CodeSystem/v3-ActClass"

  private func element(_ json: String, _ type: String) throws -> TerminologyValue {
    let text = #"{"resourceType":"Basic","code":\#(json)}"#
    let reader = try ResourceReader(source: MemorySource(text), name: "test.json")
    let tree = try #require(try reader.next()).tree
    let code = try #require(DefinitionTable.r4.nameID("code"))
    return .element(
      TreeNode(tree: tree, node: try #require(tree.child(code, of: 0)), type: DefinitionTable.r4.typeID(type))
    )
  }

  @Test func `any coding of a concept will do`() throws {
    let system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    let both = try element(
      #"{"coding":[{"system":"http://x.org","code":"M"},{"system":"\#(system)","code":"M"}]}"#,
      "CodeableConcept")
    #expect(answers.isMember(both, of: marital) == true)
    let other = try element(#"{"coding":[{"system":"http://x.org","code":"M"}]}"#, "CodeableConcept")
    #expect(answers.isMember(other, of: marital) == false)
    #expect(answers.isMember(other, of: "http://nowhere.org/vs") == nil)
    #expect(answers.isMember(.code("M"), of: marital + "|4.0.1") == true)
    #expect(answers.isMember(.code("Q"), of: marital) == false)
  }

  @Test func `a code subsumes itself and what stands below it`() throws {
    let act = try element(#"{"system":"\#(act)","code":"ACT"}"#, "Coding")
    let encounter = try element(#"{"system":"\#(self.act)","code":"ENC"}"#, "Coding")
    #expect(answers.subsumes(act, encounter) == true)
    #expect(answers.subsumes(encounter, act) == false)
    #expect(answers.subsumes(act, .code("ENC")) == true)
    #expect(answers.subsumes(.code("A"), .code("A")) == nil)
    let snomed = #"{"system":"http://snomed.info/sct","code":"138875005"}"#
    #expect(answers.subsumes(try element(snomed, "Coding"), .code("73211009")) == nil)
  }
}
