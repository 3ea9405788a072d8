/// The digits of 00 to 99, two bytes each.
@usableFromInline let decimalPairs: StaticString = """
  0001020304050607080910111213141516171819\
  2021222324252627282930313233343536373839\
  4041424344454647484950515253545556575859\
  6061626364656667686970717273747576777879\
  8081828384858687888990919293949596979899
  """

/// The two digits of a number below 100, in the order in which they stand in memory.
@inlinable func decimalPair(_ value: UInt) -> UInt16 {
  // The literal has 200 bytes and the caller promises value < 100.
  UnsafeRawPointer(decimalPairs.utf8Start).loadUnaligned(
    fromByteOffset: Int(bitPattern: value) &* 2, as: UInt16.self)
}

/// Writes a number in decimal, at most 20 bytes, and says how many.
@usableFromInline func writeDigits(_ value: UInt64, to place: UnsafeMutableRawPointer) -> Int {
  var length = 1
  var rest = value
  while rest >= 10 {
    rest /= 10
    length += 1
  }
  writeDigits(value, count: length, to: place)
  return length
}

/// Writes the last `count` digits of a number, with leading zeros where it has fewer.
func writeDigits(_ value: UInt64, count: Int, to place: UnsafeMutableRawPointer) {
  var rest = value
  var at = count
  while at >= 2 {
    at -= 2
    place.storeBytes(of: decimalPair(UInt(rest % 100)), toByteOffset: at, as: UInt16.self)
    rest /= 100
  }
  if at == 1 { place.storeBytes(of: UInt8(0x30 + rest % 10), as: UInt8.self) }
}
