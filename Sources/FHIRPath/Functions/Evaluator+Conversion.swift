import FHIRModel

/// See https://hl7.org/fhirpath/N1/#conversion
extension Evaluator {
  /// An item as the type that `toX()` or `convertsToX()` names; nil where it is none.
  func converted(
    _ item: Item, _ operation: Operation, _ index: Int, _ focus: borrowing Focus
  ) throws -> Item? {
    guard let value = plain(item) else { return nil }
    switch operation.function {
    case .toBoolean, .convertsToBoolean: return Evaluator.toBoolean(value).map { .boolean($0) }
    case .toInteger, .convertsToInteger: return Evaluator.toInteger(value).map { .integer($0) }
    case .toDecimal, .convertsToDecimal: return Evaluator.toDecimal(value).map { .decimal($0) }
    case .toString, .convertsToString: return toText(item, value).map { .string($0) }
    case .toDate, .convertsToDate:
      switch value {
      case .temporal(let value) where value.kind != .time: return .temporal(value.asDate)
      case .string(let text):
        return (Temporal(date: text) ?? Temporal(dateTime: text)?.asDate).map { .temporal($0) }
      default: return nil
      }
    case .toDateTime, .convertsToDateTime:
      switch value {
      case .temporal(let value) where value.kind != .time: return .temporal(value.asDateTime)
      case .string(let text): return Temporal(dateTime: text).map { .temporal($0) }
      default: return nil
      }
    case .toTime, .convertsToTime:
      switch value {
      case .temporal(let value) where value.kind == .time: return .temporal(value)
      case .string(let text):
        return Temporal(time: text.hasPrefix("T") ? String(text.dropFirst()) : text).map { .temporal($0) }
      default: return nil
      }
    default:
      guard let quantity = Evaluator.toQuantity(value) else { return nil }
      guard operation.count > 0, let unit = try text(argument(0, operation), focus, for: index) else {
        return .quantity(quantity)
      }
      let target =
        CalendarUnit(word: unit).map { Quantity(value: .zero, calendar: $0) }
        ?? Quantity(value: .zero, unit: unit)
      return quantity.converted(to: target).map { .quantity($0) }
    }
  }

  static func toBoolean(_ value: Item) -> Bool? {
    switch value {
    case .boolean(let value): return value
    case .integer(let value): return value == 1 ? true : value == 0 ? false : nil
    case .decimal(let value): return value == .one ? true : value.isZero ? false : nil
    case .string(let text):
      switch text.lowercased() {
      case "true", "t", "yes", "y", "1", "1.0": return true
      case "false", "f", "no", "n", "0", "0.0": return false
      default: return nil
      }
    default: return nil
    }
  }

  static func toInteger(_ value: Item) -> Int64? {
    switch value {
    case .boolean(let value): return value ? 1 : 0
    case .integer(let value): return value
    case .string(let text):
      guard isNumber(text, allowsFraction: false), let value = Int64(text), Int32(exactly: value) != nil
      else {
        return nil
      }
      return value
    default: return nil
    }
  }

  static func toDecimal(_ value: Item) -> Decimal? {
    switch value {
    case .boolean(let value): return Decimal(coefficient: value ? 10 : 0, scale: 1)
    case .integer(let value): return Decimal(value)
    case .decimal(let value): return value
    case .string(let text): return isNumber(text, allowsFraction: true) ? Decimal(text) : nil
    default: return nil
    }
  }

  /// `(\+|-)?\d+(\.\d+)?`
  private static func isNumber(_ text: String, allowsFraction: Bool) -> Bool {
    var digits = Substring(text)
    if digits.first == "-" || digits.first == "+" { digits = digits.dropFirst() }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 1 || (allowsFraction && parts.count == 2) else { return false }
    return parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
  }

  static func toQuantity(_ value: Item) -> Quantity? {
    switch value {
    case .boolean, .integer, .decimal:
      return toDecimal(value).map { Quantity(value: $0, unit: Quantity.unity) }
    case .quantity(let value): return value
    case .string(let text): return quantity(text)
    default: return nil
    }
  }

  /// `4`, `4 'mg'`, `4 days`
  private static func quantity(_ text: String) -> Quantity? {
    let number = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
    guard isNumber(String(number), allowsFraction: true), let value = Decimal(String(number)) else {
      return nil
    }
    let rest = text[number.endIndex...].drop { $0.isWhitespace }
    if rest.isEmpty {
      return number.endIndex == text.endIndex ? Quantity(value: value, unit: Quantity.unity) : nil
    }
    if rest.first == "'" {
      guard rest.count > 2, rest.last == "'", !rest.dropFirst().dropLast().contains("'") else { return nil }
      return Quantity(value: value, unit: String(rest.dropFirst().dropLast()))
    }
    return CalendarUnit(word: String(rest)).map { Quantity(value: value, calendar: $0) }
  }

  /// A primitive of FHIR as it is written, anything else as a literal would be.
  private func toText(_ item: Item, _ value: Item) -> String? {
    if case .node(let node) = item, hasText(node) { return string(of: node) }
    switch value {
    case .boolean(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .decimal(let value): return value.description
    case .string(let text): return text
    case .temporal(let value): return value.description
    case .quantity(let value): return value.description
    case .node, .type: return nil
    }
  }

  /// An item as text, for output: the value as FHIR writes it; nil for elements that are no primitives.
  package func displayText(of item: Item) -> String? {
    plain(item).flatMap { toText(item, $0) }
  }
}
