import CDefinitions

extension ResourceTree {
  /// The type of the root: of a resource its own, else that of the element that `rootExpression` names. `Bundle.entry[3]` is of the
  /// type of `Bundle.entry`.
  package func rootType(in table: DefinitionTable) -> TypeID? {
    if nodes[0].flags.kind == .resource { return table.typeID(rawText(0)) }
    let name = rootExpression.utf8.prefix { $0 != UInt8(ascii: "[") }
    return name.withContiguousStorageIfAvailable { table.typeID($0) } ?? table.typeID(String(Substring(name)))
  }

  /// The FHIRPath of a node: `Patient.contact[0].name`, `Observation.value.ofType(Quantity)`.
  ///
  /// An index is given wherever the element may repeat, by its definition or because it does. It is worked
  /// out from the root down when asked for, since almost no node is ever asked; cost grows with the node's
  /// elder siblings.
  ///
  /// - Parameter whole: leaves the last index out: the element as a whole rather than one of its items.
  package func expression(of index: Int, whole: Bool = false, table: DefinitionTable) -> String {
    var path = rootExpression
    var type = rootType(in: table)
    if nodes[0].flags.kind == .resource, path.isEmpty { path = String(decoding: rawText(0), as: UTF8.self) }
    var parent = 0
    while parent != index {
      guard let step = step(from: parent, towards: index) else { return path }
      let name = nodes[step.node].name
      let child = name.isUnknown ? nil : type.flatMap { table.child(name, of: $0) }
      path += "." + elementName(step.node, child: child, table: table)
      let repeats = child.map { table.elements[$0.element].max > 1 } ?? false
      if repeats || step.repeated || nodes[step.node].flags.contains(.item), !(whole && step.node == index) {
        path += "[\(step.position)]"
      }
      type = child.map { table.type(of: $0) }
      if nodes[step.node].flags.kind == .resource { type = table.typeID(rawText(step.node)) }
      parent = step.node
    }
    return path
  }

  private func elementName(_ node: Int, child: DefinitionTable.Child?, table: DefinitionTable) -> String {
    guard let child, table.elements[child.element].flags & UInt16(ELEMENT_CHOICE) != 0 else {
      return nameString(of: node, table: table)
    }
    let plain = table.string(of: NameID(rawValue: table.elements[child.element].name))
    return "\(plain).ofType(\(table.name(of: table.type(of: child))))"
  }

  private struct Step {
    let node: Int
    /// How many elder siblings bear the same name.
    let position: Int
    let repeated: Bool
  }

  /// The child of `parent` that is, or holds, the node `index`.
  private func step(from parent: Int, towards index: Int) -> Step? {
    let end = Int(nodes[parent].end)
    guard index > parent, index < end else { return nil }
    var node = parent + 1
    while Int(nodes[node].end) <= index { node = Int(nodes[node].end) }
    let name = nodes[node].name
    var position = 0
    var elder = parent + 1
    while elder < node {
      if nodes[elder].name == name { position += 1 }
      elder = Int(nodes[elder].end)
    }
    let next = Int(nodes[node].end)
    let repeated = position > 0 || (next < end && nodes[next].name == name)
    return Step(node: node, position: position, repeated: repeated)
  }
}
