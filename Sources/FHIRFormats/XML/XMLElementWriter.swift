internal import CDefinitions
internal import FHIRModel

/// Writes the nodes of a tree as elements.
final class XMLElementWriter {
  let output: OutputBuffer
  let table: DefinitionTable
  private let isPretty: Bool
  private let limits: XMLReadingLimits
  // Exclusivity is not checked for these: no closure ever runs inside an access to them.
  @exclusivity(unchecked) var tree: ResourceTree
  @exclusivity(unchecked) var issues: [Issue] = []
  let scratch = TextBuffer()
  let idName: NameID?
  let urlName: NameID?
  let xhtmlType: TypeID?
  private let entryName: NameID?

  /// Where in the output the part begins that a reader takes as one.
  private var partStart = 0
  private var isPartTooLarge = false

  /// Children that wait to be written, of all open elements: a stack.
  @exclusivity(unchecked) private var waiting: [Child] = []

  /// A child of the element that is being written.
  private struct Child {
    let node: Int
    /// The place of its element in the definition.
    let order: Int
    let definition: DefinitionTable.Child?
  }

  /// The default namespace that is in force.
  enum Space: Equatable {
    case fhir
    case other(String)
  }

  init(_ output: OutputBuffer, table: DefinitionTable, layout: XMLWriter.Layout, reading: ReadOptions) {
    self.output = output
    self.table = table
    limits = XMLReadingLimits(reading)
    isPretty = layout == .pretty
    tree = ResourceTree(text: TextBuffer(), origin: .none, capacity: 1)
    idName = table.nameID("id")
    urlName = table.nameID("url")
    entryName = table.nameID("entry")
    xhtmlType = table.typeID("xhtml")
  }

  func begin(_ tree: ResourceTree) {
    self.tree = tree
    issues = []
    partStart = output.total
    isPartTooLarge = false
  }

  func finish() -> [Issue] {
    defer { issues = [] }
    return issues
  }

  // MARK: Documents

  func declaration() { output.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") }

  func endDocument() { output.append(UInt8(ascii: "\n")) }

  /// A resource as the document's element.
  func root(_ node: Int) {
    guard let name = typeName(node) else { return }
    resource(node, name, depth: 0, declaresNamespace: true)
  }

  func beginBundle() {
    output.append("<Bundle xmlns=\"http://hl7.org/fhir\">")
    bundleMembers(beforeEntries: true)
  }

  func endBundle() {
    bundleMembers(beforeEntries: false)
    newline(0)
    output.append("</Bundle>")
  }

  private func bundleMembers(beforeEntries: Bool) {
    let type = table.typeID("Bundle")
    let entry = entryName.flatMap { name in type.flatMap { table.child(name, of: $0) } }
    let entryOrder = entry.map { Int(table.elements[$0.element].order) } ?? 0
    let base = waiting.count
    // A resource's own element has no attributes.
    _ = gather(0, type)
    for index in base..<waiting.count where (waiting[index].order < entryOrder) == beforeEntries {
      element(waiting[index].node, waiting[index].definition, depth: 1, in: .fhir)
    }
    waiting.removeSubrange(base...)
  }

  /// An entry of a Bundle; a resource gets one around it.
  func entry(fullURL: String?) {
    guard tree.nodes[0].flags.kind == .resource else {
      newline(1)
      guard let entryName else { return }
      return tagged(
        table.bytes(of: entryName), 0, table.typeID("Bundle.entry"), depth: 1, in: .fhir, outer: .fhir)
    }
    guard let name = typeName(0) else { return }
    newline(1)
    output.append("<entry>")
    if let fullURL {
      newline(2)
      output.append("<fullUrl value=\"")
      var fullURL = fullURL
      fullURL.withUTF8 { _ = XMLAttributeText.appendEscaped($0, to: output) }
      output.append("\"/>")
    }
    newline(2)
    output.append("<resource>")
    resource(0, name, depth: 3, declaresNamespace: false)
    newline(2)
    output.append("</resource>")
    newline(1)
    output.append("</entry>")
  }

  // MARK: Elements

  private func resource(
    _ node: Int, _ name: UnsafeBufferPointer<UInt8>, depth: Int, declaresNamespace: Bool
  ) {
    if depth > 0 { newline(depth) }
    output.append(UInt8(ascii: "<"))
    output.append(name)
    if declaresNamespace { declare(.fhir) }
    // An unknown type has no definition to follow: its elements are written as they stand.
    contents(of: node, table.typeID(name), depth: depth, in: .fhir, name: name, value: false)
  }

  /// One child of an element, whatever it is.
  private func element(_ node: Int, _ definition: DefinitionTable.Child?, depth: Int, in space: Space) {
    let flags = tree.nodes[node].flags
    switch flags.kind {
    case .emptyArray:
      return report(.error, .arrayEmpty, node, "XML cannot write an empty array: it is left out")
    case .array:
      report(
        .error, .arrayUnexpected, node, "XML cannot write an array in an array: its items are written alone")
      for item in tree.children(of: node) {
        element(item, definition, depth: depth, in: space)
      }
      return
    case .null where Int(tree.nodes[node].end) == node + 1:
      report(.error, .nullValue, node, "XML cannot write null: the element is written without a value")
    default: break
    }
    let type = definition.map { table.type(of: $0) }
    if flags.contains(.hasValue) || flags.kind == .string, type == xhtmlType || flags.contains(.xhtml),
      narrative(node, depth: depth)
    {
      return
    }
    let name = tree.nodes[node].name
    guard name.isUnknown else {
      newline(depth)
      return tagged(table.bytes(of: name), node, type, depth: depth, in: .fhir, outer: space)
    }
    unknown(node, depth: depth, in: space)
  }

  private func unknown(_ node: Int, depth: Int, in space: Space) {
    let name = tree.unknownNames[Int(tree.nodes[node].name.rawValue - NameID.unknown)]
    if name == "#text" {
      _ = value(of: node)
      return
    }
    guard var qualified = XMLQualifiedName(name) else {
      return report(
        .error, .unknownElement, node, "it has a name that XML does not allow: the element is left out")
    }
    newline(depth)
    let own = qualified.uri.map(Space.other) ?? .fhir
    qualified.local.withUTF8 { tagged($0, node, nil, depth: depth, in: own, outer: space) }
  }

  /// An element under a name in a namespace, and all below it.
  private func tagged(
    _ name: UnsafeBufferPointer<UInt8>, _ node: Int, _ type: TypeID?, depth: Int, in space: Space,
    outer: Space
  ) {
    output.append(UInt8(ascii: "<"))
    output.append(name)
    if space != outer { declare(space) }
    guard tree.nodes[node].flags.kind == .resource else {
      return contents(of: node, type, depth: depth, in: space, name: name, value: true)
    }
    output.append(UInt8(ascii: ">"))
    if let resourceName = typeName(node) {
      resource(node, resourceName, depth: depth + 1, declaresNamespace: space != .fhir)
      newline(depth)
    }
    end(name)
  }

  private func declare(_ space: Space) {
    output.append(" xmlns=\"")
    switch space {
    case .fhir: output.append("http://hl7.org/fhir")
    case .other(var uri): uri.withUTF8 { _ = XMLAttributeText.appendEscaped($0, to: output) }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// Attributes, children and the end tag of an element whose name was written.
  private func contents(
    of node: Int, _ type: TypeID?, depth: Int, in space: Space, name: UnsafeBufferPointer<UInt8>,
    value hasValue: Bool
  ) {
    let isLeaf = Int(tree.nodes[node].end) == node + 1
    let base = waiting.count
    let start = output.total
    checkPart(upTo: start)
    if !isLeaf { attributes(gather(node, type)) }
    if hasValue && writesValue(tree.nodes[node].flags) {
      checkKind(of: node, type)
      output.append(" value=\"")
      _ = value(of: node)
      output.append(UInt8(ascii: "\""))
    }
    checkTag(node, bytes: output.total - start)
    if waiting.count == base {
      output.append("/>")
      return
    }
    output.append(UInt8(ascii: ">"))
    let last = waiting.count
    for index in base..<last {
      element(waiting[index].node, waiting[index].definition, depth: depth + 1, in: space)
    }
    waiting.removeSubrange(base...)
    newline(depth)
    end(name)
  }

  /// Tells of a tag, or a narrative, that the readers refuse.
  @inline(__always)
  func checkTag(_ node: Int, bytes: Int) {
    if bytes > limits.tag { report(.error, .limitSize, node, limits.tagMessage(bytes: bytes)) }
  }

  /// Tells once of a resource that the readers refuse.
  @inline(__always)
  private func checkPart(upTo offset: Int) {
    guard offset - partStart > limits.part, !isPartTooLarge else { return }
    isPartTooLarge = true
    // Of a Bundle the readers take one entry after the other.
    guard tree.string(at: 0) != "Bundle" else { return }
    report(.error, .limitSize, 0, limits.partMessage)
  }

  private func end(_ name: UnsafeBufferPointer<UInt8>) {
    output.append("</")
    output.append(name)
    output.append(UInt8(ascii: ">"))
  }

  /// The children that are attributes.
  struct Attributes {
    var id: Int?
    var url: Int?
    /// Those that FHIR does not know.
    var others: [Int] = []
  }

  /// Tells the attributes among the children, and puts the others in the order of the definition.
  private func gather(_ node: Int, _ type: TypeID?) -> Attributes {
    let base = waiting.count
    var attributes = Attributes()
    var last = -1
    var isSorted = true
    for child in tree.children(of: node) {
      let name = tree.nodes[child].name
      let definition = name.isUnknown ? nil : type.flatMap { table.child(name, of: $0) }
      if isAttribute(child, definition), keep(child, in: &attributes) { continue }
      // What is unknown stays behind what it stands behind.
      var order = last
      if let definition {
        order = Int(table.elements[definition.element].order)
        if order < last { isSorted = false }
        last = order
      }
      waiting.append(Child(node: child, order: order, definition: definition))
    }
    if !isSorted {
      waiting[base...].sort { ($0.order, $0.node) < ($1.order, $1.node) }
    }
    return attributes
  }

  func newline(_ depth: Int) {
    guard isPretty else { return }
    output.append(UInt8(ascii: "\n"))
    output.append(UInt8(ascii: " "), times: 2 * depth)
  }

  func writesValue(_ flags: NodeFlags) -> Bool {
    switch flags.kind {
    case .string, .number, .boolean, .text: true
    case .none, .null, .resource, .emptyArray, .array: false
    }
  }

  /// The name of a resource's type, if XML can write it.
  private func typeName(_ node: Int) -> UnsafeBufferPointer<UInt8>? {
    let isResource = tree.nodes[node].flags.kind == .resource
    let text = isResource ? tree.rawText(node) : UnsafeBufferPointer(start: nil, count: 0)
    if table.typeID(text) != nil { return text }
    let name = String(decoding: text, as: UTF8.self)
    if XMLQualifiedName(name)?.uri == nil, XMLQualifiedName.isName(name) { return text }
    report(.error, .resourceType, node, "a resource without the name of a type cannot be written in XML")
    return nil
  }

  func report(_ severity: Issue.Severity, _ rule: Rule, _ node: Int, _ message: String) {
    issues.append(
      Issue(
        severity, rule, at: tree.expression(of: node, table: table), position: tree.position(of: node),
        message))
  }
}
