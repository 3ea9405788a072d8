package import FHIRModel

/// Which resource a record holds, and under which `_id` it is loaded.
package struct ResourceIdentity: Sendable, Equatable {
  package let type: String
  /// What the resource is known by: its own id; else the uuid of its `fullUrl`; else one derived from its first business
  /// identifier; else one derived from its content. The same input gives the same id in every run.
  package let id: String
  let target: TargetIndex.Target
  package let fullUrl: String?

  /// `Type/id`
  package var key: String { target.key }

  init(type: String, id: String, fullUrl: String?) {
    self.type = type
    self.id = id
    target = TargetIndex.Target(type: type, id: id)
    self.fullUrl = fullUrl
  }

  /// - Parameters:
  ///   - node: the resource's node: 0, or an entry's `resource`.
  ///   - content: the resource's bytes, for one that has nothing else to be known by.
  package init(of tree: ResourceTree, at node: Int, fullUrl: String?, content: () -> UInt64) {
    let names = KnownNames.r4
    let type = tree.string(at: node)
    let id: String
    if let own = tree.child(names.id, of: node), tree.nodes[own].textLength > 0 {
      id = tree.string(at: own)
    } else if let fullUrl,
      let tail = ResourceIdentity.identifierTail(of: ReferenceText.unversioned(fullUrl))
    {
      id = tail
    } else if let business = ResourceIdentity.identifiers(of: tree, at: node).first {
      id = ContentHash.uuid(
        of: TargetIndex.identifierName(type: type, system: business.system, value: business.value))
    } else {
      id = ContentHash.uuid(of: "\(type)#\(content())")
    }
    self.init(type: type, id: id, fullUrl: fullUrl)
  }

  /// The id that a `fullUrl` names: the uuid of a urn, or the last part of a RESTful URL.
  private static func identifierTail(of url: String) -> String? {
    let tail: Substring
    if url.hasPrefix("urn:uuid:") || url.hasPrefix("urn:oid:") {
      tail = url[url.index(after: url.lastIndex(of: ":") ?? url.startIndex)...]
    } else if let slash = url.lastIndex(of: "/") {
      tail = url[url.index(after: slash)...]
    } else {
      return nil
    }
    return isID(tail) ? String(tail) : nil
  }

  /// See http://hl7.org/fhir/R4/datatypes.html#id
  static func isID(_ text: some StringProtocol) -> Bool {
    let isOfIDs = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
      default: false
      }
    }
    return isOfIDs && (1...64).contains(text.utf8.count)
  }

  /// A business identifier.
  package struct Identifier: Sendable, Equatable {
    package let system: String?
    package let value: String
  }

  /// The identifiers of a resource that have a value.
  package static func identifiers(of tree: ResourceTree, at node: Int) -> [Identifier] {
    let names = KnownNames.r4
    var found: [Identifier] = []
    for child in tree.children(of: node) where tree.nodes[child].name == names.identifier {
      if let identifier = identifier(of: tree, at: child) { found.append(identifier) }
    }
    return found
  }

  /// The system and value of an Identifier element; nil when it has no value.
  package static func identifier(of tree: ResourceTree, at node: Int) -> Identifier? {
    let names = KnownNames.r4
    guard let value = tree.child(names.value, of: node), tree.nodes[value].textLength > 0 else { return nil }
    let system = tree.child(names.system, of: node).map { tree.string(at: $0) }
    return Identifier(system: system, value: tree.string(at: value))
  }

  /// The hashes of all that others may call the resource by: its identifiers with and without their systems, its `fullUrl`.
  static func nameHashes(of tree: ResourceTree, at node: Int, type: String, fullUrl: String?) -> [UInt64] {
    var hashes: [UInt64] = []
    forEachName(of: tree, at: node, type: type, fullUrl: fullUrl) { hashes.append(NameHash.of($0)) }
    return hashes
  }

  /// Hands over each name, as ``TargetIndex/identifierName(type:system:value:)`` writes those of identifiers.
  private static func forEachName(
    of tree: ResourceTree, at node: Int, type: String, fullUrl: String?,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    let known = KnownNames.r4
    var name: [UInt8] = []
    for identifier in tree.children(of: node) where tree.nodes[identifier].name == known.identifier {
      guard let value = tree.child(known.value, of: identifier), tree.nodes[value].textLength > 0 else {
        continue
      }
      for system in [tree.child(known.system, of: identifier), nil] {
        name.removeAll(keepingCapacity: true)
        name.append(contentsOf: type.utf8)
        name.append(contentsOf: "?identifier=".utf8)
        if let system { tree.append(textOf: system, to: &name) }
        name.append(UInt8(ascii: "|"))
        tree.append(textOf: value, to: &name)
        name.withUnsafeBytes(body)
        if system == nil { break }
      }
    }
    if var fullUrl { fullUrl.withUTF8 { body(UnsafeRawBufferPointer($0)) } }
  }
}

extension ResourceTree {
  /// Appends the text of a value, without JSON's escapes.
  fileprivate func append(textOf node: Int, to bytes: inout [UInt8]) {
    if nodes[node].flags.contains(.escaped) {
      bytes.append(contentsOf: string(at: node).utf8)
    } else {
      bytes.append(contentsOf: rawText(node))
    }
  }
}
