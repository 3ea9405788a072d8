import FHIRModel

/// The range of values that a value of limited precision may stand for.
///
/// See https://hl7.org/fhirpath/#lowboundaryprecision-integer-decimal--date--datetime--time
extension Evaluator {
  /// More digits than a decimal has.
  private static let mostDigits = 31

  func boundary(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    guard let item = try single(Int(operation.a), focus), let value = plain(item) else { return nil }
    if operation.function == .precision {
      switch value {
      case .integer: return .integer(0)
      case .decimal(let value): return .integer(Int64(value.scale))
      case .temporal(let value): return .integer(Int64(value.digits))
      case .quantity(let value): return .integer(Int64(value.value.scale))
      default: throw failure(index, "\(describe(item)) has no precision")
      }
    }
    let isLow = operation.function == .lowBoundary
    var digits: Int?
    if operation.count > 0 {
      digits = try integer(argument(0, operation), focus)
      guard digits != nil else { return nil }
    }
    switch value {
    case .integer(let value):
      return Evaluator.boundary(Decimal(value), digits ?? 8, isLow).map { .decimal($0) }
    case .decimal(let value):
      return Evaluator.boundary(value, digits ?? 8, isLow).map { .decimal($0) }
    case .quantity(let value):
      return Evaluator.boundary(value.value, digits ?? 8, isLow).map { .quantity(value.with(value: $0)) }
    case .temporal(let value): return value.boundary(digits: digits, isLow: isLow).map { .temporal($0) }
    default: throw failure(index, "\(describe(item)) has no boundaries")
    }
  }

  /// Half a unit of the last place away from the value, written with so many digits.
  ///
  /// HL7's tests have the boundary nearer to zero cut off, and the farther one rounded.
  static func boundary(_ value: Decimal, _ digits: Int, _ isLow: Bool) -> Decimal? {
    guard (0...mostDigits).contains(digits) else { return nil }
    let half = Decimal(coefficient: isLow ? -5 : 5, scale: Int(value.scale) + 1)
    guard let exact = value.adding(half) else { return nil }
    let isNearer = isLow != value.isNegative && !value.isZero
    return exact.rounded(to: digits, isNearer ? .towardZero : .nearest).scaled(to: digits)
  }
}

extension Temporal {
  /// How many digits the value's parts have: a year 4, a day 8, a millisecond 17 (of a time of day 9).
  var digits: Int {
    let clock =
      switch precision {
      case .year, .month, .day: 0
      case .hour: 2
      case .minute: 4
      case .second: fractionDigits > 0 ? 9 : 6
      }
    if kind == .time { return clock }
    switch precision {
    case .year: return 4
    case .month: return 6
    case .day: return 8
    default: return 8 + clock
    }
  }

  /// The first or last moment that the value may stand for, to a precision in digits.
  func boundary(digits: Int?, isLow: Bool) -> Temporal? {
    let most = kind == .time ? 9 : kind == .date ? 8 : 17
    let wanted = digits ?? most
    let dateDigits = kind == .time ? 0 : 8
    guard wanted <= 17, kind != .time || wanted <= 9 else { return nil }
    let result: Precision
    switch wanted - dateDigits {
    case -4 where kind != .time: result = .year
    case -2 where kind != .time: result = .month
    case 0 where kind != .time: result = .day
    case 2: result = .hour
    case 4: result = .minute
    case 6, 9: result = .second
    default: return nil
    }
    var copy = filled(isLow: isLow, as: result > .day && kind == .date ? .dateTime : kind)
    copy.precision = result
    if result < .second || wanted - dateDigits == 6 {
      copy.nanosecond = 0
      copy.fractionDigits = 0
    }
    if result <= .day, kind != .time {
      copy.offset = nil
    } else if kind != .time, copy.offset == nil {
      // Of all zones, the one that makes it earliest or latest.
      copy.offset = isLow ? 14 * 60 : -12 * 60
    }
    return copy
  }

  /// The same with every part that was not given at its least or greatest.
  private func filled(isLow: Bool, as kind: Kind) -> Temporal {
    var copy = Temporal(kind: kind, precision: .second)
    (copy.year, copy.month, copy.day) = (year, month, day)
    (copy.hour, copy.minute, copy.second) = (hour, minute, second)
    (copy.nanosecond, copy.fractionDigits) = (nanosecond, max(3, fractionDigits))
    (copy.offset, copy.isZulu) = (offset, isZulu)
    if kind != .time {
      if precision < .month { copy.month = isLow ? 1 : 12 }
      if precision < .day {
        copy.day = isLow ? 1 : UInt8(CalendarDay.days(in: Int(copy.month), of: Int(year)))
      }
      if precision < .hour { copy.hour = isLow ? 0 : 23 }
    }
    if precision < .minute { copy.minute = isLow ? 0 : 59 }
    if precision < .second { copy.second = isLow ? 0 : 59 }
    if fractionDigits == 0 { copy.nanosecond = isLow ? 0 : 999_000_000 }
    return copy
  }
}
