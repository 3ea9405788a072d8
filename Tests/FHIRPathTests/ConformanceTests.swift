import FHIRModel
import TestSupport
import Testing

@testable import FHIRPath

/// HL7's own tests of the language on R4.
@Suite(.enabled(if: SharedData.isPresent)) struct ConformanceTests {
  /// What we see otherwise than HL7's tests, and why.
  static let disagreements: [String: String] = [
    "testPlusDate19": "a tenth of a second counts: the fraction of seconds is not ignored (N1 6.6.7)",
    "HighBoundaryDateTimeMillisecond3": "the last moment of an hour is in its 59th minute",
  ]

  @Test func `HL7's tests agree`() throws {
    let text = String(decoding: SharedData.bytes("tests-fhir-r4.xml"), as: UTF8.self)
    let suite = XMLElement(document: text)
    var runner = ConformanceRunner()
    var count = 0
    var unexpected: [String] = []
    for group in suite.children("group") {
      for test in group.children("test") {
        count += 1
        let name = test.attributes["name"] ?? ""
        let trouble = try runner.trouble(test)
        if let trouble, Self.disagreements[name] == nil { unexpected.append("\(name): \(trouble)") }
        if trouble == nil, let reason = Self.disagreements[name] {
          unexpected.append("\(name) agrees, and was expected not to: \(reason)")
        }
      }
    }
    #expect(count > 500)
    #expect(unexpected.isEmpty, "\(unexpected.count) of \(count):\n\(unexpected.joined(separator: "\n"))")
  }
}

struct ConformanceRunner {
  private var trees: [String: ResourceTree] = [:]
  private let evaluator = Evaluator()

  /// What is wrong with our answer to a test; nil if nothing is.
  mutating func trouble(_ test: XMLElement) throws -> String? {
    let expression = try #require(test.children("expression").first)
    var context: Evaluator.Context?
    if let file = test.attributes["inputfile"], !file.isEmpty {
      let tree = try trees[file] ?? SharedData.tree("input/" + file)
      trees[file] = tree
      context = Evaluator.Context(tree)
    }
    let isInvalid = expression.attributes["invalid"] != nil
    let items: [Item]
    do {
      let compiled = try CompiledExpression(expression.text, context: context?.type)
      items = try evaluator.evaluate(compiled, in: context)
    } catch {
      return isInvalid ? nil : "\(expression.text): error at \(error)"
    }
    if isInvalid { return "\(expression.text): an error was due, got \(describe(items))" }
    if test.attributes["predicate"] == "true" {
      let truth = items.count == 1 ? evaluator.truth(of: items[0]) : !items.isEmpty
      let expected = test.children("output").first?.text == "true"
      return truth == expected ? nil : "\(expression.text): got \(truth)"
    }
    var expected = test.children("output").map { ($0.attributes["type"], $0.text) }
    var actual = items.map { item in (type(of: item), text(of: item)) }
    if test.attributes["ordered"] == "false" {
      expected.sort { $0.1 < $1.1 }
      actual.sort { $0.1 < $1.1 }
    }
    let agree =
      expected.count == actual.count
      && zip(expected, actual).allSatisfy { wanted, got in
        wanted.1 == got.1 && (wanted.0 == nil || wanted.0?.lowercased() == got.0.lowercased())
      }
    return agree ? nil : "\(expression.text): expected \(expected), got \(describe(items))"
  }

  private func type(of item: Item) -> String { evaluator.typeName(of: item).name }

  private func text(of item: Item) -> String {
    let text = evaluator.displayText(of: item) ?? "(element)"
    switch evaluator.plain(item) {
    case .temporal(let value)?: return (value.kind == .time ? "@T" : "@") + text
    default: return text
    }
  }

  private func describe(_ items: [Item]) -> String { "\(items.map { "\(type(of: $0)) \(text(of: $0))" })" }
}
