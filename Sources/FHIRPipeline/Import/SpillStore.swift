import Glibc
import Synchronization

/// Groups records by a key without holding them all: what belongs together lands in one partition, and partitions are
/// read back one at a time.
///
/// Bulk exports scatter a patient's resources over files by type; a chart is written whole all the same. While little
/// has come, partitions stay in memory; beyond a budget they continue in a temporary file that only the owner can
/// read and that vanishes with the process.
package final class SpillStore: @unchecked Sendable {
  // Safe to share: `partitions` is set once; each partition is touched only inside its own lock, the file inside its.

  private final class Partition {
    let lock = Mutex(())
    var buffer: [UInt8] = []
    /// Where in the file its earlier records stand.
    var pieces: [Piece] = []
  }

  /// A stretch of the file.
  struct Piece {
    var offset: Int
    var count: Int
  }

  private struct File {
    var descriptor: Int32 = -1
    var end = 0
  }

  private let partitions: [Partition]
  private let memoryPerPartition: Int
  /// Whether more is expected than may stay in memory.
  private let spills: Bool
  private let folder: String
  private let file = Mutex(File())

  /// - Parameters:
  ///   - expectedBytes: about how much will come; decides the number of partitions, so that one fits into memory.
  ///   - memory: how many bytes may stay in memory in all; nil for some megabytes, and for all where little is expected.
  package init(expectedBytes: Int, memory: Int? = nil, folder: String) {
    let memory = memory ?? (expectedBytes <= 32 << 20 ? 32 << 20 : 8 << 20)
    let count = max(8, min(2048, expectedBytes / (1 << 20) + 1))
    partitions = (0..<count).map { _ in Partition() }
    memoryPerPartition = max(16 << 10, memory / count)
    spills = expectedBytes > memory
    self.folder = folder
  }

  deinit {
    file.withLock { file in
      if file.descriptor >= 0 { close(file.descriptor) }
    }
  }

  package var partitionCount: Int { partitions.count }

  /// Adds bytes to the partition of a key; `write` appends them.
  func add(key: UInt64, _ write: (inout [UInt8]) -> Void) throws(PipelineFailure) {
    let partition = partitions[Int(key % UInt64(partitions.count))]
    let failure: PipelineFailure? = partition.lock.withLock { _ in
      if partition.buffer.capacity == 0, spills {
        partition.buffer.reserveCapacity(memoryPerPartition + memoryPerPartition / 4)
      }
      write(&partition.buffer)
      guard partition.buffer.count > memoryPerPartition else { return nil }
      return spill(partition)
    }
    if let failure { throw failure }
  }

  private func spill(_ partition: Partition) -> PipelineFailure? {
    let count = partition.buffer.count
    // Only the place in the file is taken inside the lock; the bytes are written outside of it.
    let place: (descriptor: Int32, offset: Int) = file.withLock { file in
      if file.descriptor < 0 { file.descriptor = openAndUnlink() }
      defer { file.end += count }
      return (file.descriptor, file.end)
    }
    guard place.descriptor >= 0 else { return failure("cannot create a temporary file") }
    let written = partition.buffer.withUnsafeBytes { bytes in
      var done = 0
      while done < count {
        let step = pwrite(
          place.descriptor, bytes.baseAddress.unsafelyUnwrapped + done, count - done,
          off_t(place.offset + done))
        if step < 0 && errno == EINTR { continue }
        if step <= 0 { return false }
        done += step
      }
      return true
    }
    guard written else { return failure("cannot write a temporary file") }
    partition.pieces.append(Piece(offset: place.offset, count: count))
    partition.buffer.removeAll(keepingCapacity: true)
    return nil
  }

  /// Without a name the file cannot be opened by others (its mode is 0600) and vanishes with the process, however that ends.
  private func openAndUnlink() -> Int32 {
    var template = Array((folder + "/fhirline-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    if descriptor >= 0 { unlink(template) }
    return descriptor
  }

  private func failure(_ what: String) -> PipelineFailure {
    PipelineFailure(.output, "\(folder): \(what): \(String(cString: strerror(errno)))")
  }

  /// All of a partition, in the order in which it came: what stands in the file, then what is in memory. It is empty afterwards.
  func empty(_ index: Int) -> (pieces: [Piece], buffer: [UInt8]) {
    let partition = partitions[index]
    return partition.lock.withLock { _ in
      defer {
        partition.buffer = []
        partition.pieces = []
      }
      return (partition.pieces, partition.buffer)
    }
  }

  /// Reads a stretch of the file.
  func read(_ piece: Piece, into room: UnsafeMutableRawBufferPointer) -> PipelineFailure? {
    let descriptor = file.withLock { $0.descriptor }
    var read = 0
    while read < piece.count {
      // pieces are not empty: the room has a base
      let got = pread(
        descriptor, room.baseAddress.unsafelyUnwrapped + read, piece.count - read, off_t(piece.offset + read))
      if got < 0 && errno == EINTR { continue }
      if got <= 0 { return failure("cannot read a temporary file back") }
      read += got
    }
    return nil
  }
}
