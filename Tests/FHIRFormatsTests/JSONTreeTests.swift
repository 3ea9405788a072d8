import FHIRFormats
import FHIRModel
import Testing

/// How JSON becomes a tree.
@Suite struct JSONTreeTests {
  private func tree(_ text: String) throws -> ResourceTree { try readOne(text).tree }

  private func flags(_ tree: ResourceTree, _ name: String) throws -> [NodeFlags] {
    tree.children(of: 0).filter { elementName(tree.nodes[$0].name, in: tree) == name }.map {
      tree.nodes[$0].flags
    }
  }

  @Test func `each kind of value keeps its text and its kind`() throws {
    let tree = try tree(
      #"{"resourceType":"Basic","a":"x\ny","b":-1.50e+3,"c":true,"d":false,"e":null,"f":[],"g":{},"h":""}"#)
    #expect(tree.nodes[0].flags.kind == .resource)
    #expect(tree.string(at: 0) == "Basic")
    let kinds = tree.children(of: 0).map { tree.nodes[$0].flags.kind }
    #expect(kinds == [.string, .number, .boolean, .boolean, .null, .emptyArray, .none, .string])
    let texts = tree.children(of: 0).map { String(decoding: tree.rawText($0), as: UTF8.self) }
    #expect(texts == [#"x\ny"#, "-1.50e+3", "true", "false", "", "", "", ""])
    #expect(try flags(tree, "a")[0].contains(.escaped))
    #expect(try flags(tree, "h")[0].contains(.hasValue))
    #expect(try !flags(tree, "g")[0].contains(.hasValue))
  }

  @Test func `an array is a run of items`() throws {
    let tree = try tree(
      #"{"resourceType":"Patient","name":[{"given":["A","B"]},{"family":"C"}],"active":true}"#)
    let outline = outline(tree)
    #expect(
      outline == """
        (Patient)
          name
            given=A
            given=B
          name
            family=C
          active=true
        """)
    #expect(try flags(tree, "name").allSatisfy { $0.contains(.item) })
    #expect(try !flags(tree, "active")[0].contains(.item))
  }

  @Test func `arrays in arrays stay nested`() throws {
    let tree = try tree(#"{"resourceType":"Basic","x":[[1,[]],[2]]}"#)
    #expect(outline(tree) == "(Basic)\n  x\n    x=1\n    x\n  x\n    x=2")
    #expect(json(tree) == #"{"resourceType":"Basic","x":[[1,[]],[2]]}"#)
  }

  @Test func `resourceType may stand anywhere in a resource`() throws {
    let tree = try tree(
      #"{"id":"1","contained":[{"id":"2","resourceType":"Patient"}],"resourceType":"Basic"}"#)
    #expect(outline(tree) == "(Basic)\n  id=1\n  contained(Patient)\n    id=2")
  }

  @Test func `resourceType of what is no resource is an element`() throws {
    let text = #"{"resourceType":"ExampleScenario","instance":[{"resourceId":"1","resourceType":"Patient"}]}"#
    let tree = try tree(text)
    #expect(outline(tree) == "(ExampleScenario)\n  instance\n    resourceId=1\n    resourceType=Patient")
    #expect(json(tree) == text)
  }

  @Test func `a resourceType that is no string is kept as an element`() throws {
    let record = try readOne(#"{"resourceType":7,"id":"1"}"#)
    #expect(record.tree.nodes[0].flags.kind == .none)
    #expect(json(record.tree) == #"{"resourceType":7,"id":"1"}"#)
  }

  @Test func `unknown names are kept, equal ones once`() throws {
    let tree = try tree(#"{"resourceType":"Basic","zzz":1,"b":{"zzz":2,"":3}}"#)
    #expect(tree.unknownNames == ["zzz", "b", ""])
    #expect(json(tree) == #"{"resourceType":"Basic","zzz":1,"b":{"zzz":2,"":3}}"#)
  }

  @Test func `a name written with escapes is the same name`() throws {
    let tree = try tree(#"{"resourceType":"Patient","birth\u0044ate":"2000","\u00e9\"":1}"#)
    let birthDate = try #require(DefinitionTable.r4.nameID("birthDate"))
    #expect(tree.child(birthDate, of: 0) == 1)
    #expect(tree.unknownNames == ["é\""])
    #expect(json(tree) == #"{"resourceType":"Patient","birthDate":"2000","é\"":1}"#)
  }

  @Test func `names of every length are found`() throws {
    for name in [
      "id", "url", "text", "active", "contact", "birthDate", "identifier", "multipleBirthInteger",
      "managingOrganization", "generalPractitioner", "deceasedDateTime", "maritalStatus",
    ] {
      let tree = try tree("{\"resourceType\":\"Patient\",\"\(name)\":1,\"\(name)x\":2}")
      #expect(DefinitionTable.r4.nameID(name) == tree.nodes[1].name)
      #expect(tree.unknownNames == ["\(name)x"])
    }
  }

  @Test func `a narrative's markup is marked, other texts are not`() throws {
    let tree = try tree(
      #"{"resourceType":"Basic","text":{"status":"empty","div":"<div xmlns=\"x\">&amp;</div>"},"x":{"div":"y"}}"#
    )
    let marked = (0..<tree.count).filter { tree.nodes[$0].flags.contains(.xhtml) }
    #expect(marked.count == 1)
    #expect(tree.string(at: marked[0]) == #"<div xmlns="x">&amp;</div>"#)
  }

  @Test func `positions are those of keys, and of items`() throws {
    let tree = try tree(
      "{\n \"resourceType\": \"Basic\",\n \"é\": \"ü\", \"a\": [1,\n  2],\n \"b\" : {\"c\":[]}}")
    let places = (0..<tree.count).map { tree.position(of: $0).map { "\($0.line):\($0.column)" } }
    #expect(places == ["1:1", "3:2", "3:18", "4:3", "5:2", "5:9"])
  }

  @Test func `every kind of value is what its flags say`() {
    for raw in 0...8 {
      var flags = NodeFlags([.item, .escaped])
      let kind = ValueKind(rawValue: UInt16(raw))
      if let kind { flags.kind = kind }
      #expect(flags.kind == kind)
      #expect(flags.contains([.item, .escaped]))
    }
  }
}
