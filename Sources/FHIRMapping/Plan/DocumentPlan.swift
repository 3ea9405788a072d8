import BSON
package import FHIRModel
import FHIRPath

/// A mapping file compiled: what a document is made of.
package struct DocumentPlan: Sendable {
  package let kind: DocumentKind
  /// The name of its collection, unless pipeline.yml gives another.
  package let collection: String
  /// The type of the resource that the document is made from; a chart has none.
  package let root: (name: String, type: TypeID)?
  /// The type of the resource that gives the document its `_id`.
  package let ownerType: String
  package let sections: [SectionPlan]
  let fields: [FieldPlan]
  /// Their names.
  let names: Set<String>
  /// What the fields look for in the sections.
  let queries: SectionQueries
  /// How long a visit lasts of which only the start is known.
  let defaultMinutes: Int?
  /// Stands for all that the file says: documents that it described otherwise are to be written anew.
  let fingerprint: UInt64
  private let file: String
  /// Where the file names its collection.
  let collectionPlace: MappingPlace

  /// Compiles a file; throws its first mistake.
  init(_ node: MappingNode, table: DefinitionTable) throws(MappingError) {
    var mistakes: [MappingError] = []
    try self.init(node, table: table, mistakes: &mistakes)
    if let first = mistakes.first { throw first }
  }

  /// Compiles what can be compiled.
  ///
  /// - Parameter mistakes: takes those of sections and fields; what makes the rest meaningless is thrown.
  init(_ node: MappingNode, table: DefinitionTable, mistakes: inout [MappingError]) throws(MappingError) {
    let values = try node.values(
      allowed: ["document", "collection", "root", "of", "sections", "fields", "default_duration_minutes"],
      required: ["document", "collection"])
    guard let documentNode = values["document"], let collectionNode = values["collection"] else {
      throw node.error(.missingKey, "the keys document and collection are missing here")
    }
    kind = try documentNode.choice(DocumentKind.self)
    guard DocumentKind.mapped.contains(kind) else {
      throw documentNode.error(.wrongValue, "the collection of other resources has no mapping")
    }
    collection = try collectionNode.collectionName()
    collectionPlace = collectionNode.place
    file = node.file
    fingerprint = node.fingerprint
    if let rootNode = values["root"] {
      if let of = values["of"] {
        throw of.error(.conflict, "of belongs to a document without a root")
      }
      let type = try rootNode.resourceType(table)
      root = type
      ownerType = type.name
    } else {
      guard let of = values["of"] else {
        throw node.error(.missingKey, "the key root is missing here (or of, for a document without a root)")
      }
      ownerType = try of.resourceType(table).name
      root = nil
    }
    var sections: [SectionPlan] = []
    for (key, value) in try values["sections"]?.entries() ?? [] {
      do throws(MappingError) {
        sections.append(try SectionPlan(name: try key.elementName(in: kind), value, table: table))
      } catch {
        mistakes.append(error)
      }
    }
    self.sections = sections
    defaultMinutes = try values["default_duration_minutes"]?.integer(1...1440)
    if let minutes = values["default_duration_minutes"], kind != .appointment {
      throw minutes.error(.conflict, "default_duration_minutes belongs to the document appointment")
    }
    var fields: [FieldPlan] = []
    let context = FieldPlan.Scope(kind: kind, root: root?.name, sections: sections, table: table)
    for (key, value) in try values["fields"]?.entries() ?? [] {
      do throws(MappingError) {
        let field = try FieldPlan(name: key, value, scope: context)
        if let other = fields.first(where: { $0.fights(with: field) }) {
          throw key.error(
            .conflict,
            "the fields \(other.name) and \(field.name) both write to \(field.sources.first?.path.text ?? "")"
          )
        }
        if let derived = field.derived, let other = fields.first(where: { $0.derived == derived }) {
          throw key.error(.conflict, "the fields \(other.name) and \(field.name) are derived alike")
        }
        if sections.contains(where: { $0.name == field.name }) {
          throw key.error(.conflict, "\(field.name) is the name of a section as well")
        }
        fields.append(field)
      } catch {
        mistakes.append(error)
      }
    }
    self.fields = fields
    names = Set(fields.map(\.name))
    queries = SectionQueries(fields: fields, sections: sections)
  }

  func error(_ message: String) -> MappingError { MappingError(.conflict, message, file: file) }

  /// The types of the resources that a field tells of; nil where it may be any.
  package func types(ofField name: String) -> Set<String>? {
    if let section = sections.first(where: { $0.name == name }) {
      return Set(section.members.map(\.typeName))
    }
    let own = root.map { Set([$0.name]) }
    guard let field = fields.first(where: { $0.name == name }), field.derived == nil else { return own }
    return Set(
      field.sources.compactMap { source in
        if case .section(let type) = source.resource { type } else { root?.name }
      })
  }

  /// The lists of resources in a document: the mapping's sections, then those that an application has under names of its own.
  func lists(of document: BSONView) throws -> [(name: String, items: BSONView)] {
    var lists: [(name: String, items: BSONView)] = []
    for section in sections {
      if let items = try document.find(string: section.name)?.array { lists.append((section.name, items)) }
    }
    try document.forEachElement { element in
      guard let items = element.array else { return }
      let name = element.name
      if names.contains(name) || sections.contains(where: { $0.name == name }) { return }
      if try DocumentDraft.isSection(items) { lists.append((name, items)) }
    }
    return lists
  }

  /// Of an item that does not say whose it is: how its type says that, in whatever list an application put it. nil where it does, or
  /// where resources of its type are not the owner's.
  func memberWithoutOwner(_ item: BSONView, in list: String) throws -> SectionPlan.Member? {
    // Most types say it alike.
    let first = sections.first { $0.name == list }?.members.first
    if let first, try first.namesOwner(item) { return nil }
    guard let type = try item.find("resourceType")?.text, let member = member(ofType: type)?.member else {
      return nil
    }
    return try member.namesOwner(item) ? nil : member
  }

  /// The section and member of a resource type.
  func member(ofType name: String) -> (section: SectionPlan, member: SectionPlan.Member)? {
    for section in sections {
      for member in section.members where member.typeName == name { return (section, member) }
    }
    return nil
  }
}
