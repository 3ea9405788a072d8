import CDefinitions
import TestSupport
import Testing

@testable import FHIRModel

@Suite struct TableSoundnessTests {
  @Test func `what is no table is refused`() throws {
    let bytes = try DefinitionCompilerTests.compile(ClinicPackage.files)
    #expect(DefinitionTable(keeping: []) == nil)
    #expect(DefinitionTable(keeping: Array("FHIRLINE".utf8)) == nil)
    for count in stride(from: 0, to: bytes.count, by: 61) {
      #expect(DefinitionTable(keeping: Array(bytes.prefix(count))) == nil)
    }
    var other = bytes
    other[8] ^= 1
    #expect(DefinitionTable(keeping: other) == nil, "another format")
    #expect(DefinitionTable(keeping: bytes + [0]) == nil, "bytes left over")
  }

  @Test func `a table with any byte changed is refused, or can be read without a fault`() throws {
    let bytes = try DefinitionCompilerTests.compile(ClinicPackage.files)
    var random = SeededGenerator(seed: 1)
    var refused = 0
    for offset in stride(from: 0, to: bytes.count, by: 3) {
      var changed = bytes
      changed[offset] ^= UInt8.random(in: 1...255, using: &random)
      let isRead = changed.withUnsafeBytes { changed in
        guard let table = DefinitionTable(immortal: changed), table.isSound else { return false }
        readAll(table)
        return true
      }
      if !isRead { refused += 1 }
    }
    #expect(refused > 0)
  }

  /// Follows every number of a table.
  private func readAll(_ table: DefinitionTable) {
    for index in table.types.indices {
      let type = TypeID(rawValue: UInt16(index))
      _ = table.description(of: type)
      _ = table.isSubtype(type, of: TypeID(rawValue: UInt16(DEFINITION_NONE)))
      for raw in 1..<table.nameCount { _ = table.child(NameID(rawValue: UInt16(raw)), of: type) }
    }
    for name in ["status", "Visit", "unknown"] {
      _ = table.nameID(name)
      _ = table.typeID(name)
      _ = table.valueSet(name)
      for index in table.valueSets.indices {
        var code = name
        _ = code.withUTF8 { table.contains(code: $0, valueSet: index) }
        _ = table.closestCode(to: name, valueSet: index)
      }
    }
  }
}
