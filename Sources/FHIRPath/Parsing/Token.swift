/// The smallest part of an expression that means something.
struct Token: Equatable {
  enum Kind: Equatable {
    case identifier(String)
    /// An identifier between backticks: never a keyword.
    case delimited(String)
    case string(String)
    case integer(Int)
    case decimal(Decimal)
    case temporal(Temporal)
    /// `$this`, `$index`, `$total`, less the `$`
    case special(String)
    /// `%name`, less the `%`
    case variable(String)
    /// An operator, bracket, comma or full stop.
    case symbol(String)
    case end
  }

  let kind: Kind
  let column: Int

  /// The token as a message names it.
  var description: String {
    switch kind {
    case .identifier(let name), .delimited(let name): "'\(name)'"
    case .string: "a string"
    case .integer(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .temporal: "a date or time"
    case .special(let name): "'$\(name)'"
    case .variable(let name): "'%\(name)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the expression"
    }
  }
}
