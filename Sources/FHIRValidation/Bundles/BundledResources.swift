package import FHIRModel
import FHIRPath

/// The resources of a Bundle by the addresses that they are referred to by: in one tree, or each in a tree of its own.
///
/// See http://hl7.org/fhir/R4/bundle.html#references
package final class BundledResources: Sendable {
  struct Target: Sendable {
    let tree: ResourceTree
    let node: Int
  }

  private struct Place: Hashable {
    let tree: ObjectIdentifier
    let node: Int
  }

  private let byAddress: [String: Target]
  private let fullUrls: [Place: String]

  /// A Bundle that stands in one tree.
  convenience init(of bundle: Int, in tree: ResourceTree, table: DefinitionTable) {
    let entries = tree.children(of: bundle).filter { tree.nodes[$0].name == table.nameID("entry") }
    self.init(entries.map { (tree, $0) }, table: table)
  }

  /// A Bundle's entries, each the root of a tree.
  package convenience init(entries: [ResourceTree], table: DefinitionTable = .r4) {
    self.init(entries.filter { $0.count > 0 }.map { ($0, 0) }, table: table)
  }

  private init(_ entries: [(tree: ResourceTree, node: Int)], table: DefinitionTable) {
    var byAddress: [String: Target] = [:]
    var fullUrls: [Place: String] = [:]
    func child(_ name: String, of node: Int, in tree: ResourceTree) -> Int? {
      table.nameID(name).flatMap { tree.child($0, of: node) }
    }
    for (tree, entry) in entries {
      guard let resource = child("resource", of: entry, in: tree) else { continue }
      var address: String?
      if let fullUrl = child("fullUrl", of: entry, in: tree) {
        address = tree.string(at: fullUrl)
        fullUrls[Place(tree: ObjectIdentifier(tree), node: resource)] = address
      } else if let id = child("id", of: resource, in: tree) {
        address = tree.string(at: resource) + "/" + tree.string(at: id)
      }
      if let address, byAddress[address] == nil { byAddress[address] = Target(tree: tree, node: resource) }
    }
    self.byAddress = byAddress
    self.fullUrls = fullUrls
  }

  /// The resource that a reference of another leads to.
  func target(of reference: String, from tree: ResourceTree, _ resource: Int) -> Target? {
    var text = reference[...]
    if let fragment = text.firstIndex(of: "#") { text = text[..<fragment] }
    var parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 2, parts[parts.count - 2] == "_history" {
      parts.removeLast(2)
      text = text[..<parts[parts.count - 1].endIndex]
    }
    if let found = byAddress[String(text)] { return found }
    guard parts.count == 2, let fullUrl = fullUrls[Place(tree: ObjectIdentifier(tree), node: resource)] else {
      return nil
    }
    // What is relative stands beside the resource that refers: on its server, or among the urns of its kind.
    if fullUrl.hasPrefix("urn:") {
      guard let colon = fullUrl.lastIndex(of: ":") else { return nil }
      return byAddress[String(fullUrl[...colon]) + parts[1]]
    }
    let segments = fullUrl.split(separator: "/", omittingEmptySubsequences: false)
    guard segments.count > 2 else { return nil }
    return byAddress[String(fullUrl[..<segments[segments.count - 2].startIndex]) + text]
  }

  /// The same for an expression's `resolve()`, which asks from an entry's tree.
  func resolve(_ reference: String, from source: TreeNode, table: DefinitionTable) -> TreeNode? {
    let tree = source.tree
    guard let name = table.nameID("resource"), let resource = tree.child(name, of: 0),
      let target = target(of: reference, from: tree, resource)
    else { return nil }
    return TreeNode(
      tree: target.tree, node: target.node, type: table.resourceTypeID(target.tree.rawText(target.node)))
  }
}
