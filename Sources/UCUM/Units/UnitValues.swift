import Synchronization

/// The units' worth in base units, each worked out when it is first asked for: all of the table takes 26 million instructions, and
/// nobody needs more than some of it.
final class UnitValues: Sendable {
  struct Value: Sendable {
    let factor: ExactNumber
    let dimension: UCUMDimension
  }

  static let shared = UnitValues(table: .shared)

  private let table: UnitTable
  /// By the units' numbers.
  private let known: Mutex<[Value?]>

  private init(table: UnitTable) {
    self.table = table
    known = Mutex([Value?](repeating: nil, count: table.units.count))
  }

  /// What the unit of this number in the table is worth.
  subscript(index: Int) -> Value {
    known.withLock { Self.value(of: index, table, &$0, depth: 0) }
  }

  private static func value(
    of index: Int, _ table: UnitTable, _ values: inout [Value?], depth: Int
  ) -> Value {
    if let known = values[index] { return known }
    precondition(depth < 64, "a unit of the table is defined by itself")
    let value: Value
    switch table.units[index].meaning {
    case .dimension:
      value = Value(factor: .one, dimension: UCUMDimension(of: index))
    case .multiple(let number, let unit), .special(_, let number, let unit):
      guard let factors = try? UnitParser.factors(of: unit) else {
        preconditionFailure("\(unit) in the table is no unit")
      }
      var product = Value(factor: UnitTable.number(number), dimension: .none)
      for factor in factors {
        var part = Value(factor: .one, dimension: .none)
        switch factor.subject {
        case .number(let number): part = Value(factor: ExactNumber(Int(number)), dimension: .none)
        case .symbol(let unit, let prefix):
          part = Self.value(of: unit, table, &values, depth: depth + 1)
          if let prefix {
            part = Value(factor: table.prefixes[prefix].factor * part.factor, dimension: part.dimension)
          }
        }
        guard let power = part.factor.power(factor.exponent) else { preconditionFailure("no unit is zero") }
        product = Value(
          factor: product.factor * power,
          dimension: product.dimension.times(part.dimension, power: factor.exponent))
      }
      value = product
    }
    values[index] = value
    return value
  }
}
