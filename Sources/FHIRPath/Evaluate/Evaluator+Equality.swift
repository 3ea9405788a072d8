import FHIRModel

/// See https://hl7.org/fhirpath/N1/#equality
extension Evaluator {
  /// None, one or many items, without a list for the first two.
  enum Few {
    case none
    case one(Item)
    case many([Item])
  }

  func few(_ index: Int, _ focus: borrowing Focus) throws -> Few {
    if operations[index].shape != .stream { return try single(index, focus).map { .one($0) } ?? .none }
    var first: Item?
    var all: [Item] = []
    _ = try each(index, focus) { item in
      if !all.isEmpty {
        all.append(item)
      } else if let one = first {
        all = [one, item]
      } else {
        first = item
      }
      return true
    }
    if !all.isEmpty { return .many(all) }
    return first.map { .one($0) } ?? .none
  }

  func equality(_ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    let left = try few(Int(operation.a), focus)
    if case .none = left { return nil }
    switch (left, try few(Int(operation.b), focus)) {
    case (.none, _), (_, .none): return nil
    case (.one(let a), .one(let b)): return try areEqual(a, b)
    case (.many(let a), .many(let b)):
      guard a.count == b.count else { return false }
      var result: Bool? = true
      for (x, y) in zip(a, b) {
        switch try areEqual(x, y) {
        case false?: return false
        case nil: result = nil
        case true?: break
        }
      }
      return result
    default: return false
    }
  }

  func equivalence(_ operation: Operation, _ focus: borrowing Focus) throws -> Bool {
    switch (try few(Int(operation.a), focus), try few(Int(operation.b), focus)) {
    case (.none, .none): return true
    case (.none, _), (_, .none): return false
    case (.one(let a), .one(let b)): return try areEquivalent(a, b)
    case (.many(let a), .many(let b)): return try areEquivalent(a, b)
    default: return false
    }
  }

  /// Whether two items are equal; nil where that cannot be told, as for dates of different precision.
  func areEqual(_ a: Item, _ b: Item) throws -> Bool? {
    switch (a, b) {
    case (.string(let x), .string(let y)): return x.utf8.elementsEqual(y.utf8)
    case (.node(let node), .string(let text)), (.string(let text), .node(let node)):
      if isText(node) { return hasText(node) && isText(node, text) }
    case (.node(let x), .node(let y)):
      if x.tree == y.tree, x.index == y.index { return true }
      if let equal = areEqual(x, y) { return equal }
    default: break
    }
    guard let x = plain(a), let y = plain(b) else { return false }
    return areEqualValues(x, y)
  }

  private func isText(_ node: NodeRef, _ text: String) -> Bool {
    withText(node, scratch) { bytes in
      if text.utf8.count != bytes.count { return false }
      return text.utf8.withContiguousStorageIfAvailable {
        memoryEqual($0.baseAddress, bytes.baseAddress, bytes.count)
      } ?? text.utf8.elementsEqual(bytes)
    }
  }

  private func areEqualValues(_ a: Item, _ b: Item) -> Bool? {
    switch (a, b) {
    case (.boolean(let x), .boolean(let y)): return x == y
    case (.integer(let x), .integer(let y)): return x == y
    case (.integer(let x), .decimal(let y)), (.decimal(let y), .integer(let x)): return Decimal(x) == y
    case (.decimal(let x), .decimal(let y)): return x == y
    case (.string(let x), .string(let y)): return x.utf8.elementsEqual(y.utf8)
    case (.temporal(let x), .temporal(let y)):
      guard (x.kind == .time) == (y.kind == .time) else { return false }
      return x.order(y).map { $0 == 0 }
    case (.quantity(let x), .quantity(let y)): return x.isEqual(to: y)
    case (.quantity(let x), .integer(let y)), (.integer(let y), .quantity(let x)):
      return x.isEqual(to: Quantity(value: Decimal(y), unit: Quantity.unity))
    case (.quantity(let x), .decimal(let y)), (.decimal(let y), .quantity(let x)):
      return x.isEqual(to: Quantity(value: y, unit: Quantity.unity))
    case (.type(let namespace, let name), .type(let other, let otherName)):
      return namespace == other && name == otherName
    default: return false
    }
  }

  // MARK: Elements

  /// Whether two elements are equal. Nil: they are primitives or quantities with values, and those decide.
  private func areEqual(_ a: NodeRef, _ b: NodeRef) -> Bool? {
    let hasValues = (hasText(a), hasText(b))
    if hasValues.0 && hasValues.1 {
      guard isText(a), isText(b) else { return nil }
      return withText(a, scratch) { x in
        withText(b, otherScratch) { y in
          x.count == y.count && memoryEqual(x.baseAddress, y.baseAddress, x.count)
        }
      }
    }
    if hasValues.0 || hasValues.1 { return false }
    if isQuantity(a), isQuantity(b), let x = quantity(of: a), let y = quantity(of: b) {
      return x.isEqual(to: y) ?? false
    }
    return haveEqualChildren(a, b)
  }

  private func children(_ node: NodeRef) -> [(name: UInt16, node: NodeRef)] {
    var list: [(name: UInt16, node: NodeRef)] = []
    _ = eachChild(node) {
      list.append((name: views[Int($0.tree)].nodes[Int($0.index)].name.rawValue, node: $0))
      return true
    }
    // Members of different names may stand in any order; those of one name keep theirs.
    return list.sorted { ($0.name, $0.node.index) < ($1.name, $1.node.index) }
  }

  private func haveEqualChildren(_ a: NodeRef, _ b: NodeRef) -> Bool {
    let x = children(a)
    let y = children(b)
    guard x.count == y.count, resourceName(a) == resourceName(b) else { return false }
    for (one, other) in zip(x, y) {
      guard one.name == other.name else { return false }
      if let equal = areEqual(one.node, other.node) {
        if !equal { return false }
        continue
      }
      guard let left = value(of: one.node), let right = value(of: other.node),
        areEqualValues(left, right) == true
      else { return false }
    }
    return true
  }

  private func resourceName(_ node: NodeRef) -> UInt16 {
    views[Int(node.tree)].nodes[Int(node.index)].flags.kind == .resource ? node.type : 0
  }

  // MARK: Hashes

  /// A number that equal items share.
  func hash(_ item: Item) -> Int {
    var hash = StableHash()
    switch item {
    case .node(let node): return self.hash(node)
    case .string(let text):
      hash.combine(UInt8(ascii: "s"))
      for byte in text.utf8 { hash.combine(byte) }
    case .boolean(let value): hash.combine(value ? 3 : 5)
    case .integer(let value): return hashOfNumber(Decimal(value))
    case .decimal(let value): return hashOfNumber(value)
    case .temporal(let value): hash.combine(value.hashed)
    // A quantity may equal one of another unit, or a plain number.
    case .quantity(let value): return value.hashed
    case .type(_, let name): for byte in name.utf8 { hash.combine(byte) }
    }
    return hash.value
  }

  private func hashOfNumber(_ value: Decimal) -> Int {
    Quantity(value: value, unit: Quantity.unity).hashed
  }

  private func hash(_ node: NodeRef) -> Int {
    if hasText(node) {
      guard isText(node) else { return value(of: node).map { hash($0) } ?? 0 }
      var text = StableHash()
      text.combine(UInt8(ascii: "s"))
      withText(node, scratch) { text.combine($0) }
      return text.value
    }
    if let quantity = quantity(of: node) { return quantity.hashed }
    // Members of different names may stand in any order, so that their hashes are added up.
    var sum = 0
    _ = eachChild(node) { child in
      var member = StableHash()
      member.combine(Int(views[Int(child.tree)].nodes[Int(child.index)].name.rawValue))
      member.combine(hash(child))
      sum &+= member.value
      return true
    }
    return sum
  }
}
