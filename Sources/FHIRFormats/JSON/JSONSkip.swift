/// Finds the ends of values without reading them: brackets and strings are counted, the rest is not looked at.
enum JSONSkip {
  /// Index behind the object or array that begins at `start`; -1 if the bytes, or the line, end before.
  static func container(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool = false)
    -> Int
  {
    var depth = 0
    var i = start
    // What lies on many lines need not stop at their ends: quotes are looked for twice instead.
    let lineEnd = SIMD16<UInt8>(repeating: linewise ? JSONByte.newline : JSONByte.quote)
    while true {
      let stop = firstLane(containerStops(bytes + i, lineEnd))
      i &+= stop
      if stop == 16 { continue }
      switch bytes[i] {
      case JSONByte.quote:
        i = string(bytes, from: i &+ 1, to: end, linewise: linewise)
        if i < 0 { return -1 }
        continue
      case JSONByte.openObject, JSONByte.openArray:
        depth &+= 1
      case JSONByte.closeObject, JSONByte.closeArray:
        depth &-= 1
        if depth <= 0 { return i &+ 1 }
      case JSONByte.newline:
        return -1
      case 0:
        if i >= end { return -1 }
      default:
        break
      }
      i &+= 1
    }
  }

  /// Index behind the closing quote of the string whose first byte is at `start`; -1 if there is none.
  static func string(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool = false)
    -> Int
  {
    var i = start
    while true {
      let lanes = UnsafeRawPointer(bytes + i).loadUnaligned(as: SIMD16<UInt8>.self)
      let stop = firstLane(
        (lanes .== SIMD16<UInt8>(repeating: 0x22)) .| (lanes .== SIMD16<UInt8>(repeating: 0x5C))
          .| (lanes .== SIMD16<UInt8>(repeating: 0x0A)) .| (lanes .== SIMD16<UInt8>(repeating: 0)))
      i &+= stop
      if stop == 16 { continue }
      switch bytes[i] {
      case JSONByte.quote: return i &+ 1
      case JSONByte.backslash:
        // The byte behind it may be the last one, or the zero behind that.
        i &+= i &+ 1 < end ? 2 : 1
      case JSONByte.newline:
        if linewise { return -1 }
        i &+= 1
      default:
        if i >= end { return -1 }
        i &+= 1
      }
    }
  }

  /// Index behind the value that begins at `start`, which is no white space; -1 if the bytes end before.
  ///
  /// A number, or a misspelt literal, ends before the next comma, bracket or white space.
  static func value(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool = false)
    -> Int
  {
    switch bytes[start] {
    case JSONByte.openObject, JSONByte.openArray:
      return container(bytes, from: start, to: end, linewise: linewise)
    case JSONByte.quote: return string(bytes, from: start + 1, to: end, linewise: linewise)
    default:
      var i = start
      while i < end {
        switch bytes[i] {
        case JSONByte.comma, JSONByte.closeObject, JSONByte.closeArray, 0x20, 0x09, 0x0A, 0x0D: return i
        default: i += 1
        }
      }
      return -1
    }
  }

  /// Index of the first byte from `start` on that is no white space; `end` at the latest.
  static func blanks(_ bytes: UnsafePointer<UInt8>, from start: Int) -> Int {
    var i = start
    while true {
      let stop = firstLane(blankStops(bytes + i))
      i += stop
      if stop < 16 { return i }
    }
  }

  /// Where a line of NDJSON begins: a byte order mark, as where files were put together, is no more than white space there.
  static func lineStart(_ bytes: UnsafePointer<UInt8>, from start: Int) -> Int {
    var i = blanks(bytes, from: start)
    while bytes[i] == 0xEF, bytes[i + 1] == 0xBB, bytes[i + 2] == 0xBF { i = blanks(bytes, from: i + 3) }
    return i
  }

  /// Bytes that a container's end cannot be found without: quotes, brackets, line ends where they count, and zeros.
  @inline(__always)
  private static func containerStops(
    _ bytes: UnsafePointer<UInt8>, _ lineEnd: SIMD16<UInt8>
  ) -> SIMDMask<SIMD16<Int8>> {
    let lanes = UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
    // `[` and `{`, `]` and `}` differ in one bit.
    let brackets = lanes | SIMD16<UInt8>(repeating: 0x20)
    return (lanes .== SIMD16<UInt8>(repeating: 0x22)) .| (brackets .== SIMD16<UInt8>(repeating: 0x7B))
      .| (brackets .== SIMD16<UInt8>(repeating: 0x7D)) .| (lanes .== lineEnd)
      .| (lanes .== SIMD16<UInt8>(repeating: 0))
  }
}
