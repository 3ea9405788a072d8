import FHIRModel

/// A Bundle's members but for its entries, gathered while the entries go by.
///
/// Chunks come and go meanwhile, so the members' bytes are copied together into an object of their own, and what is
/// read from it gets the positions that it had in the source.
struct BundleShell {
  var hasEntries = false
  private var bytes: [UInt8] = [JSONByte.openObject]
  private var pieces: [SourceChunk.Piece]
  private var repeatedEntries: [SourcePosition] = []

  init(at position: SourcePosition) { pieces = [SourceChunk.Piece(start: 0, position: position)] }

  /// Bytes that it takes, those of the members' places among them.
  var size: Int { bytes.count + pieces.count * MemoryLayout<SourceChunk.Piece>.stride }

  /// Takes a member: name, colon and value.
  mutating func append(_ range: Range<Int>, of chunk: SourceChunk, at position: SourcePosition) {
    if bytes.count > 1 { bytes.append(JSONByte.comma) }
    pieces.append(SourceChunk.Piece(start: bytes.count, position: position))
    bytes.append(contentsOf: chunk.buffer[range])
  }

  /// Notes that the Bundle has a second member `entry`; its entries are read like those of the first.
  mutating func entriesRepeat(at position: SourcePosition) { repeatedEntries.append(position) }

  /// `Bundle.type`, if it is among the members that came; nil once they are a record's.
  var type: String? {
    let chunk = SourceChunk(bytes + [JSONByte.closeObject], pieces: pieces)
    var type: String?
    _ = JSONDocument.forEachMember(of: chunk) { member in
      guard chunk.buffer[member.name].elementsEqual("type".utf8) else { return true }
      type = String(decoding: chunk.buffer[member.value].dropFirst().dropLast(), as: UTF8.self)
      return false
    }
    return type
  }

  mutating func record(entryCount: Int, scanner: inout JSONScanner) -> Record {
    bytes.append(JSONByte.closeObject)
    let chunk = SourceChunk(bytes, pieces: pieces)
    bytes = []
    let range = 0..<chunk.count
    let outcome = scanner.scan(chunk.bytes, from: 0, to: chunk.count)
    guard case .value = outcome else {
      return scanner.unreadable(
        outcome, expression: "Bundle", chunk: chunk, range: range,
        incomplete: "a member of the Bundle is not whole")
    }
    var record = scanner.record(.bundle(entryCount: entryCount), expression: "", chunk: chunk, range: range)
    for position in repeatedEntries {
      record.issues.append(
        Issue(
          .error, .jsonDuplicateKey, at: "Bundle.entry", position: position,
          "this name stands twice in the same object"))
    }
    if record.tree.nodes[0].flags.kind != .resource || !record.tree.rawText(0).elementsEqual("Bundle".utf8) {
      record.issues.append(
        Issue(
          .error, .resourceType, at: "Bundle", position: chunk.position(at: 0),
          "entries were read as a Bundle's, but resourceType, which should stand before them, is not Bundle"))
    }
    return record
  }
}
