import FHIRModel
import FHIRPath
import FHIRValidation

/// What expressions ask: references are resolved among the entries of one Bundle, by `fullUrl`, or by type and id; profiles
/// and value sets are those of the packages.
///
/// See http://hl7.org/fhir/R4/bundle.html#references
final class BundleReferences: EvaluationEnvironment {
  /// Told what `trace()` says, if anybody wants to know.
  var trace: ((String) -> Void)?

  private let definitions: DefinitionAnswers
  private var tree: ResourceTree?
  private var entries: [String: Int] = [:]

  init(_ definitions: DefinitionAnswers) { self.definitions = definitions }

  func resolve(_ reference: String, from source: TreeNode) -> TreeNode? {
    if tree !== source.tree { index(source.tree) }
    let unversioned = reference.split(separator: "/_history/").first.map(String.init) ?? reference
    guard let node = entries[reference] ?? entries[unversioned] else { return nil }
    return TreeNode(
      tree: source.tree, node: node,
      type: DefinitionTable.r4.resourceTypeID(source.tree.rawText(node)))
  }

  func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? {
    definitions.isMember(value, of: valueSet)
  }

  func conforms(_ element: TreeNode, to profile: String) -> Bool? {
    definitions.conforms(element, to: profile)
  }

  func subsumes(_ code: TerminologyValue, _ other: TerminologyValue) -> Bool? {
    definitions.subsumes(code, other)
  }

  func passesHTMLChecks(_ element: TreeNode) -> Bool { definitions.passesHTMLChecks(element) }

  func elementDefinition(of element: TreeNode) -> TreeNode? {
    definitions.elementDefinition(of: element)
  }

  func slice(_ name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer {
    definitions.slice(name, of: structure, in: elements)
  }

  private func index(_ tree: ResourceTree) {
    self.tree = tree
    entries = [:]
    let names = KnownNames.r4
    guard tree.rawText(0).elementsEqual("Bundle".utf8), let entryName = DefinitionTable.r4.nameID("entry")
    else { return }
    for entry in tree.children(of: 0) where tree.nodes[entry].name == entryName {
      guard let resource = tree.child(names.resource, of: entry) else { continue }
      var keys: [String] = []
      if let fullUrl = tree.child(names.fullUrl, of: entry) { keys.append(tree.string(at: fullUrl)) }
      if let id = tree.child(names.id, of: resource) {
        keys.append(tree.string(at: resource) + "/" + tree.string(at: id))
      }
      for key in keys where entries[key] == nil { entries[key] = resource }
    }
  }

  func trace(_ name: String, _ items: [Item], _ evaluator: Evaluator) {
    guard let trace else { return }
    let texts = items.map { evaluator.displayText(of: $0) ?? "(\(evaluator.typeName(of: $0).name))" }
    trace("trace \(name): " + FindingText.printable(texts.joined(separator: ", ")))
  }
}
