import FHIRModel

/// Functions that give collections.
///
/// See https://hl7.org/fhirpath/N1/#filtering-and-projection, #subsetting and #combining
extension Evaluator {
  func eachOfCall(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    let input = Int(operation.a)
    if operation.flag { try keepInput(of: operation, focus) }
    switch operation.function {
    case .where, .select: return try projected(operation, focus, body)
    case .repeat: return try repeated(operation, focus, body)
    case .single:
      var only: Item?
      _ = try each(input, focus) { item in
        if only != nil { throw failure(index, "single() is for one item, and there are more") }
        only = item
        return true
      }
      return try only.map { try body($0) } ?? true
    case .first: return try slice(input, focus, from: 0, count: 1, body)
    case .tail: return try slice(input, focus, from: 1, count: Int.max, body)
    case .last:
      var last: Item?
      _ = try each(input, focus) {
        last = $0
        return true
      }
      return try last.map { try body($0) } ?? true
    case .skip:
      let count = try integer(argument(0, operation), focus) ?? 0
      return try slice(input, focus, from: max(0, count), count: Int.max, body)
    case .take:
      let count = try integer(argument(0, operation), focus) ?? 0
      return try slice(input, focus, from: 0, count: max(0, count), body)
    case .intersect, .exclude, .union, .combine, .distinct: return try combined(operation, focus, body)
    case .children:
      return try each(input, focus) { item in
        guard case .node(let node) = item else { return true }
        return try eachChild(node) { try body(.node($0)) }
      }
    case .descendants:
      return try each(input, focus) { item in
        guard case .node(let node) = item else { return true }
        return try eachDescendant(node) { try body(.node($0)) }
      }
    case .defineVariable: return try defined(operation, focus, body)
    case .type:
      return try each(input, focus) { item in
        let name = typeName(of: item)
        return try body(.type(namespace: name.namespace, name: name.name))
      }
    case .trace: return try traced(operation, focus, body)
    case .iif: return try decided(index, operation, focus, body)
    case .aggregate: return try aggregate(operation, focus, body)
    case .sort: return try sorted(index, operation, focus, body)
    case .toChars:
      guard let text = try text(input, focus, for: index) else { return true }
      for scalar in text.unicodeScalars where try !body(.string(String(Character(scalar)))) { return false }
      return true
    case .split: return try split(index, operation, focus, body)
    case .extension: return try extensions(index, operation, focus, body)
    case .resolve: return try resolved(operation, focus, body)
    case .checkModifiers: return try checkedModifiers(index, operation, focus, body)
    case .elementDefinition: return try definitions(index, operation, focus, body)
    case .slice: return try sliced(index, operation, focus, body)
    default: preconditionFailure("a function of another shape")
    }
  }

  private func projected(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let inner = argument(0, operation)
    let isFilter = operation.function == .where
    var position = 0
    return try each(Int(operation.a), focus) { item in
      let focus = Focus(this: item, index: position)
      position += 1
      if isFilter { return try truth(inner, focus) == true ? body(item) : true }
      return try each(inner, focus, body)
    }
  }

  /// Each item is found once, whatever ways lead to it.
  private func repeated(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let inner = argument(0, operation)
    var found = ItemSet()
    _ = try each(Int(operation.a), focus) { item in
      try each(inner, Focus(this: item, index: 0)) { try insert($0, into: &found) }
    }
    var next = 0
    while next < found.items.count {
      let item = found.items[next]
      next += 1
      _ = try each(inner, Focus(this: item, index: 0)) { try insert($0, into: &found) }
    }
    for item in found.items where try !body(item) { return false }
    return true
  }

  private func combined(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let input = Int(operation.a)
    var other = ItemSet()
    switch operation.function {
    case .combine: return try each(input, focus, body) && each(argument(0, operation), focus, body)
    case .union, .distinct:
      _ = try each(input, focus) { try insert($0, into: &other) }
      if operation.function == .union {
        _ = try each(argument(0, operation), focus) { try insert($0, into: &other) }
      }
      for item in other.items where try !body(item) { return false }
      return true
    default: break
    }
    _ = try each(argument(0, operation), focus) { try insert($0, into: &other) }
    let isExclusion = operation.function == .exclude
    var given = ItemSet()
    return try each(input, focus) { item in
      let hash = hash(item)
      let isThere = try other.contains(hash: hash) { try areEqual($0, item) == true }
      if isThere == isExclusion { return true }
      // What is in both is given once.
      if !isExclusion, try !given.insert(item, hash: hash, equals: { try areEqual($0, item) == true }) {
        return true
      }
      return try body(item)
    }
  }

  private func traced(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    guard environment != nil else { return try each(Int(operation.a), focus, body) }
    let name = try text(argument(0, operation), focus, for: argument(0, operation)) ?? ""
    let items = try collect(Int(operation.a), focus)
    var shown = items
    if operation.count > 1 {
      shown = []
      for (position, item) in items.enumerated() {
        shown += try collect(argument(1, operation), Focus(this: item, index: position))
      }
    }
    environment?.trace(name, shown, self)
    for item in items where try !body(item) { return false }
    return true
  }

  private func decided(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    let focus = Focus(this: try single(Int(operation.a), focus), index: focus.index)
    let criterion = try single(argument(0, operation), focus)
    var holds = false
    switch criterion.flatMap({ plain($0) }) {
    case .boolean(let value)?: holds = value
    case nil where criterion == nil: break
    default:
      throw failure(
        index, "iif() decides by true or false, and this is \(criterion.map { describe($0) } ?? "")")
    }
    if holds { return try each(argument(1, operation), focus, body) }
    return operation.count > 2 ? try each(argument(2, operation), focus, body) : true
  }

  private func aggregate(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    totals.append(operation.count > 1 ? try collect(argument(1, operation), focus) : [])
    defer { totals.removeLast() }
    var position = 0
    _ = try each(Int(operation.a), focus) { item in
      let total = try collect(argument(0, operation), Focus(this: item, index: position))
      totals[totals.count - 1] = total
      position += 1
      return true
    }
    for item in totals[totals.count - 1] where try !body(item) { return false }
    return true
  }

  private struct Keyed {
    let item: Item
    let keys: [Item?]
    let position: Int
  }

  /// Upwards by its keys, or downwards by those with a `-`. What has no key counts as the greatest.
  private func sorted(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    var items: [Keyed] = []
    _ = try each(Int(operation.a), focus) { item in
      var keys: [Item?] = []
      for key in 0..<Int(operation.count) {
        keys.append(try single(argument(key, operation), Focus(this: item, index: items.count)))
      }
      items.append(Keyed(item: item, keys: operation.count == 0 ? [item] : keys, position: items.count))
      return true
    }
    try items.sort { a, b in
      for key in a.keys.indices {
        var order = 0
        switch (a.keys[key], b.keys[key]) {
        case (let x?, let y?): order = try self.order(x, y, index) ?? 0
        case (nil, _?): order = 1
        case (_?, nil): order = -1
        case (nil, nil): break
        }
        if order != 0 { return operation.name & 1 << UInt16(key) == 0 ? order < 0 : order > 0 }
      }
      return a.position < b.position
    }
    for keyed in items where try !body(keyed.item) { return false }
    return true
  }
}
