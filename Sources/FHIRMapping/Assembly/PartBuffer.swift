package import BSON
import Glibc
import Memory

/// Parts of documents as records, one behind the other: how they wait to be put together.
///
/// Within a process only: lengths are trusted, numbers stand as the machine has them.
package struct PartBuffer: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer
  /// The file that the records stand in, where they are too many for memory. They are read only.
  package private(set) var mapped: MappedBytes?
  package private(set) var count = 0

  package init(capacity: Int = 64 << 10) {
    memory = LargeMemory.allocate(capacity)
  }

  /// Records that stand in a file.
  package init(_ mapped: MappedBytes) {
    memory = UnsafeMutableRawBufferPointer(mutating: mapped.bytes)
    count = mapped.bytes.count
    self.mapped = mapped
  }

  deinit { if mapped == nil { LargeMemory.deallocate(memory) } }

  private var capacity: Int { memory.count }
  /// there is no empty memory
  private var base: UnsafeMutableRawPointer { memory.baseAddress.unsafelyUnwrapped }

  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Forgets the records and keeps the memory, unless it is more than is needed as a rule.
  package mutating func reset(keeping limit: Int = 3 << 20) {
    count = 0
    if mapped != nil || capacity > limit { replace(by: LargeMemory.allocate(64 << 10)) }
  }

  /// Forgets the records behind a place, where one ends.
  package mutating func truncate(to place: Int) {
    precondition(place >= 0 && place <= count, "a buffer is cut beyond its end")
    count = place
  }

  /// Makes room for so many bytes more, and not for twice as many.
  package mutating func reserve(exactly more: Int) {
    if count + more > capacity { grow(to: count + more) }
  }

  // MARK: Writing

  /// Appends a document's own resource.
  package mutating func append(
    root key: String, bytes: UnsafeRawBufferPointer, names: [String], of kind: DocumentKind,
    _ documentID: String, sequence: UInt64, origin: Origin = .unknown, input: UInt64 = 0
  ) {
    append(
      .root, kind, documentID, section: "", key: key, digest: ContentDigest.words(of: bytes), bytes: bytes,
      names: names, sequence: sequence, origin: origin, input: input)
  }

  /// Appends an item of a section.
  package mutating func append(
    section: String, key: String, bytes: UnsafeRawBufferPointer, of kind: DocumentKind,
    _ documentID: String, sequence: UInt64, origin: Origin = .unknown, input: UInt64 = 0
  ) {
    append(
      .section, kind, documentID, section: section, key: key, digest: ContentDigest.words(of: bytes),
      bytes: bytes, names: [], sequence: sequence, origin: origin, input: input)
  }

  /// Appends a resource that was read and not written: a document's own where no section is named. What stands for its content is
  /// what stands for its input.
  package mutating func append(
    unwritten key: String, section: String?, of kind: DocumentKind, _ documentID: String, sequence: UInt64,
    input: UInt64
  ) {
    append(
      section == nil ? .root : .section, kind, documentID, section: section ?? "", key: key,
      digest: ContentDigest.Words(high: input, low: 0), bytes: UnsafeRawBufferPointer(start: nil, count: 0),
      names: [], sequence: sequence, origin: .unknown, input: input)
  }

  /// Appends an appointment to the lists of a document.
  package mutating func append(
    link: AppointmentLink, of kind: DocumentKind, _ documentID: String, sequence: UInt64
  ) {
    var start = link.start
    start.withUTF8 { start in
      append(
        .link, kind, documentID, section: "", key: link.id, digest: ContentDigest.Words(high: 0, low: 0),
        bytes: UnsafeRawBufferPointer(start), names: [], sequence: sequence, origin: .unknown)
    }
  }

  /// Appends that there is to be a document.
  package mutating func append(presenceOf kind: DocumentKind, _ documentID: String, sequence: UInt64) {
    append(
      .presence, kind, documentID, section: "", key: "", digest: ContentDigest.Words(high: 0, low: 0),
      bytes: UnsafeRawBufferPointer(start: nil, count: 0), names: [], sequence: sequence, origin: .unknown)
  }

  /// Appends a record of another buffer.
  package mutating func append(record: UnsafeRawBufferPointer) {
    reserve(record.count)
    UnsafeMutableRawBufferPointer(start: base + count, count: record.count).copyMemory(from: record)
    count += record.count
  }

  /// Appends a part of another buffer without its resource.
  package mutating func append(unwritten part: PartView) {
    var header = part.record.loadUnaligned(as: Header.self)
    header.size -= header.bytes + header.names
    header.bytes = 0
    header.names = 0
    header.digest = ContentDigest.Words(high: header.input, low: 0)
    reserve(Int(header.size))
    (base + count).storeBytes(of: header, as: Header.self)
    count += Header.bytes
    put(UnsafeRawBufferPointer(rebasing: part.record[Header.bytes..<Int(header.size)]))
  }

  /// Appends so many bytes of records that `body` writes; false where it cannot.
  package mutating func fill(_ more: Int, _ body: (UnsafeMutableRawBufferPointer) -> Bool) -> Bool {
    reserve(more)
    guard body(UnsafeMutableRawBufferPointer(start: base + count, count: more)) else { return false }
    count += more
    return true
  }

  private mutating func append(
    _ form: PartView.Form, _ kind: DocumentKind, _ documentID: String, section: String, key: String,
    digest: ContentDigest.Words, bytes: UnsafeRawBufferPointer, names: [String], sequence: UInt64,
    origin: Origin, input: UInt64 = 0
  ) {
    let nameBytes = names.reduce(0) { $0 + 4 + $1.utf8.count }
    let size =
      Header.bytes + documentID.utf8.count + section.utf8.count + key.utf8.count + bytes.count + nameBytes
    reserve(size)
    let header = Header(
      size: UInt32(size), kind: kind, form: form, sequence: sequence, digest: digest, input: input,
      origin: origin, section: UInt32(section.utf8.count), documentID: UInt32(documentID.utf8.count),
      key: UInt32(key.utf8.count),
      bytes: UInt32(bytes.count), names: UInt32(nameBytes))
    (base + count).storeBytes(of: header, as: Header.self)
    count += Header.bytes
    put(documentID)
    put(section)
    put(key)
    put(bytes)
    for name in names {
      (base + count).storeBytes(of: UInt32(name.utf8.count), as: UInt32.self)
      count += 4
      put(name)
    }
  }

  private mutating func put(_ text: String) {
    text.withUTF8Bytes { put($0) }
  }

  /// There is room for them.
  private mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    memcpy(base + count, start, bytes.count)
    count += bytes.count
  }

  private mutating func reserve(_ more: Int) {
    guard count + more > capacity else { return }
    grow(to: max(capacity * 2, count + more))
  }

  private mutating func grow(to wider: Int) {
    let fresh = LargeMemory.allocate(wider)
    fresh.copyMemory(from: bytes)
    replace(by: fresh)
  }

  private mutating func replace(by fresh: UnsafeMutableRawBufferPointer) {
    if mapped == nil { LargeMemory.deallocate(memory) }
    mapped = nil
    memory = fresh
  }

  // MARK: Reading

  /// What a record begins with: the lengths of all that follows.
  private struct Header: BitwiseCopyable {
    var size: UInt32
    var kind: DocumentKind
    var form: PartView.Form
    var sequence: UInt64
    var digest: ContentDigest.Words
    var input: UInt64
    var origin: Origin
    var section: UInt32
    var documentID: UInt32
    var key: UInt32
    var bytes: UInt32
    var names: UInt32

    static let bytes = MemoryLayout<Header>.size
  }

  /// Hands every part to the closure, in order.
  package borrowing func forEach(_ body: (PartView) -> Void) {
    var at = UnsafeRawPointer(base)
    let end = at + count
    let files = mapped.map { [$0] } ?? []
    var number = 0
    while at < end {
      let part = PartBuffer.part(at: at)
      body(part)
      at += part.record.count
      files.passed(number)
      number += 1
    }
  }

  /// The part whose record begins there.
  @inline(__always)
  static func part(at start: UnsafeRawPointer) -> PartView {
    let header = start.loadUnaligned(as: Header.self)
    var text = start + Header.bytes
    func take(_ count: UInt32) -> UnsafeRawBufferPointer {
      defer { text += Int(count) }
      return UnsafeRawBufferPointer(start: text, count: Int(count))
    }
    let documentID = take(header.documentID)
    let section = take(header.section)
    let key = take(header.key)
    let bytes = take(header.bytes)
    return PartView(
      kind: header.kind, form: header.form, sequence: header.sequence, origin: header.origin,
      digest: header.digest, input: header.input, documentID: documentID, section: section, key: key,
      bytes: bytes,
      nameRecords: take(header.names),
      record: UnsafeRawBufferPointer(start: start, count: Int(header.size)))
  }

  package borrowing func list() -> PartList {
    var list = PartList()
    forEach { list.append($0) }
    return list
  }
}

/// The memory has one owner, which cannot be copied: it may move to another thread.
extension PartBuffer: @unchecked Sendable {}
