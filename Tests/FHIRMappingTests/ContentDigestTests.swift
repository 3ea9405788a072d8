import FHIRMapping
import Testing

/// Stored hashes are compared with those of later releases: the digest may never change.
@Suite struct ContentDigestTests {
  @Test func `the digest of bytes stays what it is`() {
    var all = ContentDigest()
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
      all.add(bytes.withUnsafeBytes { ContentDigest.text(of: $0) })
    }
    #expect(all.text == "daa051bd554b496c92fcdc0841c9d9a5")
  }

  @Test func `a byte more, less or other is another digest`() {
    var seen: Set<String> = []
    for count in 0...40 {
      let bytes = [UInt8](repeating: 0, count: count)
      seen.insert(bytes.withUnsafeBytes { ContentDigest.text(of: $0) })
      for place in 0..<count {
        var other = bytes
        other[place] = 1
        seen.insert(other.withUnsafeBytes { ContentDigest.text(of: $0) })
      }
    }
    #expect(seen.count == 41 + (0...40).reduce(0, +))
  }
}
