/// A FHIRPath expression as it was written, with the place of every part.
///
/// See https://hl7.org/fhirpath/N1/#expressions
package struct Expression: Equatable, Sendable {
  package indirect enum Kind: Equatable, Sendable {
    /// `$this`
    case this
    /// `$index`
    case position
    /// `$total`
    case total
    /// `'text'`, `42`, `true`, `@2015-02`, `4 'mg'`, `{}`
    case literal(Literal)
    /// `%name`
    case variable(String)
    /// `name` at the start of a path, or `focus.name`
    case member(focus: Expression?, name: String)
    /// `function(…)` at the start of a path, or `focus.function(…)`
    case call(focus: Expression?, function: String, arguments: [Expression])
    /// `focus[index]`
    case index(focus: Expression, index: Expression)
    /// `-operand`; `+operand` where not negative
    case polarity(isNegative: Bool, Expression)
    /// `left operator right`
    case binary(Operator, left: Expression, right: Expression)
    /// Operands joined by one of the operators that lists are written with: `and or | & +`. Taken from the left.
    case chain(Operator, [Expression])
    /// `operand is type`, `operand as type`
    case type(Operator, Expression, TypeSpecifier)
  }

  package enum Literal: Equatable, Sendable {
    case string(String)
    case boolean(Bool)
    case integer(Int)
    case decimal(Decimal)
    case temporal(Temporal)
    case quantity(Quantity)
    /// `{}`
    case empty
  }

  package enum Operator: String, Equatable, Sendable {
    case multiply = "*"
    case divide = "/"
    case div
    case mod
    case add = "+"
    case subtract = "-"
    case concatenate = "&"
    case `is`
    case `as`
    case union = "|"
    case lessOrEqual = "<="
    case less = "<"
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "="
    case equivalent = "~"
    case notEqual = "!="
    case notEquivalent = "!~"
    case `in`
    case contains
    case and
    case xor
    case or
    case implies
  }

  /// `Quantity`, `System.Boolean`, ``FHIR.`Patient` ``
  package struct TypeSpecifier: Equatable, Sendable {
    package var namespace: String?
    package var name: String
    package var column: Int
  }

  package let kind: Kind
  /// Where the part that gives the expression its kind begins: from 1, in Unicode scalars.
  package let column: Int
  /// How many expressions stand within each other, this one counted.
  let depth: Int

  package init(_ kind: Kind, column: Int) {
    self.kind = kind
    self.column = column
    depth = 1 + (kind.parts.lazy.map(\.depth).max() ?? 0)
  }

  /// Reads an expression.
  package init(parsing text: String) throws(FHIRPathError) {
    var parser = try Parser(text)
    self = try parser.parseWhole()
  }
}

extension Expression.Kind {
  /// The expressions that this one is made of, in the order of the text.
  var parts: [Expression] {
    switch self {
    case .this, .position, .total, .literal, .variable: []
    case .member(let focus, _): focus.map { [$0] } ?? []
    case .call(let focus, _, let arguments): (focus.map { [$0] } ?? []) + arguments
    case .index(let focus, let index): [focus, index]
    case .polarity(_, let operand), .type(_, let operand, _): [operand]
    case .binary(_, let left, let right): [left, right]
    case .chain(_, let operands): operands
    }
  }
}

extension Expression {
  /// Whether a function is called anywhere in the expression.
  package func uses(function name: String) -> Bool {
    if case .call(_, name, _) = kind { return true }
    return kind.parts.contains { $0.uses(function: name) }
  }

  /// The name that the expression begins with: `Bundle` of `Bundle.entry.count() > 1`; nil if it begins otherwise.
  package var root: String? {
    switch kind {
    case .member(nil, let name): name
    case .this, .position, .total, .literal, .variable, .call(nil, _, _): nil
    default: kind.parts.first?.root
    }
  }
}
