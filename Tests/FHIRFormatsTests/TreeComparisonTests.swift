import FHIRFormats
import FHIRModel
import Testing

@Suite struct TreeComparisonTests {
  private func difference(_ a: String, _ b: String) throws -> TreeComparison.Difference? {
    try TreeComparison().difference(readOne(a).tree, readOne(b).tree)
  }

  @Test(arguments: [
    (
      #"{"resourceType":"Patient","id":"1","active":true}"#,
      #"{"active":true,"resourceType":"Patient","id":"1"}"#
    ),
    (#"{"a":"\u00e9\/"}"#, #"{"a":"é/"}"#), (#"{"zz":1,"yy":[1,2]}"#, #"{"yy":[1,2],"zz":1}"#),
    (#"{"a":"\ud800"}"#, #"{"a":"\ud800"}"#),
    (#"{"birthDate":"1","_birthDate":{"id":"x"}}"#, #"{"_birthDate":{"id":"x"},"birthDate":"1"}"#),
  ])
  func `trees that say the same are equal`(a: String, b: String) throws {
    #expect(try difference(a, b) == nil)
    #expect(try difference(b, a) == nil)
  }

  @Test(arguments: [
    (
      #"{"resourceType":"Patient","active":true}"#, #"{"resourceType":"Patient","active":false}"#,
      "Patient.active", "value"
    ),
    (#"{"resourceType":"Basic"}"#, #"{"resourceType":"Patient"}"#, "Basic", "type"),
    (
      #"{"resourceType":"Patient","active":true}"#, #"{"resourceType":"Patient"}"#, "Patient.active",
      "onlyInFirst"
    ),
    (#"{"resourceType":"Patient"}"#, #"{"resourceType":"Patient","zz":1}"#, "Patient.zz", "onlyInSecond"),
    (
      #"{"resourceType":"Patient","zz":1}"#, #"{"resourceType":"Patient","yy":1}"#, "Patient.yy",
      "onlyInSecond"
    ),
    (
      #"{"resourceType":"Patient","name":[{"given":["a","b"]}]}"#,
      #"{"resourceType":"Patient","name":[{"given":["b","a"]}]}"#,
      "Patient.name[0].given[0]", "value"
    ),
    (
      #"{"resourceType":"Patient","zz":1.0}"#, #"{"resourceType":"Patient","zz":1.00}"#, "Patient.zz", "value"
    ),
    (#"{"resourceType":"Patient","zz":"1"}"#, #"{"resourceType":"Patient","zz":1}"#, "Patient.zz", "kind"),
    (
      #"{"resourceType":"Patient","zz":[1]}"#, #"{"resourceType":"Patient","zz":1}"#, "Patient.zz[0]", "array"
    ),
    (#"{"resourceType":"Patient","zz":{}}"#, #"{"resourceType":"Patient","zz":[]}"#, "Patient.zz", "kind"),
    (
      #"{"resourceType":"Patient","zz":"\ud800"}"#, #"{"resourceType":"Patient","zz":"\ud801"}"#,
      "Patient.zz", "value"
    ),
    (
      #"{"resourceType":"Patient","zz":"\ud800"}"#, #"{"resourceType":"Patient","zz":"\ufffd"}"#,
      "Patient.zz", "value"
    ),
    (#"{"resourceType":"Patient","zz":null}"#, #"{"resourceType":"Patient"}"#, "Patient.zz", "onlyInFirst"),
  ])
  func `the first difference is named`(a: String, b: String, expression: String, reason: String) throws {
    let found = try #require(try difference(a, b))
    #expect(found.expression == expression)
    #expect("\(found.reason)" == reason)
  }

  @Test func `what XML does not say is not compared with JSON`() throws {
    let xml = try #require(
      try readXML(
        fhir(
          "Patient",
          #"<active value="true"/><name><given value="é"/></name><multipleBirthInteger value="2"/>"#)
      )
      .first
    ).tree
    let same =
      #"{"resourceType":"Patient","multipleBirthInteger":2,"active":true,"name":[{"given":["\u00e9"]}]}"#
    #expect(try TreeComparison().difference(xml, readOne(same).tree) == nil)
    let other = #"{"resourceType":"Patient","multipleBirthInteger":3,"active":true,"name":[{"given":["é"]}]}"#
    #expect(
      try TreeComparison().difference(readOne(other).tree, xml)?.expression
        == "Patient.multipleBirth.ofType(integer)")
  }

  @Test func `markup is compared as is asked for`() throws {
    let a = #"{"resourceType":"Basic","text":{"div":"<div a='1'/>"}}"#
    let b = #"{"resourceType":"Basic","text":{"div":"<div a=\"1\"></div>"}}"#
    #expect(try difference(a, b)?.expression == "Basic.text.div")
    let asXML = TreeComparison(xhtml: { XHTMLComparison.canonical($0) })
    #expect(try asXML.difference(readOne(a).tree, readOne(b).tree) == nil)
  }

  @Test func `long texts are equal however they are escaped, and wherever that is cut`() throws {
    // Texts are compared in pieces of 64 KB: every place that an escape may have at the end of one.
    for shift in 0..<16 {
      let filler = String(repeating: "x", count: (1 << 16) - shift)
      let plain = #"{"resourceType":"Basic","id":"\#(filler)😀é/y"}"#
      let escaped = #"{"resourceType":"Basic","id":"\#(filler)\ud83d\ude00\u00e9\/y"}"#
      #expect(try difference(plain, escaped) == nil)
      #expect(try difference(escaped, plain) == nil)
      #expect(try difference(plain, escaped.replacing("y\"", with: "z\""))?.reason == .value)
      #expect(try difference(plain, escaped.replacing("y\"", with: "yy\""))?.reason == .value)
      let half = #"{"resourceType":"Basic","id":"\#(filler)\ud83d\/y"}"#
      #expect(try difference(half, half.replacing("\\/", with: "/"))?.reason == .value)
    }
  }
}
