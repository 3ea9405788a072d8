import FHIRModel
import Foundation

/// Values of primitive types, one JSON value a line: `date.valid.ndjson`, `date.invalid.ndjson`.
struct PrimitiveSuite: Suite {
  let name = "primitives"
  let title = "Primitive types (google/fhir)"
  private let files: [URL]
  private let world = ValidatorWorld()

  init?(_ folder: URL) throws {
    let found = folder.appending(path: "primitives")
    guard FileManager.default.fileExists(atPath: found.path) else { return nil }
    files = try FileManager.default.contentsOfDirectory(at: found, includingPropertiesForKeys: nil)
      .filter { $0.lastPathComponent.hasSuffix("valid.ndjson") }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  func run(matching text: String?) -> [CaseResult] {
    var results: [CaseResult] = []
    for file in files {
      guard let lines = try? String(contentsOf: file, encoding: .utf8).split(separator: "\n") else {
        continue
      }
      for (number, line) in lines.enumerated() {
        let id = "primitives/\(file.lastPathComponent)/\(number + 1)"
        guard text == nil || id.contains(text ?? "") else { continue }
        results.append(run(String(line), of: file.lastPathComponent, id: id))
      }
    }
    return results
  }

  private func run(_ value: String, of file: String, id: String) -> CaseResult {
    let type = String(file.prefix { $0 != "." })
    let isValid = file.contains(".valid.")
    let issues = world.findings(Data(resource(type, value: value).utf8), name: "value.json")
    let passed = !issues.contains { $0.severity >= .error } == isValid
    return CaseResult(
      id: id, group: type,
      checks: [.init(name: "verdict", passed: passed, why: isValid ? "is valid" : "is invalid")],
      details: [value] + issues.map { "\($0.severity): \($0.rule.code): \($0.message)" })
  }

  /// A resource around a value. A `null` stands for a value that is absent, which in FHIR an extension must explain.
  private func resource(_ type: String, value: String) -> String {
    if type == "xhtml" {
      return #"{"resourceType":"Basic","code":{"text":"x"},"text":{"status":"generated","div":\#(value)}}"#
    }
    let words = type.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
    let name = "value" + words.joined()
    let explanation = #","_\#(name)":{"extension":[{"url":"\#(Self.reason)","valueCode":"unknown"}]}"#
    return #"{"resourceType":"Parameters","parameter":[{"name":"p","\#(name)":\#(value)"#
      + (value == "null" ? explanation : "") + "}]}"
  }

  private static let reason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
}
