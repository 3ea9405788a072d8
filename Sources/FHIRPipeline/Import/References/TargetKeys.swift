/// Keys of resources, one behind the other: a million of them take a fifth of what they would as texts of their own.
struct TargetKeys: Sendable {
  private var texts: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ends.count }

  func withKey<R>(_ position: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let start = position > 0 ? ends[position - 1] : 0
    return texts.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[position]])) }
  }

  mutating func append(_ key: String) {
    texts.append(contentsOf: key.utf8)
    ends.append(texts.count)
  }
}
