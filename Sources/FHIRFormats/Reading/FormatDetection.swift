import FHIRModel

/// What the first bytes of a source tell about the rest.
enum FormatDetection: Hashable {
  case format(Format)
  /// UTF-16 or UTF-32, which FHIR does not allow (https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/xml.html).
  case encoding(String)
  /// Something else, and what to do about it.
  case other(String)

  /// - Parameters:
  ///   - head: the first bytes of the source without a byte order mark of UTF-8; 64 zero bytes follow them.
  ///   - isWhole: nothing follows the head.
  ///   - name: the file's name, which decides where the content does not.
  static func detect(_ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, name: String) -> FormatDetection {
    if let other = Signature.words(of: head) { return .other(other) }
    if let encoding = wideEncoding(head) { return .encoding(encoding) }
    let hint = hint(name)
    guard let bytes = head.baseAddress else { return .format(hint ?? .json) }
    let start = JSONSkip.blanks(bytes, from: 0)
    guard start < head.count else { return .format(hint ?? .json) }
    switch bytes[start] {
    case UInt8(ascii: "<"): return .format(.xml)
    case JSONByte.openObject: return .format(jsonOrLines(bytes, from: start, to: head.count, isWhole, hint))
    default: return .format(hint ?? .json)
    }
  }

  /// NDJSON is told by a first value that takes one line, and another that begins on a later one.
  private static func jsonOrLines(
    _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ isWhole: Bool, _ hint: Format?
  ) -> Format {
    let close = JSONSkip.container(bytes, from: start, to: end, linewise: true)
    let isNamedLines = hint == .ndjson
    guard close >= 0 else {
      // The first value does not end on its line, or its line not in the head.
      guard isNamedLines, let next = nextLine(bytes, from: start, to: end) else {
        return isNamedLines ? .ndjson : .json
      }
      // A damaged first line, or a document that takes many? The latter has no object at the start of its second line.
      return bytes[next] == JSONByte.openObject ? .ndjson : .json
    }
    let next = JSONSkip.lineStart(bytes, from: close)
    if next >= end { return isNamedLines ? .ndjson : .json }
    let isOnLaterLine = UnsafeBufferPointer(start: bytes + close, count: next - close).contains(
      JSONByte.newline)
    return isNamedLines || (isOnLaterLine && bytes[next] == JSONByte.openObject) ? .ndjson : .json
  }

  /// The first byte of the next line that is not blank; nil if there is none.
  private static func nextLine(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    let line = UnsafeBufferPointer(start: bytes + start, count: end - start).firstIndex(of: JSONByte.newline)
    guard let line else { return nil }
    let next = JSONSkip.lineStart(bytes, from: start + line)
    return next < end ? next : nil
  }

  private static func wideEncoding(_ head: UnsafeBufferPointer<UInt8>) -> String? {
    // A file that a crash left behind is all zeros.
    guard head.count >= 2, head.prefix(4).contains(where: { $0 != 0 }) else { return nil }
    if head.count >= 4 {
      if head[0] == 0 && head[1] == 0 && (head[2] == 0xFE || head[2] == 0) { return "UTF-32" }
      if head[2] == 0 && head[3] == 0 && ((head[0] == 0xFF && head[1] == 0xFE) || head[1] == 0) {
        return "UTF-32"
      }
    }
    if (head[0] == 0xFE && head[1] == 0xFF) || (head[0] == 0xFF && head[1] == 0xFE) { return "UTF-16" }
    // Without a mark: JSON and XML begin with ASCII, so that every other byte is zero.
    return (head[0] == 0) != (head[1] == 0) ? "UTF-16" : nil
  }

  private static func hint(_ name: String) -> Format? {
    var name = name.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { return .ndjson }
    if name.hasSuffix(".xml") { return .xml }
    return name.hasSuffix(".json") ? .json : nil
  }
}
