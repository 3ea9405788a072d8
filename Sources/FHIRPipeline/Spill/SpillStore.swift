import Synchronization

/// Groups records by a key without holding them all: what belongs together lands in one partition, and partitions are
/// read back one at a time.
///
/// Bulk exports scatter a patient's resources over files by type; a chart is written whole all the same. Partitions grow in
/// memory, in blocks that are compressed; beyond a budget the blocks continue in a ``TemporaryFile``.
package final class SpillStore: @unchecked Sendable {
  // Safe to share: `partitions` is set once; each partition is touched only inside its own lock, the rest inside its own.

  private final class Partition {
    let lock = Mutex(())
    /// What came since the last block.
    var buffer = Buffer()
    var blocks: [Block] = []
  }

  /// Records that are not a block yet.
  ///
  /// Safe to share: whoever holds its partition's lock, or has taken it out of there, is its only user.
  private final class Buffer: @unchecked Sendable { var bytes: [UInt8] = [] }

  /// Records that were compressed together.
  ///
  /// Safe to share: its memory is written before the block is made, and freed by whoever takes it out of its partition.
  struct Block: @unchecked Sendable {
    enum Place {
      case memory(UnsafeMutableRawPointer)
      case file(offset: Int)
    }
    let place: Place
    let storedCount: Int
    let count: Int
  }

  private struct File {
    var file: TemporaryFile?
    var end = 0
  }

  private let partitions: [Partition]
  private let bytesPerBlock: Int
  let folder: String
  private let file = Mutex(File())
  /// How many bytes of blocks may yet stay in memory.
  private let room: Atomic<Int>
  private let compressors = Mutex<[BlockCompressor]>([])
  /// Buffers whose content became a block, to be filled again.
  private let buffers = Mutex<[Buffer]>([])

  /// Bytes of a partition, as a rule: two or three are in memory at a time when they are read back.
  private static let bytesPerPartition = 2 << 20
  /// Bytes of records that are not compressed yet, in all partitions.
  private static let pendingBytes = 10 << 20

  /// - Parameters:
  ///   - expectedBytes: about how much will come; decides the number of partitions, so that one fits into memory.
  ///   - memory: how many bytes may stay in memory in all.
  package init(expectedBytes: Int, memory: Int = 16 << 20, folder: String) {
    let count = max(8, min(1024, expectedBytes / SpillStore.bytesPerPartition + 1))
    partitions = (0..<count).map { _ in Partition() }
    let pending = min(SpillStore.pendingBytes, memory / 2)
    // Smaller blocks do not become much smaller; larger ones only take longer to fill.
    bytesPerBlock = max(16 << 10, min(128 << 10, pending / count))
    room = Atomic(memory - pending)
    self.folder = folder
  }

  deinit { for partition in partitions { for block in partition.blocks { free(block) } } }

  package var partitionCount: Int { partitions.count }

  /// Adds bytes to the partition of a key; `write` appends them.
  ///
  /// - Parameter count: how many they are; nil where only the writing tells.
  func add(key: UInt64, count: Int? = nil, _ write: (inout [UInt8]) -> Void) throws(PipelineFailure) {
    let partition = partitions[Int(key % UInt64(partitions.count))]
    // Blocks are made outside of the lock: others add to the partition meanwhile.
    let (before, after) = partition.lock.withLock { _ in
      // What would not fit into the buffer's memory starts a block of its own: doubled memory would stay doubled.
      let isFull = count.map { partition.buffer.bytes.count + $0 > bytesPerBlock } ?? false
      let before = isFull ? takeBuffer(of: partition) : nil
      let buffer = partition.buffer
      if buffer.bytes.capacity == 0 { buffer.bytes.reserveCapacity(max(bytesPerBlock, count ?? 0)) }
      write(&buffer.bytes)
      return (before, buffer.bytes.count >= bytesPerBlock ? takeBuffer(of: partition) : nil)
    }
    if let before { try close(before, of: partition) }
    if let after { try close(after, of: partition) }
  }

  /// A partition's buffer, to be made a block, with another in its place; the caller holds the partition's lock.
  private func takeBuffer(of partition: Partition) -> Buffer? {
    guard !partition.buffer.bytes.isEmpty else { return nil }
    let taken = partition.buffer
    partition.buffer = buffers.withLock { $0.popLast() } ?? Buffer()
    return taken
  }

  /// Makes a block of what a buffer holds.
  private func close(_ buffer: Buffer, of partition: Partition) throws(PipelineFailure) {
    let block = try block(buffer.bytes)
    partition.lock.withLock { _ in partition.blocks.append(block) }
    guard buffer.bytes.capacity <= 2 * bytesPerBlock else { return }
    buffer.bytes.removeAll(keepingCapacity: true)
    buffers.withLock { $0.append(buffer) }
  }

  private func block(_ buffer: [UInt8]) throws(PipelineFailure) -> Block {
    let compressor = takeCompressor()
    defer { giveBack(compressor) }
    let small = buffer.withUnsafeBytes { compressor.compress($0) }
    return Block(place: try keep(small), storedCount: small.count, count: buffer.count)
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) throws(PipelineFailure) -> Block.Place {
    if room.subtract(bytes.count, ordering: .relaxed).newValue >= 0 {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
      copy.copyMemory(from: bytes)
      // a block has bytes: the buffer has a base
      return .memory(copy.baseAddress.unsafelyUnwrapped)
    }
    room.add(bytes.count, ordering: .relaxed)
    let (file, offset) = try place(count: bytes.count)
    try file.write(bytes, at: offset)
    return .file(offset: offset)
  }

  /// A place in the file, for bytes that are written there without holding others up.
  private func place(count: Int) throws(PipelineFailure) -> (TemporaryFile, offset: Int) {
    try file.withLock { (state) throws(PipelineFailure) -> (TemporaryFile, offset: Int) in
      if state.file == nil { state.file = try TemporaryFile(folder: folder) }
      // it was just made
      guard let file = state.file else { preconditionFailure("no file") }
      defer { state.end += count }
      return (file, state.end)
    }
  }

  fileprivate func free(_ block: Block) {
    guard case .memory(let base) = block.place else { return }
    base.deallocate()
    room.add(block.storedCount, ordering: .relaxed)
  }

  private func takeCompressor() -> BlockCompressor {
    compressors.withLock { $0.popLast() } ?? BlockCompressor()
  }

  private func giveBack(_ compressor: BlockCompressor) { compressors.withLock { $0.append(compressor) } }

  // MARK: Reading back

  /// How many bytes a partition has.
  func size(of index: Int) -> Int {
    let partition = partitions[index]
    return partition.lock.withLock { _ in
      partition.blocks.reduce(partition.buffer.bytes.count) { $0 + $1.count }
    }
  }

  /// All of a partition, in the order in which it came.
  struct Contents: ~Copyable {
    private let store: SpillStore
    private let blocks: [Block]
    private let buffer: [UInt8]
    private let isTaken: Bool

    init(_ store: SpillStore, _ blocks: [Block], _ buffer: [UInt8], isTaken: Bool) {
      self.store = store
      self.blocks = blocks
      self.buffer = buffer
      self.isTaken = isTaken
    }

    deinit { if isTaken { for block in blocks { store.free(block) } } }

    var count: Int { blocks.reduce(buffer.count) { $0 + $1.count } }

    /// Copies all to where there is room for ``count`` bytes.
    func copy(to room: UnsafeMutableRawBufferPointer) throws(PipelineFailure) {
      var at = 0
      for block in blocks {
        try store.restore(block, into: UnsafeMutableRawBufferPointer(rebasing: room[at..<at + block.count]))
        at += block.count
      }
      room[at...].copyBytes(from: buffer)
    }

    /// Hands all to the closure, block by block.
    func forEachBlock(
      _ body: (UnsafeRawBufferPointer) throws(PipelineFailure) -> Void
    ) throws(PipelineFailure) {
      var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      defer { room.deallocate() }
      for block in blocks {
        if room.count < block.count {
          room.deallocate()
          room = .allocate(byteCount: block.count, alignment: 16)
        }
        let whole = UnsafeMutableRawBufferPointer(rebasing: room[..<block.count])
        try store.restore(block, into: whole)
        try body(UnsafeRawBufferPointer(whole))
      }
      if buffer.isEmpty { return }
      var failure: PipelineFailure?
      buffer.withUnsafeBytes { rest in
        do throws(PipelineFailure) { try body(rest) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  func empty(_ index: Int) -> Contents {
    let partition = partitions[index]
    let (blocks, buffer) = partition.lock.withLock { _ in
      defer {
        partition.buffer = Buffer()
        partition.blocks = []
      }
      return (partition.blocks, partition.buffer.bytes)
    }
    return Contents(self, blocks, buffer, isTaken: true)
  }

  /// The contents of a partition that stay where they are, to be read again.
  func contents(of index: Int) -> Contents {
    let partition = partitions[index]
    let (blocks, buffer) = partition.lock.withLock { _ in (partition.blocks, partition.buffer.bytes) }
    return Contents(self, blocks, buffer, isTaken: false)
  }

  private func restore(
    _ block: Block, into room: UnsafeMutableRawBufferPointer
  ) throws(PipelineFailure) {
    let isWhole: Bool
    switch block.place {
    case .memory(let base):
      isWhole = BlockCompressor.decompress(
        UnsafeRawBufferPointer(start: base, count: block.storedCount), into: room)
    case .file(let offset):
      let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: block.storedCount, alignment: 16)
      defer { stored.deallocate() }
      guard let file = file.withLock({ $0.file }) else { preconditionFailure("a block without its file") }
      try file.read(at: offset, into: stored)
      isWhole = BlockCompressor.decompress(UnsafeRawBufferPointer(stored), into: room)
    }
    guard isWhole else {
      throw PipelineFailure(.output, "\(folder): a temporary file is no longer what was written into it")
    }
  }
}
