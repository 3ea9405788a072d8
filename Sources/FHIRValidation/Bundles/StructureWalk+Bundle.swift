import CDefinitions
import FHIRModel

/// How the walk gathers what the rules for a whole Bundle need.
extension StructureWalk {
  /// Notes an entry of the Bundle that is being looked at.
  mutating func noteEntry(
    _ entry: Int, resource: Int?, fullUrl: Int?, marks: BundleScope.Marks
  ) {
    guard bundleDepth > 0 else { return }
    let names = plan.names
    var digest = BundleScope.Entry()
    digest.node = UInt32(entry)
    digest.marks = marks
    digest.firstReference = scope.references.count
    digest.place = BundleScope.Place(scope.cursor.position(of: entry, in: tree))
    if let fullUrl, nodes[fullUrl].textLength > 0 {
      digest.fullUrlPlace = BundleScope.Place(scope.cursor.position(of: fullUrl, in: tree))
      digest.fullUrl = keep(fullUrl)
      digest.isNamed = true
    }
    if marks.contains(.search), let search = tree.child(names.search, of: entry),
      let mode = tree.child(names.mode, of: search)
    {
      let isOutcome = tree.rawText(mode).elementsEqual("outcome".utf8)
      digest.marks.insert(isOutcome ? .asOutcome : .asResult)
    }
    if let resource {
      if tree.child(names.id, of: resource) != nil { digest.marks.insert(.identified) }
      digest.type = plan.table.resourceTypeID(tree.rawText(resource))
      if tree.rawText(resource).elementsEqual("OperationOutcome".utf8) { digest.marks.insert(.outcome) }
      if let meta = tree.child(names.meta, of: resource),
        let version = tree.child(names.versionID, of: meta)
      {
        digest.versionID = keep(version)
      }
    }
    scope.entries.append(digest)
  }

  /// Notes a reference that may lead to another entry. The frame is the reference's.
  mutating func noteReference(_ node: Int, literal: Int, _ reference: LiteralReference, _ child: PlanChild) {
    guard bundleDepth > 0 else { return }
    switch reference.form {
    case .relative, .absolute, .urn: break
    case .fragment, .conditional, .malformed: return
    }
    let text = keep(literal)
    let root =
      tree.rootExpression.isEmpty
      ? scope.add(root: tree.rawText(0)) : scope.add(root: tree.rootExpression.utf8)
    let rest = addPath()
    scope.references.append(
      BundleScope.Reference(
        text: text, root: root, rest: rest,
        place: BundleScope.Place(scope.cursor.position(of: node, in: tree)), element: child.element,
        typeRef: child.typeRef, node: UInt32(node), type: reference.type, form: reference.form,
        isVersioned: reference.isVersioned))
  }

  private mutating func keep(_ node: Int) -> BundleScope.Text {
    let raw = tree.rawText(node)
    guard nodes[node].flags.contains(.escaped) else { return scope.add(raw) }
    let decoded = TextBuffer(capacity: raw.count)
    _ = JSONEscapes.decode(raw, into: decoded)
    return withExtendedLifetime(decoded) {
      scope.add(UnsafeBufferPointer(start: $0.bytes, count: $0.count))
    }
  }

  // MARK: Bundles and Bundles in them

  /// Begins a Bundle: entries and references from here on are its own.
  mutating func beginBundle() {
    // The outermost Bundle's scope is the one that the walk was given.
    if bundleDepth > 0 {
      outerScopes.append(scope)
      scope = BundleScope()
    }
    bundleDepth += 1
  }

  /// Judges a Bundle all of whose entries stand in this tree.
  mutating func endBundle(_ node: Int) {
    bundleDepth -= 1
    if bundleDepth == 0 && isBundleOpen { return }
    // A tree that is a Bundle without entries may be what is left of one when its entries were cut from it.
    if node > 0 || !scope.isEmpty || tree.origin.isNone {
      let members = BundleMembers(of: node, in: tree, table: plan.table)
      for finding in scope.findings(members, table: plan.table, options: options) {
        guard findings.count < options.maxIssues else {
          overflowed = true
          break
        }
        findings.append(Finding(node: finding.node, issue: finding.issue))
      }
    }
    scope = outerScopes.popLast() ?? BundleScope()
  }

  // MARK: Paths

  /// How many siblings of one name stand before a node.
  struct SiblingCount {
    var parent = -1
    var node = 0
    var elder = 0
  }

  /// Adds the FHIRPath of the frame's node, from its tree's root on, to the scope.
  private mutating func addPath() -> BundleScope.Text {
    var path: [UInt8] = []
    swap(&path, &pathRoom)
    path.removeAll(keepingCapacity: true)
    defer { swap(&path, &pathRoom) }
    var level = 1
    while level <= depth {
      appendStep(level, to: &path)
      level += 1
    }
    return scope.add(path)
  }

  /// Appends one step of a path, as ``ResourceTree/expression(of:whole:table:)`` writes it.
  ///
  /// Elder siblings are counted once for all of them, so that a list of 100,000 references costs one pass.
  private mutating func appendStep(_ level: Int, to path: inout [UInt8]) {
    let table = plan.table
    let parent = frames[level - 1]
    let node = frames[level].node
    let name = nodes[node].name
    // Only known elements have a frame.
    guard let child = table.child(name, of: parent.type) else { return }
    let element = table.elements[child.element]
    path.append(UInt8(ascii: "."))
    if element.flags & UInt16(ELEMENT_CHOICE) != 0 {
      path.append(contentsOf: table.bytes(of: NameID(rawValue: element.name)))
      path.append(contentsOf: ".ofType(".utf8)
      path.append(contentsOf: table.bytes(ofString: table[table.type(of: child)].name))
      path.append(UInt8(ascii: ")"))
    } else {
      path.append(contentsOf: table.bytes(of: name))
    }
    guard element.max > 1 else { return }
    while siblings.count <= level { siblings.append(SiblingCount()) }
    var count = siblings[level]
    if count.parent != parent.node || count.node > node || nodes[count.node].name != name {
      count = SiblingCount(parent: parent.node, node: parent.node + 1, elder: 0)
    }
    while count.node < node {
      if nodes[count.node].name == name { count.elder += 1 }
      count.node = Int(nodes[count.node].end)
    }
    siblings[level] = count
    path.append(UInt8(ascii: "["))
    path.append(contentsOf: String(count.elder).utf8)
    path.append(UInt8(ascii: "]"))
  }
}

extension ResourceTree.Origin {
  /// Whether the tree comes from no source.
  var isNone: Bool {
    if case .none = self { true } else { false }
  }
}
