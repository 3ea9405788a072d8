package import FHIRModel

/// One thing that a reader found in a source: a resource, an entry of a Bundle, or a stretch that it could not read.
package struct Record: Sendable {
  package enum Content: Hashable, Sendable {
    /// A resource of its own: the tree's root.
    case resource
    /// An entry of a Bundle; the tree's root is named `entry`, its resource is the child `resource`.
    case entry(index: Int)
    /// The members of a Bundle but for its entries, delivered after all of them; the root is the Bundle.
    case bundle(entryCount: Int)
    /// What could not be read; `issues` says why. The tree is not to be used.
    case unreadable
  }

  package var content: Content
  package var tree: ResourceTree
  /// What reading found wrong.
  package var issues: [Issue]
  /// The bytes as they were read, where the format has them (JSON).
  package var raw: RawSlice?

  /// Bytes of memory that it takes beside its text, or about so many.
  package var memoryBytes: Int { Record.ownBytes + tree.count * MemoryLayout<Node>.stride }

  /// What a record takes, its tree but for the elements, and what is noted of it while it is held.
  private static let ownBytes = 512

  package init(_ content: Content, tree: ResourceTree, issues: [Issue] = [], raw: RawSlice? = nil) {
    self.content = content
    self.tree = tree
    self.issues = issues
    self.raw = raw
  }
}

/// A Bundle within which a source ends or breaks off, or whose own members cannot be read: it has no record of its own.
package struct UnfinishedBundle: Sendable {
  /// `Bundle.type`, where it came before.
  package let type: String?
}

/// A stretch of a chunk's bytes, kept alive.
package struct RawSlice: Sendable {
  package let chunk: SourceChunk
  package let range: Range<Int>
  /// It is no more than the beginning of what stands there, which is too large to be held.
  package let isBeginning: Bool

  package init(chunk: SourceChunk, range: Range<Int>, isBeginning: Bool = false) {
    precondition(range.lowerBound >= 0 && range.upperBound <= chunk.count, "a slice reaches beyond its chunk")
    self.chunk = chunk
    self.range = range
    self.isBeginning = isBeginning
  }

  /// A copy of the beginning of what is too large, at a place of its source.
  init(beginning: UnsafeBufferPointer<UInt8>, at position: SourcePosition) {
    let bytes = UnsafeBufferPointer(rebasing: beginning.prefix(4 << 10))
    let chunk = SourceChunk(
      copying: UnsafeRawBufferPointer(bytes), line: position.line, column: position.column)
    self.init(chunk: chunk, range: 0..<chunk.count, isBeginning: true)
  }

  package func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try withExtendedLifetime(chunk) {
      try body(UnsafeBufferPointer(start: chunk.bytes + range.lowerBound, count: range.count))
    }
  }
}

/// Records that were read together. A worker takes a batch from the reader under a lock, and goes through it without.
package struct RecordBatch: Sendable {
  private let storage: Storage
  /// Bytes of the source (unzipped) that the batch stands for.
  package let byteCount: Int

  private enum Storage: Sendable {
    case records([Record])
    case lines(JSONLines)
  }

  /// Records that are built already.
  package init(_ records: [Record], byteCount: Int) {
    storage = .records(records)
    self.byteCount = byteCount
  }

  /// Whole lines of NDJSON, parsed when they are gone through.
  init(_ lines: JSONLines) {
    storage = .lines(lines)
    byteCount = lines.byteCount
  }

  /// Whether these are lines of NDJSON: each stands for itself, and a Bundle in one is whole.
  package var isLines: Bool {
    if case .lines = storage { return true }
    return false
  }

  /// What reads the records one by one where these are lines.
  func lineReader() -> JSONLineReader? {
    guard case .lines(let lines) = storage else { return nil }
    return JSONLineReader(lines)
  }

  /// The one line that a record stands in; nil where these are no lines.
  package func line(of record: Record) -> RecordBatch? {
    guard case .lines(let lines) = storage, let raw = record.raw else { return nil }
    return RecordBatch(lines.line(at: raw.range.lowerBound))
  }

  package func forEach(_ body: (Record) throws -> Void) rethrows {
    switch storage {
    case .records(let records):
      for record in records { try body(record) }
    case .lines(let lines):
      try lines.forEach(body)
    }
  }
}
