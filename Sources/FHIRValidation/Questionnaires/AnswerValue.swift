import FHIRModel
import FHIRPath

/// The value of an answer, or one that answers are compared with: an option, a condition's, a limit.
enum AnswerValue: Sendable {
  case coding(system: String?, code: String?, display: String?)
  case text(String)
  case boolean(Bool)
  case number(Decimal)
  case temporal(Temporal)
  case quantity(Quantity?, system: String?, code: String?)
  case reference(String?)
  /// Of a type that is not compared.
  case other

  /// - Parameter type: as the element's name ends: `Coding`, `DateTime`.
  init(_ element: ResourceElement, type: String) {
    switch type {
    case "Coding":
      self = .coding(
        system: element.text("system"), code: element.text("code"), display: element.text("display"))
    case "String", "Uri", "Url", "Markdown", "Code", "Id", "Canonical": self = .text(element.text)
    case "Boolean": self = .boolean(element.text == "true")
    case "Integer", "Decimal", "PositiveInt", "UnsignedInt":
      self = Decimal(element.text).map { .number($0) } ?? .other
    case "Date", "DateTime", "Instant":
      self = Temporal(dateTime: element.text).map { .temporal($0) } ?? .other
    case "Time": self = Temporal(time: element.text).map { .temporal($0) } ?? .other
    case "Quantity":
      let code = element.text("code")
      let value = element.text("value").flatMap { Decimal($0) }
      self = .quantity(
        value.map { Quantity(value: $0, unit: code ?? element.text("unit") ?? "1") },
        system: element.text("system"), code: code)
    case "Reference": self = .reference(element.text("reference"))
    default: self = .other
    }
  }

  /// Whether two values are the same; nil where they cannot be compared.
  func isSame(as other: AnswerValue) -> Bool? {
    switch (self, other) {
    case (
      .coding(let system, let code, let display), .coding(let otherSystem, let otherCode, let otherDisplay)
    ):
      if code == nil && otherCode == nil { return display == otherDisplay }
      // A code whose system is left out on one side may be meant for the other's.
      if code == otherCode, system != otherSystem, system == nil || otherSystem == nil { return nil }
      return system == otherSystem && code == otherCode
    case (.text(let a), .text(let b)): return a == b
    case (.boolean(let a), .boolean(let b)): return a == b
    case (.reference(let a), .reference(let b)): return a == b
    case (.other, _), (_, .other): return nil
    default: return order(other).map { $0 == 0 }
    }
  }

  /// Below 0 if this is less than the other, above if it is greater; nil where they cannot be compared.
  func order(_ other: AnswerValue) -> Int? {
    switch (self, other) {
    case (.number(let a), .number(let b)): return a < b ? -1 : a == b ? 0 : 1
    case (.temporal(let a), .temporal(let b)): return a.order(b)
    case (.text(let a), .text(let b)): return a < b ? -1 : a == b ? 0 : 1
    case (.quantity(let a?, let system, _), .quantity(let b?, let otherSystem, _)):
      guard system == otherSystem else { return nil }
      return a.order(b)
    case (.number(let a), .quantity(let b?, _, _)): return a < b.value ? -1 : a == b.value ? 0 : 1
    case (.quantity(let a?, _, _), .number(let b)): return a.value < b ? -1 : a.value == b ? 0 : 1
    default: return nil
    }
  }
}
