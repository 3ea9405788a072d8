import FHIRModel

extension JSONScanner {
  /// Index of the first byte from `start` on that is no white space.
  @inline(__always)
  func skipBlanks(_ start: Int) -> Int {
    if bytes[start] > 0x20 { return start }
    // After a colon or comma there is mostly one space.
    if bytes[start] == 0x20 && bytes[start &+ 1] > 0x20 { return start &+ 1 }
    return JSONScanner.skipManyBlanks(bytes, start, linewise)
  }

  // Static, as a call on the scanner itself copies all of it.
  @inline(never)
  private static func skipManyBlanks(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ linewise: Bool) -> Int {
    var i = start
    if linewise {
      while bytes[i] == 0x20 || bytes[i] == 0x09 || bytes[i] == 0x0D { i &+= 1 }
      return i
    }
    while true {
      let stop = firstLane(blankStops(bytes + i))
      i &+= stop
      // The zeros behind the end are no white space, so that this always ends.
      if stop < 16 { return i }
    }
  }

  /// Index of the quote that ends the string whose first byte is at `start`; -1 if it has no end.
  @inline(__always)
  mutating func readString(_ start: Int, _ flags: inout NodeFlags) -> Int {
    let bytes = self.bytes
    var i = start
    while true {
      let stop = firstLane(stringStops(bytes + i))
      i &+= stop
      if stop == 16 { continue }
      if bytes[i] == JSONByte.quote { return i }
      i = readUnusual(i, &flags)
      if i < 0 { return -1 }
    }
  }

  /// Reads what is not plain ASCII in a string: a run of UTF-8, an escape, a control byte. The index behind it, or -1.
  @inline(never)
  mutating func readUnusual(_ start: Int, _ flags: inout NodeFlags) -> Int {
    let byte = bytes[start]
    if byte >= 0x80 { return readUTF8(start) }
    if byte == JSONByte.backslash {
      flags.formUnion(.escaped)
      return readEscape(start)
    }
    if start >= end { return fail(at: start, "") }
    if byte == JSONByte.newline || byte == 0x0D {
      return fail(at: start, "the line ends within a string: a double quote is missing")
    }
    note(.fatal, .jsonSyntax, at: start, "a control character in a string must be escaped")
    return start &+ 1
  }

  private mutating func readUTF8(_ start: Int) -> Int {
    var i = start
    while bytes[i] >= 0x80 {
      switch UTF8Sequence.at(bytes, i, end: end) {
      case .valid(let length): i &+= length
      case .cut: return fail(at: end, "")
      case .invalid:
        if !isToldUnusable(i) { note(.fatal, .encodingUTF8, at: i, "a byte that is no UTF-8") }
        i &+= 1
      }
    }
    return i
  }

  /// Whether the latest finding is of bytes in the same string: one is enough for it.
  private func isToldUnusable(_ place: Int) -> Bool {
    guard let last = findings.last, last.rule == .encodingUTF8, last.offset <= place else { return false }
    return !UnsafeBufferPointer(start: bytes + last.offset, count: place - last.offset).contains(
      JSONByte.quote)
  }

  /// Reads the escape whose backslash is at `start`; surrogates must come in pairs (RFC 8259, section 8.2).
  private mutating func readEscape(_ start: Int) -> Int {
    switch bytes[start &+ 1] {
    case JSONByte.quote, JSONByte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start &+ 2
    case UInt8(ascii: "u"):
      let unit = readHex(start &+ 2)
      if unit < 0 { return -1 }
      if unit & 0xF800 != 0xD800 { return start &+ 6 }
      if unit < 0xDC00 {
        // Whether the other half follows can only be told where the bytes do not end.
        if start &+ 6 >= end { return fail(at: end, "") }
        if bytes[start &+ 6] == JSONByte.backslash {
          if start &+ 7 >= end { return fail(at: end, "") }
          if bytes[start &+ 7] == UInt8(ascii: "u") {
            let low = readHex(start &+ 8)
            if low < 0 { return -1 }
            if low & 0xFC00 == 0xDC00 { return start &+ 12 }
          }
        }
      }
      note(
        .error, .encodingSurrogate, at: start, "half of a surrogate pair: the escape stands for no character")
      return start &+ 6
    default:
      return fail(at: start &+ 1, "a backslash must be followed by one of \" \\ / b f n r t u")
    }
  }

  /// The value of four hexadecimal digits, or -1.
  private mutating func readHex(_ start: Int) -> Int {
    var value = 0
    for i in start..<start + 4 {
      guard let digit = hexDigit(bytes[i]) else {
        return fail(at: i, "four hexadecimal digits must follow \\u")
      }
      value = value << 4 | digit
    }
    return value
  }

  /// Index behind the number that begins at `start`; -1 if it is none.
  @inline(__always)
  mutating func readNumber(_ start: Int) -> Int {
    let bytes = self.bytes
    var i = start
    if bytes[i] == UInt8(ascii: "-") { i &+= 1 }
    if bytes[i] == UInt8(ascii: "0") {
      i &+= 1
      if isDigit(bytes[i]) { return fail(at: i, "a number must not begin with 0") }
    } else {
      guard isDigit(bytes[i]) else { return fail(at: i, JSONSyntaxFault.digit(at: bytes + i)) }
      repeat { i &+= 1 } while isDigit(bytes[i])
    }
    if bytes[i] == UInt8(ascii: ".") {
      i &+= 1
      guard isDigit(bytes[i]) else { return fail(at: i, "a digit must follow the decimal point") }
      repeat { i &+= 1 } while isDigit(bytes[i])
    }
    if bytes[i] | 0x20 == UInt8(ascii: "e") {
      i &+= 1
      if bytes[i] == UInt8(ascii: "+") || bytes[i] == UInt8(ascii: "-") { i &+= 1 }
      guard isDigit(bytes[i]) else { return fail(at: i, "a digit is expected in the exponent") }
      repeat { i &+= 1 } while isDigit(bytes[i])
    }
    return i
  }

  /// Index behind the `true`, `false` or `null` that begins at `start`; -1 if it is none.
  @inline(__always)
  mutating func readLiteral(_ start: Int) -> Int {
    // Four bytes are readable: padding follows the end.
    switch UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt32.self) {
    case 0x6575_7274: return start &+ 4  // "true", little-endian
    case 0x6C6C_756E: return start &+ 4  // "null"
    case 0x736C_6166 where bytes[start &+ 4] == UInt8(ascii: "e"): return start &+ 5  // "fals"
    default: return misspeltLiteral(start)
    }
  }

  @inline(never)
  private mutating func misspeltLiteral(_ start: Int) -> Int {
    for literal in ["true", "false", "null"] where bytes[start] == literal.utf8.first {
      for (offset, byte) in literal.utf8.enumerated() where bytes[start + offset] != byte {
        return fail(at: start + offset, "true, false or null is expected here")
      }
    }
    return fail(at: start, "true, false or null is expected here")
  }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// The value of a hexadecimal digit.
@inline(__always)
func hexDigit(_ byte: UInt8) -> Int? {
  switch byte {
  case 0x30...0x39: Int(byte) - 0x30
  case 0x41...0x46: Int(byte) - 0x41 + 10
  case 0x61...0x66: Int(byte) - 0x61 + 10
  default: nil
  }
}
