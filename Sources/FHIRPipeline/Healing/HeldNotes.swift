import FHIRMapping
import FHIRModel

/// What the resources of a transaction will wait for if it is loaded. Of one that is set aside nobody waits.
///
/// A transaction may have millions of references that find nothing: as bytes, which need not stay in memory.
struct HeldNotes {
  private var bytes = FiledArray<UInt8>()

  mutating func add(_ names: [String], kind: DocumentKind, documentID: String) {
    for name in names {
      append(kind.rawValue)
      append(documentID)
      append(name)
    }
  }

  mutating func add(_ other: HeldNotes) {
    bytes.append(contentsOf: other.bytes.lend(0..<other.bytes.count))
  }

  /// A text behind its length.
  private mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { text in
      withUnsafeBytes(of: UInt32(text.count).littleEndian) { count in
        for byte in count { bytes.append(byte) }
      }
      bytes.append(contentsOf: text)
    }
  }

  func forEach(_ body: (_ name: String, _ kind: DocumentKind, _ documentID: String) -> Void) {
    var at = 0
    func next() -> String {
      let head = UnsafeRawBufferPointer(bytes.lend(at..<at + 4))
      let count = Int(UInt32(littleEndian: head.loadUnaligned(as: UInt32.self)))
      defer { at += 4 + count }
      return String(decoding: bytes.lend(at + 4..<at + 4 + count), as: UTF8.self)
    }
    while at < bytes.count {
      let kind = DocumentKind(rawValue: next())
      let (documentID, name) = (next(), next())
      if let kind { body(name, kind, documentID) }
    }
  }
}
