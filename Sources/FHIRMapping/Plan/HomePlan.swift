package import FHIRModel
import FHIRPath

/// Tells for each resource which document it belongs to.
package struct HomePlan: Sendable {
  private enum Rule: Sendable {
    case root(DocumentKind)
    case section(DocumentKind, name: String, owner: InvertiblePath, rootType: String)
  }

  private let table: DefinitionTable
  private let rules: [TypeID: Rule]

  init(_ plans: [DocumentKind: DocumentPlan], table: DefinitionTable) throws(MappingError) {
    self.table = table
    var rules: [TypeID: Rule] = [:]
    for kind in DocumentKind.mapped {
      guard let plan = plans[kind] else { continue }
      if let root = plan.root {
        guard rules[root.type] == nil else { throw plan.error("the type \(root.name) has two homes") }
        rules[root.type] = .root(kind)
      }
      for section in plan.sections {
        for member in section.members {
          if let other = rules[member.type] {
            throw member.place.error(
              .conflict,
              "the type \(member.typeName) has two homes: it stands in \(HomePlan.words(other)) already")
          }
          rules[member.type] = .section(
            kind, name: section.name, owner: member.owner, rootType: plan.ownerType)
        }
      }
    }
    self.rules = rules
  }

  private static func words(_ rule: Rule) -> String {
    switch rule {
    case .root(let kind): kind.rawValue
    case .section(let kind, let name, _, _): "\(kind.rawValue).\(name)"
    }
  }

  /// The home of the resource at a node.
  ///
  /// - Parameters:
  ///   - id: the resource's id in the database (see DOCUMENTS.md, "Identity").
  ///   - resolve: what a Reference, given by its node, points to; nil where that is not known.
  package func home(
    of tree: ResourceTree, node: Int, id: String, resolve: (_ reference: Int) -> (type: String, id: String)?
  ) -> Home {
    let name = tree.string(at: node)
    let key = name + "/" + id
    let elsewhere = Home(kind: .resource, documentID: key, section: nil, key: key)
    guard let type = table.resourceTypeID(name), let rule = rules[type] else { return elsewhere }
    switch rule {
    case .root(let kind): return Home(kind: kind, documentID: id, section: nil, key: key)
    case .section(let kind, let section, let owner, let rootType):
      guard let reference = owner.firstNode(in: tree, from: node), let target = resolve(reference),
        target.type == rootType
      else { return elsewhere }
      return Home(kind: kind, documentID: target.id, section: section, key: key)
    }
  }

  /// The reference that decides a resource's home, if it is the item of a section and has one.
  package func owner(of tree: ResourceTree, node: Int) -> Int? {
    guard let type = table.resourceTypeID(tree.rawText(node)), case .section(_, _, let owner, _) = rules[type]
    else {
      return nil
    }
    return owner.firstNode(in: tree, from: node)
  }

  /// The kind of document that a type lives in where its owner is known, and its section.
  package func place(ofType name: String) -> (kind: DocumentKind, section: String?) {
    guard let type = table.resourceTypeID(name), let rule = rules[type] else { return (.resource, nil) }
    switch rule {
    case .root(let kind): return (kind, nil)
    case .section(let kind, let section, _, _): return (kind, section)
    }
  }
}
