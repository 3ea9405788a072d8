extension ResourceTree {
  /// The decoded text of a node's value. Escapes that mean no scalar (a lone surrogate) become U+FFFD: for exact
  /// copies see ``rawText(_:)``.
  package func string(at index: Int) -> String {
    let raw = rawText(index)
    guard nodes[index].flags.contains(.escaped) else { return String(decoding: raw, as: UTF8.self) }
    let buffer = TextBuffer(capacity: raw.count)
    _ = JSONEscapes.decode(raw, into: buffer)
    return String(decoding: UnsafeBufferPointer(start: buffer.bytes, count: buffer.count), as: UTF8.self)
  }

  /// Gives the decoded text of a node's value without allocating, unless escapes are to be decoded into `scratch`.
  @inlinable
  @inline(__always)
  package func withText<R>(
    _ index: Int, scratch: TextBuffer, _ body: (UnsafeBufferPointer<UInt8>) throws -> R
  ) rethrows -> R {
    let raw = rawText(index)
    guard nodes[index].flags.contains(.escaped) else { return try body(raw) }
    scratch.count = 0
    _ = JSONEscapes.decode(raw, into: scratch)
    return try body(UnsafeBufferPointer(start: scratch.bytes, count: scratch.count))
  }

  /// The name of an element, known to the table or not.
  package func nameString(of index: Int, table: DefinitionTable) -> String {
    let name = nodes[index].name
    return name.isUnknown ? unknownNames[Int(name.rawValue - NameID.unknown)] : table.string(of: name)
  }
}

/// The escapes of JSON strings.
///
/// See https://www.rfc-editor.org/rfc/rfc8259#section-7
@usableFromInline
package enum JSONEscapes {
  /// Appends the decoded text of a JSON string's inside to a buffer.
  ///
  /// - Returns: whether every escape meant a scalar; for a lone surrogate U+FFFD is appended.
  @usableFromInline
  package static func decode(_ raw: UnsafeBufferPointer<UInt8>, into buffer: TextBuffer) -> Bool {
    var whole = true
    var i = 0
    var plain = 0
    func flush(_ end: Int) {
      if end > plain { _ = buffer.append(UnsafeBufferPointer(rebasing: raw[plain..<end])) }
    }
    while i < raw.count {
      guard raw[i] == UInt8(ascii: "\\"), i + 1 < raw.count else {
        i += 1
        continue
      }
      flush(i)
      let escape = raw[i + 1]
      i += 2
      switch escape {
      case UInt8(ascii: "n"): append(0x0A, to: buffer)
      case UInt8(ascii: "t"): append(0x09, to: buffer)
      case UInt8(ascii: "r"): append(0x0D, to: buffer)
      case UInt8(ascii: "b"): append(0x08, to: buffer)
      case UInt8(ascii: "f"): append(0x0C, to: buffer)
      case UInt8(ascii: "u"):
        var unit = hex(raw, at: i)
        i += 4
        if unit >= 0xD800, unit < 0xDC00, i + 1 < raw.count, raw[i] == UInt8(ascii: "\\"),
          raw[i + 1] == UInt8(ascii: "u")
        {
          let low = hex(raw, at: i + 2)
          if low >= 0xDC00, low < 0xE000 {
            unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            i += 6
          }
        }
        let scalar = Unicode.Scalar(unit)
        whole = whole && scalar != nil
        for byte in UTF8.encode(scalar ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
          append(byte, to: buffer)
        }
      default: append(escape, to: buffer)
      }
      plain = i
    }
    flush(raw.count)
    return whole
  }

  /// The first place, at or behind a limit, at which a JSON string's inside may be cut without cutting what belongs together.
  static func boundary(in raw: UnsafeBufferPointer<UInt8>, from start: Int, reaching limit: Int) -> Int {
    var i = start
    while i < limit {
      guard raw[i] == UInt8(ascii: "\\"), i + 1 < raw.count else {
        i += 1
        continue
      }
      let isUnit = raw[i + 1] == UInt8(ascii: "u")
      // What may be the first half of a pair stays with what may be the second.
      let isHigh = isUnit && (0xD800..<0xDC00).contains(hex(raw, at: i + 2))
      i += isUnit ? 6 : 2
      if isHigh, i + 1 < raw.count, raw[i] == UInt8(ascii: "\\"), raw[i + 1] == UInt8(ascii: "u"),
        (0xDC00..<0xE000).contains(hex(raw, at: i + 2))
      {
        i += 6
      }
    }
    return min(i, raw.count)
  }

  /// Where a byte of the decoded text begins in a JSON string's inside.
  package static func rawOffset(of offset: Int, in raw: UnsafeBufferPointer<UInt8>) -> Int {
    var i = 0
    var decoded = 0
    while i < raw.count, decoded < offset {
      guard raw[i] == UInt8(ascii: "\\"), i + 1 < raw.count else {
        i += 1
        decoded += 1
        continue
      }
      guard raw[i + 1] == UInt8(ascii: "u") else {
        i += 2
        decoded += 1
        continue
      }
      let unit = hex(raw, at: i + 2)
      // Half of a pair is two of the four bytes that the pair becomes.
      decoded += unit < 0x80 ? 1 : unit < 0x800 || (0xD800..<0xE000).contains(unit) ? 2 : 3
      i += 6
    }
    return min(i, raw.count)
  }

  private static func append(_ byte: UInt8, to buffer: TextBuffer) {
    withUnsafePointer(to: byte) { _ = buffer.append(UnsafeBufferPointer(start: $0, count: 1)) }
  }

  /// The value of four hexadecimal digits; the reader has checked that they are there.
  private static func hex(_ raw: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32 {
    var value: UInt32 = 0
    for i in start..<min(start + 4, raw.count) {
      let digit = raw[i]
      value = value << 4 | UInt32(digit <= 0x39 ? digit &- 0x30 : (digit | 0x20) &- 0x57)
    }
    return value
  }
}
