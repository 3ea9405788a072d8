import FHIRFormats
import FHIRModel
import Testing

/// `_name`: ids and extensions of primitives. See http://hl7.org/fhir/R4/json.html#primitive
@Suite struct JSONCompanionTests {
  private let extensions = #"{"id":"e","extension":[{"url":"u","valueString":"v"}]}"#

  private func record(_ members: String) throws -> Record {
    try readOne("{\"resourceType\":\"Patient\",\(members)}")
  }

  @Test(arguments: [true, false])
  func `a companion is joined with its value, whichever comes first`(valueFirst: Bool) throws {
    let value = "\"birthDate\":\"2000\""
    let companion = "\"_birthDate\":\(extensions)"
    let record = try record(valueFirst ? "\(value),\(companion)" : "\(companion),\(value)")
    #expect(record.issues.isEmpty)
    #expect(
      outline(record.tree) == """
        (Patient)
          birthDate=2000
            id=e
            extension
              url=u
              valueString=v
        """)
    #expect(record.tree.nodes[1].flags.contains([.companion, .hasValue]))
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\(value),\(companion)}")
  }

  @Test func `a companion far from its value is joined, and what stands between stays`() throws {
    let record = try record(
      "\"birthDate\":\"2000\",\"name\":[{\"family\":\"F\",\"_family\":\(extensions)}],\"_birthDate\":\(extensions),\"active\":true"
    )
    #expect(record.issues.isEmpty)
    #expect(
      json(record.tree)
        == "{\"resourceType\":\"Patient\",\"birthDate\":\"2000\",\"_birthDate\":\(extensions),\"name\":[{\"family\":\"F\",\"_family\":\(extensions)}],\"active\":true}"
    )
  }

  @Test func `a companion without a value is an element without one`() throws {
    let record = try record("\"_birthDate\":\(extensions)")
    #expect(record.issues.isEmpty)
    let node = record.tree.nodes[1]
    #expect(node.name == DefinitionTable.r4.nameID("birthDate"))
    #expect(node.flags.kind == .none && node.flags.contains(.companion) && !node.flags.contains(.hasValue))
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\"_birthDate\":\(extensions)}")
  }

  @Test func `a null that its companion explains is an element without a value`() throws {
    let record = try record("\"birthDate\":null,\"_birthDate\":\(extensions)")
    #expect(record.issues.isEmpty)
    #expect(record.tree.nodes[1].flags.kind == .none)
  }

  @Test func `arrays are joined item by item`() throws {
    let members = #""name":[{"given":["A",null,"C"],"_given":[null,{"id":"2"},{"id":"3"}]}]"#
    let record = try record(members)
    #expect(record.issues.isEmpty)
    #expect(
      outline(record.tree) == """
        (Patient)
          name
            given=A
            given
              id=2
            given=C
              id=3
        """)
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\(members)}")
  }

  @Test func `a null that nothing explains stays one`() throws {
    let members = #""name":[{"given":["A",null],"_given":[{"id":"1"},null]}]"#
    let record = try record(members)
    let given = (0..<record.tree.count).filter {
      elementName(record.tree.nodes[$0].name, in: record.tree) == "given"
    }
    #expect(given.map { record.tree.nodes[$0].flags.kind } == [.string, .null])
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\(members)}")
  }

  @Test func `an array of companions alone keeps its holes`() throws {
    let members = #""name":[{"_given":[null,{"id":"2"}]}]"#
    let record = try record(members)
    #expect(record.issues.isEmpty)
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\(members)}")
  }

  @Test(arguments: [
    (#""birthDate":"2000","_birthDate":"x""#, "_birthDate"),
    (#""birthDate":"2000","_birthDate":null"#, "_birthDate"),
    (#""birthDate":"2000","_birthDate":[{"id":"1"}]"#, "_birthDate"),
    (#""maritalStatus":{"text":"x"},"_maritalStatus":{"id":"1"}"#, "_maritalStatus"),
    (#""x":["a","b"],"_x":[{"id":"1"}]"#, "_x"),
    (#""x":["a","b"],"_x":[null,7]"#, "_x"),
    (#""x":["a","b"],"_x":[null,null]"#, "_x"),
    (#""x":["a"],"_x":[[{"x":1}]]"#, "_x"),
    (#""x":[],"_x":[]"#, "_x"),
  ])
  func `a companion that fits no value is kept and reported`(members: String, name: String) throws {
    let record = try record(members)
    #expect(summary(record.issues).count == 1)
    #expect(record.issues.first?.rule == .jsonCompanion)
    #expect(record.issues.first?.severity == .error)
    #expect(record.issues.first?.expression.contains(name) == true)
    #expect(record.tree.unknownNames.contains(name))
    #expect(json(record.tree) == "{\"resourceType\":\"Patient\",\(members)}")
  }

  @Test func `a companion of nothing but nulls is told as such`() throws {
    for members in [#""x":["a","b"],"_x":[null]"#, #""x":["a","b"],"_x":[null,null]"#] {
      #expect(
        try record(members).issues.first?.message.hasSuffix("nothing but nulls says nothing: leave it out")
          == true)
    }
  }

  @Test func `companions of unknown elements are joined too`() throws {
    let record = try record(#""_zzz":{"id":"1"},"zzz":5"#)
    #expect(record.issues.isEmpty)
    #expect(outline(record.tree) == "(Patient)\n  zzz=5\n    id=1")
  }

  @Test func `a second companion is kept and reported`() throws {
    let record = try record(#""birthDate":"2000","_birthDate":{"id":"1"},"_birthDate":{"id":"2"}"#)
    #expect(record.issues.map(\.rule) == [.jsonDuplicateKey, .jsonCompanion])
    #expect(json(record.tree).contains(#""_birthDate":{"id":"1"},"_birthDate":{"id":"2"}"#))
  }
}
