import CDefinitions
import FHIRModel

/// Items one after the other. The callback says whether it wants more, and so does the result.
extension Evaluator {
  typealias Body = (Item) throws -> Bool

  /// Gives the items of an operation.
  ///
  /// `dynamic` keeps the optimiser from making a copy of this, and of all that it calls, for each callback that it is
  /// given, and again for the callbacks that those make: it would not end.
  dynamic func each(_ index: Int, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let operation = operations[index]
    switch operation.shape {
    case .boolean:
      guard let truth = try truth(index, focus) else { return true }
      return try body(.boolean(truth))
    case .scalar:
      guard let value = try scalar(index, focus) else { return true }
      return try body(value)
    case .stream: break
    }
    switch operation.code {
    case .nothing: return true
    case .this:
      guard let this = focus.this else { return true }
      return try body(this)
    case .context: return try context.map { try body(.node($0)) } ?? true
    case .resource: return try resource.map { try body(.node($0)) } ?? true
    case .rootResource: return try rootResource.map { try body(.node($0)) } ?? true
    case .variable:
      for item in items(at: operation.name) where try !body(item) { return false }
      return true
    case .constants:
      for constant in 0..<Int(operation.count) {
        if try !body(constants[Int(operation.a) + constant]) { return false }
      }
      return true
    case .total:
      guard let total = totals.last else { return true }
      for item in total where try !body(item) { return false }
      return true
    case .root:
      guard case .node(let node)? = focus.this, isSelf(node, operation.name) else { return true }
      return try body(.node(node))
    case .path: return try eachOfPath(operation, focus, body)
    case .index:
      guard let position = try integer(Int(operation.b), focus), position >= 0 else { return true }
      return try slice(Int(operation.a), focus, from: position, count: 1, body)
    case .as: return try eachOfType(index, operation, focus, body)
    case .union:
      var set = ItemSet()
      for operand in 0..<Int(operation.count) {
        _ = try each(Int(operands[Int(operation.a) + operand]), focus) { try insert($0, into: &set) }
      }
      for item in set.items where try !body(item) { return false }
      return true
    case .call: return try eachOfCall(index, operation, focus, body)
    default: preconditionFailure("an operation of another shape")
    }
  }

  /// Gives `count` items, leaving out those before `from`; looks at no more than it must.
  func slice(_ index: Int, _ focus: borrowing Focus, from: Int, count: Int, _ body: Body) throws -> Bool {
    guard count > 0 else { return true }
    var position = 0
    var goesOn = true
    let end = from.addingReportingOverflow(count).overflow ? Int.max : from + count
    _ = try each(index, focus) { item in
      defer { position += 1 }
      guard position >= from else { return true }
      goesOn = try body(item)
      return goesOn && position + 1 < end
    }
    return goesOn
  }

  func insert(_ item: Item, into set: inout ItemSet) throws -> Bool {
    _ = try set.insert(item, hash: hash(item)) { try areEqual($0, item) == true }
    return true
  }

  func collect(_ index: Int, _ focus: borrowing Focus) throws -> [Item] {
    var items: [Item] = []
    _ = try each(index, focus) {
      items.append($0)
      return true
    }
    return items
  }

  /// The only item of an operation, or nil if there is none; an error if there are more.
  func single(_ index: Int, _ focus: borrowing Focus) throws -> Item? {
    switch operations[index].shape {
    case .boolean: return try truth(index, focus).map { .boolean($0) }
    case .scalar: return try scalar(index, focus)
    case .stream: break
    }
    var found: Item?
    _ = try each(index, focus) { item in
      if found != nil {
        throw failure(index, "there is more than one item where one at most is expected")
      }
      found = item
      return true
    }
    return found
  }

  // MARK: Navigation

  private func isSelf(_ node: NodeRef, _ type: UInt16) -> Bool {
    if node.type == type { return true }
    guard let known = node.typeID else { return false }
    return table.isSubtype(known, of: TypeID(rawValue: type))
  }

  private func eachOfPath(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let first = steps + Int(operation.b)
    let last = first + Int(operation.count)
    let base = Int(operation.a)
    if operations[base].code == .this, case .node(let node)? = focus.this {
      return try walk(node, first, last, body)
    }
    return try each(base, focus) { item in
      if case .node(let node) = item { return try walk(node, first, last, body) }
      return try member(of: item, first, last, body)
    }
  }

  /// Gives the elements at the end of a path of names.
  private func walk(
    _ node: NodeRef, _ step: UnsafeMutablePointer<PathStep>, _ last: UnsafeMutablePointer<PathStep>,
    _ body: Body
  ) throws -> Bool {
    let nodes = views[Int(node.tree)].nodes
    var index = Int(node.index) &+ 1
    let end = Int(nodes[index &- 1].end)
    let wanted = step.pointee.name
    let isChoice = step.pointee.isChoice
    let next = step + 1
    while index < end {
      let name = nodes[index].name.rawValue
      if name == wanted || (isChoice && name < NameID.unknown && choices[Int(name)] == wanted),
        let child = child(index, of: node, wanted: wanted)
      {
        let goesOn = try next == last ? body(.node(child)) : walk(child, next, last, body)
        if !goesOn { return false }
      }
      index = Int(nodes[index].end)
    }
    return true
  }

  /// A child, with the type that its definition gives it; nil where nothing stands, or not what is wanted.
  ///
  /// - Parameter wanted: the name of the element in the definitions, as `value` for valueQuantity; nil for any.
  @inline(__always)
  private func child(_ index: Int, of parent: NodeRef, wanted: UInt16?) -> NodeRef? {
    let view = views[Int(parent.tree)]
    let node = view.nodes[index]
    var type = NodeRef.unknownType
    switch node.flags.kind {
    case .emptyArray, .array, .null: return nil
    case .resource: type = resourceType(view, index)
    default:
      if parent.type != NodeRef.unknownType, !node.name.isUnknown,
        let child = table.child(node.name, of: TypeID(rawValue: parent.type))
      {
        if let wanted, table.elements[child.element].name != wanted { return nil }
        type = table.typeRefs[child.typeRef].type
      } else if let wanted, node.name.rawValue != wanted {
        return nil
      }
    }
    return NodeRef(tree: parent.tree, type: type, index: UInt32(truncatingIfNeeded: index))
  }

  func resourceType(_ view: View, _ index: Int) -> UInt16 {
    let node = view.nodes[index]
    guard node.flags.kind == .resource else { return NodeRef.unknownType }
    let name = UnsafeBufferPointer(start: view.text + Int(node.textStart), count: Int(node.textLength))
    return table.resourceTypeID(name)?.rawValue ?? NodeRef.unknownType
  }

  dynamic func eachChild(_ node: NodeRef, _ body: (NodeRef) throws -> Bool) rethrows -> Bool {
    let nodes = views[Int(node.tree)].nodes
    var index = Int(node.index) &+ 1
    let end = Int(nodes[index &- 1].end)
    while index < end {
      if let child = child(index, of: node, wanted: nil), try !body(child) { return false }
      index = Int(nodes[index].end)
    }
    return true
  }

  /// Everything below an element. Recurses as deep as the tree is, which its reader has limited.
  dynamic func eachDescendant(_ node: NodeRef, _ body: (NodeRef) throws -> Bool) rethrows -> Bool {
    try eachChild(node) { try body($0) && eachDescendant($0, body) }
  }

  /// The first child of that very name.
  func child(_ name: NameID, of node: NodeRef) -> NodeRef? {
    let nodes = views[Int(node.tree)].nodes
    var index = Int(node.index) &+ 1
    let end = Int(nodes[index &- 1].end)
    while index < end {
      if nodes[index].name == name { return child(index, of: node, wanted: nil) }
      index = Int(nodes[index].end)
    }
    return nil
  }

  /// Members of what is no element: of a quantity, and of what `type()` gives.
  private func member(
    of item: Item, _ step: UnsafeMutablePointer<PathStep>, _ last: UnsafeMutablePointer<PathStep>,
    _ body: Body
  ) throws -> Bool {
    guard step + 1 == last, case .string(let name) = constants[Int(step.pointee.text)] else { return true }
    switch (item, name) {
    case (.type(let namespace, _), "namespace"): return try body(.string(namespace))
    case (.type(_, let type), "name"): return try body(.string(type))
    case (.quantity(let quantity), "value"): return try body(.decimal(quantity.value))
    case (.quantity(let quantity), "unit"), (.quantity(let quantity), "code"):
      return try body(.string(quantity.unit))
    default: return true
    }
  }

  // MARK: Types

  private func eachOfType(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    var count = 0
    return try each(Int(operation.a), focus) { item in
      count += 1
      if !operation.flag, count > 1 {
        throw failure(index, "as() takes one item: to choose among several there is ofType()")
      }
      return isOfType(item, operation, exactly: true) ? try body(item) : true
    }
  }

  /// Whether an item is of the type that an operation names.
  ///
  /// - Parameter exactly: a primitive must be of that very type, as `as` and `ofType` want it (a code is a string,
  ///   but not one that FHIR would choose as a string); for `is` a derived one will do.
  func isOfType(_ item: Item, _ operation: Operation, exactly: Bool) -> Bool {
    let system = operation.b < 0 ? nil : SystemType.allCases[Int(operation.b)]
    guard case .node(let node) = item else {
      guard let type = item.systemType else { return false }
      return type == system || system == .any
    }
    if operation.name == NodeRef.unknownType || node.type == NodeRef.unknownType { return false }
    if node.type == operation.name { return true }
    let type = TypeID(rawValue: node.type)
    if exactly, schema.isPrimitive(type) { return false }
    return table.isSubtype(type, of: TypeID(rawValue: operation.name))
  }
}
