/// Why a regular expression cannot be used.
package struct PatternError: Error, Equatable {
  package let message: String
}

/// What a regular expression says, as a tree.
indirect enum PatternNode {
  case empty
  case set(ScalarSet)
  case sequence([PatternNode])
  case choice([PatternNode])
  case group(Int?, PatternNode)
  case repetition(PatternNode, minimum: Int, maximum: Int?, isLazy: Bool)
  case begin, end
  case wordBoundary(isNegative: Bool)
  case lookahead(PatternNode, isNegative: Bool)
}

/// Reads regular expressions as Java, .NET and JavaScript agree on them: those that FHIRPath's `matches` is given.
///
/// Left out are back references and looking behind, for which no matcher is known that takes time in proportion to the text.
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var at = 0
  private var depth = 0
  private var ignoresCase = false
  private(set) var groupCount = 0
  private(set) var groupNames: [String: Int] = [:]

  private static let maximumDepth = 100
  static let maximumRepetition = 5_000

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func parse() throws(PatternError) -> PatternNode {
    let node = try choice()
    guard at == scalars.count else { throw PatternError(message: "a ')' has no '('") }
    return node
  }

  private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

  private func peek(_ offset: Int) -> Unicode.Scalar? {
    at + offset < scalars.count ? scalars[at + offset] : nil
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    at += 1
    return true
  }

  private mutating func choice() throws(PatternError) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= PatternParser.maximumDepth else { throw PatternError(message: "it nests too deep") }
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(PatternError) -> PatternNode {
    var parts: [PatternNode] = []
    while let scalar = peek, scalar != "|", scalar != ")" {
      parts.append(try repeated(try atom()))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
    var node = node
    var count = 0
    while let (minimum, maximum) = try quantifier() {
      count += 1
      guard count == 1 else { throw PatternError(message: "a quantifier follows another") }
      let isLazy = take("?")
      if !isLazy, peek == "+" { throw PatternError(message: "possessive quantifiers are not supported") }
      node = .repetition(node, minimum: minimum, maximum: maximum, isLazy: isLazy)
    }
    return node
  }

  private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard peek == "{" else { return nil }
    let start = at
    at += 1
    let minimum = number()
    var maximum = minimum
    if minimum != nil, take(",") { maximum = number() }
    // What is no quantifier stands for itself.
    guard let minimum, take("}") else {
      at = start
      return nil
    }
    let hasMaximum = scalars[at - 2] != ","
    guard max(minimum, maximum ?? 0) <= PatternParser.maximumRepetition,
      !hasMaximum || minimum <= maximum ?? minimum
    else { throw PatternError(message: "a repetition {m,n} is out of bounds") }
    return (minimum, hasMaximum ? maximum : nil)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = peek, ("0"..."9").contains(scalar), (value ?? 0) < 1_000_000 {
      value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
      at += 1
    }
    return value
  }

  private mutating func atom() throws(PatternError) -> PatternNode {
    // A '{' that is no quantifier was left standing.
    guard let scalar = peek else { return .empty }
    at += 1
    switch scalar {
    case "(": return try group()
    case "[": return .set(folded(try characterClass()))
    // A line's end is a character like any other: patterns are matched as a single line.
    case ".": return .set(.everything)
    case "^": return .begin
    case "$": return .end
    case "*", "+", "?": throw PatternError(message: "a quantifier has nothing to repeat")
    case "\\": return try escape()
    default: return .set(folded(ScalarSet(scalar)))
    }
  }

  private func folded(_ set: ScalarSet) -> ScalarSet { ignoresCase ? set.ignoringCase : set }

  // MARK: Groups

  private mutating func group() throws(PatternError) -> PatternNode {
    var number: Int?
    var lookahead: Bool?
    let outerCase = ignoresCase
    if take("?") {
      if take(":") {
      } else if take("=") {
        lookahead = false
      } else if take("!") {
        lookahead = true
      } else if peek == "<", peek(1) != "=", peek(1) != "!" {
        at += 1
        number = try namedGroup(until: ">")
      } else if peek == "P", peek(1) == "<" {
        at += 2
        number = try namedGroup(until: ">")
      } else if peek == "'" {
        at += 1
        number = try namedGroup(until: "'")
      } else if peek == "i" || peek == "s" || peek == "-" || peek == "m" {
        if try options() { return .empty }
      } else {
        throw PatternError(message: "this kind of group (?… is not supported")
      }
    } else {
      groupCount += 1
      number = groupCount
    }
    let inner = try choice()
    guard take(")") else { throw PatternError(message: "a '(' has no ')'") }
    ignoresCase = outerCase
    if let lookahead { return .lookahead(inner, isNegative: lookahead) }
    return .group(number, inner)
  }

  private mutating func namedGroup(until end: Unicode.Scalar) throws(PatternError) -> Int {
    var name = ""
    while let scalar = peek, scalar != end {
      name.unicodeScalars.append(scalar)
      at += 1
    }
    guard take(end), !name.isEmpty else { throw PatternError(message: "a group's name is cut off") }
    groupCount += 1
    groupNames[name] = groupCount
    return groupCount
  }

  /// `(?i)`, `(?i:`: letters match in either case. Returns whether they hold for the rest of the group that they stand in.
  private mutating func options() throws(PatternError) -> Bool {
    var isOn = true
    while let scalar = peek {
      at += 1
      switch scalar {
      case "-": isOn = false
      case "i": ignoresCase = isOn
      case "s": break
      case ")": return true
      case ":": return false
      default: throw PatternError(message: "the option \(scalar) is not supported")
      }
    }
    throw PatternError(message: "a '(' has no ')'")
  }

  // MARK: Characters

  private mutating func escape() throws(PatternError) -> PatternNode {
    guard let scalar = peek else { throw PatternError(message: "an escape is cut off") }
    switch scalar {
    case "b", "B":
      at += 1
      return .wordBoundary(isNegative: scalar == "B")
    case "A":
      at += 1
      return .begin
    case "z", "Z":
      at += 1
      return .end
    case "1"..."9", "k": throw PatternError(message: "references to groups are not supported")
    case "Q": return try quotation()
    default: return .set(folded(try escapedSet()))
    }
  }

  /// `\Q…\E`: what stands between them means itself.
  private mutating func quotation() throws(PatternError) -> PatternNode {
    at += 1
    var parts: [PatternNode] = []
    while let scalar = peek {
      at += 1
      if scalar == "\\", take("E") { break }
      parts.append(.set(folded(ScalarSet(scalar))))
    }
    return .sequence(parts)
  }

  /// What stands behind a backslash, inside a class or outside.
  private mutating func escapedSet() throws(PatternError) -> ScalarSet {
    guard let scalar = peek else { throw PatternError(message: "an escape is cut off") }
    at += 1
    switch scalar {
    case "d": return .digits
    case "D": return ScalarSet.digits.inverted
    case "w": return .word
    case "W": return ScalarSet.word.inverted
    case "s": return .space
    case "S": return ScalarSet.space.inverted
    case "t": return ScalarSet("\t")
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "f": return ScalarSet("\u{0C}")
    case "v": return ScalarSet("\u{0B}")
    case "a": return ScalarSet("\u{07}")
    case "e": return ScalarSet("\u{1B}")
    case "0": return ScalarSet("\0")
    case "x": return ScalarSet(try hexadecimal(2))
    case "u": return ScalarSet(try hexadecimal(4))
    case "p", "P": return try property(isNegative: scalar == "P")
    case "a"..."z", "A"..."Z": throw PatternError(message: "there is no escape \\\(scalar)")
    default: return ScalarSet(scalar)
    }
  }

  private mutating func hexadecimal(_ digits: Int) throws(PatternError) -> Unicode.Scalar {
    var value: UInt32 = 0
    var count = 0
    let isBraced = take("{")
    while let scalar = peek, scalar.properties.isASCIIHexDigit, count < (isBraced ? 6 : digits),
      let digit = Character(scalar).hexDigitValue
    {
      value = value << 4 | UInt32(digit)
      count += 1
      at += 1
    }
    guard isBraced ? take("}") && count > 0 : count == digits, let scalar = Unicode.Scalar(value) else {
      throw PatternError(message: "an escape wants hexadecimal digits")
    }
    return scalar
  }

  /// `\p{Lu}`
  private mutating func property(isNegative: Bool) throws(PatternError) -> ScalarSet {
    var name = ""
    if take("{") {
      while let scalar = peek, scalar != "}" {
        name.unicodeScalars.append(scalar)
        at += 1
      }
      guard take("}") else { throw PatternError(message: "a \\p{ has no '}'") }
    } else if let scalar = peek {
      name.unicodeScalars.append(scalar)
      at += 1
    }
    guard let set = ScalarSet(property: name) else {
      throw PatternError(message: "the property \\p{\(name)} is not supported")
    }
    return isNegative ? set.inverted : set
  }

  private mutating func characterClass() throws(PatternError) -> ScalarSet {
    let isInverted = take("^")
    var set = ScalarSet()
    var isFirst = true
    while let scalar = peek, scalar != "]" || isFirst {
      isFirst = false
      let low = try classMember()
      if peek == "-", let after = peek(1), after != "]", let from = low.only {
        at += 1
        let high = try classMember()
        guard let to = high.only, from <= to else {
          throw PatternError(message: "a range in [] has its ends the wrong way round")
        }
        set.insert(from.value...to.value)
      } else {
        set.formUnion(low)
      }
    }
    guard take("]") else { throw PatternError(message: "a '[' has no ']'") }
    return isInverted ? set.inverted : set
  }

  private mutating func classMember() throws(PatternError) -> ScalarSet {
    guard let scalar = peek else { throw PatternError(message: "a '[' has no ']'") }
    at += 1
    guard scalar == "\\" else { return ScalarSet(scalar) }
    if take("b") { return ScalarSet("\u{08}") }
    return try escapedSet()
  }
}
