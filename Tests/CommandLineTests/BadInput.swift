import Foundation
import Testing

/// A file that is wrong, and what is to be said of it.
struct BadInput: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: Data
  /// `line rule`, in order.
  let faults: [String]
  /// Resources beside the fault that are read all the same.
  var sound = 0

  var testDescription: String { name }

  init(_ name: String, _ text: String, _ faults: String..., sound: Int = 0) {
    self.init(name, Data(text.utf8), faults, sound: sound)
  }

  init(_ name: String, _ bytes: Data, _ faults: [String], sound: Int = 0) {
    self.name = name
    self.bytes = bytes
    self.faults = faults
    self.sound = sound
  }

  static let all = cutOff + hostile + mistaken

  /// Files that end too early.
  static let cutOff = [
    BadInput("cut-in-string.json", #"{"resourceType":"Patient","id":"p","gen"#, "1 json-syntax"),
    BadInput("cut-in-element.xml", "<Patient xmlns=\"\(fhir)\">\n<id value=\"p\"/><na", "2 xml-syntax"),
    BadInput(
      "cut-in-line.ndjson", "\(patient("a"))\n\(patient("b"))\n{\"resourceType\"", "3 json-syntax", sound: 2),
    BadInput(
      "cut-in-bundle.json",
      #"{"resourceType":"Bundle","type":"collection","entry":[{"resource":\#(patient("c"))},{"resource":{"id"#,
      "1 json-syntax", sound: 1),
    BadInput("empty.json", "", "1 empty-input"),
    BadInput("empty.xml", "", "1 empty-input"),
    BadInput("white-space.json", "\n\n  \n", "4 empty-input"),
  ]

  /// Files made to bring a reader down.
  static let hostile = [
    BadInput(
      "deep-extensions.json",
      #"{"resourceType":"Patient","extension":["#
        + repeated(#"{"url":"http://x.org","extension":["#, #"]}"#, around: #"{"url":"http://x.org"}"#)
        + "]}",
      "1 limit-depth"),
    BadInput(
      "deep-arrays.json", #"{"resourceType":"Patient","name":"# + repeated("[", "]") + "}", "1 limit-depth"),
    BadInput(
      "deep-line.ndjson", #"{"resourceType":"Patient","name":"# + repeated("[", "]") + "}\n" + patient("d"),
      "1 limit-depth", sound: 1),
    BadInput(
      "deep-contained.json",
      repeated(#"{"resourceType":"Patient","contained":["#, "]}"), "1 limit-depth"),
    BadInput(
      "deep-elements.xml",
      "<Patient xmlns=\"\(fhir)\">" + repeated("<extension url=\"http://x.org\">", "</extension>")
        + "</Patient>",
      "1 limit-depth"),
    BadInput(
      "long-string.json",
      #"{"resourceType":"Patient","name":[{"family":""# + String(repeating: "x", count: 5_000_000) + "\"}]}",
      "1 primitive-range"),
    BadInput(
      "long-name.json", #"{"resourceType":"Patient",""# + String(repeating: "x", count: 1_000_000) + "\":1}",
      "1 unknown-element"),
    BadInput("commands-in-name.json", #"{"resourceType":"Patient","\u001b[2J":1}"#, "1 unknown-element"),
    BadInput(
      "billion-laughs.xml",
      "<!DOCTYPE lol [<!ENTITY a \"lol\">"
        + (1...9).map { "<!ENTITY a\($0) \"\(String(repeating: "&a\($0 - 1);", count: 10))\">" }.joined()
        + "]>\n<Patient xmlns=\"\(fhir)\"><id value=\"&a9;\"/></Patient>", "1 xml-doctype"),
    BadInput(
      "external-entity.xml",
      "<?xml version=\"1.0\"?>\n<!DOCTYPE p [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n"
        + "<Patient xmlns=\"\(fhir)\"><name><family value=\"&x;\"/></name></Patient>", "2 xml-doctype"),
    BadInput(
      "entity-in-narrative.json",
      #"{"resourceType":"Patient","text":{"status":"generated","div":"<!DOCTYPE p [<!ENTITY x SYSTEM "#
        + #"\"file:///etc/passwd\">]><div xmlns=\"http://www.w3.org/1999/xhtml\">&x;</div>"}}"#,
      "1 primitive-format"),
  ]

  /// Files that are something else.
  static let mistaken = [
    BadInput(
      "not-utf-8.json",
      Data(#"{"resourceType":"Patient","name":[{"family":"M"#.utf8) + [0xFC] + Data(#"ller"}]}"#.utf8),
      ["1 encoding-utf8"]),
    BadInput(
      "not-utf-8.xml",
      Data("<Patient xmlns=\"\(fhir)\"><name><family value=\"M".utf8) + [0xFC]
        + Data("ller\"/></name></Patient>".utf8),
      ["1 encoding-utf8"]),
    BadInput(
      "utf-16.json", Data([0xFF, 0xFE] + patient("u").utf8.flatMap { [$0, 0] }), ["1 encoding-utf8"]),
    BadInput(
      "latin-1.xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Patient xmlns=\"\(fhir)\"/>",
      "1 xml-encoding"),
    BadInput(
      "picture.json", Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0]), ["1 json-syntax"]),
    BadInput("unknown-type.json", #"{"resourceType":"Pateint"}"#, "1 resource-type"),
    BadInput("unknown-type.xml", "<Pateint xmlns=\"\(fhir)\"/>", "1 resource-type"),
    BadInput("no-type.json", #"{"id":"x"}"#, "1 resource-type"),
    BadInput("data-type.json", #"{"resourceType":"HumanName","family":"x"}"#, "1 resource-type"),
    BadInput("array.json", "[\(patient("e"))]", "1 not-fhir"),
    BadInput("number.json", "42", "1 not-fhir"),
    BadInput("cda.xml", "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", "1 not-fhir"),
    BadInput("other.xml", "<project><id value=\"x\"/></project>", "1 not-fhir"),
  ]

  static let fhir = "http://hl7.org/fhir"

  static func patient(_ id: String) -> String { #"{"resourceType":"Patient","id":"\#(id)","active":true}"# }

  private static func repeated(_ before: String, _ after: String, around inside: String = "") -> String {
    String(repeating: before, count: 10_000) + inside + String(repeating: after, count: 10_000)
  }
}
