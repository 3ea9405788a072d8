import BSON

/// A 64-bit hash of a name or a key, for finding it within a run: taken eight bytes at a time, and never stored.
///
/// Two different names of one hash in one run are not to be expected (1 in 10⁷ at a million names).
package enum NameHash {
  package static func of(_ text: String) -> UInt64 {
    text.withUTF8Bytes { of($0) }
  }

  /// Of a key, `Type/id`, whose parts stand in a text.
  package static func ofKey(
    type: UnsafeBufferPointer<UInt8>, id: UnsafeBufferPointer<UInt8>
  ) -> UInt64 {
    withUnsafeTemporaryAllocation(byteCount: type.count + 1 + id.count, alignment: 8) { key in
      key.copyMemory(from: UnsafeRawBufferPointer(type))
      key[type.count] = UInt8(ascii: "/")
      UnsafeMutableRawBufferPointer(rebasing: key[(type.count + 1)...])
        .copyMemory(from: UnsafeRawBufferPointer(id))
      return of(UnsafeRawBufferPointer(key))
    }
  }

  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
    var at = 0
    while at &+ 8 <= bytes.count {
      hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0xA076_1D64_78BD_642F)
      at &+= 8
    }
    var rest: UInt64 = 0
    while at < bytes.count {
      rest = rest &<< 8 | UInt64(bytes[at])
      at &+= 1
    }
    return mix(hash ^ rest, 0xE703_7ED1_A0B4_28DB)
  }

  /// The 128 bits of a product, folded; the sum keeps what meets a zero from being lost.
  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a &+ 0x8EBC_6AF0_9C88_C6E3).multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
