import BSON

/// A 128-bit digest of bytes, the same on every machine and in every release: tells whether content changed.
///
/// It is no cryptographic hash: whoever can write into the database needs no collision.
package struct ContentDigest {
  private var a: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var b: UInt64 = 0xD1B5_4A32_D192_ED03
  private var length: UInt64 = 0

  package init() {}

  /// A finished digest as two numbers.
  package struct Words: Sendable, Equatable, BitwiseCopyable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    /// - Parameter text: 32 hexadecimal digits.
    init?(_ text: String) {
      guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
        let low = UInt64(text.suffix(16), radix: 16)
      else { return nil }
      self.init(high: high, low: low)
    }

    /// 32 hexadecimal digits.
    package var text: String {
      String(unsafeUninitializedCapacity: 32) { digits in
        for place in 0..<32 {
          let word = place < 16 ? high : low
          let digit = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- 4 &* (place & 15))) & 15
          digits[place] = digit < 10 ? digit &+ UInt8(ascii: "0") : digit &+ (UInt8(ascii: "a") &- 10)
        }
        return 32
      }
    }
  }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var i = 0
    while i &+ 16 <= bytes.count {
      let x = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self))
      let y = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i &+ 8, as: UInt64.self))
      mix(x, y)
      i &+= 16
    }
    let (x, y) = ContentDigest.rest(of: bytes, from: i)
    mix(x, y ^ (UInt64(bytes.count) &<< 56))
    length &+= UInt64(bytes.count)
  }

  /// The last bytes, fewer than sixteen, as two little-endian numbers.
  @inline(__always)
  static func rest(of bytes: UnsafeRawBufferPointer, from start: Int) -> (UInt64, UInt64) {
    let count = bytes.count &- start
    if count >= 8 {
      let first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
      guard count > 8 else { return (first, 0) }
      // What it has of the first eight goes out again.
      let last = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
      return (first, last &>> UInt64(truncatingIfNeeded: 8 &* (16 &- count)))
    }
    if count >= 4 {
      let first = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
      let last = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count &- 4, as: UInt32.self))
      return (UInt64(first) | UInt64(last) &<< UInt64(truncatingIfNeeded: 8 &* (count &- 4)), 0)
    }
    guard count > 0 else { return (0, 0) }
    let half = count &>> 1
    let middle = UInt64(bytes[start &+ half]) &<< UInt64(truncatingIfNeeded: 8 &* half)
    let last = UInt64(bytes[bytes.count &- 1]) &<< UInt64(truncatingIfNeeded: 8 &* (count &- 1))
    return (UInt64(bytes[start]) | middle | last, 0)
  }

  package mutating func add(_ text: String) {
    text.withUTF8Bytes { add($0) }
  }

  /// 32 hexadecimal digits.
  package var text: String { words.text }

  /// The digest as two numbers.
  package var words: Words {
    var last = self
    last.mix(length, 0x2545_F491_4F6C_DD1D)
    last.mix(last.b, last.a)
    return Words(high: last.a, low: last.b)
  }

  package mutating func add(_ words: Words) {
    mix(words.high, words.low)
    length &+= 16
  }

  /// Two lanes, each folding the 128-bit product of what it has and what comes.
  @inline(__always)
  private mutating func mix(_ x: UInt64, _ y: UInt64) {
    let first = (a ^ x).multipliedFullWidth(by: 0xA076_1D64_78BD_642F ^ (y &<< 1 | 1))
    let second = (b ^ y).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB ^ (x &<< 1 | 1))
    a = first.high ^ first.low ^ y
    b = second.high ^ second.low ^ (x &<< 32 | x &>> 32)
  }
}

extension ContentDigest {
  package static func words(of bytes: UnsafeRawBufferPointer) -> Words {
    var digest = ContentDigest()
    digest.add(bytes)
    return digest.words
  }

  /// The digest of some bytes, as hexadecimal digits.
  package static func text(of bytes: UnsafeRawBufferPointer) -> String {
    var digest = ContentDigest()
    digest.add(bytes)
    return digest.text
  }

  package static func text(of text: String) -> String {
    var digest = ContentDigest()
    digest.add(text)
    return digest.text
  }
}
