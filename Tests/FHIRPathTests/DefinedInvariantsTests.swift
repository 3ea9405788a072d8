import CDefinitions
import FHIRModel
import Testing

@testable import FHIRPath

/// The invariants of R4 itself are the first expressions that must work.
@Suite struct DefinedInvariantsTests {
  @Test(arguments: [CompiledExpression.Options.invariants, []])
  func `every invariant of R4 compiles for the types that bear it`(_ options: CompiledExpression.Options)
    throws
  {
    let table = DefinitionTable.r4
    var compiled = 0
    var troubles: Set<String> = []
    func compile(_ invariant: definition_invariant, for type: TypeID) {
      do throws(FHIRPathError) {
        _ = try CompiledExpression(table.string(invariant.expression), context: type, options: options)
        compiled += 1
      } catch {
        // Faults of the specification: ChargeItemDefinition has no name, and of a choice's types only Range has a low.
        if ["cid-0", "ras-1"].contains(table.string(invariant.key)), options.isEmpty { return }
        troubles.insert("\(table.string(invariant.key)) of \(table.name(of: type)): \(error)")
      }
    }
    for index in table.types.indices {
      let type = TypeID(rawValue: UInt16(index))
      // ele-1 of every one of them is the same.
      for invariant in table.invariants(of: type)
      where table.string(invariant.key) != "ele-1" || index % 50 == 0 {
        compile(invariant, for: type)
      }
      for element in table.elements(of: type) {
        for invariant in table.invariants(of: element) {
          for ref in table.typeRefs(of: element) { compile(invariant, for: TypeID(rawValue: ref.type)) }
        }
      }
    }
    #expect(compiled > 400)
    #expect(troubles.isEmpty, "\(troubles.sorted().joined(separator: "\n"))")
  }
}
