import FHIRMapping

/// The keys and digests of items, put into the order in which a document's hash counts them: sections by their names, items by
/// the bytes of their keys, and of two under one key the one that came first before the other.
///
/// What does not fit into memory is sorted run by run; the runs stand in a ``TemporaryFile``, and are merged when they are read.
struct SortedItems {
  /// Items that were sorted together.
  private struct Run {
    /// Where those of each section begin in the file.
    var starts: [Int]
    var end: Int
  }

  /// An item in the buffer: a section, and where the record of its key and digest begins.
  private struct Entry {
    var section: Int32
    var offset: Int32
  }

  private var names: [String] = []
  private var buffer: [UInt8] = []
  private var entries: [Entry] = []
  private var runs: [Run] = []
  private var file: TemporaryFile?
  private let memory: Int

  /// - Parameter memory: bytes of records that are held.
  init(memory: Int = 4 << 20) { self.memory = memory }

  /// The number of a section, by which its items are added.
  mutating func place(of section: String) -> Int {
    if let known = names.firstIndex(of: section) { return known }
    names.append(section)
    return names.count - 1
  }

  mutating func add(_ key: String, _ words: ContentDigest.Words, to section: Int) throws(PipelineFailure) {
    var key = key
    let count = key.utf8.count
    if !buffer.isEmpty, buffer.count + SortedItems.headBytes + count > memory { try closeRun() }
    entries.append(Entry(section: Int32(section), offset: Int32(buffer.count)))
    withUnsafeBytes(of: UInt64(count)) { buffer.append(contentsOf: $0) }
    withUnsafeBytes(of: words.high) { buffer.append(contentsOf: $0) }
    withUnsafeBytes(of: words.low) { buffer.append(contentsOf: $0) }
    key.withUTF8 { buffer.append(contentsOf: $0) }
  }

  /// Ends the adding.
  mutating func finish() throws(PipelineFailure) { if !runs.isEmpty, !entries.isEmpty { try closeRun() } }

  /// What stands next in the order of sections and items.
  enum Step {
    case section(String)
    case item(key: UnsafeRawBufferPointer, ContentDigest.Words)
  }

  /// Hands all items to the digest.
  func digest(_ digest: inout StoredContent.ItemDigest) throws(PipelineFailure) {
    try forEach { step in
      switch step {
      case .section(let name): digest.begin(section: name)
      case .item(let key, let words): digest.add(key: key, words)
      }
    }
  }

  /// Goes through all sections and items in their order.
  func forEach(_ body: (Step) -> Void) throws(PipelineFailure) {
    let held = sortedEntries
    for section in names.indices.sorted(by: { names[$0] < names[$1] }) {
      body(.section(names[section]))
      try merge(section, body)
      guard runs.isEmpty else { continue }
      var next = held.firstIndex { $0.section == section } ?? held.count
      buffer.withUnsafeBytes { bytes in
        while next < held.count, held[next].section == section {
          SortedItems.hand(SortedItems.record(at: Int(held[next].offset), in: bytes), to: body)
          next += 1
        }
      }
    }
  }

  // MARK: Records

  /// Bytes of a record before its key: the key's length, and the digest.
  private static let headBytes = 24

  private static func record(at offset: Int, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let count = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + headBytes + count])
  }

  private static func key(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: record[headBytes...])
  }

  private static func hand(_ record: UnsafeRawBufferPointer, to body: (Step) -> Void) {
    let words = ContentDigest.Words(
      high: record.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
      low: record.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    body(.item(key: key(record), words))
  }

  // MARK: Runs

  /// The entries of the buffer by section and key; what is equal stays in its order.
  private var sortedEntries: [Entry] {
    buffer.withUnsafeBytes { bytes in
      entries.sorted { a, b in
        if a.section != b.section { return a.section < b.section }
        let first = SortedItems.key(SortedItems.record(at: Int(a.offset), in: bytes))
        let second = SortedItems.key(SortedItems.record(at: Int(b.offset), in: bytes))
        if first.lexicographicallyPrecedes(second) { return true }
        return a.offset < b.offset && !second.lexicographicallyPrecedes(first)
      }
    }
  }

  /// Writes what the buffer holds as a run.
  private mutating func closeRun() throws(PipelineFailure) {
    let file: TemporaryFile
    if let known = self.file { file = known } else { file = try TemporaryFile() }
    self.file = file
    let start = runs.last?.end ?? 0
    var sorted: [UInt8] = []
    sorted.reserveCapacity(buffer.count)
    var run = Run(starts: [], end: start + buffer.count)
    buffer.withUnsafeBytes { bytes in
      for entry in sortedEntries {
        while run.starts.count <= entry.section { run.starts.append(start + sorted.count) }
        sorted.append(contentsOf: SortedItems.record(at: Int(entry.offset), in: bytes))
      }
    }
    var failure: PipelineFailure?
    sorted.withUnsafeBytes { bytes in
      do throws(PipelineFailure) { try file.write(bytes, at: start) } catch { failure = error }
    }
    if let failure { throw failure }
    runs.append(run)
    buffer.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
  }

  /// Hands the items of one section over, in the order of their keys, from all runs.
  private func merge(_ section: Int, _ body: (Step) -> Void) throws(PipelineFailure) {
    guard let file else { return }
    // All windows together have some megabytes, unless there are thousands of runs.
    let window = max(4 << 10, min(64 << 10, (8 << 20) / max(1, runs.count)))
    var streams = runs.filter { section < $0.starts.count }.map { run in
      RecordStream(
        file, run.starts[section]..<(section + 1 < run.starts.count ? run.starts[section + 1] : run.end),
        window: window)
    }
    /// The first record of each stream, the least of all at the end.
    var heads: [(record: [UInt8], stream: Int)] = []
    func precedes(_ a: (record: [UInt8], stream: Int), _ b: (record: [UInt8], stream: Int)) -> Bool {
      let first = a.record[SortedItems.headBytes...]
      let second = b.record[SortedItems.headBytes...]
      if first.lexicographicallyPrecedes(second) { return true }
      return a.stream < b.stream && !second.lexicographicallyPrecedes(first)
    }
    for number in streams.indices {
      if let record = try streams[number].next() { heads.append((record, number)) }
    }
    heads.sort { precedes($1, $0) }
    while let first = heads.popLast() {
      first.record.withUnsafeBytes { SortedItems.hand($0, to: body) }
      guard let record = try streams[first.stream].next() else { continue }
      let next = (record: record, stream: first.stream)
      var low = 0
      var high = heads.count
      while low < high {
        let middle = (low + high) / 2
        if precedes(next, heads[middle]) { low = middle + 1 } else { high = middle }
      }
      heads.insert(next, at: low)
    }
  }

  /// Records of a run, read a window at a time.
  private struct RecordStream {
    private let file: TemporaryFile
    private var range: Range<Int>
    private let windowBytes: Int
    private var window: [UInt8] = []
    private var at = 0

    init(_ file: TemporaryFile, _ range: Range<Int>, window: Int) {
      self.file = file
      self.range = range
      windowBytes = window
    }

    mutating func next() throws(PipelineFailure) -> [UInt8]? {
      if at == window.count, range.isEmpty { return nil }
      try need(SortedItems.headBytes)
      let count = window.withUnsafeBytes {
        SortedItems.headBytes + Int($0.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      }
      try need(count)
      defer { at += count }
      return Array(window[at..<at + count])
    }

    /// Sees to it that so many bytes are in the window.
    private mutating func need(_ count: Int) throws(PipelineFailure) {
      guard window.count - at < count else { return }
      window.removeFirst(at)
      at = 0
      let known = window.count
      // A run ends with the end of a record.
      let more = min(range.count, max(windowBytes, count - known))
      window.append(contentsOf: repeatElement(0, count: more))
      var failure: PipelineFailure?
      window.withUnsafeMutableBytes { bytes in
        do throws(PipelineFailure) {
          try file.read(
            at: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: bytes[known...]))
        } catch { failure = error }
      }
      if let failure { throw failure }
      range = range.lowerBound + more..<range.upperBound
    }
  }
}
