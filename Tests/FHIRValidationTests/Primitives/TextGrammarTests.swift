import Testing

@testable import FHIRValidation

@Suite struct `Grammar of texts` {
  @Test(arguments: ["a", " a ", "\n", "André 3000", "foo\tbar\rbaz\nquux", "\u{A0}"])
  func `string takes`(text: String) { #expect(verdict(text, TextGrammar.unescapedString) == .valid) }

  @Test func `string refuses nothing at all, and control characters`() {
    #expect(verdict("", TextGrammar.string) == .empty)
    #expect(verdict("a\u{0}b", TextGrammar.unescapedString) == .controlCharacter)
    #expect(verdict("a\u{13}", TextGrammar.unescapedString) == .controlCharacter)
  }

  @Test func `string counts characters, not bytes`() {
    #expect(verdict(String(repeating: "ä", count: 1 << 20), TextGrammar.string) == .valid)
    #expect(verdict(String(repeating: "ä", count: 1 << 20) + "x", TextGrammar.string) == .tooLong)
  }

  @Test(arguments: ["a", "male", "entered-in-error", "two words", "12345678", "1234567 9", "ä"])
  func `code takes`(text: String) { #expect(verdict(text, TextGrammar.code) == .valid) }

  @Test(arguments: [" a", "a ", "a  b", "12345678 ", " ", "\ta", "a\n", "123456789  0123456", "a\tb", "a\nb"])
  func `code refuses white space around it or doubled, and any but spaces`(text: String) {
    #expect(verdict(text, TextGrammar.code) == .whitespace)
  }

  @Test(arguments: [
    ("a", PrimitiveVerdict.valid), ("A-1.b", .valid), ("a_b", .malformed), ("a/b", .malformed),
    ("ä", .malformed),
    ("a b", .whitespace), ("", .empty), ("@", .malformed), ("[", .malformed), ("`", .malformed),
    ("{", .malformed),
    (":", .malformed), (",", .malformed),
  ])
  func `id judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, TextGrammar.id) == expected)
  }

  @Test func `id has 64 characters at most`() {
    #expect(verdict(String(repeating: "a", count: 64), TextGrammar.id) == .valid)
    #expect(verdict(String(repeating: "a", count: 65), TextGrammar.id) == .tooLong)
  }

  @Test(arguments: [
    "http://example.org/a", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:oid:1.2.3", "Patient/1",
    "#a",
    "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:ietf:rfc:3986", "mailto:a@example.org", "ä",
  ])
  func `uri takes`(text: String) { #expect(verdict(text, URIGrammar.uri) == .valid) }

  @Test(arguments: [
    (" ", PrimitiveVerdict.whitespace), ("not a uri", .whitespace), ("http://example.org/ ", .whitespace),
    ("", .empty),
    ("urn:oid:a0.1.2.3", .malformed), ("urn:oid:1", .malformed), ("urn:oid:1.02", .malformed),
    ("urn:oid:3.1", .malformed), ("urn:uuid:1", .malformed), ("oid:1.2.3", .malformed),
    ("uuid:x", .malformed),
    ("urn:uuid:c757873d-ec9a-4326-a141-556f4323952", .malformed),
    ("urn:uuid:c757873d-ec9a-4326-a141-556f4323952g", .malformed),
    ("urn:uuid:c757873d+ec9a-4326-a141-556f43239520", .malformed),
  ])
  func `uri judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, URIGrammar.uri) == expected)
  }

  @Test(arguments: [
    ("urn:oid:1.2.3", PrimitiveVerdict.valid), ("urn:oid:0.0", .valid), ("1.2.3", .malformed),
    ("urn:oid:1.", .malformed), ("urn:oid:", .malformed), ("urn:oid:1..2", .malformed),
    ("urn:oid: 1.2", .whitespace),
  ])
  func `oid judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, URIGrammar.oid) == expected)
  }

  @Test(arguments: [
    ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", PrimitiveVerdict.valid),
    ("urn:uuid:C757873D-EC9A-4326-A141-556F43239520", .malformed),
    ("c757873d-ec9a-4326-a141-556f43239520", .malformed),
  ])
  func `uuid judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, URIGrammar.uuid) == expected)
  }

  @Test(arguments: [
    ("QQ==", PrimitiveVerdict.valid), ("QUI=", .valid), ("QUJD", .valid), ("QU JD\r\n", .valid),
    ("Q Q=\n=", .valid),
    ("+/09azAZ", .valid), ("QQ=", .malformed), ("QQ", .malformed), ("QQ===", .malformed),
    ("=QQQ", .malformed),
    ("QQ==QQ==", .malformed), ("QU-_", .malformed), ("YXNhcs2Rhc2Q=", .malformed), ("    ", .malformed),
    ("", .empty),
    ("====", .malformed),
  ])
  func `base64Binary judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, Base64Grammar.base64Binary) == expected)
  }

  @Test(arguments: [
    ("<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>", NarrativeGrammar.Verdict.valid),
    (" <div class='x' xmlns='http://www.w3.org/1999/xhtml'/>", .valid), ("<div>a</div>", .noNamespace),
    ("<div xmlns=\"http://www.w3.org/1999/xhtmlx\">a</div>", .wrongNamespace), ("<p>a</p>", .noDiv),
    ("<divider>a</divider>", .noDiv), ("text", .noDiv), ("  ", .empty), ("", .empty), ("<div", .noDiv),
    ("<div title=\"xmlns=\">a</div>", .noNamespace),
  ])
  func `xhtml judges`(text: String, expected: NarrativeGrammar.Verdict) {
    var text = text
    #expect(text.withUTF8 { NarrativeGrammar.xhtml($0) } == expected)
  }
}
