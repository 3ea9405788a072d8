/// Why a text is no UCUM unit.
package struct UCUMError: Error, Hashable, Sendable {
  package enum Code: Hashable, Sendable {
    case empty, tooLong, tooDeep, unexpectedCharacter, unknownUnit, notMetric, annotation, parenthesis, number
  }

  package let code: Code
  /// Where in the text it shows, in bytes from 0.
  package let offset: Int

  /// What is wrong, without the text itself.
  package var message: String {
    switch code {
    case .empty: "there is no unit where one is due"
    case .tooLong: "a unit of more than \(UnitParser.longest) characters"
    case .tooDeep: "more than \(UnitParser.deepest) parentheses within each other"
    case .unexpectedCharacter: "a character that no unit has there"
    case .unknownUnit: "a unit that UCUM does not know"
    case .notMetric: "a prefix before a unit that takes none"
    case .annotation: "an annotation that does not end, or holds more than plain ASCII characters"
    case .parenthesis: "a parenthesis without its other half"
    case .number: "a number or an exponent that is too large"
    }
  }
}
