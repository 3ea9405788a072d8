import CDefinitions
import FHIRModel
import TestSupport

@testable import FHIRMapping

/// Writes resources of any type as JSON, from the definitions alone: elements in their places and numbers, codes that their
/// value sets have, texts, numbers and dates of every form that R4 allows, extensions anywhere.
///
/// What stands in elements means nothing: invariants do not hold of it.
struct TreeGenerator {
  private var random: SeededGenerator
  private let table = DefinitionTable.r4
  /// Elements that may still be written: resources stay small.
  private var budget = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func resource(_ name: String, id: String? = nil) -> String {
    budget = 120
    guard let type = table.resourceTypeID(name) else { return "" }
    return resource(type, id: id, depth: 0)
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  private mutating func one<Items: RandomAccessCollection>(_ items: Items) -> Items.Element {
    items[items.index(items.startIndex, offsetBy: Int.random(in: 0..<items.count, using: &random))]
  }

  private mutating func resource(_ type: TypeID, id: String?, depth: Int) -> String {
    var members = ["\"resourceType\":\"\(table.name(of: type))\""]
    if let id { members.append("\"id\":\"\(id)\"") }
    members += self.members(of: type, depth: depth, without: id == nil ? [] : ["id"])
    return "{" + members.joined(separator: ",") + "}"
  }

  private mutating func members(of type: TypeID, depth: Int, without: Set<String> = []) -> [String] {
    var members: [String] = []
    for element in table.elements(of: type) {
      let base = table.string(of: NameID(rawValue: element.name))
      guard !without.contains(base), isWanted(element, base, depth) else { continue }
      let refs = Array(table.typeRefs(of: element))
      guard !refs.isEmpty else { continue }
      let ref = one(refs)
      budget -= 1
      members += member(element, ref, of: type, depth: depth)
    }
    return members
  }

  private mutating func isWanted(_ element: definition_element, _ name: String, _ depth: Int) -> Bool {
    if element.min > 0 { return true }
    if budget <= 0 { return false }
    switch name {
    case "extension": return chance(depth < 3 ? 8 : 2)
    case "modifierExtension", "implicitRules": return chance(2)
    case "contained": return depth == 0 && chance(25)
    case "id": return chance(depth == 0 ? 50 : 5)
    default: return chance(depth == 0 ? 35 : depth < 3 ? 25 : depth < 6 ? 8 : 1)
    }
  }

  private mutating func member(
    _ element: definition_element, _ ref: definition_type_ref, of owner: TypeID, depth: Int
  ) -> [String] {
    let name = table.string(of: NameID(rawValue: ref.json_name))
    let type = TypeID(rawValue: ref.type)
    let repeats = element.max > 1
    let count = repeats ? one([1, 1, 1, 2, 3]) : 1
    guard table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) else {
      let items = (0..<count).map { _ in value(element, type, owner, name, depth) }
      return ["\"\(name)\":" + (repeats ? "[\(items.joined(separator: ","))]" : items[0])]
    }
    // A primitive, with extensions beside it or in its place.
    let grammar = definition_grammar(UInt32(table[type].grammar))
    var values: [String] = []
    var companions: [String] = []
    for _ in 0..<count {
      let isXHTML = grammar == GRAMMAR_XHTML
      let isBare = !isXHTML && name != "id" && name != "url" && chance(4)
      values.append(isBare ? "null" : primitive(grammar, element, name, ofReference: table.name(of: owner)))
      let hasCompanion = isBare || !isXHTML && name != "url" && budget > 0 && chance(4)
      companions.append(hasCompanion ? companion(depth) : "null")
    }
    var members: [String] = []
    let texts = values.filter { $0 != "null" }
    if !texts.isEmpty {
      members.append("\"\(name)\":" + (repeats ? "[\(values.joined(separator: ","))]" : values[0]))
    }
    if companions.contains(where: { $0 != "null" }) {
      members.append("\"_\(name)\":" + (repeats ? "[\(companions.joined(separator: ","))]" : companions[0]))
    }
    return members
  }

  private mutating func companion(_ depth: Int) -> String {
    let id = chance(30) ? "\"id\":\"e\(one(1...9))\"," : ""
    return "{\(id)\"extension\":[\(self.extension(depth + 1))]}"
  }

  private mutating func `extension`(_ depth: Int) -> String {
    let url = one(TreeGenerator.extensionURLs)
    if depth < 5, budget > 0, chance(20) {
      return "{\"url\":\"\(url)\",\"extension\":[\(self.extension(depth + 1))]}"
    }
    let value = one([
      #""valueString":"Zoom""#, #""valueString":"rescheduled""#, #""valueBoolean":true"#,
      #""valueDecimal":1.00"#,
      #""valueCode":"unknown""#, #""valueInteger":-7"#, #""valueCoding":{"code":"zoom","display":"Zoom"}"#,
      #""valueDateTime":"2024-03-01T09:00:00.123-05:00""#, #""_valueString":{"id":"x"}"#,
    ])
    return "{\"url\":\"\(url)\",\(value)}"
  }

  private mutating func value(
    _ element: definition_element, _ type: TypeID, _ owner: TypeID, _ name: String, _ depth: Int
  ) -> String {
    if element.flags & UInt16(ELEMENT_RESOURCE) != 0 || table.name(of: type) == "Resource" {
      let types = ["Patient", "Organization", "Observation", "Practitioner", "Basic", "Binary"]
      guard let inner = table.resourceTypeID(one(types)) else { return "{}" }
      return resource(inner, id: "c\(one(1...9))", depth: max(depth + 2, 3))
    }
    switch table.name(of: type) {
    case "Extension": return self.extension(depth + 1)
    case "Coding" where chance(50): return one(TreeGenerator.codings)
    case "Quantity" where chance(50): return one(TreeGenerator.quantities)
    case "Attachment" where chance(50): return one(TreeGenerator.attachments)
    case "Reference" where chance(70): return reference()
    default: break
    }
    let inner = members(of: type, depth: depth + 1)
    // An element has a value or children (ele-1).
    if inner.isEmpty { return "{\"id\":\"i\(one(1...99))\"}" }
    return "{" + inner.joined(separator: ",") + "}"
  }

  private mutating func reference() -> String {
    let text = one([
      "Patient/p1", "Patient/p1/_history/2", "Practitioner/d1", "Practitioner/d2", "Organization/o1", "#c1",
      "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "https://example.org/fhir/Patient/9",
      "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999999",
    ])
    let display = chance(30) ? ",\"display\":\"A. Name\"" : ""
    return "{\"reference\":\"\(text)\"\(display)}"
  }

  // MARK: Primitives

  private mutating func primitive(
    _ grammar: definition_grammar, _ element: definition_element, _ name: String, ofReference owner: String
  ) -> String {
    switch grammar {
    case GRAMMAR_BOOLEAN: return one(["true", "false"])
    case GRAMMAR_INTEGER: return one(["0", "-1", "2147483647", "-2147483648", "42"])
    case GRAMMAR_POSITIVE_INT: return one(["1", "2147483647", "7"])
    case GRAMMAR_UNSIGNED_INT: return one(["0", "1", "2147483647"])
    case GRAMMAR_DECIMAL: return one(TreeGenerator.decimals)
    case GRAMMAR_XHTML: return quoted("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p></div>")
    case GRAMMAR_BASE64: return quoted(one(["TGk=", "", "QUJD\nREVG", "////"].filter { !$0.isEmpty }))
    case GRAMMAR_CODE: return quoted(code(element))
    case GRAMMAR_ID: return quoted(one(["a", "A-b.9", String(repeating: "z", count: 64)]))
    case GRAMMAR_OID: return quoted(one(["urn:oid:1.2.840.10008", "urn:oid:2.999"]))
    case GRAMMAR_UUID: return quoted("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")
    case GRAMMAR_URI, GRAMMAR_URL, GRAMMAR_CANONICAL: return quoted(one(TreeGenerator.uris))
    case GRAMMAR_DATE: return quoted(one(TreeGenerator.dates))
    case GRAMMAR_DATETIME: return quoted(one(TreeGenerator.dates + TreeGenerator.times))
    case GRAMMAR_INSTANT: return quoted(one(TreeGenerator.times))
    case GRAMMAR_TIME: return quoted(one(["00:00:00", "23:59:59.999", "12:30:00.000001"]))
    default: return quoted(one(TreeGenerator.texts))
    }
  }

  private mutating func code(_ element: definition_element) -> String {
    if let binding = table.binding(of: element), let set = table.requiredValueSet(of: binding) {
      let codes = table.codes(of: set)
      if !codes.isEmpty { return table.string(one(codes).code) }
    }
    return one(["phone", "final", "a-b", "x"])
  }

  private mutating func quoted(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": json += "\\\""
      case "\\": json += "\\\\"
      case "\n": json += "\\n"
      case "\t": json += "\\t"
      case "\r": json += "\\r"
      case "/" where chance(20): json += "\\/"
      default:
        if scalar.value < 0x10000, chance(3) {
          let digits = String(scalar.value, radix: 16)
          json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          json.unicodeScalars.append(scalar)
        }
      }
    }
    return json + "\""
  }

  private static let decimals = [
    "0", "1.0", "1.00", "-0.5", "0.1e-10", "1E3", "-0", "0.000000000000000000001", "70.50",
    "123456789012345678901234567890.123456789012345678901234567890", "1e400", "99.9",
  ]
  private static let texts = [
    "Ann", " padded ", "tab\tand\nline", "quote \" and \\ backslash", "</div>", "é", "日本語", "👩‍⚕️", "e\u{301}",
    "0",
    "123456789", "555-0100", "a@example.org", "true", "null", "Dr. Ann Li", "Apt 2, 1 Main St", "120/80",
    "$where", "a.b",
    "\u{FEFF}bom", "\u{2028}", "x".padding(300),
  ]
  private static let uris = [
    "http://example.org/a?b=c&d=%20", "urn:ietf:bcp:47", "http://loinc.org", "http://hl7.org/fhir/sid/us-npi",
    "http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1", "relative/x",
  ]
  private static let dates = ["1980", "1980-12", "1980-12-31", "0001-01-01", "9999-12-31", "2000-02-29"]
  private static let times = [
    "2024-03-01T09:00:00Z", "2024-03-01T09:00:00.000Z", "2024-03-01T23:59:59.123456789+14:00",
    "1969-12-31T19:00:00-05:00", "2016-12-31T23:59:60Z", "2024-03-01T00:00:00+00:00",
    "2024-03-01T00:00:00-00:00",
  ]
  private static let extensionURLs = [
    "http://example.org/e", "https://fhirline.dev/StructureDefinition/confirmed-phone",
    "https://fhirline.dev/StructureDefinition/disposition",
    "https://fhirline.dev/StructureDefinition/billing-disposition",
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService", "channelType",
    "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
  ]
  private static let codings = [
    #"{"system":"http://loinc.org","code":"8302-2"}"#, #"{"system":"http://loinc.org","code":"29463-7"}"#,
    #"{"system":"http://loinc.org","code":"85354-9","display":"BP"}"#,
    #"{"system":"http://loinc.org","code":"8480-6"}"#,
    #"{"system":"http://loinc.org","code":"8462-4"}"#, #"{"system":"http://loinc.org","code":"2339-0"}"#,
    #"{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}"#,
    #"{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10","userSelected":true}"#,
    #"{"system":"urn:ietf:bcp:47","code":"es"}"#, #"{"display":"no code"}"#, #"{"code":"no system"}"#,
  ]
  private static let quantities = [
    #"{"value":70.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}"#,
    #"{"value":170,"unit":"cm"}"#,
    #"{"value":5.5,"code":"mmol/L","system":"http://unitsofmeasure.org"}"#, #"{"value":120,"unit":"mmHg"}"#,
    #"{"comparator":"<","value":5,"unit":"[lb_av]","code":"[lb_av]"}"#, #"{"value":1e400,"code":"kg"}"#,
  ]
  private static let attachments = [
    #"{"contentType":"text/plain","data":"QSBub3Rl"}"#,
    #"{"contentType":"text/plain; charset=utf-8","data":"w6k=","size":2}"#,
    #"{"contentType":"text/plain","data":"/w=="}"#,
    #"{"contentType":"application/pdf","url":"http://example.org/x"}"#,
  ]
}

extension String {
  fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
