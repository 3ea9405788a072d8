import FHIRFormats
import FHIRModel
import Testing

@Suite struct `FHIRPath of a node` {
  /// The expressions of all nodes of a JSON text's first record, in the order of the nodes.
  private func expressions(_ text: String) throws -> [String] {
    let reader = try ResourceReader(source: MemorySource(text), name: "test.json")
    let tree = try #require(try reader.next()).tree
    return (0..<tree.count).map { tree.expression(of: $0, table: .r4) }
  }

  @Test func `indices stand where an element may repeat`() throws {
    #expect(
      try expressions(#"{"resourceType":"Patient","name":[{"given":["A","B"]}],"gender":"male"}"#)
        == [
          "Patient", "Patient.name[0]", "Patient.name[0].given[0]", "Patient.name[0].given[1]",
          "Patient.gender",
        ])
  }

  @Test func `indices stand where an element repeats though it may not`() throws {
    #expect(
      try expressions(#"{"resourceType":"Patient","gender":["male"],"foo":[1,2]}"#)
        == ["Patient", "Patient.gender[0]", "Patient.foo[0]", "Patient.foo[1]"])
  }

  @Test func `choices are told by their type`() throws {
    #expect(
      try expressions(#"{"resourceType":"Observation","valueQuantity":{"value":1}}"#)
        == ["Observation", "Observation.value.ofType(Quantity)", "Observation.value.ofType(Quantity).value"])
  }

  @Test func `resources inside resources begin anew`() throws {
    #expect(
      try expressions(
        #"{"resourceType":"Patient","contained":[{"resourceType":"Organization","alias":["x"]}]}"#)
        == ["Patient", "Patient.contained[0]", "Patient.contained[0].alias[0]"])
  }

  @Test func `entries of a Bundle know their place`() throws {
    #expect(
      try expressions(
        #"{"resourceType":"Bundle","entry":[{"link":[{"url":"x"}],"resource":{"resourceType":"Patient","id":"1"}}]}"#
      )
        == [
          "Bundle.entry[0]", "Bundle.entry[0].link[0]", "Bundle.entry[0].link[0].url",
          "Bundle.entry[0].resource",
          "Bundle.entry[0].resource.id",
        ])
  }

  @Test func `an element as a whole has no last index`() throws {
    let reader = try ResourceReader(
      source: MemorySource(#"{"resourceType":"Patient","name":[{"given":["A","B"]}]}"#), name: "test.json")
    let tree = try #require(try reader.next()).tree
    #expect(tree.expression(of: 3, whole: true, table: .r4) == "Patient.name[0].given")
  }
}
