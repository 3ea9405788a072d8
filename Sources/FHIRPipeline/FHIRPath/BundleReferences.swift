import FHIRModel
import FHIRPath

/// Resolves references among the entries of one Bundle: by `fullUrl`, or by type and id.
///
/// See http://hl7.org/fhir/R4/bundle.html#references
final class BundleReferences: EvaluationEnvironment {
  /// Told what `trace()` says, if anybody wants to know.
  var trace: ((String) -> Void)?

  private var tree: ResourceTree?
  private var entries: [String: Int] = [:]

  func resolve(_ reference: String, from source: TreeNode) -> TreeNode? {
    if tree !== source.tree { index(source.tree) }
    let unversioned = reference.split(separator: "/_history/").first.map(String.init) ?? reference
    guard let node = entries[reference] ?? entries[unversioned] else { return nil }
    return TreeNode(
      tree: source.tree, node: node,
      type: DefinitionTable.r4.resourceTypeID(source.tree.rawText(node)))
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
