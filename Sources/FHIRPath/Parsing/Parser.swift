/// Reads expressions by precedence climbing.
///
/// See https://hl7.org/fhirpath/N1/grammar.html
struct Parser {
  /// Brackets, calls and operators within each other, while they are read.
  private static let maximumNesting = 100
  /// Expressions within each other, the steps of paths included: all that follows recurses over them.
  private static let maximumDepth = 250
  /// Operands of one chain: `'a' | 'b' | …`. No recursion there.
  private static let maximumOperands = 5_000

  private var lexer: Lexer
  private var token: Token
  private var depth = 0

  init(_ text: String) throws(FHIRPathError) {
    lexer = Lexer(text)
    token = try lexer.next()
  }

  mutating func parseWhole() throws(FHIRPathError) -> Expression {
    let expression = try parse(above: 0)
    guard token.kind == .end else {
      throw FHIRPathError(
        .syntax, "\(token.description) cannot stand here: expected '.', '[', an operator, or the end",
        column: token.column)
    }
    return expression
  }

  private mutating func advance() throws(FHIRPathError) { token = try lexer.next() }

  private mutating func expect(_ symbol: String) throws(FHIRPathError) {
    guard token.kind == .symbol(symbol) else {
      throw FHIRPathError(
        .syntax, "expected '\(symbol)' and found \(token.description)", column: token.column)
    }
    try advance()
  }

  private func tooLong(_ what: String) -> FHIRPathError {
    FHIRPathError(.syntax, "the expression \(what)", column: token.column)
  }

  private func made(_ kind: Expression.Kind, column: Int) throws(FHIRPathError) -> Expression {
    let expression = Expression(kind, column: column)
    guard expression.depth <= Parser.maximumDepth else {
      throw tooLong("has more than \(Parser.maximumDepth) parts within each other")
    }
    return expression
  }

  // MARK: Operators

  /// The operator that a token is, and how tightly it binds.
  private func precedence(of token: Token) -> (Expression.Operator, Int)? {
    let text: String
    switch token.kind {
    case .symbol(let symbol): text = symbol
    case .identifier(let word): text = word
    default: return nil
    }
    guard let found = Expression.Operator(rawValue: text) else { return nil }
    return (found, found.precedence)
  }

  private mutating func parse(above minimum: Int) throws(FHIRPathError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Parser.maximumNesting else {
      throw tooLong("nests deeper than \(Parser.maximumNesting) levels")
    }
    var left = try parsePolarity()
    while let (found, precedence) = precedence(of: token), precedence > minimum {
      let column = token.column
      if found == .is || found == .as {
        try advance()
        left = try made(.type(found, left, try parseTypeSpecifier()), column: column)
      } else if found.isChaining {
        left = try parseChain(found, from: left, precedence: precedence)
      } else {
        try advance()
        let right = try parse(above: precedence)
        left = try made(.binary(found, left: left, right: right), column: column)
      }
    }
    return left
  }

  private mutating func parseChain(
    _ found: Expression.Operator, from left: Expression, precedence: Int
  ) throws(FHIRPathError) -> Expression {
    let column = token.column
    var operands = [left]
    while self.precedence(of: token)?.0 == found {
      guard operands.count < Parser.maximumOperands else {
        throw tooLong("joins more than \(Parser.maximumOperands) operands")
      }
      try advance()
      operands.append(try parse(above: precedence))
    }
    return try made(.chain(found, operands), column: column)
  }

  /// `-x.y` is the negative of the whole path.
  private mutating func parsePolarity() throws(FHIRPathError) -> Expression {
    guard token.kind == .symbol("-") || token.kind == .symbol("+") else { return try parsePath() }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Parser.maximumNesting else {
      throw tooLong("nests deeper than \(Parser.maximumNesting) levels")
    }
    let column = token.column
    let isNegative = token.kind == .symbol("-")
    try advance()
    return try made(.polarity(isNegative: isNegative, try parsePolarity()), column: column)
  }

  private mutating func parseTypeSpecifier() throws(FHIRPathError) -> Expression.TypeSpecifier {
    let column = token.column
    let first = try typeName()
    guard token.kind == .symbol(".") else {
      return Expression.TypeSpecifier(namespace: nil, name: first, column: column)
    }
    try advance()
    return Expression.TypeSpecifier(namespace: first, name: try typeName(), column: column)
  }

  private mutating func typeName() throws(FHIRPathError) -> String {
    switch token.kind {
    case .identifier(let name), .delimited(let name):
      try advance()
      return name
    default:
      throw FHIRPathError(
        .syntax, "expected the name of a type and found \(token.description)", column: token.column)
    }
  }

  // MARK: Paths and terms

  /// A term, and what follows it by '.' and '['.
  private mutating func parsePath() throws(FHIRPathError) -> Expression {
    var expression = try parseTerm()
    while token.kind == .symbol(".") || token.kind == .symbol("[") {
      if token.kind == .symbol(".") {
        try advance()
        expression = try parseInvocation(on: expression)
      } else {
        let column = token.column
        try advance()
        let index = try parse(above: 0)
        try expect("]")
        expression = try made(.index(focus: expression, index: index), column: column)
      }
    }
    return expression
  }

  private mutating func parseTerm() throws(FHIRPathError) -> Expression {
    let start = token
    switch start.kind {
    case .special, .identifier, .delimited:
      if start.kind == .identifier("true") || start.kind == .identifier("false") {
        try advance()
        return try made(.literal(.boolean(start.kind == .identifier("true"))), column: start.column)
      }
      return try parseInvocation(on: nil)
    case .variable(let name):
      try advance()
      return try made(.variable(name), column: start.column)
    case .string(let text):
      try advance()
      return try made(.literal(.string(text)), column: start.column)
    case .temporal(let value):
      try advance()
      return try made(.literal(.temporal(value)), column: start.column)
    case .integer(let value):
      try advance()
      if let quantity = try parseUnit(of: Decimal(value)) {
        return try made(.literal(.quantity(quantity)), column: start.column)
      }
      return try made(.literal(.integer(value)), column: start.column)
    case .decimal(let value):
      try advance()
      if let quantity = try parseUnit(of: value) {
        return try made(.literal(.quantity(quantity)), column: start.column)
      }
      return try made(.literal(.decimal(value)), column: start.column)
    case .symbol("("):
      try advance()
      let inner = try parse(above: 0)
      try expect(")")
      return inner
    case .symbol("{"):
      try advance()
      try expect("}")
      return try made(.literal(.empty), column: start.column)
    default:
      throw FHIRPathError(
        .syntax, "expected the name of an element or function, or a value, and found \(start.description)",
        column: start.column)
    }
  }

  /// The unit behind a number, if there is one: `'mg'`, `days`.
  private mutating func parseUnit(of value: Decimal) throws(FHIRPathError) -> Quantity? {
    switch token.kind {
    case .string(let unit):
      try advance()
      return Quantity(value: value, unit: unit)
    case .identifier(let word):
      guard let unit = CalendarUnit(word: word) else { return nil }
      try advance()
      return Quantity(value: value, calendar: unit)
    default: return nil
    }
  }

  /// A name, a call of a function, or `$this` and its like.
  private mutating func parseInvocation(on focus: Expression?) throws(FHIRPathError) -> Expression {
    let start = token
    let name: String
    switch start.kind {
    case .identifier(let text), .delimited(let text): name = text
    case .special(let special) where focus == nil:
      try advance()
      let kind: Expression.Kind = special == "this" ? .this : special == "index" ? .position : .total
      return try made(kind, column: start.column)
    default:
      throw FHIRPathError(
        .syntax, "expected the name of an element or function and found \(start.description)",
        column: start.column)
    }
    // Behind a full stop no operator can stand, so that every word is a name there.
    if focus == nil, case .identifier(let word) = start.kind,
      Expression.Operator(rawValue: word)?.isWordOnly == true
    {
      throw FHIRPathError(
        .syntax, "'\(word)' is an operator: as the name of an element it is written `\(word)`",
        column: start.column)
    }
    try advance()
    guard token.kind == .symbol("(") else {
      return try made(.member(focus: focus, name: name), column: start.column)
    }
    try advance()
    var arguments: [Expression] = []
    if token.kind != .symbol(")") {
      arguments.append(try parse(above: 0))
      while token.kind == .symbol(",") {
        guard arguments.count < Parser.maximumOperands else { throw tooLong("has too many arguments") }
        try advance()
        arguments.append(try parse(above: 0))
      }
    }
    try expect(")")
    return try made(.call(focus: focus, function: name, arguments: arguments), column: start.column)
  }
}

extension Expression.Operator {
  /// See https://hl7.org/fhirpath/N1/#operator-precedence
  var precedence: Int {
    switch self {
    case .multiply, .divide, .div, .mod: 11
    case .add, .subtract, .concatenate: 10
    case .is, .as: 9
    case .union: 8
    case .lessOrEqual, .less, .greater, .greaterOrEqual: 7
    case .equal, .equivalent, .notEqual, .notEquivalent: 6
    case .in, .contains: 5
    case .and: 4
    case .xor, .or: 3
    case .implies: 2
    }
  }

  /// Operators of which many stand side by side in real expressions, so that no part of the engine recurses over them.
  var isChaining: Bool {
    switch self {
    case .and, .or, .union, .concatenate, .add: true
    default: false
    }
  }

  /// A word that the grammar does not allow as an identifier; `as`, `is`, `in` and `contains` it does.
  var isWordOnly: Bool {
    switch self {
    case .div, .mod, .and, .xor, .or, .implies: true
    default: false
    }
  }
}
