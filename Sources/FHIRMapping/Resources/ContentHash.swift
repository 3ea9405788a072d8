package import BSON

/// 128 bits that stand for what a resource says: equal content has an equal hash, on every machine and in every run.
///
/// Texts that references came with (`_written`) do not count: a resource stays itself when its references are
/// resolved. Hashes of parts add up to the hash of their document, in any order. Not for secrets: nobody is kept from
/// making two contents of one hash.
package struct ContentHash: Hashable, Sendable {
  package private(set) var high: UInt64
  package private(set) var low: UInt64

  /// The hash of nothing; neutral in a sum.
  package static let zero = ContentHash(high: 0, low: 0)

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The hash of a document's or array's elements.
  package init(_ view: BSONView) throws(BSONError) {
    var state = HashState()
    try state.add(view, depth: 1)
    self = state.finish()
  }

  /// The hash of some bytes.
  package init(bytes: UnsafeRawBufferPointer) {
    var state = HashState()
    state.add(bytes)
    self = state.finish()
  }

  package init(of text: String) {
    var text = text
    self = text.withUTF8 { ContentHash(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// 32 hexadecimal digits.
  package var text: String { Hexadecimal.text(high, low) }

  package init?(hexadecimal text: String) {
    guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  /// The hash of two things in their order.
  func combined(with other: ContentHash) -> ContentHash {
    var state = HashState()
    state.add(high, low)
    state.add(other.high, other.low)
    return state.finish()
  }

  /// The sum, the same whatever the order.
  package static func + (a: ContentHash, b: ContentHash) -> ContentHash {
    let (low, overflow) = a.low.addingReportingOverflow(b.low)
    return ContentHash(high: a.high &+ b.high &+ (overflow ? 1 : 0), low: low)
  }

  package static func += (a: inout ContentHash, b: ContentHash) { a = a + b }
}

/// Two lanes of multiply-and-fold over sixteen bytes at a time.
private struct HashState {
  private static let k0: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let k1: UInt64 = 0xD6E8_FEB8_6659_FD93
  private static let k2: UInt64 = 0xA076_1D64_78BD_642F
  private static let k3: UInt64 = 0xE703_7ED1_A0B4_28DB

  private var a: UInt64 = 0x243F_6A88_85A3_08D3
  private var b: UInt64 = 0x1319_8A2E_0370_7344

  @inline(__always)
  private static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
    let (high, low) = x.multipliedFullWidth(by: y)
    return high ^ low
  }

  @inline(__always)
  mutating func add(_ x: UInt64, _ y: UInt64) {
    // The state is added in, not only multiplied, so that a product of zero forgets nothing.
    let next = HashState.fold(a ^ x ^ HashState.k0, y ^ HashState.k1) &+ (b << 29 | b >> 35)
    b = HashState.fold(b ^ y ^ HashState.k2, x ^ HashState.k3) &+ (a << 31 | a >> 33)
    a = next
  }

  @inline(__always)
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    guard let base = bytes.baseAddress else {
      add(0, 0)
      return
    }
    var at = 0
    while at &+ 16 <= count {
      add(
        base.loadUnaligned(fromByteOffset: at, as: UInt64.self),
        base.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self))
      at &+= 16
    }
    // The rest, with the length in the bits that no text of its size can fill alike.
    var x: UInt64 = 0
    var y: UInt64 = 0
    if at &+ 8 <= count {
      x = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at &+= 8
    } else {
      while at < count {
        x = x << 8 | UInt64(base.load(fromByteOffset: at, as: UInt8.self))
        at &+= 1
      }
    }
    while at < count {
      y = y << 8 | UInt64(base.load(fromByteOffset: at, as: UInt8.self))
      at &+= 1
    }
    add(x, y ^ UInt64(count) << 56 ^ UInt64(count) >> 8)
  }

  mutating func add(_ view: BSONView, depth: Int, isArray: Bool = false) throws(BSONError) {
    guard depth <= BSONLimit.depth else { throw BSONError(.tooDeep) }
    var iterator = view.makeIterator()
    while let element = try iterator.next() {
      if !isArray {
        if element.type == .string, element.key.count == 8, element.hasKey("_written") { continue }
        add(element.key)
      }
      if let inner = element.container {
        add(UInt64(element.type.rawValue), HashState.k0)
        try add(inner, depth: depth + 1, isArray: element.type == .array)
        add(HashState.k2, UInt64(element.type.rawValue))
      } else {
        a ^= UInt64(element.type.rawValue)
        add(element.value)
      }
    }
  }

  func finish() -> ContentHash {
    var last = self
    last.add(HashState.k3, HashState.k1)
    last.add(b, a)
    return ContentHash(high: last.a, low: last.b)
  }
}
