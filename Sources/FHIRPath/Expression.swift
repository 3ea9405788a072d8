/// A FHIRPath expression as it was written, with the place of every part.
///
/// See https://hl7.org/fhirpath/N1/#expressions
package struct Expression: Equatable, Sendable {
  package indirect enum Kind: Equatable, Sendable {
    /// `$this`
    case this
    /// `'text'`, `42`, `true`
    case literal(Literal)
    /// `name` at the start of a path, or `focus.name`
    case member(focus: Expression?, name: String)
    /// `function(…)` at the start of a path, or `focus.function(…)`
    case call(focus: Expression?, function: String, arguments: [Expression])
    /// `focus[index]`
    case index(focus: Expression, index: Expression)
    /// `left operator right`
    case binary(Operator, left: Expression, right: Expression)
  }

  package enum Literal: Equatable, Sendable {
    case string(String)
    case boolean(Bool)
    case integer(Int)
  }

  package enum Operator: String, Equatable, Sendable {
    case equal = "="
    case and
  }

  package var kind: Kind
  /// Where the part that gives the expression its kind begins: from 1, in Unicode scalars.
  package var column: Int

  package init(_ kind: Kind, column: Int) {
    self.kind = kind
    self.column = column
  }

  /// Reads an expression.
  package init(parsing text: String) throws(FHIRPathError) {
    var parser = try Parser(text)
    self = try parser.parseWhole()
  }
}
