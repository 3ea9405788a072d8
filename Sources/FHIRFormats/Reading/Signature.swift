/// What files begin with that come in FHIR's place: archives, what other systems send, and pages with which servers excuse themselves.
enum Signature {
  private struct Known {
    let bytes: [UInt8]
    let offset: Int
    /// Whether letters may be in either case.
    let isFolded: Bool
    let words: String

    init(_ text: String, at offset: Int = 0, isFolded: Bool = false, _ words: String) {
      // Of what the texts below hold, each scalar stands for one byte.
      bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      self.offset = offset
      self.isFolded = isFolded
      self.words = words
    }

    func stands(in head: UnsafeBufferPointer<UInt8>) -> Bool {
      guard head.count >= offset + bytes.count else { return false }
      return bytes.indices.allSatisfy { index in
        let byte = head[offset + index]
        let isUpper = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        return bytes[index] == (isFolded && isUpper ? byte | 0x20 : byte)
      }
    }
  }

  private static let known: [Known] = [
    Known("PK\u{3}\u{4}", "a zip archive: unpack it first"),
    Known("ustar", at: 257, "a tar archive: unpack it first"),
    Known("BZh", "compressed with bzip2: unpack it first (gzip is read as it is)"),
    Known("\u{FD}7zXZ\u{0}", "compressed with xz: unpack it first (gzip is read as it is)"),
    Known("\u{28}\u{B5}\u{2F}\u{FD}", "compressed with zstd: unpack it first (gzip is read as it is)"),
    Known("7z\u{BC}\u{AF}\u{27}\u{1C}", "a 7z archive: unpack it first"),
    Known("PAR1", "a Parquet file"),
    Known("%PDF-", "a PDF document"),
    Known("MSH|", "an HL7 version 2 message"),
    Known("ISA*", "an X12 message"),
    Known("<!doctype html", isFolded: true, htmlPage),
    Known("<html", isFolded: true, htmlPage),
  ]

  private static let htmlPage = "an HTML page, such as servers send in place of what was asked for"

  /// What a file that begins so is; nil where nothing speaks against FHIR. JSON may have any of it in its texts.
  static func words(of head: UnsafeBufferPointer<UInt8>) -> String? {
    guard let first = head.first, first != JSONByte.openObject else { return nil }
    return known.first { $0.stands(in: head) && (first != UInt8(ascii: "<") || $0.offset == 0) }?.words
  }
}
