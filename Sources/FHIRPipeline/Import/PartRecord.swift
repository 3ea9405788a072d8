import BSON
import FHIRMapping

/// A part as bytes, for the ``SpillStore``.
enum PartRecord {
  /// Appends a part.
  static func encode(_ part: Part, into bytes: inout [UInt8]) {
    bytes.append(UInt8(DocumentKind.allCases.firstIndex(of: part.kind) ?? 0))
    withUnsafeBytes(of: part.sequence.littleEndian) { bytes.append(contentsOf: $0) }
    for number in [part.origin.run, part.origin.file, part.origin.line] {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(part.documentID, to: &bytes)
    switch part.content {
    case .root(let resource, let names):
      bytes.append(0)
      append(resource.key, to: &bytes)
      append(resource.bytes, to: &bytes)
      for name in names { append(name, to: &bytes) }
    case .section(let name, let resource):
      bytes.append(1)
      append(name, to: &bytes)
      append(resource.key, to: &bytes)
      append(resource.bytes, to: &bytes)
    case .appointment(let link):
      bytes.append(2)
      append(link.id, to: &bytes)
      append(link.start, to: &bytes)
    }
  }

  /// - Parameter texts: holds the texts that many records share.
  static func decode(_ bytes: SharedBytes, texts: inout TextPool) -> Part {
    var cursor = Cursor(bytes: bytes)
    let kind = DocumentKind.allCases[Int(cursor.byte())]
    let sequence = cursor.integer(UInt64.self)
    let origin = Origin(
      run: cursor.integer(Int32.self), file: cursor.integer(Int32.self), line: cursor.integer(Int32.self))
    let documentID = texts.text(cursor.bytes())
    let content: Part.Content
    switch cursor.byte() {
    case 0:
      let resource = Part.Resource(key: cursor.text(), bytes: cursor.shared())
      var names: [String] = []
      while !cursor.isAtEnd { names.append(cursor.text()) }
      content = .root(resource, names: names)
    case 1:
      let section = texts.text(cursor.bytes())
      content = .section(section, Part.Resource(key: cursor.text(), bytes: cursor.shared()))
    default:
      let id = cursor.text()
      content = .appointment(AppointmentLink(id: id, start: cursor.text()))
    }
    return Part(kind: kind, documentID: documentID, content: content, sequence: sequence, origin: origin)
  }

  private static func append(_ bytes: SharedBytes, to record: inout [UInt8]) {
    bytes.withUnsafeBytes { append($0, to: &record) }
  }

  private static func append(_ bytes: UnsafeRawBufferPointer, to record: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { record.append(contentsOf: $0) }
    record.append(contentsOf: bytes)
  }

  private static func append(_ text: String, to record: inout [UInt8]) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &record) }
  }

  /// Reads what `encode` wrote within this process: it trusts its lengths.
  private struct Cursor {
    private let whole: SharedBytes
    private let record: UnsafeRawBufferPointer
    private var offset = 0

    init(bytes: SharedBytes) {
      whole = bytes
      record = bytes.pointer
    }

    var isAtEnd: Bool { offset >= record.count }

    mutating func byte() -> UInt8 {
      offset += 1
      return record[offset - 1]
    }

    mutating func integer<I: FixedWidthInteger>(_: I.Type) -> I {
      offset += MemoryLayout<I>.size
      return I(littleEndian: record.loadUnaligned(fromByteOffset: offset - MemoryLayout<I>.size, as: I.self))
    }

    mutating func bytes() -> UnsafeRawBufferPointer {
      let count = Int(integer(UInt32.self))
      offset += count
      return UnsafeRawBufferPointer(rebasing: record[offset - count..<offset])
    }

    mutating func shared() -> SharedBytes { whole.part(bytes()) }

    mutating func text() -> String { String(decoding: bytes(), as: UTF8.self) }
  }
}
