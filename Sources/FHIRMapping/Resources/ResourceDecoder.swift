package import BSON
import CDefinitions
package import FHIRModel

/// Reads a resource back from the BSON that a ``ResourceEncoder`` wrote, or that an application changed.
///
/// The tree's texts are slices of a copy of the document's bytes; only numbers are rendered anew.
package struct ResourceDecoder: Sendable {
  /// Which text a reference gets that was resolved to another at import.
  package enum References: Sendable {
    /// `Type/id`, as stored.
    case resolved
    /// As it came.
    case original
  }

  let table: DefinitionTable
  let references: References
  /// Whether members that say nothing (null, an empty text or list) are left out: FHIR has none, and applications write them.
  private let skipsNothing: Bool
  private let referenceName: NameID?
  private let referenceType: TypeID?
  private let idName: NameID?
  private let divName: NameID?
  private let textName: NameID?
  /// Names under which a resource may stand: contained, resource, …
  private let resourceHolders: Set<NameID>

  package init(
    table: DefinitionTable = .r4, references: References = .resolved, skipsNothing: Bool = false
  ) {
    self.table = table
    self.references = references
    self.skipsNothing = skipsNothing
    referenceName = table.nameID("reference")
    referenceType = table.typeID("Reference")
    idName = table.nameID("id")
    divName = table.nameID("div")
    textName = table.nameID("text")
    resourceHolders = Set(
      table.elements.lazy.filter { $0.flags & UInt16(ELEMENT_RESOURCE) != 0 }.map {
        NameID(rawValue: $0.name)
      })
  }

  /// The resource that a document or subdocument holds, in the shape of its FHIR JSON.
  ///
  /// - Parameter id: the id that others refer to the resource by; it gets it where it came without one, unless references
  ///   are given back as they came.
  /// - Throws: `BSONError` for bytes that are no BSON, or that lack a `resourceType`.
  package func decode(_ document: BSONView, id: String? = nil) throws(BSONError) -> ResourceTree {
    try decodeCounting(document, id: id).tree
  }

  /// The same, and how many of an application's values JSON has none for: they are left out, or null in a list.
  func decodeCounting(
    _ document: BSONView, id: String? = nil
  ) throws(BSONError) -> (tree: ResourceTree, unsaid: Int) {
    let buffer = TextBuffer(capacity: document.bytes.count + 64)
    _ = buffer.append(document.bytes.bindMemory(to: UInt8.self))
    let tree = ResourceTree(text: buffer, origin: .none, capacity: max(32, document.bytes.count / 24))
    // A view is never empty.
    var build = Build(
      decoder: self, tree: tree, buffer: buffer, base: document.bytes.baseAddress.unsafelyUnwrapped)
    try build.appendResource(document, name: .root, flags: [], id: references == .resolved ? id : nil)
    tree.textMoved(to: buffer)
    return (tree, build.unsaid)
  }

  /// One decoding under way.
  private struct Build {
    let decoder: ResourceDecoder
    let tree: ResourceTree
    let buffer: TextBuffer
    let base: UnsafeRawPointer
    var depth = 0
    /// Whether the object that is being read is called `text`, as a narrative is.
    var isNarrative = false
    /// Where a value stands that was found to say something, and so all that holds it does.
    var said: UnsafeRawPointer?
    /// How many values there are that JSON has none for.
    var unsaid = 0

    /// What an object's names tell before its members are read.
    private struct Outline {
      var hasCompanions = false
      var written: UnsafeRawBufferPointer?

      func hasCompanion(_ element: BSONElement, in view: BSONView) throws(BSONError) -> Bool {
        guard hasCompanions else { return false }
        return try Build.companion(of: element.key, in: view) != nil
      }
    }

    mutating func appendResource(
      _ view: BSONView, name: NameID, flags: NodeFlags, id: String? = nil
    ) throws(BSONError) {
      guard let type = try view.find("resourceType")?.string else { throw BSONError(.badValue) }
      let node = tree.append(
        Node(
          name: name, flags: flags.union(NodeFlags(.resource)), textStart: offset(of: type),
          textLength: UInt32(type.count)))
      isNarrative = false
      if let id, let idName = decoder.idName, DocumentID.isFHIRID(id), try !view.hasID {
        close(appendRendered(id, idName, [], .string))
      }
      try appendMembers(
        of: view, type: decoder.table.resourceTypeID(type.bindMemory(to: UInt8.self)), isResource: true)
      tree.close(node)
    }

    private func offset(of slice: UnsafeRawBufferPointer) -> UInt32 {
      slice.baseAddress.map { UInt32(truncatingIfNeeded: $0 - base) } ?? 0
    }

    // MARK: Objects

    private mutating func appendMembers(
      of view: BSONView, type: TypeID?, isResource: Bool
    ) throws(BSONError) {
      depth += 1
      defer { depth -= 1 }
      guard depth <= BSONLimit.depth else { throw BSONError(.tooDeep) }
      let outline = try outline(of: view, type: type)
      let isNarrative = isNarrative
      var iterator = view.makeIterator()
      var upcoming = try iterator.next()
      while let element = upcoming {
        upcoming = try iterator.next()
        if element.key.first == UInt8(ascii: "_"),
          try skipsUnderscore(element, in: view, type: type, isResource: isResource)
        {
          continue
        }
        if isResource, element.key.count == 12, element.hasKey("resourceType") { continue }
        if decoder.skipsNothing, element.saysNothing(butFor: &said),
          try !outline.hasCompanion(element, in: view)
        {
          unsaid += element.countOfNoJSON
          continue
        }
        var companion: BSONElement?
        if outline.hasCompanions {
          if let next = upcoming, Build.isCompanion(next, of: element.key) {
            if try Companion.fits(next, element) {
              companion = next
              upcoming = try iterator.next()
            }
          } else if let found = try Build.companion(of: element.key, in: view),
            try Companion.fits(found, element)
          {
            companion = found
          }
        }
        self.isNarrative = isNarrative
        try append(element, companion: companion, type: type, outline)
      }
    }

    private func outline(of view: BSONView, type: TypeID?) throws(BSONError) -> Outline {
      var outline = Outline()
      var iterator = view.makeIterator()
      while let element = try iterator.next() {
        guard element.key.first == UInt8(ascii: "_") else { continue }
        if element.type == .string {
          if element.hasKey("_written"), type == decoder.referenceType { outline.written = element.string }
        } else {
          outline.hasCompanions = true
        }
      }
      return outline
    }

    private static func isCompanion(_ element: BSONElement, of name: UnsafeRawBufferPointer) -> Bool {
      guard element.key.count == name.count + 1, element.key.first == UInt8(ascii: "_"),
        let key = element.key.baseAddress, let name = name.baseAddress
      else { return false }
      return equalBytes(key + 1, name, element.key.count - 1)
    }

    private static func companion(of name: UnsafeRawBufferPointer, in view: BSONView) throws(BSONError)
      -> BSONElement?
    {
      var iterator = view.makeIterator()
      while let element = try iterator.next() { if isCompanion(element, of: name) { return element } }
      return nil
    }

    /// Deals with a name that begins with "_"; false where it is a member like any other.
    private mutating func skipsUnderscore(
      _ element: BSONElement, in view: BSONView, type: TypeID?, isResource: Bool
    ) throws(BSONError) -> Bool {
      if element.type == .string {
        return type == decoder.referenceType && (element.hasKey("_written") || element.hasKey("_name"))
      }
      if isResource, element.hasKey("_fhirline") { return true }
      guard element.type == .document || element.type == .array, element.key.count > 1 else { return false }
      let name = UnsafeRawBufferPointer(rebasing: element.key[1...])
      var iterator = view.makeIterator()
      while let other = try iterator.next() {
        guard other.key.count == name.count, BSONKey(unchecked: name).equals(other.key) else { continue }
        // Read with its value, before or after; or, where it does not fit it, a member like any other.
        return try Companion.fits(element, other)
      }
      guard try Companion.standsAlone(element) else { return false }
      let (id, child) = try self.name(name, of: type)
      try appendPrimitives(id, nil, companion: element, type: child)
      return true
    }

    private func name(_ bytes: UnsafeRawBufferPointer, of type: TypeID?) throws(BSONError) -> (
      NameID, DefinitionTable.Child?
    ) {
      if let id = decoder.table.nameID(bytes.bindMemory(to: UInt8.self)) {
        return (id, type.flatMap { decoder.table.child(id, of: $0) })
      }
      guard let id = tree.internUnknown(String(decoding: bytes, as: UTF8.self)) else {
        throw BSONError(.tooLarge)
      }
      return (id, nil)
    }

    // MARK: Members

    private mutating func append(
      _ element: BSONElement, companion: BSONElement?, type: TypeID?, _ outline: Outline
    ) throws(BSONError) {
      let (id, child) = try name(element.key, of: type)
      if let companion {
        try appendPrimitives(id, element, companion: companion, type: child)
        return
      }
      if let array = element.array {
        if array.isEmpty {
          close(tree.append(Node(name: id, flags: NodeFlags(.emptyArray))))
          return
        }
        try appendItems(of: array, id, child)
        return
      }
      if let written = outline.written, decoder.references == .original, id == decoder.referenceName {
        appendText(written, id, NodeFlags(.string))
        return
      }
      try appendValue(element, id, child, flags: [])
    }

    private mutating func appendItems(
      of array: BSONView, _ id: NameID, _ child: DefinitionTable.Child?
    ) throws(BSONError) {
      var iterator = array.makeIterator()
      while let item = try iterator.next() { try appendValue(item, id, child, flags: .item) }
    }

    private func close(_ node: Int) { tree.close(node) }

    private mutating func appendValue(
      _ element: BSONElement, _ id: NameID, _ child: DefinitionTable.Child?, flags: NodeFlags
    ) throws(BSONError) {
      switch element.type {
      case .document:
        guard let view = element.document else { return }
        if decoder.resourceHolders.contains(id), try view.find("resourceType")?.string != nil {
          try appendResource(view, name: id, flags: flags)
          return
        }
        let node = tree.append(Node(name: id, flags: flags.union(NodeFlags(.none))))
        isNarrative = id == decoder.textName
        try appendMembers(of: view, type: child.map { decoder.table.type(of: $0) }, isResource: false)
        tree.close(node)
      case .array:
        // An array in an array: a node of its own, also where it is empty.
        guard let view = element.array else { return }
        depth += 1
        defer { depth -= 1 }
        guard depth <= BSONLimit.depth else { throw BSONError(.tooDeep) }
        let node = tree.append(Node(name: id, flags: flags.union(NodeFlags(.array))))
        try appendItems(of: view, id, child)
        tree.close(node)
      default: close(appendScalar(element, id, child, flags))
      }
    }

    // MARK: Primitives

    /// Appends a primitive with its companion, or a list of them with theirs.
    private mutating func appendPrimitives(
      _ id: NameID, _ values: BSONElement?, companion: BSONElement, type child: DefinitionTable.Child?
    ) throws(BSONError) {
      guard values?.array != nil || values == nil && companion.array != nil else {
        try appendPrimitive(id, values, companion, child, [])
        return
      }
      var valueItems = values?.array?.makeIterator()
      var companionItems = companion.array?.makeIterator()
      while true {
        let value = try valueItems?.next()
        let inner = try companionItems?.next()
        if value == nil && inner == nil { return }
        try appendPrimitive(id, value, inner, child, .item)
      }
    }

    private mutating func appendPrimitive(
      _ id: NameID, _ value: BSONElement?, _ companion: BSONElement?, _ child: DefinitionTable.Child?,
      _ flags: NodeFlags
    ) throws(BSONError) {
      guard let inner = companion?.document else {
        if let value {
          try appendValue(value, id, child, flags: flags)
        } else {
          close(tree.append(Node(name: id, flags: flags.union(NodeFlags(.null)))))
        }
        return
      }
      var node: Int
      if let value, !value.isNull, value.container == nil {
        node = appendScalar(value, id, child, flags.union(.companion))
      } else {
        node = tree.append(Node(name: id, flags: flags.union([NodeFlags(.none), .companion])))
      }
      try appendMembers(of: inner, type: child.map { decoder.table.type(of: $0) }, isResource: false)
      tree.close(node)
    }

    private func appendText(_ text: UnsafeRawBufferPointer, _ id: NameID, _ flags: NodeFlags) {
      close(
        tree.append(
          Node(
            name: id, flags: flags.union(.hasValue), textStart: offset(of: text),
            textLength: UInt32(text.count))))
    }

    /// Appends an open node with a value; the caller closes it.
    private mutating func appendScalar(
      _ element: BSONElement, _ id: NameID, _ child: DefinitionTable.Child?, _ flags: NodeFlags
    ) -> Int {
      switch element.type {
      case .string:
        // A string element always has its text.
        let text = element.string.unsafelyUnwrapped
        var flags = flags.union([NodeFlags(.string), .hasValue])
        if id == decoder.divName, isNarrative { flags.insert(.xhtml) }
        return tree.append(
          Node(name: id, flags: flags, textStart: offset(of: text), textLength: UInt32(text.count)))
      case .binary where element.binary?.subtype == BinarySubtype.token:
        return appendToken(element.binary.unsafelyUnwrapped.bytes, id, flags)
      default:
        guard let rendered = RenderedScalar(element) else {
          if element.hasNoJSON { unsaid += 1 }
          return tree.append(Node(name: id, flags: flags.union(NodeFlags(.null))))
        }
        return appendRendered(rendered.text, id, flags, rendered.kind)
      }
    }

    private func appendRendered(_ text: String, _ id: NameID, _ flags: NodeFlags, _ kind: ValueKind) -> Int {
      let start = buffer.append(text)
      return tree.append(
        Node(
          name: id, flags: flags.union([NodeFlags(kind), .hasValue]),
          textStart: UInt32(truncatingIfNeeded: start),
          textLength: UInt32(text.utf8.count)))
    }

    /// A JSON token that was kept as it came: a string with its quotes, or a number.
    private func appendToken(_ token: UnsafeRawBufferPointer, _ id: NameID, _ flags: NodeFlags) -> Int {
      var flags = flags.union(.hasValue)
      var text = token
      if token.count >= 2, token.first == UInt8(ascii: "\"") {
        text = UnsafeRawBufferPointer(rebasing: token[1..<token.count - 1])
        flags.insert(NodeFlags(.string))
        if text.contains(UInt8(ascii: "\\")) { flags.insert(.escaped) }
      } else {
        flags.insert(NodeFlags(.number))
      }
      return tree.append(
        Node(name: id, flags: flags, textStart: offset(of: text), textLength: UInt32(text.count)))
    }
  }
}

/// The rules by which `_name` is the companion of `name`; the JSON reader's own.
///
/// See https://hl7.org/fhir/R4/json.html#primitive
private enum Companion {
  /// Whether a companion can be joined with a value: both single, or lists of one length.
  static func fits(_ companion: BSONElement, _ value: BSONElement) throws(BSONError) -> Bool {
    guard let items = companion.array else {
      return companion.type == .document && value.container == nil
    }
    guard let values = value.array else { return false }
    var left = items.makeIterator()
    var right = values.makeIterator()
    var hasObject = false
    while true {
      let item = try left.next()
      let value = try right.next()
      guard let item, let value else { return item == nil && value == nil && hasObject }
      guard item.type == .document || item.isNull, value.container == nil else { return false }
      hasObject = hasObject || item.type == .document
    }
  }

  /// Whether a companion without a value says something: an object, or a list of objects and nulls.
  static func standsAlone(_ companion: BSONElement) throws(BSONError) -> Bool {
    guard let items = companion.array else { return companion.type == .document }
    var iterator = items.makeIterator()
    var hasObject = false
    while let item = try iterator.next() {
      guard item.type == .document || item.isNull else { return false }
      hasObject = hasObject || item.type == .document
    }
    return hasObject
  }
}

extension BSONView {
  /// Whether a resource has an id, be it one without a value.
  fileprivate var hasID: Bool {
    get throws(BSONError) {
      if try find("id") != nil { return true }
      return try find("_id") != nil
    }
  }
}
