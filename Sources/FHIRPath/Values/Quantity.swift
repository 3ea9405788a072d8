/// A number with a unit.
///
/// See https://hl7.org/fhirpath/N1/#quantity
package struct Quantity: Equatable, Sendable {
  package var value: Decimal
  /// A code of UCUM, or the word of a ``CalendarUnit``.
  package var unit: String
  /// The unit was given as a word of the language: a year is then a year of the calendar, not 365.25 days.
  package var calendar: CalendarUnit?
  /// What a code system other than UCUM calls the unit: quantities of one such code are in one unit, whatever words stand beside it.
  private(set) var foreign: ForeignUnit?

  struct ForeignUnit: Equatable, Sendable {
    let system: String
    let code: String
  }

  package init(value: Decimal, unit: String) {
    self.value = value
    self.unit = unit
  }

  init(value: Decimal, unit: String, foreign: ForeignUnit?) {
    self.init(value: value, unit: unit)
    self.foreign = foreign
  }

  package init(value: Decimal, calendar: CalendarUnit) {
    self.value = value
    unit = value == .one ? calendar.rawValue : calendar.rawValue + "s"
    self.calendar = calendar
  }

  /// A quantity without a unit is one of `1`.
  static let unity = "1"
}

extension Quantity: CustomStringConvertible {
  /// As a literal is written: `4 'mg'`, `4 days`.
  package var description: String {
    calendar != nil ? "\(value) \(unit)" : "\(value) '\(unit)'"
  }
}
