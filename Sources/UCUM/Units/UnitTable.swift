/// UCUM's prefixes and units, and what they are worth in base units.
struct UnitTable: Sendable {
  struct Prefix: Sendable {
    let code: String
    let factor: ExactNumber
  }

  struct Unit: Sendable {
    let code: String
    let isMetric: Bool
    let meaning: Meaning
  }

  enum Meaning: Sendable {
    /// One of UCUM's seven base units, or an arbitrary unit: no other unit measures the same.
    case dimension
    /// So many of another unit.
    case multiple(value: String, unit: String)
    /// A unit whose scale is no multiple of another's: degrees Celsius, pH, bel.
    case special(SpecialScale, value: String, unit: String)
  }

  let prefixes: [Prefix]
  let units: [Unit]
  private let prefixNumbers: [String: Int]
  private let unitNumbers: [String: Int]

  static let shared = UnitTable(facts: unitFacts)

  init(facts: String) {
    var prefixes: [Prefix] = []
    var units: [Unit] = []
    for line in facts.utf8.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
        String(Substring($0))
      }
      switch fields[0] {
      case "prefix": prefixes.append(Prefix(code: fields[1], factor: Self.number(fields[2])))
      case "base", "arbitrary":
        units.append(Unit(code: fields[1], isMetric: fields[2] == "metric", meaning: .dimension))
      case "unit":
        units.append(
          Unit(
            code: fields[1], isMetric: fields[2] == "metric",
            meaning: .multiple(value: fields[3], unit: fields[4])))
      default:
        guard let scale = SpecialScale(rawValue: fields[0]) else {
          preconditionFailure("no scale is called \(fields[0])")
        }
        units.append(
          Unit(
            code: fields[1], isMetric: fields[2] == "metric",
            meaning: .special(scale, value: fields[3], unit: fields[4])))
      }
    }
    self.prefixes = prefixes
    self.units = units
    prefixNumbers = Dictionary(uniqueKeysWithValues: prefixes.enumerated().map { ($1.code, $0) })
    unitNumbers = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.code, $0) })
  }

  func unit(_ code: String) -> Int? { unitNumbers[code] }
  func prefix(_ code: String) -> Int? { prefixNumbers[code] }

  static func number(_ text: String) -> ExactNumber {
    guard let number = ExactNumber(decimal: text) else { preconditionFailure("\(text) is no number") }
    return number
  }
}

/// The units' worth in base units, worked out once, when a value is first converted.
struct UnitValues: Sendable {
  struct Value: Sendable {
    let factor: ExactNumber
    let dimension: UCUMDimension
  }

  static let shared = UnitValues(table: .shared)

  let values: [Value]

  private init(table: UnitTable) {
    var values = [Value?](repeating: nil, count: table.units.count)
    for index in table.units.indices { _ = Self.value(of: index, table, &values, depth: 0) }
    self.values = values.map { value in
      guard let value else { preconditionFailure("every unit of the table has a value") }
      return value
    }
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
