import FHIRDefinitions
import FHIRModel
import FoundationEssentials
import Testing

@Suite(.enabled(if: SharedPackages.areAtHand)) struct EmbeddedTableTests {
  @Test func `the embedded table is what HL7's packages give`() throws {
    let packages = [
      try SharedPackages.read(SharedPackages.core), try SharedPackages.read(SharedPackages.expansions),
    ]
    let listed = ["resource-types", "data-types", "all-types", "defined-types"].map {
      "http://hl7.org/fhir/ValueSet/" + $0
    }
    let table = try DefinitionCompiler(packages: packages, listing: listed).table()
    let embedded = try Data(contentsOf: URL(filePath: "Sources/CDefinitions/r4.table"))
    #expect(embedded.elementsEqual(table), "run make tables")
    #expect(table.count < 2_000_000)
  }
}
