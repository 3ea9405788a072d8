import FHIRModel

/// See https://hl7.org/fhirpath/N1/#equivalence
extension Evaluator {
  func areEquivalent(_ a: Item, _ b: Item) throws -> Bool {
    if case .node(let x) = a, case .node(let y) = b {
      if x.tree == y.tree, x.index == y.index { return true }
      if value(of: x) == nil || value(of: y) == nil, quantity(of: x) == nil || quantity(of: y) == nil {
        return try haveEquivalentChildren(x, y)
      }
    }
    guard let x = plain(a), let y = plain(b) else { return false }
    switch (x, y) {
    case (.string(let x), .string(let y)): return Evaluator.folded(x) == Evaluator.folded(y)
    case (.integer(let x), .decimal(let y)): return Decimal(x).isEquivalent(to: y)
    case (.decimal(let x), .integer(let y)): return x.isEquivalent(to: Decimal(y))
    case (.decimal(let x), .decimal(let y)): return x.isEquivalent(to: y)
    case (.temporal(let x), .temporal(let y)):
      return (x.kind == .time) == (y.kind == .time)
        && x.asDateTimeUnlessTime.isEquivalent(to: y.asDateTimeUnlessTime)
    case (.quantity(let x), .quantity(let y)): return x.isEquivalent(to: y)
    case (.quantity(let x), .integer(let y)):
      return x.isEquivalent(to: Quantity(value: Decimal(y), unit: Quantity.unity))
    case (.quantity(let x), .decimal(let y)):
      return x.isEquivalent(to: Quantity(value: y, unit: Quantity.unity))
    case (.integer, .quantity), (.decimal, .quantity): return try areEquivalent(y, x)
    default: return try areEqual(x, y) == true
    }
  }

  /// Whether two collections hold equivalent items, in any order.
  func areEquivalent(_ a: [Item], _ b: [Item]) throws -> Bool {
    guard a.count == b.count else { return false }
    var left: [Int: [Item]] = [:]
    for item in b { left[try equivalenceHash(item), default: []].append(item) }
    for item in a {
      let hash = try equivalenceHash(item)
      guard let index = try left[hash]?.firstIndex(where: { try areEquivalent(item, $0) }) else {
        return false
      }
      left[hash]?.remove(at: index)
    }
    return true
  }

  /// A number that equivalent items share. Texts are told apart; of the rest, rounding allows too much.
  private func equivalenceHash(_ item: Item) throws -> Int {
    guard case .string(let text)? = plain(item) else { return 0 }
    var hash = StableHash()
    for byte in Evaluator.folded(text).utf8 { hash.combine(byte) }
    return hash.value
  }

  /// A text without case, and with every run of whitespace as one space.
  static func folded(_ text: String) -> String {
    var folded = String.UnicodeScalarView()
    var isSpace = true
    for scalar in text.lowercased().unicodeScalars {
      if scalar.properties.isWhitespace {
        if !isSpace { folded.append(" ") }
        isSpace = true
      } else {
        folded.append(scalar)
        isSpace = false
      }
    }
    if folded.last == " " { folded.removeLast() }
    return String(folded)
  }

  private func haveEquivalentChildren(_ a: NodeRef, _ b: NodeRef) throws -> Bool {
    let x = childrenByName(a)
    let y = childrenByName(b)
    guard x.count == y.count else { return false }
    for (name, items) in x {
      guard let others = y[name], try areEquivalent(items, others) else { return false }
    }
    return true
  }

  private func childrenByName(_ node: NodeRef) -> [UInt16: [Item]] {
    var children: [UInt16: [Item]] = [:]
    _ = eachChild(node) {
      children[views[Int($0.tree)].nodes[Int($0.index)].name.rawValue, default: []].append(.node($0))
      return true
    }
    return children
  }
}

extension Temporal {
  var asDateTimeUnlessTime: Temporal { kind == .date ? asDateTime : self }
}
