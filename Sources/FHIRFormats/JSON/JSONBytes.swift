/// JSON's own bytes.
enum JSONByte {
  static let quote = UInt8(ascii: "\"")
  static let backslash = UInt8(ascii: "\\")
  static let openObject = UInt8(ascii: "{")
  static let closeObject = UInt8(ascii: "}")
  static let openArray = UInt8(ascii: "[")
  static let closeArray = UInt8(ascii: "]")
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let newline = UInt8(ascii: "\n")
}

/// Index of the first lane that is set, 16 if none is.
@inline(__always)
func firstLane(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
  let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
  if halves[0] != 0 { return halves[0].trailingZeroBitCount >> 3 }
  if halves[1] != 0 { return 8 &+ (halves[1].trailingZeroBitCount >> 3) }
  return 16
}

/// Bytes that end a run of a string's plain ASCII: quote, backslash, control bytes, and all from 0x80 on.
///
/// The types of the constants are written out: with inferred ones the compiler compares lane by lane, 25 times slower.
@inline(__always)
func stringStops(_ bytes: UnsafePointer<UInt8>) -> SIMDMask<SIMD16<Int8>> {
  let lanes = UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
  // Signed, everything from 0x80 on is negative and so below 0x20.
  let signed = unsafeBitCast(lanes, to: SIMD16<Int8>.self)
  return (lanes .== SIMD16<UInt8>(repeating: 0x22)) .| (lanes .== SIMD16<UInt8>(repeating: 0x5C))
    .| (signed .< SIMD16<Int8>(repeating: 0x20))
}

/// Bytes that are no JSON white space.
@inline(__always)
func blankStops(_ bytes: UnsafePointer<UInt8>) -> SIMDMask<SIMD16<Int8>> {
  let lanes = UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
  let blank =
    (lanes .== SIMD16<UInt8>(repeating: 0x20)) .| (lanes .== SIMD16<UInt8>(repeating: 0x0A))
    .| (lanes .== SIMD16<UInt8>(repeating: 0x0D)) .| (lanes .== SIMD16<UInt8>(repeating: 0x09))
  return .!blank
}

/// What a stretch of bytes from 0x80 on is.
enum UTF8Sequence {
  case valid(Int)
  case invalid
  /// Right as far as it goes, but the bytes end.
  case cut

  /// The scalar that begins at `index`, whose byte is 0x80 or more. See Unicode's table 3-7.
  @inline(__always)
  static func at(_ bytes: UnsafePointer<UInt8>, _ index: Int, end: Int) -> UTF8Sequence {
    let lead = bytes[index]
    let second = bytes[index &+ 1]
    let length: Int
    let secondIsValid: Bool
    switch lead {
    case 0xC2...0xDF: (length, secondIsValid) = (2, second & 0xC0 == 0x80)
    case 0xE0: (length, secondIsValid) = (3, second >= 0xA0 && second <= 0xBF)
    case 0xED: (length, secondIsValid) = (3, second >= 0x80 && second <= 0x9F)
    case 0xE1...0xEF: (length, secondIsValid) = (3, second & 0xC0 == 0x80)
    case 0xF0: (length, secondIsValid) = (4, second >= 0x90 && second <= 0xBF)
    case 0xF1...0xF3: (length, secondIsValid) = (4, second & 0xC0 == 0x80)
    case 0xF4: (length, secondIsValid) = (4, second >= 0x80 && second <= 0x8F)
    default: return .invalid
    }
    if index &+ 1 >= end { return .cut }
    if !secondIsValid { return .invalid }
    var offset = 2
    while offset < length {
      if index &+ offset >= end { return .cut }
      if bytes[index &+ offset] & 0xC0 != 0x80 { return .invalid }
      offset &+= 1
    }
    return .valid(length)
  }
}
