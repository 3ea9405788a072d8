import FHIRModel
import FHIRValidation
import TestSupport
import Testing

/// The verdicts of google/fhir's primitive tests: one JSON value a line, valid or not by the file's name.
@Suite(.enabled(if: SharedData.has("conformance/primitives")))
struct `Conformance of primitives` {
  @Test func `every value gets its verdict`() throws {
    var count = 0
    for file in try SharedData.files(below: "conformance/primitives", suffix: ".ndjson") {
      let name = file.split(separator: "/").last.map(String.init) ?? ""
      let type = String(name.prefix { $0 != "." })
      let isValid = name.contains(".valid.")
      for line in String(decoding: try SharedData.bytes(file), as: UTF8.self).split(separator: "\n") {
        let issues = try findings(resource(type, value: String(line)))
        let faults = issues.filter { $0.severity >= .error }
        #expect(
          faults.isEmpty == isValid, "\(type) \(line) must be \(isValid ? "valid" : "invalid"): \(faults)")
        #expect(faults.allSatisfy { $0.position != nil })
        count += 1
      }
    }
    #expect(count > 50)
  }

  /// A resource around a value. A `null` stands for a value that is absent, which in FHIR an extension must
  /// explain.
  private func resource(_ type: String, value: String) -> String {
    if type == "xhtml" {
      return #"{"resourceType":"Basic","code":{"text":"x"},"text":{"status":"generated","div":\#(value)}}"#
    }
    let name =
      "value" + type.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    let explanation = #""_\#(name)":{"extension":[{"url":"http://example.org/why","valueCode":"unknown"}]}"#
    return #"""
      {"resourceType":"Parameters","parameter":[{"name":"p","\#(name)":\#(value)\#(value == "null" ? "," + explanation : "")}]}
      """#
  }
}
