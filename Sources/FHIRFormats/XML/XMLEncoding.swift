internal import FHIRModel

/// What the first bytes of a document say about its encoding. FHIR's XML is UTF-8 (http://hl7.org/fhir/R4/xml.html).
struct XMLEncoding {
  /// Bytes of a byte order mark.
  var markLength = 0
  /// Why the document cannot be read; nil when it is UTF-8.
  var trouble: String?

  /// Looks at the beginning of a document; nil when more bytes are needed to tell.
  ///
  /// - Parameter isWhole: the bytes are all there are.
  init?(of head: UnsafeBufferPointer<UInt8>, isWhole: Bool) {
    if head.count < 4 && !isWhole { return nil }
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { markLength = 3 }
    let isUTF32 = head.starts(with: [0xFF, 0xFE, 0, 0]) || head.starts(with: [0, 0, 0xFE, 0xFF])
    if isUTF32 || head.starts(with: [0, 0, 0, 0x3C]) || head.starts(with: [0x3C, 0, 0, 0]) {
      trouble = XMLEncoding.message("UTF-32")
      return
    }
    if head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0, 0x3C])
      || head.starts(with: [0x3C, 0])
    {
      trouble = XMLEncoding.message("UTF-16")
      return
    }
    let text = head[markLength...]
    guard text.starts(with: "<?xml".utf8) else {
      // The first five bytes may not be there yet.
      if text.count < 5 && !isWhole && "<?xml".utf8.starts(with: text) { return nil }
      return
    }
    guard let end = text.firstIndex(of: UInt8(ascii: ">")) else {
      if text.count < 1024 && !isWhole { return nil }
      return
    }
    if let declared = XMLEncoding.declared(in: String(decoding: text[..<end], as: UTF8.self)) {
      let name = declared.uppercased()
      if name != "UTF-8" && name != "UTF8" { trouble = XMLEncoding.message(name) }
    }
  }

  private static func message(_ found: String) -> String {
    "the encoding is \(found); FHIR's XML must be UTF-8"
  }

  /// The value of the declaration's `encoding`.
  private static func declared(in declaration: String) -> String? {
    let bytes = Array(declaration.utf8)
    let key = Array("encoding".utf8)
    guard bytes.count > key.count else { return nil }
    for start in 0..<(bytes.count - key.count) where bytes[start..<start + key.count].elementsEqual(key) {
      var i = start + key.count
      while i < bytes.count, bytes[i] <= 0x20 || bytes[i] == UInt8(ascii: "=") { i += 1 }
      guard i < bytes.count, bytes[i] == UInt8(ascii: "\"") || bytes[i] == UInt8(ascii: "'") else {
        return nil
      }
      guard let end = bytes[(i + 1)...].firstIndex(of: bytes[i]) else { return nil }
      return String(decoding: bytes[i + 1..<end], as: UTF8.self)
    }
    return nil
  }

  /// Whether what stands before the root element (declaration, comments, instructions, white space) is there to its
  /// end. libxml2's push parser goes wrong over some of it when it comes in pieces.
  static func hasWholeProlog(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    func end(of mark: StaticString, from start: Int) -> Int? {
      var i = start
      while i + mark.utf8CodeUnitCount <= bytes.count {
        let found = UnsafeBufferPointer(rebasing: bytes[i..<i + mark.utf8CodeUnitCount])
        if memoryEqual(found.baseAddress, mark.utf8Start, found.count) { return i + found.count }
        i += 1
      }
      return nil
    }

    var i = 0
    while i < bytes.count {
      if XMLAttributeText.isWhitespace(bytes[i]) {
        i += 1
        continue
      }
      guard bytes[i] == UInt8(ascii: "<") else { return true }
      if bytes.count - i < 4 { return false }
      guard bytes[i + 1] == UInt8(ascii: "?") || bytes[i..<i + 4].elementsEqual("<!--".utf8) else {
        return true
      }
      let isComment = bytes[i + 1] == UInt8(ascii: "!")
      guard let next = isComment ? end(of: "-->", from: i + 4) : end(of: "?>", from: i + 2) else {
        return false
      }
      i = next
    }
    return false
  }
}
