import FHIRFormats
import FHIRModel
import Testing

@testable import FHIRTerminology

/// A clinic's own code systems and value sets, written for these tests.
struct ClinicDefinitions: TerminologySource {
  private let trees: [String: ResourceTree]

  init(_ resources: String...) throws {
    var trees: [String: ResourceTree] = [:]
    for text in resources {
      let reader = try ResourceReader(source: MemorySource(text), name: "test.json")
      let record = try #require(try reader.next())
      try #require(record.issues.isEmpty)
      let tree = record.tree
      trees[try #require(Definition(tree).text(Definition.Names.url))] = tree
    }
    self.trees = trees
  }

  func valueSet(_ canonical: String) -> ResourceTree? { tree(canonical, "ValueSet") }
  func codeSystem(_ canonical: String) -> ResourceTree? { tree(canonical, "CodeSystem") }
  func isCore(valueSet url: String) -> Bool { trees[url] == nil }

  private func tree(_ canonical: String, _ type: String) -> ResourceTree? {
    trees[String(canonical.prefix { $0 != "|" })].flatMap {
      $0.rawText(0).elementsEqual(type.utf8) ? $0 : nil
    }
  }

  /// Wards within floors, some of them closed; two more named by property.
  static let wards = """
    {"resourceType": "CodeSystem", "url": "http://clinic/wards", "status": "active", "content": "complete",
     "caseSensitive": true, "valueSet": "http://clinic/ValueSet/every-ward",
     "property": [{"code": "beds", "type": "integer"}, {"code": "nurse", "type": "code"}],
     "concept": [
      {"code": "floor1", "display": "First floor", "concept": [
        {"code": "icu", "display": "Intensive care", "designation": [{"language": "de", "value": "Intensivstation"}],
         "property": [{"code": "beds", "valueInteger": 4}, {"code": "nurse", "valueCode": "ana"}]},
        {"code": "er", "display": "Emergency   Room", "property": [{"code": "beds", "valueInteger": 9}]}]},
      {"code": "floor2", "display": "Second floor", "concept": [
        {"code": "lab", "property": [{"code": "status", "valueCode": "retired"}]},
        {"code": "day", "display": "Day \\u0022clinic\\u0022", "concept": [{"code": "day-eye"}]}]},
      {"code": "annex", "property": [{"code": "parent", "valueCode": "floor2"}]}]}
    """

  /// A ValueSet of the clinic with a composition.
  static func valueSet(_ name: String, include: String, rest: String = "") -> String {
    """
    {"resourceType": "ValueSet", "url": "http://clinic/ValueSet/\(name)", "status": "active",
     "compose": {"include": [\(include)]\(rest)}}
    """
  }
}
