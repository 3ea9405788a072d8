/// Texts taken sixteen bytes at a time, for grammars whose texts are of one sort of bytes from end to end.
enum TextBlocks {
  typealias Block = SIMD16<UInt8>

  /// How many bytes at the beginning are of a sort, counted in blocks of sixteen; the rest is to be looked at byte by byte.
  ///
  /// - Parameter sort: 255 in the lanes that are.
  @inline(__always)
  static func leading(_ text: UnsafeBufferPointer<UInt8>, _ sort: (Block) -> Block) -> Int {
    let bytes = UnsafeRawBufferPointer(text)
    var i = 0
    while i + Block.scalarCount <= bytes.count {
      let lanes = sort(bytes.loadUnaligned(fromByteOffset: i, as: Block.self))
      let halves = unsafeBitCast(lanes, to: SIMD2<UInt64>.self)
      guard halves[0] & halves[1] == .max else { break }
      i += Block.scalarCount
    }
    return i
  }

  @inline(__always)
  static func letters(_ block: Block) -> Block {
    lanes(of: (block | Block(repeating: 0x20)) &- Block(repeating: UInt8(ascii: "a")), below: 26)
  }

  @inline(__always)
  static func digits(_ block: Block) -> Block {
    lanes(of: block &- Block(repeating: UInt8(ascii: "0")), below: 10)
  }

  @inline(__always)
  static func bytes(_ block: Block, _ byte: UInt8) -> Block {
    unsafeBitCast(block .== Block(repeating: byte), to: Block.self)
  }

  /// 255 in the lanes that are below a bound. Signed numbers, for the processor compares no others.
  @inline(__always)
  private static func lanes(of block: Block, below bound: UInt8) -> Block {
    let signed = unsafeBitCast(block ^ Block(repeating: 0x80), to: SIMD16<Int8>.self)
    return unsafeBitCast(
      signed .< SIMD16<Int8>(repeating: Int8(bitPattern: bound ^ 0x80)), to: Block.self)
  }
}
