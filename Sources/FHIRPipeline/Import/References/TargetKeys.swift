import FHIRModel

/// Keys or ids of resources, one behind the other: a million of them take a fifth of what they would as texts of their own, and what is more
/// than some megabytes stands in a file.
struct TargetKeys: Sendable {
  private var texts = FiledArray<UInt8>()
  private var ends = FiledArray<Int>()

  var count: Int { ends.count }

  func withKey<R>(_ position: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let start = position > 0 ? ends[position - 1] : 0
    return body(UnsafeRawBufferPointer(texts.lend(start..<ends[position])))
  }

  /// All of them, as texts.
  var all: some Sequence<String> {
    (0..<count).lazy.map { withKey($0) { String(decoding: $0, as: UTF8.self) } }
  }

  mutating func append(_ key: String) {
    var key = key
    key.withUTF8 { texts.append(contentsOf: $0) }
    ends.append(texts.count)
  }
}
