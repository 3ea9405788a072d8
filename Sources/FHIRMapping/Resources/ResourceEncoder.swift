package import BSON
import CDefinitions
package import FHIRModel

/// Writes a resource into BSON in the shape of its FHIR JSON.
///
/// Members stand in the order of the definition, whatever the order of the source, so that JSON and XML give the same
/// bytes; names that the definition does not know follow in the source's order. Numbers keep their text (see
/// `appendNumber`). One encoder serves one thread; it keeps its scratch memory from resource to resource.
package struct ResourceEncoder: ~Copyable {
  /// Levels of documents and arrays within one resource. MongoDB's server takes 200, of which a section takes some.
  package static let maximumDepth = 180

  let table: DefinitionTable
  let keys: NameKeys
  /// Decoded text, between reading and writing it.
  let scratch = TextBuffer()
  private let referenceName: NameID?
  private let referenceType: TypeID?
  private var rewrites = ReferenceRewrites()
  /// A stack: the runs of the elements that are being written.
  private var runs = MemoryStack<Run>(capacity: 256)
  private var depth = 0
  /// Where the writer is to be at most.
  private var most = Int.max

  /// The nodes of one name below one element.
  struct Run: BitwiseCopyable {
    var order: Int
    var first: Int
    var count: Int
    var type: TypeID?
    var traits: Traits
  }

  struct Traits: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    static let repeats = Traits(rawValue: 1)
    static let primitive = Traits(rawValue: 2)
    static let known = Traits(rawValue: 4)
    /// A node of this run wrote its name already.
    static let scattered = Traits(rawValue: 8)
  }

  package init(table: DefinitionTable = .r4) {
    self.table = table
    keys = NameKeys.r4
    referenceName = table.nameID("reference")
    referenceType = table.typeID("Reference")
  }

  /// Writes the resource at a node as the writer's next value.
  ///
  /// - Parameters:
  ///   - key: the resource's key, kept within it; for resources whose type and id do not say it.
  ///   - most: how many bytes it may take; what is larger is not written to its end.
  /// - Throws: where a document cannot hold the resource. What was written is then taken back.
  package mutating func encode(
    _ tree: ResourceTree, node: Int = 0, key: String? = nil, rewrites: ReferenceRewrites? = nil,
    most: Int = .max, into writer: inout BSONWriter
  ) throws(EncodingFailure) {
    guard tree.nodes[node].flags.kind == .resource else { throw EncodingFailure(.notAResource, node: node) }
    if let rewrites, !rewrites.isEmpty { self.rewrites = rewrites }
    // Who made them uses their memory again for the next resource, if nobody else holds them.
    defer { self.rewrites = ReferenceRewrites() }
    runs.truncate(to: 0)
    depth = 0
    self.most = most == .max ? .max : writer.count + most
    try appendResource(node, of: tree, key: key, to: &writer)
    guard writer.count <= self.most else { throw EncodingFailure(.tooLarge, node: node) }
  }

  /// Whether a node's text, and what was written before it, is more than is allowed.
  private func isTooLarge(_ node: Int, _ tree: ResourceTree, _ writer: borrowing BSONWriter) -> Bool {
    writer.count + Int(tree.nodes[node].textLength) > most
  }

  /// How many bytes a resource takes at least: names and lengths are left out.
  package static func leastBytes(of tree: ResourceTree, node: Int) -> Int {
    var bytes = 0
    for index in node..<Int(tree.nodes[node].end) {
      let flags = tree.nodes[index].flags
      // A type and a name, or an index, that ends in a zero.
      bytes += 3
      guard flags.kind == .string || flags.kind == .text, flags.contains(.hasValue) else { continue }
      // An escape may stand for one byte with six; what XML wrote may be a number.
      bytes += Int(tree.nodes[index].textLength) / (flags.contains(.escaped) || flags.kind == .text ? 6 : 1)
    }
    return bytes
  }

  private mutating func appendResource(
    _ node: Int, of tree: ResourceTree, key: String?, to writer: inout BSONWriter
  ) throws(EncodingFailure) {
    let name = tree.rawText(node)
    writer.beginDocument()
    if tree.nodes[node].flags.contains(.escaped) {
      writer.append("resourceType", string: tree.string(at: node))
    } else {
      writer.append("resourceType", string: UnsafeRawBufferPointer(name))
    }
    if let key {
      writer.beginDocument("_fhirline")
      writer.append("key", string: key)
      writer.endDocument()
    }
    try appendMembers(of: node, type: table.resourceTypeID(name), tree, to: &writer, isTop: depth == 0)
    writer.endDocument()
  }

  // MARK: Objects

  private mutating func appendMembers(
    of node: Int, type: TypeID?, _ tree: ResourceTree, to writer: inout BSONWriter, isTop: Bool = false
  ) throws(EncodingFailure) {
    depth += 1
    guard depth <= ResourceEncoder.maximumDepth else { throw EncodingFailure(.tooDeep, node: node) }
    let base = runs.count
    try collectRuns(of: node, type: type, tree, isTop: isTop)
    var at = base
    while at < runs.count {
      let run = runs[at]
      try append(run, tree, to: &writer)
      at += 1
    }
    runs.truncate(to: base)
    depth -= 1
  }

  /// Pushes the runs of an element's children, sorted as the definition orders them.
  private mutating func collectRuns(
    of node: Int, type: TypeID?, _ tree: ResourceTree, isTop: Bool
  ) throws(EncodingFailure) {
    let nodes = tree.nodes
    let base = runs.count
    let end = Int(nodes[node].end)
    var child = node + 1
    var isSorted = true
    var last = -1
    while child < end {
      let name = nodes[child].name
      if nodes[child].flags.contains(.duplicate) { throw EncodingFailure(.duplicateName, node: child) }
      var run = makeRun(name, first: child, type: type)
      child = Int(nodes[child].end)
      while child < end, nodes[child].name == name, !nodes[child].flags.contains(.duplicate) {
        run.count += 1
        child = Int(nodes[child].end)
      }
      if name.isUnknown, isTop || type == referenceType {
        let text = tree.unknownNames[Int(name.rawValue - NameID.unknown)]
        if isTop ? text == Reserved.bookkeeping : text == Reserved.written || text == Reserved.targetName {
          throw EncodingFailure(.reservedName, node: run.first)
        }
      }
      // The same order twice is two names of a choice, two unknown names, or a name come back: all need a look.
      if run.order <= last { isSorted = false }
      last = run.order
      runs.append(run)
    }
    if !isSorted { try sortRuns(from: base, tree) }
  }

  private func makeRun(_ name: NameID, first: Int, type: TypeID?) -> Run {
    guard let type, !name.isUnknown, let child = table.child(name, of: type) else {
      return Run(order: Int.max, first: first, count: 1, type: nil, traits: [])
    }
    let element = table.elements[child.element]
    let childType = table.type(of: child)
    var traits: Traits = .known
    if element.max > 1 { traits.insert(.repeats) }
    if table[childType].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) { traits.insert(.primitive) }
    return Run(order: Int(element.order), first: first, count: 1, type: childType, traits: traits)
  }

  /// Brings runs into order and joins those of one name, which XML may have scattered.
  private mutating func sortRuns(from base: Int, _ tree: ResourceTree) throws(EncodingFailure) {
    var unsorted = runs.elements(from: base)
    unsorted.sort { ($0.order, $0.first) < ($1.order, $1.first) }
    // Names that the definition does not know have one order, and there may be any number of them.
    var unknown: [NameID: Int] = [:]
    var kept = base
    for at in base..<runs.count {
      let run = runs[at]
      let name = tree.nodes[run.first].name
      var first = kept - 1
      if run.order == Int.max {
        first = unknown[name] ?? -1
        if first < 0 { unknown[name] = kept }
      } else {
        // Runs of one name have one order; the names of a choice share it.
        while first >= base, runs[first].order == run.order, tree.nodes[runs[first].first].name != name {
          first -= 1
        }
      }
      if first >= base, runs[first].order == run.order {
        runs[first].count += run.count
        runs[first].traits.insert(.scattered)
      } else {
        runs[kept] = run
        kept += 1
      }
    }
    runs.truncate(to: kept)
  }

  // MARK: Members

  private mutating func append(_ run: Run, _ tree: ResourceTree, to writer: inout BSONWriter)
    throws(EncodingFailure)
  {
    let nodes = tree.nodes
    let first = nodes[run.first]
    if isTooLarge(run.first, tree, writer) { throw EncodingFailure(.tooLarge, node: run.first) }
    if run.count == 1 {
      if !first.flags.contains(.item), !run.traits.contains(.repeats) || isFromJSON(tree) {
        try appendSingle(run.first, run, tree, to: &writer)
        return
      }
    }
    var items: [Int] = []
    if run.traits.contains(.scattered) { items = scatteredItems(of: run, tree) }
    try appendArray(run, items: items, tree, to: &writer)
  }

  @inline(__always)
  private func isFromJSON(_ tree: ResourceTree) -> Bool {
    // What JSON wrote as one value is kept as one, though the definition wants a list: it is reported, not repaired.
    if case .lines = tree.origin { return false }
    return true
  }

  /// All siblings of the name, wherever they stand.
  private func scatteredItems(of run: Run, _ tree: ResourceTree) -> [Int] {
    let name = tree.nodes[run.first].name
    var items: [Int] = []
    var at = run.first
    while items.count < run.count {
      if tree.nodes[at].name == name { items.append(at) }
      at = Int(tree.nodes[at].end)
    }
    return items
  }

  private mutating func appendSingle(
    _ node: Int, _ run: Run, _ tree: ResourceTree, to writer: inout BSONWriter
  ) throws(EncodingFailure) {
    let flags = tree.nodes[node].flags
    let isLeaf = Int(tree.nodes[node].end) == node + 1
    switch flags.kind {
    case .none:
      if isPrimitive(node, run, tree) {
        try appendKey(node, tree, isCompanion: true, to: &writer)
      } else {
        try appendKey(node, tree, isCompanion: false, to: &writer)
      }
      writer.beginDocument()
      try appendMembers(of: node, type: run.type, tree, to: &writer)
      writer.endDocument()
    case .resource, .array, .emptyArray:
      try appendKey(node, tree, isCompanion: false, to: &writer)
      try appendItem(node, run, tree, to: &writer)
    case .string, .number, .boolean, .null, .text:
      try appendKey(node, tree, isCompanion: false, to: &writer)
      let isReference = !rewrites.isEmpty && tree.nodes[node].name == referenceName
      if isReference, let text = rewrites.text(for: node) {
        writer.append(string: text)
        writer.key("_written")
      }
      appendScalar(node, type: run.type, tree, to: &writer)
      if isReference, let name = rewrites.targetName(for: node) {
        writer.key("_name")
        writer.append(string: name)
      }
      if !isLeaf {
        try appendKey(node, tree, isCompanion: true, to: &writer)
        writer.beginDocument()
        try appendMembers(of: node, type: run.type, tree, to: &writer)
        writer.endDocument()
      }
    }
  }

  /// Whether a node without a value is a primitive that has extensions only.
  private func isPrimitive(_ node: Int, _ run: Run, _ tree: ResourceTree) -> Bool {
    tree.nodes[node].flags.contains(.companion)
      || run.traits.contains(.primitive) && !(isFromJSON(tree))
  }

  // MARK: Arrays

  private mutating func appendArray(
    _ run: Run, items: [Int], _ tree: ResourceTree, to writer: inout BSONWriter
  ) throws(EncodingFailure) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ResourceEncoder.maximumDepth else { throw EncodingFailure(.tooDeep, node: run.first) }
    var hasValues = false
    var hasCompanions = false
    forEachItem(of: run, items, tree) { node in
      let isCompanion = hasCompanion(node, run, tree)
      if isCompanion { hasCompanions = true }
      if tree.nodes[node].flags.kind != .none || !isCompanion { hasValues = true }
    }
    if hasValues {
      try appendKey(run.first, tree, isCompanion: false, to: &writer)
      writer.beginArray()
      var node = run.first
      for number in 0..<run.count {
        if !items.isEmpty { node = items[number] }
        if tree.nodes[node].flags.kind == .none, hasCompanion(node, run, tree) {
          writer.appendNull()
        } else {
          try appendItem(node, run, tree, to: &writer)
        }
        node = Int(tree.nodes[node].end)
      }
      writer.endArray()
    }
    guard hasCompanions else { return }
    try appendKey(run.first, tree, isCompanion: true, to: &writer)
    writer.beginArray()
    var node = run.first
    for number in 0..<run.count {
      if !items.isEmpty { node = items[number] }
      if hasCompanion(node, run, tree) {
        writer.beginDocument()
        try appendMembers(of: node, type: run.type, tree, to: &writer)
        writer.endDocument()
      } else {
        writer.appendNull()
      }
      node = Int(tree.nodes[node].end)
    }
    writer.endArray()
  }

  private func forEachItem(of run: Run, _ items: [Int], _ tree: ResourceTree, _ body: (Int) -> Void) {
    if !items.isEmpty {
      for item in items { body(item) }
      return
    }
    var node = run.first
    for _ in 0..<run.count {
      body(node)
      node = Int(tree.nodes[node].end)
    }
  }

  /// Whether a node of a list has something to say in the list of companions.
  private func hasCompanion(_ node: Int, _ run: Run, _ tree: ResourceTree) -> Bool {
    switch tree.nodes[node].flags.kind {
    case .none: isPrimitive(node, run, tree)
    case .string, .number, .boolean, .null, .text: Int(tree.nodes[node].end) > node + 1
    case .resource, .array, .emptyArray: false
    }
  }

  /// Writes a node as a value, its companion left out.
  private mutating func appendItem(
    _ node: Int, _ run: Run, _ tree: ResourceTree, to writer: inout BSONWriter
  ) throws(EncodingFailure) {
    if isTooLarge(node, tree, writer) { throw EncodingFailure(.tooLarge, node: node) }
    switch tree.nodes[node].flags.kind {
    case .none:
      writer.beginDocument()
      try appendMembers(of: node, type: run.type, tree, to: &writer)
      writer.endDocument()
    case .resource: try appendResource(node, of: tree, key: nil, to: &writer)
    case .emptyArray:
      writer.beginArray()
      writer.endArray()
    case .array:
      depth += 1
      guard depth <= ResourceEncoder.maximumDepth else { throw EncodingFailure(.tooDeep, node: node) }
      writer.beginArray()
      for item in tree.children(of: node) { try appendItem(item, run, tree, to: &writer) }
      writer.endArray()
      depth -= 1
    case .string, .number, .boolean, .null, .text: appendScalar(node, type: run.type, tree, to: &writer)
    }
  }

  // MARK: Names

  private func appendKey(
    _ node: Int, _ tree: ResourceTree, isCompanion: Bool, to writer: inout BSONWriter
  ) throws(EncodingFailure) {
    let name = tree.nodes[node].name
    if !name.isUnknown {
      writer.key(isCompanion ? keys.companion(name) : keys.key(name))
      return
    }
    let text = tree.unknownNames[Int(name.rawValue - NameID.unknown)]
    do throws(BSONError) {
      try writer.key(string: isCompanion ? "_" + text : text)
    } catch {
      throw EncodingFailure(.nulInName, node: node)
    }
  }
}
