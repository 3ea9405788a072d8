/// Reads expressions by precedence climbing.
///
/// Today's grammar: paths, calls, indexers, literals, `=` and `and`. Operators are added in `precedence(of:)`.
/// See https://hl7.org/fhirpath/N1/grammar.html
struct Parser {
  private static let maximumDepth = 64

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

  private mutating func expect(_ symbol: Character) throws(FHIRPathError) {
    guard token.kind == .symbol(symbol) else {
      throw FHIRPathError(
        .syntax, "expected '\(symbol)' and found \(token.description)", column: token.column)
    }
    try advance()
  }

  /// The operator that a token is, and how tightly it binds.
  private func precedence(of token: Token) -> (Expression.Operator, Int)? {
    switch token.kind {
    case .symbol("="): (.equal, 5)
    case .identifier("and"): (.and, 3)
    default: nil
    }
  }

  private mutating func parse(above minimum: Int) throws(FHIRPathError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Parser.maximumDepth else {
      throw FHIRPathError(
        .syntax, "the expression nests deeper than \(Parser.maximumDepth) levels", column: token.column)
    }
    var left = try parsePath()
    while let (found, precedence) = precedence(of: token), precedence > minimum {
      let column = token.column
      try advance()
      let right = try parse(above: precedence)
      left = Expression(.binary(found, left: left, right: right), column: column)
    }
    return left
  }

  /// A term, and what follows it by '.' and '['.
  private mutating func parsePath() throws(FHIRPathError) -> Expression {
    var expression = try parseTerm()
    while true {
      if token.kind == .symbol(".") {
        try advance()
        expression = try parseInvocation(on: expression)
      } else if token.kind == .symbol("[") {
        let column = token.column
        try advance()
        let index = try parse(above: 0)
        try expect("]")
        expression = Expression(.index(focus: expression, index: index), column: column)
      } else {
        return expression
      }
    }
  }

  private mutating func parseTerm() throws(FHIRPathError) -> Expression {
    let start = token
    switch start.kind {
    case .this:
      try advance()
      return Expression(.this, column: start.column)
    case .string(let text):
      try advance()
      return Expression(.literal(.string(text)), column: start.column)
    case .integer(let value):
      try advance()
      return Expression(.literal(.integer(value)), column: start.column)
    case .identifier("true"), .identifier("false"):
      try advance()
      return Expression(.literal(.boolean(start.kind == .identifier("true"))), column: start.column)
    case .symbol("("):
      try advance()
      let inner = try parse(above: 0)
      try expect(")")
      return inner
    default: return try parseInvocation(on: nil)
    }
  }

  /// A name or a call of a function.
  private mutating func parseInvocation(on focus: Expression?) throws(FHIRPathError) -> Expression {
    let start = token
    let name: String
    switch start.kind {
    case .identifier(let text), .delimited(let text): name = text
    default:
      throw FHIRPathError(
        .syntax, "expected the name of an element or function and found \(start.description)",
        column: start.column)
    }
    try advance()
    guard token.kind == .symbol("(") else {
      return Expression(.member(focus: focus, name: name), column: start.column)
    }
    try advance()
    var arguments: [Expression] = []
    if token.kind != .symbol(")") {
      arguments.append(try parse(above: 0))
      while token.kind == .symbol(",") {
        try advance()
        arguments.append(try parse(above: 0))
      }
    }
    try expect(")")
    return Expression(.call(focus: focus, function: name, arguments: arguments), column: start.column)
  }
}
