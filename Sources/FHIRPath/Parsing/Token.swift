/// The smallest part of an expression that means something.
struct Token: Equatable {
  enum Kind: Equatable {
    case identifier(String)
    /// An identifier between backticks: never a keyword.
    case delimited(String)
    case string(String)
    case integer(Int)
    case this
    case symbol(Character)
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
    case .this: "'$this'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the expression"
    }
  }
}

/// Cuts an expression's text into tokens.
///
/// See https://hl7.org/fhirpath/N1/#lexical-elements
struct Lexer {
  private let scalars: [Unicode.Scalar]
  private var at = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func next() throws(FHIRPathError) -> Token {
    while let scalar = peek, scalar.properties.isWhitespace { at += 1 }
    let column = at + 1
    guard let scalar = peek else { return Token(kind: .end, column: column) }
    switch scalar {
    case "'": return Token(kind: .string(try quoted(until: scalar)), column: column)
    case "`": return Token(kind: .delimited(try quoted(until: scalar)), column: column)
    case "0"..."9": return Token(kind: .integer(try integer()), column: column)
    case "$":
      at += 1
      guard identifier() == "this" else {
        throw FHIRPathError(.syntax, "only $this may follow a '$' here", column: column)
      }
      return Token(kind: .this, column: column)
    case let scalar where Lexer.beginsIdentifier(scalar):
      return Token(kind: .identifier(identifier()), column: column)
    case ".", "(", ")", "[", "]", ",", "=", "|", "&", "<", ">", "!", "~", "+", "-", "*", "/", "{", "}", "@",
      "%":
      at += 1
      return Token(kind: .symbol(Character(scalar)), column: column)
    default: throw FHIRPathError(.syntax, "this character has no meaning in an expression", column: column)
    }
  }

  private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

  private static func beginsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
  }

  private mutating func identifier() -> String {
    let start = at
    while let scalar = peek, Lexer.beginsIdentifier(scalar) || ("0"..."9").contains(scalar) { at += 1 }
    return text(start..<at)
  }

  private mutating func integer() throws(FHIRPathError) -> Int {
    let start = at
    while let scalar = peek, ("0"..."9").contains(scalar) { at += 1 }
    guard let value = Int(text(start..<at)), value <= Int(Int32.max) else {
      throw FHIRPathError(.syntax, "an integer has at most 31 bits", column: start + 1)
    }
    return value
  }

  private func text(_ range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[range])
    return String(text)
  }

  private mutating func quoted(until quote: Unicode.Scalar) throws(FHIRPathError) -> String {
    let start = at
    at += 1
    var text = String.UnicodeScalarView()
    while let scalar = peek {
      at += 1
      if scalar == quote { return String(text) }
      text.append(scalar == "\\" ? try escape() : scalar)
    }
    throw FHIRPathError(.syntax, "a text that begins with \(quote) must end with \(quote)", column: start + 1)
  }

  /// What stands behind a backslash.
  private mutating func escape() throws(FHIRPathError) -> Unicode.Scalar {
    let column = at
    guard let scalar = peek else {
      throw FHIRPathError(.syntax, "an escape sequence is cut off", column: column)
    }
    at += 1
    switch scalar {
    case "'", "\"", "`", "\\", "/": return scalar
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "f": return "\u{0C}"
    case "u":
      let end = min(at + 4, scalars.count)
      guard end == at + 4, let value = UInt32(text(at..<end), radix: 16), let decoded = Unicode.Scalar(value)
      else {
        throw FHIRPathError(.syntax, "\\u wants four hexadecimal digits of a character", column: column)
      }
      at = end
      return decoded
    default:
      throw FHIRPathError(.syntax, "there is no escape sequence \\\(scalar)", column: column)
    }
  }
}
