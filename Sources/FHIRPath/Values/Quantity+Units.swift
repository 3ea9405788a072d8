import UCUM

/// See https://hl7.org/fhirpath/N1/#quantity
extension Quantity {
  /// A quantity in units that others can be brought to: UCUM's base units, or milliseconds of the calendar.
  private struct Canonical {
    var value: ExactNumber
    var unit: UCUMUnit
    /// A year or month of the calendar, which is no fixed time.
    var isVague: Bool
  }

  private static func exact(_ value: Decimal) -> ExactNumber? { ExactNumber(decimal: value.description) }

  private static func decimal(_ value: ExactNumber) -> Decimal? { Decimal(value.decimalText()) }

  private var canonical: Canonical? {
    guard let number = Quantity.exact(value) else { return nil }
    if let calendar {
      guard let second = try? UCUMUnit(parsing: "s") else { return nil }
      let factor = ExactNumber(Int(calendar.milliseconds)) / ExactNumber(1_000)
      return Canonical(
        value: number * factor, unit: second, isVague: calendar == .year || calendar == .month)
    }
    guard let unit = try? UCUMUnit(parsing: unit), let value = unit.canonical(number) else { return nil }
    return Canonical(value: value, unit: unit, isVague: false)
  }

  /// Whether two quantities are in one unit, whatever that measures.
  private func sharesUnit(with other: Quantity) -> Bool {
    if let foreign, foreign == other.foreign { return true }
    return unit == other.unit && (calendar == nil) == (other.calendar == nil)
  }

  /// How two quantities stand to each other; nil where their units measure different things, or one is unknown.
  package func order(_ other: Quantity) -> Int? {
    if sharesUnit(with: other) {
      return value < other.value ? -1 : value == other.value ? 0 : 1
    }
    if let months = calendarMonths, let others = other.calendarMonths {
      return months < others ? -1 : months == others ? 0 : 1
    }
    guard let a = canonical, let b = other.canonical, a.unit.isCommensurable(with: b.unit) else { return nil }
    // How long a year is compared with `a` or `d` depends on the year.
    if a.isVague != b.isVague, calendar == nil || other.calendar == nil { return nil }
    return a.value < b.value ? -1 : a.value == b.value ? 0 : 1
  }

  private var calendarMonths: Decimal? {
    switch calendar {
    case .year: value.multiplied(by: Decimal(12))
    case .month: value
    default: nil
    }
  }

  func isEqual(to other: Quantity) -> Bool? { order(other).map { $0 == 0 } }

  /// Equal as far as the less precise of the two goes; a year is here as good as `a`.
  func isEquivalent(to other: Quantity) -> Bool {
    if unit == other.unit || sharesUnit(with: other) { return value.isEquivalent(to: other.value) }
    if let a = calendar, let b = CalendarUnit.allCases.first(where: { $0.ucum == other.unit }), a == b {
      return value.isEquivalent(to: other.value)
    }
    if let b = other.calendar, let a = CalendarUnit.allCases.first(where: { $0.ucum == unit }), a == b {
      return value.isEquivalent(to: other.value)
    }
    guard let a = canonical, let b = other.canonical, a.unit.isCommensurable(with: b.unit) else {
      return false
    }
    guard let both = inCoarserUnit(other) else { return a.value == b.value }
    return both.0.isEquivalent(to: both.1)
  }

  /// Whether the units measure the same; nil where one is unknown.
  func isComparable(with other: Quantity) -> Bool? {
    if unit == other.unit || sharesUnit(with: other) { return true }
    guard let a = canonical, let b = other.canonical else { return nil }
    return a.unit.isCommensurable(with: b.unit)
  }

  /// A number that equal quantities share, and numbers without a unit with them.
  var hashed: Int {
    if unit == Quantity.unity, calendar == nil { return value.hashed }
    guard let canonical, let value = Quantity.decimal(canonical.value) else { return self.value.hashed }
    return value.hashed
  }

  // MARK: Conversion

  /// The UCUM code that the quantity can be converted with.
  private var code: String { calendar?.ucum ?? unit }

  private var factor: ExactNumber? {
    if let calendar { return ExactNumber(Int(calendar.milliseconds)) / ExactNumber(1_000) }
    return (try? UCUMUnit(parsing: unit))?.factor
  }

  private func inCoarserUnit(_ other: Quantity) -> (Decimal, Decimal)? {
    guard let a = factor, let b = other.factor, let x = Quantity.exact(value),
      let y = Quantity.exact(other.value)
    else { return nil }
    if b < a { return Quantity.decimal(y * b / a).map { (value, $0) } }
    return Quantity.decimal(x * a / b).map { ($0, other.value) }
  }

  /// The quantity in another unit; nil where that does not measure the same.
  func converted(to target: Quantity) -> Quantity? {
    if unit == target.unit { return self }
    if let months = calendarMonths, let calendar = target.calendar, calendar == .year || calendar == .month {
      let value = calendar == .year ? months.divided(by: Decimal(12)) : months
      return value.map { Quantity(value: $0, calendar: calendar) }
    }
    guard let a = canonical, let exact = targetValue(of: a, target), let value = Quantity.decimal(exact)
    else {
      return nil
    }
    var result = target
    result.value = value
    return result
  }

  private func targetValue(of source: Canonical, _ target: Quantity) -> ExactNumber? {
    if let calendar = target.calendar {
      guard let second = try? UCUMUnit(parsing: "s"), source.unit.isCommensurable(with: second) else {
        return nil
      }
      return source.value * ExactNumber(1_000) / ExactNumber(Int(calendar.milliseconds))
    }
    guard let unit = try? UCUMUnit(parsing: target.unit), source.unit.isCommensurable(with: unit) else {
      return nil
    }
    return unit.value(ofCanonical: source.value)
  }

  // MARK: Arithmetic

  /// The sum, in the finer unit of the two; nil where they do not measure the same.
  func adding(_ other: Quantity) -> Quantity? {
    if unit == other.unit {
      return value.adding(other.value).map { with(value: $0) }
    }
    guard let a = factor, let b = other.factor else { return nil }
    if b < a {
      guard let converted = converted(to: other), let sum = converted.value.adding(other.value) else {
        return nil
      }
      return other.with(value: sum)
    }
    guard let converted = other.converted(to: self), let sum = value.adding(converted.value) else {
      return nil
    }
    return with(value: sum)
  }

  var negated: Quantity? { value.negated.map { with(value: $0) } }

  func with(value: Decimal) -> Quantity {
    if let calendar { return Quantity(value: value, calendar: calendar) }
    return Quantity(value: value, unit: unit, foreign: foreign)
  }

  func multiplied(by other: Quantity) -> Quantity? {
    guard let product = value.multiplied(by: other.value) else { return nil }
    if code == Quantity.unity { return other.with(value: product) }
    if other.code == Quantity.unity { return with(value: product) }
    return Quantity(value: product, unit: "\(code).\(other.code)").checked
  }

  func divided(by other: Quantity) -> Quantity? {
    guard let quotient = value.divided(by: other.value) else { return nil }
    if other.code == Quantity.unity { return with(value: quotient) }
    if code == other.code { return Quantity(value: quotient, unit: Quantity.unity) }
    let isSimple = !other.code.contains("/") && !other.code.contains(".")
    let unit = "\(code)/\(isSimple ? other.code : "(\(other.code))")"
    return Quantity(value: quotient, unit: unit).checked
  }

  /// Nil for a unit that makes no sense: there is no `Cel.m`, nor a product of words that are no units.
  private var checked: Quantity? { UCUMUnit.isValid(unit) ? self : nil }
}

extension Decimal {
  /// Equal as far as the less precise of the two goes.
  ///
  /// See https://hl7.org/fhirpath/N1/#equivalent
  func isEquivalent(to other: Decimal) -> Bool {
    let digits = Int(min(trimmed.scale, other.trimmed.scale))
    return rounded(to: digits) == other.rounded(to: digits)
  }

  var hashed: Int {
    let value = trimmed
    var hash = StableHash()
    hash.combine(Int(truncatingIfNeeded: value.coefficient))
    hash.combine(Int(value.scale))
    return hash.value
  }
}
