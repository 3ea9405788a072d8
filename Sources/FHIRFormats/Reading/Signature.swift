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
    Known("\u{1F}\u{8B}\u{8}", "zipped twice: unpack it once"),
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
    if let known = known.first(where: {
      $0.stands(in: head) && (first != UInt8(ascii: "<") || $0.offset == 0)
    }) {
      return known.words
    }
    return isTable(head) ? "a table of separated values (CSV)" : nil
  }

  /// Whether the first line is a table's: names with separators between, which begin as nothing of JSON's does.
  private static func isTable(_ head: UnsafeBufferPointer<UInt8>) -> Bool {
    let line = head.prefix { $0 != JSONByte.newline && $0 != 0x0D }
    let parts = line.split(omittingEmptySubsequences: false) { [0x2C, 0x3B, 0x09].contains($0) }
    // Lines of NDJSON are read even if the first is none.
    guard let next = head[line.count...].first(where: { $0 != JSONByte.newline && $0 != 0x0D }) else {
      return false
    }
    return next != JSONByte.openObject && parts.count > 1
      && parts.allSatisfy { part in
        part.first.map { isLetter($0) } ?? false
          && part.allSatisfy { isLetter($0) || 0x30...0x39 ~= $0 || [0x20, 0x2D, 0x2E, 0x5F].contains($0) }
      }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte | 0x20 }
}
