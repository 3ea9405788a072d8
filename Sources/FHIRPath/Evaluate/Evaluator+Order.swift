import FHIRModel

/// See https://hl7.org/fhirpath/N1/#comparison
extension Evaluator {
  /// How the single items of two operands stand to each other; nil if one is missing or it cannot be told.
  func order(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Int? {
    guard let a = try single(Int(operation.a), focus), let b = try single(Int(operation.b), focus) else {
      return nil
    }
    return try order(a, b, index)
  }

  func order(_ a: Item, _ b: Item, _ index: Int) throws -> Int? {
    func compare<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }
    guard let x = plain(a), let y = plain(b) else {
      // A primitive of extensions alone has no value to compare.
      if case .node(let node) = a, grammar(node) != 0 || isQuantity(node) { return nil }
      if case .node(let node) = b, grammar(node) != 0 || isQuantity(node) { return nil }
      throw failure(index, "\(describe(a)) and \(describe(b)) have no order")
    }
    switch (x, y) {
    case (.integer(let x), .integer(let y)): return compare(x, y)
    case (.integer(let x), .decimal(let y)): return compare(Decimal(x), y)
    case (.decimal(let x), .integer(let y)): return compare(x, Decimal(y))
    case (.decimal(let x), .decimal(let y)): return compare(x, y)
    case (.string(let x), .string(let y)):
      return x.utf8.elementsEqual(y.utf8) ? 0 : x.utf8.lexicographicallyPrecedes(y.utf8) ? -1 : 1
    case (.temporal(let x), .temporal(let y)) where (x.kind == .time) == (y.kind == .time):
      return x.order(y)
    case (.quantity(let x), .quantity(let y)): return x.order(y)
    case (.quantity(let x), .integer(let y)):
      return x.order(Quantity(value: Decimal(y), unit: Quantity.unity))
    case (.quantity(let x), .decimal(let y)): return x.order(Quantity(value: y, unit: Quantity.unity))
    case (.integer(let x), .quantity(let y)):
      return Quantity(value: Decimal(x), unit: Quantity.unity).order(y)
    case (.decimal(let x), .quantity(let y)): return Quantity(value: x, unit: Quantity.unity).order(y)
    default: throw failure(index, "\(describe(a)) and \(describe(b)) have no order")
    }
  }
}
