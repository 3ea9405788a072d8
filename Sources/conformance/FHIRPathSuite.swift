import FHIRFormats
import FHIRModel
import FHIRPath
import FHIRValidation
import Foundation
import FoundationXML

/// HL7's tests of FHIRPath on R4: `fhirpath/tests-fhir-r4.xml`, or `r4/fhirpath/…` in the public repository.
struct FHIRPathSuite: Suite {
  let name = "fhirpath"
  let title = "FHIRPath (HL7's tests for R4)"
  private let groups: [(name: String, tests: [XMLElement])]
  /// Where the files that tests name may be.
  private let inputs: [URL]
  private let definitions = DefinitionAnswers()

  init?(_ folder: URL) throws {
    let places = ["fhirpath", "r4/fhirpath", "r4", "."].map { folder.appending(path: $0) }
    guard
      let place = places.first(where: {
        FileManager.default.fileExists(atPath: $0.appending(path: "tests-fhir-r4.xml").path)
      })
    else { return nil }
    inputs = ["input", ".", "../examples", "..", "../resources"].map { place.appending(path: $0) }
    let document = try XMLDocument(contentsOf: place.appending(path: "tests-fhir-r4.xml"))
    groups = (document.rootElement()?.elements(forName: "group") ?? []).map { group in
      (group.attribute(forName: "name")?.stringValue ?? "", group.elements(forName: "test"))
    }
  }

  func run(matching text: String?) -> [CaseResult] {
    var trees: [String: ResourceTree] = [:]
    return groups.flatMap { group in
      group.tests.compactMap { test in
        let name = test.attribute(forName: "name")?.stringValue ?? ""
        let id = "fhirpath/\(name)"
        guard text == nil || id.contains(text ?? "") else { return nil }
        let trouble = trouble(test, &trees)
        return CaseResult(
          id: id, group: group.name,
          checks: [.init(name: "result", passed: trouble == nil, why: trouble ?? "")],
          details: [test.elements(forName: "expression").first?.stringValue ?? ""])
      }
    }
  }

  /// What is wrong with the answer to a test; nil if nothing is.
  private func trouble(_ test: XMLElement, _ trees: inout [String: ResourceTree]) -> String? {
    guard let expression = test.elements(forName: "expression").first, let text = expression.stringValue
    else { return "the test has no expression" }
    var context: Evaluator.Context?
    if let file = test.attribute(forName: "inputfile")?.stringValue, !file.isEmpty {
      guard let tree = trees[file] ?? tree(file) else { return "there is no input \(file)" }
      trees[file] = tree
      context = Evaluator.Context(tree)
    }
    let isInvalid = expression.attribute(forName: "invalid") != nil
    let evaluator = Evaluator(environment: definitions)
    let items: [Item]
    do {
      let compiled = try CompiledExpression(text, context: context?.type)
      items = try evaluator.evaluate(compiled, in: context)
    } catch {
      return isInvalid ? nil : "an error was not expected: \(error)"
    }
    let actual = items.map { item in
      (evaluator.typeName(of: item).name, evaluator.displayText(of: item) ?? "(element)")
    }
    if isInvalid { return "an error was expected, but the result is \(actual)" }
    let outputs = test.elements(forName: "output")
    if test.attribute(forName: "predicate")?.stringValue == "true" {
      let isTrue = actual.count == 1 && actual[0].0 == "Boolean" ? actual[0].1 == "true" : !actual.isEmpty
      return isTrue == (outputs.first?.stringValue == "true") ? nil : "the result is \(isTrue)"
    }
    var expected = outputs.map { ($0.attribute(forName: "type")?.stringValue, $0.stringValue ?? "") }
    var found = actual
    if test.attribute(forName: "ordered")?.stringValue == "false" {
      expected.sort { $0.1 < $1.1 }
      found.sort { $0.1 < $1.1 }
    }
    let agrees =
      expected.count == found.count
      && zip(expected, found).allSatisfy { wanted, got in
        plain(wanted.1) == plain(got.1) && (wanted.0 == nil || wanted.0?.lowercased() == got.0.lowercased())
      }
    return agrees ? nil : "expected \(expected.map(\.1)), got \(actual)"
  }

  /// Without what marks a literal of a date or a time.
  private func plain(_ text: String) -> Substring {
    text.hasPrefix("@T") ? text.dropFirst(2) : text.hasPrefix("@") ? text.dropFirst() : Substring(text)
  }

  private func tree(_ file: String) -> ResourceTree? {
    for folder in inputs {
      guard let data = try? Data(contentsOf: folder.appending(path: file)) else { continue }
      var options = ReadOptions()
      options.splitBundles = false
      let reader = try? ResourceReader(source: MemorySource([UInt8](data)), name: file, options: options)
      return (try? reader?.next())?.tree
    }
    return nil
  }
}
