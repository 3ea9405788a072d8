import FHIRModel

/// Texts one after another, as bytes that need not stay in memory: there may be millions of them.
struct FiledTexts {
  private var bytes = FiledArray<UInt8>()

  var isEmpty: Bool { bytes.count == 0 }

  mutating func add(_ other: FiledTexts) {
    bytes.append(contentsOf: other.bytes.lend(0..<other.bytes.count))
  }

  /// A text behind its length.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { text in
      withUnsafeBytes(of: UInt32(text.count).littleEndian) { count in
        for byte in count { bytes.append(byte) }
      }
      bytes.append(contentsOf: text)
    }
  }

  /// Goes through the texts.
  ///
  /// - Parameter body: takes as many as belong together, one by one.
  func forEach(_ body: (_ next: () -> String) throws -> Void) rethrows {
    var at = 0
    func next() -> String {
      let head = UnsafeRawBufferPointer(bytes.lend(at..<at + 4))
      let count = Int(UInt32(littleEndian: head.loadUnaligned(as: UInt32.self)))
      defer { at += 4 + count }
      return String(decoding: bytes.lend(at + 4..<at + 4 + count), as: UTF8.self)
    }
    while at < bytes.count { try body(next) }
  }
}
