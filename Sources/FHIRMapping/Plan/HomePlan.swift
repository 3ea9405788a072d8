package import FHIRModel
import FHIRPath

/// Tells for each resource which document it belongs to.
package struct HomePlan: Sendable {
  /// Where the resources of a type live. An object, for one is looked up for every resource.
  private final class Rule: Sendable {
    let kind: DocumentKind
    /// nil for a document's root.
    let section: Section?

    final class Section: Sendable {
      let name: String
      let owner: InvertiblePath
      let rootType: String

      init(_ name: String, owner: InvertiblePath, rootType: String) {
        self.name = name
        self.owner = owner
        self.rootType = rootType
      }
    }

    init(_ kind: DocumentKind, _ section: Section? = nil) {
      self.kind = kind
      self.section = section
    }

    var words: String { section.map { "\(kind.rawValue).\($0.name)" } ?? kind.rawValue }
  }

  private let table: DefinitionTable
  /// By the numbers of types; as far as the last that has a home.
  private let rules: [Rule?]

  init(_ plans: [DocumentKind: DocumentPlan], table: DefinitionTable) throws(MappingError) {
    self.table = table
    var rules: [TypeID: Rule] = [:]
    for kind in DocumentKind.mapped {
      guard let plan = plans[kind] else { continue }
      if let root = plan.root {
        guard rules[root.type] == nil else { throw plan.error("the type \(root.name) has two homes") }
        rules[root.type] = Rule(kind)
      }
      for section in plan.sections {
        for member in section.members {
          if let other = rules[member.type] {
            throw member.place.error(
              .conflict, "the type \(member.typeName) has two homes: it stands in \(other.words) already")
          }
          rules[member.type] = Rule(
            kind, Rule.Section(section.name, owner: member.owner, rootType: plan.ownerType))
        }
      }
    }
    let count = (rules.keys.map(\.rawValue).max() ?? 0) + 1
    self.rules = (0..<count).map { rules[TypeID(rawValue: $0)] }
  }

  private func rule(of type: TypeID?) -> Rule? {
    guard let type, Int(type.rawValue) < rules.count else { return nil }
    return rules[Int(type.rawValue)]
  }

  /// The type of the resource at a node.
  private func type(of tree: ResourceTree, _ node: Int) -> TypeID? {
    tree.nodes[node].flags.contains(.escaped)
      ? table.resourceTypeID(tree.string(at: node)) : table.resourceTypeID(tree.rawText(node))
  }

  /// The home of the resource at a node.
  ///
  /// - Parameters:
  ///   - id: the resource's id in the database (see DOCUMENTS.md, "Identity").
  ///   - key: `Type/id`.
  ///   - resolve: the id of the resource of a type that a Reference, given by its node, points to; nil where that is not known.
  package func home(
    of tree: ResourceTree, node: Int, id: String, key: String,
    resolve: (_ reference: Int, _ type: String) -> String?
  ) -> Home {
    guard let rule = rule(of: type(of: tree, node)) else {
      return Home(kind: .resource, documentID: key, section: nil, key: key)
    }
    guard let section = rule.section else {
      return Home(kind: rule.kind, documentID: id, section: nil, key: key)
    }
    guard let reference = section.owner.firstNode(in: tree, from: node),
      let owner = resolve(reference, section.rootType)
    else { return Home(kind: .resource, documentID: key, section: nil, key: key) }
    return Home(kind: rule.kind, documentID: owner, section: section.name, key: key)
  }

  /// Whether the resource of a key, `Type/id`, is the item of a section where its owner is known.
  package func isItem(key: UnsafeRawBufferPointer) -> Bool {
    let bytes = key.bindMemory(to: UInt8.self)
    guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else { return false }
    return rule(of: table.resourceTypeID(UnsafeBufferPointer(rebasing: bytes[..<slash])))?.section != nil
  }

  /// The reference that decides a resource's home, if it is the item of a section and has one, and the type of whom it is to point to.
  package func owner(of tree: ResourceTree, node: Int) -> (reference: Int, type: String)? {
    guard let section = rule(of: type(of: tree, node))?.section else { return nil }
    return section.owner.firstNode(in: tree, from: node).map { ($0, section.rootType) }
  }

  /// The types that stand in sections of documents.
  package var itemTypes: [String] {
    rules.indices.filter { rules[$0]?.section != nil }.map { table.name(of: TypeID(rawValue: UInt16($0))) }
  }

  /// The kind of document that a type lives in where its owner is known, and its section.
  package func place(ofType name: String) -> (kind: DocumentKind, section: String?) {
    guard let rule = rule(of: table.resourceTypeID(name)) else { return (.resource, nil) }
    return (rule.kind, rule.section?.name)
  }
}
