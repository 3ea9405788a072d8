internal import FHIRFormats
internal import FHIRModel

/// An element of a resource whose children are found by the text of their names.
///
/// Definitions are read so because the table that knows their names may be the one that is being made.
struct NamedElement {
  private let tree: ResourceTree
  private let table: DefinitionTable
  private let index: Int

  private init(tree: ResourceTree, table: DefinitionTable, index: Int) {
    self.tree = tree
    self.table = table
    self.index = index
  }

  /// A resource within a tree that was read with the table.
  init(resource node: Int, of tree: ResourceTree, table: DefinitionTable) {
    self.init(tree: tree, table: table, index: node)
  }

  /// The root of a tree that was read with the table.
  init(root tree: ResourceTree, table: DefinitionTable) {
    self.init(tree: tree, table: table, index: 0)
  }

  /// The resource, or other JSON object, of a package's file.
  init(file: PackageArchive.File, package: String) throws(DefinitionError) {
    self.init(
      root: try Self.read(SourceChunk(file.bytes), package: package, file: file.name), table: .forDefinitions)
  }

  /// Reads a file's JSON.
  static func read(
    _ chunk: SourceChunk, package: String, file: String
  ) throws(DefinitionError) -> ResourceTree {
    let record = JSONDocument.read(chunk, table: .forDefinitions)
    guard record.content == .resource else {
      let issue = record.issues.last
      let place = issue?.position.map { " (line \($0.line), column \($0.column))" } ?? ""
      throw DefinitionError(
        .malformed, package: package, file: file, (issue?.message ?? "is no resource") + place)
    }
    return record.tree
  }

  /// Of a resource, its type; else empty.
  var resourceType: String { tree.nodes[index].flags.kind == .resource ? tree.string(at: index) : "" }

  var name: String { tree.nameString(of: index, table: table) }

  /// The text of a primitive's value.
  var text: String { tree.string(at: index) }

  var children: [NamedElement] {
    tree.children(of: index).map { NamedElement(tree: tree, table: table, index: $0) }
  }

  func children(_ name: String) -> [NamedElement] {
    guard let id = id(of: name) else { return [] }
    var found: [NamedElement] = []
    for child in tree.children(of: index)
    // An empty array has no element in it.
    where tree.nodes[child].name == id && tree.nodes[child].flags.kind != .emptyArray {
      found.append(NamedElement(tree: tree, table: table, index: child))
    }
    return found
  }

  func child(_ name: String) -> NamedElement? {
    id(of: name).flatMap { tree.child($0, of: index) }.map {
      NamedElement(tree: tree, table: table, index: $0)
    }
  }

  /// The text of a child's value; nil if there is no such child, or it has no value.
  func string(_ name: String) -> String? {
    guard let child = child(name), tree.nodes[child.index].flags.contains(.hasValue) else { return nil }
    return child.text
  }

  func strings(_ name: String) -> [String] { children(name).map(\.text) }

  func boolean(_ name: String) -> Bool { string(name) == "true" }

  /// This element as a value, if its name goes on behind `prefix` with a type: `patternCoding`.
  func value(named name: String, after prefix: String) -> ElementValue? {
    guard name.hasPrefix(prefix), name.utf8.count > prefix.utf8.count else { return nil }
    let type = String(name.dropFirst(prefix.count))
    let primitive = type.prefix(1).lowercased() + type.dropFirst()
    return ElementValue(
      tree: tree, node: index, type: table.typeID(type) == nil ? primitive : type)
  }

  private func id(of name: String) -> NameID? {
    table.nameID(name)
      ?? tree.unknownNames.firstIndex(of: name).map { NameID(rawValue: NameID.unknown + UInt16($0)) }
  }
}

extension DefinitionTable {
  /// The names that definitions are read with: those embedded or, while there are none of this format, none at all.
  static let forDefinitions: DefinitionTable = {
    if let embedded { return embedded }
    var sections = TableSections()
    guard let empty = DefinitionTable(keeping: sections.bytes(typeNames: [], valueSetURLs: [])) else {
      preconditionFailure("a table without content is a table")
    }
    return empty
  }()
}
