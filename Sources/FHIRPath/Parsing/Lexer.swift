/// Cuts an expression's text into tokens.
///
/// See https://hl7.org/fhirpath/N1/#lexical-elements
struct Lexer {
  private let scalars: [Unicode.Scalar]
  private var at = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func next() throws(FHIRPathError) -> Token {
    try skipSpace()
    let column = at + 1
    guard let scalar = peek else { return Token(kind: .end, column: column) }
    switch scalar {
    case "'": return Token(kind: .string(try quoted(until: scalar)), column: column)
    case "`": return Token(kind: .delimited(try quoted(until: scalar)), column: column)
    // Not of the grammar any more, but of its first release, and some guides still write it.
    case "\"": return Token(kind: .delimited(try quoted(until: scalar)), column: column)
    case "0"..."9": return Token(kind: try number(), column: column)
    case "@": return Token(kind: .temporal(try temporal()), column: column)
    case "$":
      at += 1
      let name = identifier()
      guard ["this", "index", "total"].contains(name) else {
        throw FHIRPathError(.syntax, "behind '$' stands this, index, or total", column: column)
      }
      return Token(kind: .special(name), column: column)
    case "%": return Token(kind: .variable(try variable()), column: column)
    case let scalar where Lexer.beginsIdentifier(scalar):
      return Token(kind: .identifier(identifier()), column: column)
    default: return Token(kind: .symbol(try symbol()), column: column)
    }
  }

  private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

  private func peek(_ offset: Int) -> Unicode.Scalar? {
    at + offset < scalars.count ? scalars[at + offset] : nil
  }

  /// Whitespace and comments.
  private mutating func skipSpace() throws(FHIRPathError) {
    while let scalar = peek {
      if Lexer.isSpace(scalar) {
        at += 1
      } else if scalar == "/", peek(1) == "/" {
        while let scalar = peek, scalar != "\n", scalar != "\r" { at += 1 }
      } else if scalar == "/", peek(1) == "*" {
        let column = at + 1
        at += 2
        while peek != nil, !(peek == "*" && peek(1) == "/") { at += 1 }
        guard peek != nil else {
          throw FHIRPathError(.syntax, "a comment that begins with /* ends with */", column: column)
        }
        at += 2
      } else {
        return
      }
    }
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 { return scalar == " " || (0x09...0x0D).contains(scalar.value) }
    return scalar.properties.isWhitespace || scalar == "\u{FEFF}"
  }

  private mutating func symbol() throws(FHIRPathError) -> String {
    let first = scalars[at]
    if let second = peek(1) {
      switch (first, second) {
      case ("<", "="), (">", "="), ("!", "="), ("!", "~"):
        at += 2
        return text(at - 2..<at)
      default: break
      }
    }
    switch first {
    case ".", "(", ")", "[", "]", ",", "=", "|", "&", "<", ">", "~", "+", "-", "*", "/", "{", "}":
      at += 1
      return String(Character(first))
    default: throw FHIRPathError(.syntax, "this character has no meaning in an expression", column: at + 1)
    }
  }

  private static func beginsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
  }

  private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
    scalar.map { ("0"..."9").contains($0) } ?? false
  }

  private mutating func identifier() -> String {
    let start = at
    while let scalar = peek, Lexer.beginsIdentifier(scalar) || Lexer.isDigit(scalar) { at += 1 }
    return text(start..<at)
  }

  private mutating func variable() throws(FHIRPathError) -> String {
    let column = at + 1
    at += 1
    if let scalar = peek, scalar == "'" || scalar == "`" || scalar == "\"" {
      return try quoted(until: scalar)
    }
    let name = identifier()
    guard !name.isEmpty else {
      throw FHIRPathError(.syntax, "behind '%' stands the name of a variable", column: column)
    }
    // `%vs-name` and `%ext-name` were written without quotes in FHIR's first releases.
    guard name == "vs" || name == "ext" else { return name }
    let start = at
    while let scalar = peek, scalar == "-" || Lexer.beginsIdentifier(scalar) || Lexer.isDigit(scalar) {
      at += 1
    }
    return name + text(start..<at)
  }

  // MARK: Literals

  private mutating func number() throws(FHIRPathError) -> Token.Kind {
    let start = at
    while Lexer.isDigit(peek) { at += 1 }
    if peek == ".", Lexer.isDigit(peek(1)) {
      at += 1
      while Lexer.isDigit(peek) { at += 1 }
      guard let value = Decimal(text(start..<at)) else {
        throw FHIRPathError(.syntax, "a decimal has at most 38 digits", column: start + 1)
      }
      return .decimal(value)
    }
    guard let value = Int(text(start..<at)), value <= Int(Int32.max) + 1 else {
      throw FHIRPathError(.syntax, "an integer has at most 31 bits", column: start + 1)
    }
    return .integer(value)
  }

  /// `@2015`, `@2015-02-04T14:34`, `@T14:30`
  private mutating func temporal() throws(FHIRPathError) -> Temporal {
    let column = at + 1
    at += 1
    let start = at
    func accepts(_ scalar: Unicode.Scalar) -> Bool { Lexer.isDigit(scalar) || scalar == "-" }
    if peek != "T" { while let scalar = peek, accepts(scalar) { at += 1 } }
    let isTime = at == start
    if peek == "T" {
      at += 1
      while let scalar = peek, Lexer.isDigit(scalar) || scalar == ":" { at += 1 }
      if peek == ".", Lexer.isDigit(peek(1)) {
        at += 1
        while Lexer.isDigit(peek) { at += 1 }
      }
      // Only a point in time has a zone: `@T14:30Z` is no literal.
      if !isTime {
        if peek == "Z" {
          at += 1
        } else if let sign = peek, sign == "+" || sign == "-", Lexer.isDigit(peek(1)), Lexer.isDigit(peek(2)),
          peek(3) == ":", Lexer.isDigit(peek(4)), Lexer.isDigit(peek(5))
        {
          at += 6
        }
      }
    }
    let literal = text(start..<at)
    guard let value = Temporal(literal: literal) else {
      throw FHIRPathError(
        .syntax, "this is no date or time: expected such as @2015-02-04, @2015-02-04T14:34, or @T14:34",
        column: column)
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
    case "u": return try unicodeEscape(column: column)
    default:
      throw FHIRPathError(.syntax, "there is no escape sequence \\\(scalar)", column: column)
    }
  }

  /// The digits of `\u0041`; of two that make one character (`\ud83d\ude00`), both.
  private mutating func unicodeEscape(column: Int) throws(FHIRPathError) -> Unicode.Scalar {
    let unit = try hexadecimal(column: column)
    if let decoded = Unicode.Scalar(unit) { return decoded }
    if unit < 0xDC00, peek == "\\", peek(1) == "u" {
      at += 2
      let low = try hexadecimal(column: column)
      if (0xDC00..<0xE000).contains(low),
        let decoded = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      {
        return decoded
      }
    }
    throw FHIRPathError(.syntax, "\\u wants four hexadecimal digits of a character", column: column)
  }

  private mutating func hexadecimal(column: Int) throws(FHIRPathError) -> UInt32 {
    let end = min(at + 4, scalars.count)
    guard end == at + 4, scalars[at..<end].allSatisfy(\.properties.isASCIIHexDigit),
      let value = UInt32(text(at..<end), radix: 16)
    else {
      throw FHIRPathError(.syntax, "\\u wants four hexadecimal digits of a character", column: column)
    }
    at = end
    return value
  }
}
