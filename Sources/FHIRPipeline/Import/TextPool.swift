import FHIRModel

/// Texts that come again and again, each made once.
struct TextPool {
  private var texts: [UInt64: String] = [:]

  private func isEqual(_ known: UnsafeBufferPointer<UInt8>, _ bytes: UnsafeRawBufferPointer) -> Bool {
    known.count == bytes.count
      && memoryEqual(known.baseAddress, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count)
  }

  mutating func text(_ bytes: UnsafeRawBufferPointer) -> String {
    let hash = ContentHash.of(bytes)
    if var known = texts[hash], known.withUTF8({ isEqual($0, bytes) }) { return known }
    let text = String(decoding: bytes, as: UTF8.self)
    texts[hash] = text
    return text
  }
}
