import Synchronization

/// Groups records by a key without holding them all: what belongs together lands in one partition, and partitions are
/// read back one at a time.
///
/// Bulk exports scatter a patient's resources over files by type; a chart is written whole all the same. Partitions grow in
/// memory, in blocks that are compressed; beyond a budget the blocks continue in a ``TemporaryFile``.
package final class SpillStore: @unchecked Sendable {
  // Safe to share: `partitions` is set once; each partition is touched only inside its own lock, the rest inside its own.

  fileprivate final class Partition {
    let lock = Mutex(())
    /// What came since the last block.
    var buffer = Buffer()
    /// The first blocks.
    var blocks: [Block] = []
    /// Those after them.
    var chain = BlockChain()
  }

  /// Records that are not a block yet.
  ///
  /// Safe to share: whoever holds its partition's lock, or has taken it out of there, is its only user.
  fileprivate final class Buffer: @unchecked Sendable { var bytes: [UInt8] = [] }

  /// Records that were compressed together, in memory.
  ///
  /// Safe to share: its memory is written before the block is made, and freed by whoever takes it out of its partition.
  struct Block: @unchecked Sendable {
    let stored: UnsafeMutableRawBufferPointer
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
    let count = max(8, min(2048, expectedBytes / SpillStore.bytesPerPartition + 1))
    partitions = (0..<count).map { _ in Partition() }
    let pending = min(SpillStore.pendingBytes, memory / 2)
    // Smaller blocks do not become much smaller; larger ones only take longer to fill.
    bytesPerBlock = max(8 << 10, min(128 << 10, pending / count))
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
    try store(buffer.bytes, in: partition)
    guard buffer.bytes.capacity <= 2 * bytesPerBlock else { return }
    buffer.bytes.removeAll(keepingCapacity: true)
    buffers.withLock { $0.append(buffer) }
  }

  private func store(_ bytes: [UInt8], in partition: Partition) throws(PipelineFailure) {
    let compressor = takeCompressor()
    defer { giveBack(compressor) }
    let linked = bytes.withUnsafeBytes { compressor.compress($0, head: BlockChain.Link.bytes) }
    let small = UnsafeRawBufferPointer(rebasing: linked[BlockChain.Link.bytes...])
    if keep(small, count: bytes.count, in: partition) { return }
    let (file, offset) = try place(count: linked.count)
    let link = BlockChain.Link(
      offset: Int64(offset), storedCount: UInt32(small.count), count: UInt32(bytes.count))
    // Nobody follows the chain before all of it is written.
    linked.storeBytes(
      of: partition.lock.withLock { _ in partition.chain.append(link) }, as: BlockChain.Link.self)
    try file.write(UnsafeRawBufferPointer(linked), at: offset)
  }

  /// Keeps a block in memory; false where there is no room, or blocks before it stand in the file already.
  private func keep(_ bytes: UnsafeRawBufferPointer, count: Int, in partition: Partition) -> Bool {
    guard room.subtract(bytes.count, ordering: .relaxed).newValue >= 0 else {
      room.add(bytes.count, ordering: .relaxed)
      return false
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    copy.copyMemory(from: bytes)
    let block = Block(stored: copy, count: count)
    let isKept = partition.lock.withLock { _ in
      guard partition.chain.count == 0 else { return false }
      partition.blocks.append(block)
      return true
    }
    if !isKept { free(block) }
    return isKept
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
    room.add(block.stored.count, ordering: .relaxed)
    block.stored.deallocate()
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
      partition.blocks.reduce(partition.buffer.bytes.count + partition.chain.count) { $0 + $1.count }
    }
  }

  /// All of a partition, in the order in which it came.
  struct Contents: ~Copyable {
    private let store: SpillStore
    private let blocks: [Block]
    private let chain: BlockChain
    private let buffer: [UInt8]
    private let isTaken: Bool

    fileprivate init(_ store: SpillStore, _ partition: Partition, isTaken: Bool) {
      self.store = store
      blocks = partition.blocks
      chain = partition.chain
      buffer = partition.buffer.bytes
      self.isTaken = isTaken
    }

    deinit { if isTaken { for block in blocks { store.free(block) } } }

    var count: Int { blocks.reduce(buffer.count + chain.count) { $0 + $1.count } }

    /// Copies all to where there is room for ``count`` bytes.
    func copy(to room: UnsafeMutableRawBufferPointer) throws(PipelineFailure) {
      var at = 0
      for block in blocks {
        let end = at + block.count
        try store.restore(
          UnsafeRawBufferPointer(block.stored), into: UnsafeMutableRawBufferPointer(rebasing: room[at..<end]))
        at = end
      }
      if chain.count > 0 {
        try chain.forEachFromLast(in: store.filled) { (range, stored) throws(PipelineFailure) in
          let place = UnsafeMutableRawBufferPointer(
            rebasing: room[(at + range.lowerBound)..<(at + range.upperBound)])
          try store.restore(stored, into: place)
        }
      }
      room[(at + chain.count)...].copyBytes(from: buffer)
    }

    /// Hands all to the closure, block by block.
    func forEachBlock(
      _ body: (UnsafeRawBufferPointer) throws(PipelineFailure) -> Void
    ) throws(PipelineFailure) {
      var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      defer { room.deallocate() }
      func take(_ stored: UnsafeRawBufferPointer, _ count: Int) throws(PipelineFailure) {
        if room.count < count {
          room.deallocate()
          room = .allocate(byteCount: count, alignment: 16)
        }
        let whole = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
        try store.restore(stored, into: whole)
        try body(UnsafeRawBufferPointer(whole))
      }
      for block in blocks { try take(UnsafeRawBufferPointer(block.stored), block.count) }
      if chain.count > 0 {
        let file = store.filled
        for link in try chain.links(in: file) {
          let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(link.storedCount), alignment: 16)
          defer { stored.deallocate() }
          try file.read(at: Int(link.offset) + BlockChain.Link.bytes, into: stored)
          try take(UnsafeRawBufferPointer(stored), Int(link.count))
        }
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
    return partition.lock.withLock { _ in
      defer {
        partition.buffer = Buffer()
        partition.blocks = []
        partition.chain = BlockChain()
      }
      return Contents(self, partition, isTaken: true)
    }
  }

  /// The contents of a partition that stay where they are, to be read again.
  func contents(of index: Int) -> Contents {
    let partition = partitions[index]
    return partition.lock.withLock { _ in Contents(self, partition, isTaken: false) }
  }

  /// The file that the blocks of chains stand in.
  fileprivate var filled: TemporaryFile {
    // A chain has blocks only once there is the file.
    guard let file = file.withLock({ $0.file }) else { preconditionFailure("a block without its file") }
    return file
  }

  fileprivate func restore(
    _ stored: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
  ) throws(PipelineFailure) {
    guard BlockCompressor.decompress(stored, into: room) else {
      throw PipelineFailure(.output, "\(folder): a temporary file is no longer what was written into it")
    }
  }
}
