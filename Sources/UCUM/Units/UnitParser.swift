/// Reads a case-sensitive UCUM code by its grammar.
///
/// See https://ucum.org/ucum#section-Syntax-Rules. As HL7's own reader does, it lets an annotation follow any component,
/// and hold spaces.
struct UnitParser {
  static let longest = 1000
  static let deepest = 32
  private static let largestExponent = 99

  /// One factor of a unit: a symbol with its prefix and exponent, or a number.
  struct Factor {
    enum Subject {
      case symbol(unit: Int, prefix: Int?)
      case number(UInt64)
    }
    let subject: Subject
    let exponent: Int
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private(set) var factors: [Factor] = []

  static func factors(of bytes: UnsafeBufferPointer<UInt8>) throws(UCUMError) -> [Factor] {
    guard bytes.count <= longest else { throw UCUMError(code: .tooLong, offset: longest) }
    var parser = UnitParser(bytes: bytes)
    guard !bytes.isEmpty else { throw parser.error(.empty) }
    try parser.term(isInverse: false, depth: 0)
    guard parser.position == bytes.count else {
      throw parser.error(parser.next == UInt8(ascii: ")") ? .parenthesis : .unexpectedCharacter)
    }
    return parser.factors
  }

  static func factors(of text: String) throws(UCUMError) -> [Factor] {
    var text = text
    return try text.withUTF8 { bytes in Result { () throws(UCUMError) in try factors(of: bytes) } }.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(_ code: UCUMError.Code, at offset: Int? = nil) -> UCUMError {
    UCUMError(code: code, offset: offset ?? position)
  }

  /// A term: components from left to right; a solidus divides by the component that follows it.
  private mutating func term(isInverse: Bool, depth: Int) throws(UCUMError) {
    guard depth <= Self.deepest else { throw error(.tooDeep) }
    var divides = false
    if next == UInt8(ascii: "/") {
      divides = true
      position += 1
    }
    while true {
      try component(isInverse: isInverse != divides, depth: depth)
      switch next {
      case UInt8(ascii: "."): divides = false
      case UInt8(ascii: "/"): divides = true
      default: return
      }
      position += 1
    }
  }

  private mutating func component(isInverse: Bool, depth: Int) throws(UCUMError) {
    let isBare: Bool
    switch next {
    case nil: throw error(.empty)
    case UInt8(ascii: "{"): isBare = true
    case UInt8(ascii: "("):
      isBare = false
      position += 1
      try term(isInverse: isInverse, depth: depth + 1)
      guard next == UInt8(ascii: ")") else { throw error(.parenthesis) }
      position += 1
    default:
      isBare = false
      try simple(isInverse: isInverse)
    }
    if next == UInt8(ascii: "{") {
      repeat { try annotation() } while next == UInt8(ascii: "{")
      // `{cells}5`: what follows an annotation must be an operator.
      if isBare, let byte = next, !Self.endsComponent(byte) { throw error(.unexpectedCharacter) }
    }
  }

  private mutating func annotation() throws(UCUMError) {
    let start = position
    position += 1
    while let byte = next, byte != UInt8(ascii: "}") {
      guard byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "{") else { throw error(.annotation) }
      position += 1
    }
    guard next != nil else { throw error(.annotation, at: start) }
    position += 1
  }

  /// A symbol with an exponent, or a number.
  private mutating func simple(isInverse: Bool) throws(UCUMError) {
    let start = position
    var end = start
    while end < bytes.count, !Self.endsComponent(bytes[end]), bytes[end] != UInt8(ascii: "{") {
      // What stands in brackets belongs to the symbol, whatever it is: B[10.nV], [m/s2/Hz^(1/2)].
      if bytes[end] == UInt8(ascii: "[") {
        while end < bytes.count, bytes[end] != UInt8(ascii: "]") { end += 1 }
        guard end < bytes.count else { throw error(.unexpectedCharacter, at: start) }
      }
      end += 1
    }
    guard end > start else { throw error(.empty) }
    position = end
    if let number = try wholeNumber(start..<end) {
      factors.append(Factor(subject: .number(number), exponent: isInverse ? -1 : 1))
      return
    }
    var symbolEnd = end
    while symbolEnd > start, Self.isDigit(bytes[symbolEnd - 1]) { symbolEnd -= 1 }
    var exponent = 1
    if symbolEnd < end {
      guard let digits = try wholeNumber(symbolEnd..<end), digits <= UInt64(Self.largestExponent) else {
        throw error(.number, at: symbolEnd)
      }
      exponent = Int(digits)
      let sign = symbolEnd > start ? bytes[symbolEnd - 1] : 0
      if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        if sign == UInt8(ascii: "-") { exponent = -exponent }
        symbolEnd -= 1
      }
    }
    let subject = try symbol(start..<symbolEnd)
    factors.append(Factor(subject: subject, exponent: isInverse ? -exponent : exponent))
  }

  private func wholeNumber(_ range: Range<Int>) throws(UCUMError) -> UInt64? {
    guard bytes[range].allSatisfy(Self.isDigit) else { return nil }
    var number: UInt64 = 0
    for byte in bytes[range] {
      guard number < 100_000_000_000_000_000 else { throw error(.number, at: range.lowerBound) }
      number = number * 10 + UInt64(byte - UInt8(ascii: "0"))
    }
    return number
  }

  private func symbol(_ range: Range<Int>) throws(UCUMError) -> Factor.Subject {
    let table = UnitTable.shared
    let text = String(decoding: bytes[range], as: UTF8.self)
    if let unit = table.unit(text) { return .symbol(unit: unit, prefix: nil) }
    var failure = UCUMError.Code.unknownUnit
    for length in 1...2 where range.count > length {
      let split = range.lowerBound + length
      guard let prefix = table.prefix(String(decoding: bytes[range.lowerBound..<split], as: UTF8.self)),
        let unit = table.unit(String(decoding: bytes[split..<range.upperBound], as: UTF8.self))
      else { continue }
      if table.units[unit].isMetric { return .symbol(unit: unit, prefix: prefix) }
      failure = .notMetric
    }
    throw error(failure, at: range.lowerBound)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func endsComponent(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "(")
      || byte == UInt8(ascii: ")")
  }
}
