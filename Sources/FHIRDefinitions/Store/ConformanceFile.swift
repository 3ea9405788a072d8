internal import CDefinitions
internal import FHIRFormats
internal import FHIRModel
internal import Synchronization

/// The resources of a conformance file, whose layout is in `CDefinitions.h`: found by URL, unzipped when asked for.
package final class ConformanceFile: Sendable {
  /// A resource of the file, by its number.
  struct Entry: Hashable {
    let kind: ConformanceKind
    let url: String
    let version: String
  }

  // Safe to share: the bytes are never written and live as long as the process.
  private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  private let header: conformance_header
  /// The block unzipped last: resources asked for together mostly stand together.
  private let recent = Mutex<(block: Int, bytes: [UInt8])?>(nil)

  /// A file over bytes that stay alive and unchanged as long as the process runs; nil when they are none of this format.
  package init?(immortal bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, Int(bitPattern: base) & 7 == 0,
      bytes.count >= MemoryLayout<conformance_header>.size, bytes.prefix(8).elementsEqual("FHIRCONF".utf8)
    else { return nil }
    let header = base.assumingMemoryBound(to: conformance_header.self).pointee
    guard header.format == UInt32(CONFORMANCE_FORMAT), header.size == UInt32(bytes.count) else { return nil }
    self.bytes = bytes
    self.header = header
  }

  /// A file that was made when the program ran. Keeps a copy of the bytes as long as the process runs.
  package convenience init?(keeping bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 8), alignment: 8)
    copy.copyBytes(from: bytes)
    self.init(immortal: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
  }

  /// The core of R4 (4.0.1); nil where the tool that makes the file is still to run.
  package static let r4 = ConformanceFile(
    immortal: UnsafeRawBufferPointer(start: conformance_r4_bytes(), count: conformance_r4_size()))

  package var count: Int { Int(header.entries.count) }

  func entry(_ index: Int) -> Entry {
    let record = entries[index]
    return Entry(
      kind: ConformanceKind(rawValue: record.kind) ?? .structureDefinition, url: string(record.url),
      version: string(record.version))
  }

  /// The numbers of the entries of that kind and URL; those of one URL stand in the order of their versions.
  func find(_ kind: ConformanceKind, _ url: String) -> Range<Int> {
    var url = url
    return url.withUTF8 { url in
      let first = lowerBound { self.order($0, kind, url) < 0 }
      var last = first
      while last < count, order(entries[last], kind, url) == 0 { last += 1 }
      return first..<last
    }
  }

  /// A resource's JSON, in a chunk of its own.
  func chunk(_ index: Int) -> SourceChunk { withBytes(index) { SourceChunk(copying: $0) } }

  func bytes(_ index: Int) -> [UInt8] { withBytes(index) { [UInt8]($0) } }

  private func withBytes<R: Sendable>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let record = entries[index]
    let range = Int(record.start)..<Int(record.start) + Int(record.length)
    return recent.withLock { recent in
      if recent?.block != Int(record.block) { recent = (Int(record.block), unzip(Int(record.block))) }
      // What the line above has set.
      return recent.unsafelyUnwrapped.bytes.withUnsafeBytes {
        body(UnsafeRawBufferPointer(rebasing: $0[range]))
      }
    }
  }

  // MARK: Sections

  private var entries: UnsafeBufferPointer<conformance_entry> {
    section(header.entries, of: conformance_entry.self)
  }

  private func section<R>(_ range: definition_range, of: R.Type) -> UnsafeBufferPointer<R> {
    let size = Int(range.count) * MemoryLayout<R>.stride
    precondition(
      Int(range.offset) + size <= bytes.count, "a section of the conformance file reaches beyond it")
    let start = (bytes.baseAddress.unsafelyUnwrapped + Int(range.offset)).assumingMemoryBound(to: R.self)
    return UnsafeBufferPointer(start: start, count: Int(range.count))
  }

  private func bytes(of string: definition_string) -> UnsafeBufferPointer<UInt8> {
    let strings = section(header.strings, of: UInt8.self)
    return UnsafeBufferPointer(
      rebasing: strings[Int(string.offset)..<Int(string.offset) + Int(string.length)])
  }

  private func string(_ string: definition_string) -> String {
    String(decoding: bytes(of: string), as: UTF8.self)
  }

  private func unzip(_ index: Int) -> [UInt8] {
    let block = section(header.blocks, of: conformance_block.self)[index]
    let zipped = bytes[Int(block.offset)..<Int(block.offset) + Int(block.stored)]
    let length = Int(block.length)
    var filled = 0
    let unzipped = UnsafeMutableRawBufferPointer.allocate(byteCount: max(length, 1), alignment: 16)
    defer { unzipped.deallocate() }
    do {
      let source = try GzipSource(MemorySource([UInt8](zipped)))
      while filled < length {
        let read = try source.read(
          into: UnsafeMutableRawBufferPointer(rebasing: unzipped[filled..<length]))
        if read == 0 { break }
        filled += read
      }
    } catch {
      filled = -1
    }
    guard filled == length else {
      preconditionFailure("the embedded conformance file is damaged: run make tables")
    }
    return [UInt8](unzipped[..<length])
  }

  // MARK: Order

  private func lowerBound(_ isBelow: (conformance_entry) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBelow(entries[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func order(
    _ entry: conformance_entry, _ kind: ConformanceKind, _ url: UnsafeBufferPointer<UInt8>
  ) -> Int {
    if entry.kind != kind.rawValue { return entry.kind < kind.rawValue ? -1 : 1 }
    let own = bytes(of: entry.url)
    if own.elementsEqual(url) { return 0 }
    return own.lexicographicallyPrecedes(url) ? -1 : 1
  }
}
