import BSON
import FHIRFormats
import FHIRModel
import Testing

@testable import FHIRMapping

/// Resources as BSON, and back.
@Suite struct ResourceCodingTests {
  @Test(arguments: [
    #"{"resourceType":"Patient","birthDate":"1980","_birthDate":{"extension":[{"url":"u","valueCode":"x"}]}}"#,
    #"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueCode":"x"}]}}"#,
    #"{"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"id":"b"},{"id":"d"}]}]}"#,
    #"{"resourceType":"Patient","name":[{"_given":[null,{"id":"b"}]}]}"#,
    #"{"resourceType":"Patient","name":{"family":"not a list"},"gender":["a list"]}"#,
    #"{"resourceType":"Patient","name":[],"contact":[{}],"unknown":{"deep":[[1,[2,[]]],[]]}}"#,
    #"{"resourceType":"Patient","active":"true","gender":true,"birthDate":1980,"photo":null}"#,
    #"{"resourceType":"Patient","_name":[1],"__":"x","_written":"y","_":1}"#,
    #"{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a"},{"id":"no type"}]}"#,
    #"{"resourceType":"Unheard","of":[{"resourceType":"Patient","id":"a"}]}"#,
    #"{"resourceType":"Patient","text":{"status":"generated","div":"<div>\n\"x\" é</div>"}}"#,
    #"{"resourceType":"Patient","family":"é \u00e9 \ud83d\ude00 😀 \u0000 \/ \b\f\n\r\t\\\""}"#,
  ])
  func `a resource comes back as it was`(_ text: String) throws {
    let tree = try tree(text)
    #expect(difference(tree, try decoded(try encoded(tree))) == nil)
  }

  @Test(arguments: [
    "0", "-0", "1", "-1", "2147483647", "2147483648", "-9223372036854775808", "999999999999999999",
    "9223372036854775808", "1.0", "1.00", "0.1", "100", "1e5", "1E5", "1.0e-22", "1E+5", "0.000001",
    "0.0000001",
    "12345678901234567890123456789012345.5", "3.14159265358979323846264338327950288", "-0.0", "1e999999",
  ])
  func `a number keeps its text`(_ number: String) throws {
    let text = #"{"resourceType":"Observation","valueQuantity":{"value":\#(number)}}"#
    #expect(json(try decoded(try encoded(text))) == text)
  }

  @Test(arguments: [("5", BSONType.int32), ("5000000000", .int64), ("5.0", .decimal128), ("5e0", .binary)])
  func `a number has the BSON type that gives its text back`(_ number: String, _ type: BSONType) throws {
    let document = try encoded(#"{"resourceType":"Observation","valueQuantity":{"value":\#(number)}}"#)
    let found = try document.withView { (view) throws(BSONError) in
      try view.find(path: "valueQuantity.value")?.type
    }
    #expect(found == type)
  }

  @Test(arguments: [#"\ud800"#, #"a\udc00b"#, #"\ud800\ud800"#])
  func `a lone surrogate is kept as the token it came as`(_ escape: String) throws {
    let text = #"{"resourceType":"Patient","language":"\#(escape)"}"#
    let document = try encoded(text)
    #expect(try document.fields()["language"] == .binary(subtype: 0x80, Array("\"\(escape)\"".utf8)))
    #expect(json(try decoded(document)) == text)
  }

  @Test func `bytes that are no UTF-8 are kept`() throws {
    var bytes = Array(#"{"resourceType":"Patient","language":"?"}"#.utf8)
    bytes[bytes.lastIndex(of: UInt8(ascii: "?"))!] = 0xFF
    let record = try #require(try ResourceReader(source: MemorySource(bytes), name: "x.json").next())
    let back = try decoded(try encoded(record.tree))
    let language = try #require(DefinitionTable.r4.nameID("language"))
    let node = try #require(back.child(language, of: 0))
    #expect(Array(back.rawText(node)) == [0xFF])
  }

  @Test func `members stand in the order of the definition`() throws {
    let fields = try encoded(
      #"{"resourceType":"Patient","zzz":1,"birthDate":"1980","name":[{"given":["a"],"family":"b"}],"id":"1","aaa":2}"#
    ).fields()
    #expect(fields.keys == ["resourceType", "id", "name", "birthDate", "zzz", "aaa"])
    #expect(fields["name"]?.elements?.first?.fields?.keys == ["family", "given"])
  }

  @Test func `XML's values have the types of the definition`() throws {
    let xml = #"""
      <Patient xmlns="http://hl7.org/fhir"><active value="true"/><multipleBirthInteger value="2"/><name><given value="a"/></name></Patient>
      """#
    let record = try #require(try ResourceReader(source: MemorySource(Array(xml.utf8)), name: "x.xml").next())
    let fields = try encoded(record.tree).fields()
    #expect(fields["active"] == true)
    #expect(fields["multipleBirthInteger"] == 2)
    #expect(fields["name"]?.elements?.first?["given"] == ["a"])
  }

  @Test(arguments: [
    (#"{"resourceType":"Patient","id":"1","id":"2"}"#, EncodingFailure.Code.duplicateName),
    (#"{"resourceType":"Patient","a\u0000b":1}"#, .nulInName),
    (#"{"resourceType":"Patient","_fhirline":"mine"}"#, .reservedName),
    (#"{"id":"1"}"#, .notAResource),
  ])
  func `what a document cannot hold is refused`(_ text: String, _ code: EncodingFailure.Code) throws {
    let tree = try tree(text)
    let failure = #expect(throws: EncodingFailure.self) { try encoded(tree) }
    #expect(failure?.code == code)
  }

  @Test func `nesting beyond MongoDB's is refused, and the encoder goes on`() throws {
    let deep = String(repeating: #"{"a":"#, count: 190) + "1" + String(repeating: "}", count: 190)
    var encoder = ResourceEncoder()
    var writer = BSONWriter()
    let tree = try tree(#"{"resourceType":"Patient","a":\#(deep)}"#)
    let failure = #expect(throws: EncodingFailure.self) { try encode(&encoder, tree, &writer) }
    #expect(failure?.code == .tooDeep)
    writer.reset()
    try encode(&encoder, try FHIRMappingTests.tree(#"{"resourceType":"Patient","id":"1"}"#), &writer)
    #expect(try writer.finish().fields().keys == ["resourceType", "id"])
  }

  private func encode(
    _ encoder: inout ResourceEncoder, _ tree: ResourceTree, _ writer: inout BSONWriter
  ) throws(EncodingFailure) {
    try encoder.encode(tree, into: &writer)
  }

  @Test func `a resolved reference keeps its own text beside it`() throws {
    let text =
      #"{"resourceType":"Observation","subject":{"reference":"urn:uuid:1","display":"x"},"focus":[{"reference":"Group/2"}]}"#
    let tree = try tree(text)
    var rewrites = ReferenceRewrites()
    ReferenceScan().forEach(in: tree, from: 0, where: { _ in true }) { _, node, _ in
      if tree.string(at: node) == "urn:uuid:1" { rewrites.append(node: node, text: "Patient/1") }
    }
    let document = try encoded(tree, rewrites: rewrites)
    #expect(
      try document.fields()["subject"]
        == .object([("reference", "Patient/1"), ("_written", "urn:uuid:1"), ("display", "x")]))
    #expect(json(try decoded(document)) == text.replacing("urn:uuid:1", with: "Patient/1"))
    #expect(json(try decoded(document, references: .original)) == text)
  }

  @Test func `only References are scanned for`() throws {
    let tree = try tree(
      ##"{"resourceType":"DetectedIssue","reference":"http://a","implicated":[{"reference":"Device/1"}],"contained":[{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}],"extension":[{"url":"u","valueReference":{"reference":"Group/1"}},{"url":"u","valueExpression":{"language":"text/cql","reference":"http://b"}}]}"##
    )
    var found: [String] = []
    ReferenceScan().forEach(in: tree, from: 0, where: { _ in true }) { _, node, _ in
      found.append(tree.string(at: node))
    }
    #expect(found == ["Device/1", "#o", "Group/1"])
  }

  @Test func `a key within a resource does not come back`() throws {
    let tree = try tree(#"{"resourceType":"Observation","status":"final"}"#)
    let document = try encoded(tree, key: "Observation/7")
    #expect(try document.fields()["_fhirline"]?["key"] == "Observation/7")
    #expect(difference(tree, try decoded(document)) == nil)
  }

  @Test func `what an application wrote in other types is read`() throws {
    let document: BSONDocument = [
      "resourceType": "Observation", "valueQuantity": ["value": .double(66.5)],
      "issued": .date(1_600_000_000_000), "comment": .null,
    ]
    #expect(
      json(try decoded(document))
        == #"{"resourceType":"Observation","valueQuantity":{"value":66.5},"issued":"2020-09-13T12:26:40Z","comment":null}"#
    )
  }
}
