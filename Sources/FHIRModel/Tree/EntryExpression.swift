/// The FHIRPath of a Bundle's entry: `Bundle.entry[3]`.
package enum EntryExpression {
  private static let start: StaticString = "Bundle.entry["
  private static let mostDigits = 20

  /// Made for every entry of every Bundle, hence in one piece.
  package static func of(_ index: Int) -> String {
    String(unsafeUninitializedCapacity: start.utf8CodeUnitCount + mostDigits + 1) { room in
      var length = start.utf8CodeUnitCount
      UnsafeMutableRawBufferPointer(room).copyMemory(
        from: UnsafeRawBufferPointer(start: start.utf8Start, count: length))
      var rest = UInt(index)
      var digits = 1
      while rest >= 10 {
        rest /= 10
        digits += 1
      }
      rest = UInt(index)
      for place in (length..<length + digits).reversed() {
        room[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      length += digits
      room[length] = UInt8(ascii: "]")
      return length + 1
    }
  }

  /// Whether an expression leads into an entry.
  package static func begins(_ expression: String) -> Bool { expression.hasPrefix("\(start)") }
}
