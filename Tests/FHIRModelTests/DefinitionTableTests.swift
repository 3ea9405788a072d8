import CDefinitions
import FHIRModel
import Testing

@Suite struct DefinitionTableTests {
  let table = DefinitionTable.r4

  @Test func `every element of a type is found under its name`() throws {
    let patient = try #require(table.typeID("Patient"))
    let birthDate = try #require(table.nameID("birthDate"))
    let child = try #require(table.child(birthDate, of: patient))
    #expect(table.name(of: table.type(of: child)) == "date")
    #expect(table.string(table.elements[child.element].path) == "Patient.birthDate")
  }

  @Test func `a choice is found under each of its types' names`() throws {
    let observation = try #require(table.typeID("Observation"))
    for (name, type) in [("valueQuantity", "Quantity"), ("valueString", "string"), ("valueDateTime", "dateTime")] {
      let id = try #require(table.nameID(name))
      let child = try #require(table.child(id, of: observation))
      #expect(table.name(of: table.type(of: child)) == type)
    }
    let bare = try #require(table.nameID("value"))
    #expect(table.child(bare, of: observation) == nil)
  }

  @Test func `names of other types are not found`() throws {
    let patient = try #require(table.typeID("Patient"))
    let status = try #require(table.nameID("status"))
    #expect(table.child(status, of: patient) == nil)
    #expect(table.nameID("patientt") == nil)
    #expect(table.nameID("") == nil)
    #expect(table.typeID("Pateint") == nil)
  }

  @Test func `content references lead to the type they name`() throws {
    let entry = try #require(table.typeID("Bundle.entry"))
    let link = try #require(table.nameID("link"))
    let child = try #require(table.child(link, of: entry))
    #expect(table.name(of: table.type(of: child)) == "Bundle.link")
  }
}
