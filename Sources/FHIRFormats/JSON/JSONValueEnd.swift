/// Finds where a value ends that is not in memory as a whole.
struct JSONValueEnd {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// The index behind the value, whose next bytes these are; nil if it goes on behind them.
  mutating func find(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
    for index in bytes.indices {
      let byte = bytes[index]
      if isEscaped {
        isEscaped = false
      } else if isInString {
        if byte == JSONByte.backslash { isEscaped = true }
        if byte == JSONByte.quote {
          isInString = false
          if depth == 0 { return index + 1 }
        }
      } else {
        switch byte {
        case JSONByte.quote: isInString = true
        case JSONByte.openObject, JSONByte.openArray: depth += 1
        case JSONByte.closeObject, JSONByte.closeArray:
          // That of what is around a number or a literal.
          if depth == 0 { return index }
          depth -= 1
          if depth == 0 { return index + 1 }
        case JSONByte.comma where depth == 0: return index
        default: break
        }
      }
    }
    return nil
  }
}
