import Testing

@testable import FHIRTerminology

struct GrammarTests {
  private func test(_ text: String, _ grammar: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
    var text = text
    return text.withUTF8(grammar)
  }

  /// RFC 5646, appendix A, and grandfathered tags.
  @Test(arguments: [
    "de", "fr", "i-enochian", "zh-Hant", "zh-cmn-Hans-CN", "cmn-Hans-CN", "yue-HK", "sr-Latn-RS",
    "sl-rozaj-biske",
    "de-CH-1901", "sl-Latn-IT-nedis", "es-419", "de-CH-x-phonebk", "x-whatever", "qaa-Qaaa-QM-x-southern",
    "en-US-u-islamcal", "zh-CN-a-myext-x-private", "en-a-myext-b-another", "art-lojban", "sgn-BE-FR",
    "en-GB-oed",
  ])
  func languageTag(_ tag: String) { #expect(test(tag, LanguageTag.isWellFormed)) }

  @Test(arguments: [
    "", "-", "e", "en_US", "de-419-DE", "a-DE", "ar-a-aaa-b-bbb-a-ccc", "en-", "x-", "x", "en-a",
    "verylongtag",
    "de-1901-1901", "en--US", "english language", "i-unknown", "zh-Hant-Hans", "en-US-abcdefghi",
  ])
  func noLanguageTag(_ tag: String) { #expect(!test(tag, LanguageTag.isWellFormed)) }

  @Test(arguments: ["text/plain", "text/plain; charset=utf-8", "application/fhir+json", "image/svg+xml ;q=1"])
  func mimeType(_ type: String) { #expect(test(type, MIMEType.isWellFormed)) }

  @Test(arguments: ["", "text", "text/", "/plain", "text/plain/x", "te xt/plain", "[%format%]"])
  func noMIMEType(_ type: String) { #expect(!test(type, MIMEType.isWellFormed)) }

  @Test(arguments: ["8480-6", "2093-3", "718-7", "85354-9", "LA33-6", "LP173421-1"])
  func loinc(_ code: String) { #expect(test(code, CheckDigits.isLOINC)) }

  @Test(arguments: ["8480-7", "84806", "8480-", "-6", "", "8480-66", "LX33-6", "a480-6", "LA-6"])
  func noLOINC(_ code: String) { #expect(!test(code, CheckDigits.isLOINC)) }

  @Test(arguments: [
    "73211009", "22298006", "138875005", "999000011000000103", "71341001:272741003=7771000",
    "=== 46866001 |Fracture of lower limb|",
  ])
  func snomed(_ code: String) { #expect(test(code, CheckDigits.isSNOMED)) }

  @Test(arguments: [
    "73211008", "73211", "34552-0", "T-15460", "look up", "", "0138875005", "1388750050000000000001",
    "679406011",
  ])
  func noSNOMED(_ code: String) { #expect(!test(code, CheckDigits.isSNOMED)) }

  /// 45 CFR 162.406's example is 1234567893.
  @Test(arguments: ["1234567893", "1003000126"])
  func npi(_ id: String) { #expect(test(id, CheckDigits.isNPI)) }

  @Test(arguments: ["1234567890", "123456789", "12345678931", "3234567893", "123456789A", ""])
  func noNPI(_ id: String) { #expect(!test(id, CheckDigits.isNPI)) }

  @Test func unitsOfOneDimension() throws {
    let terminology = Terminology(
      source: try ClinicDefinitions(
        ClinicDefinitions.valueSet(
          "lengths",
          include: """
            {"system": "http://unitsofmeasure.org", "filter": [{"property": "canonical", "op": "=", "value": "m"}]}
            """)))
    let (ucum, lengths) = ("http://unitsofmeasure.org", "http://clinic/ValueSet/lengths")
    #expect(terminology.validate(system: ucum, code: "[in_i]", in: lengths) == .valid)
    #expect(terminology.validate(system: ucum, code: "kg", in: lengths) == .invalid(.notInValueSet))
    #expect(terminology.validate(system: ucum, code: "inch", in: lengths) == .invalid(.notInValueSet))
    #expect(terminology.validate(system: ucum, code: "inch") == .invalid(.malformed))
  }
}
