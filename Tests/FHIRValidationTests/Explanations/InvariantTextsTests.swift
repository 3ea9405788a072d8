import CDefinitions
import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Texts of invariants` {
  @Test func `every invariant of the core has one, and nothing else does`() {
    let table = DefinitionTable.r4
    let keys = Set(table.invariants.map { table.string($0.key) })
    #expect(keys.count > 200)
    #expect(keys.filter { InvariantTexts.text(of: $0) == nil } == [])
    #expect(InvariantTexts.keys.filter { !keys.contains($0) } == [])
  }

  @Test func `a text is a clause for people`() {
    for key in InvariantTexts.keys {
      let text = InvariantTexts.text(of: key) ?? ""
      #expect(text.count > 20 && !text.hasSuffix("."), "\(key)")
    }
  }
}
