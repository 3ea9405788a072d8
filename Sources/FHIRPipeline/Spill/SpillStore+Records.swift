package import BSON
package import FHIRMapping

/// What is spilled: parts of documents, and records of any other content, each behind its length.
extension SpillStore {
  /// Adds a part to the partition of its document.
  package func append(key: UInt64, part record: UnsafeRawBufferPointer) throws(PipelineFailure) {
    try add(key: key, count: record.count) { $0.append(contentsOf: record) }
  }

  /// Appends the parts of a partition, in the order in which they came; the partition is empty afterwards.
  package func take(_ index: Int, into parts: inout PartBuffer) throws(PipelineFailure) {
    try fill(&parts, with: empty(index))
  }

  /// The records of a partition that is too large for memory, in a file; the partition is empty afterwards.
  package func takeMapped(_ index: Int) throws(PipelineFailure) -> MappedBytes {
    let taken = empty(index)
    let file = try TemporaryFile(folder: folder)
    var at = 0
    try taken.forEachBlock { (block) throws(PipelineFailure) in
      try file.write(block, at: at)
      at += block.count
    }
    return try file.mapped(count: at)
  }

  /// Appends the parts of a partition, which stay there to be read again.
  package func copy(_ index: Int, into parts: inout PartBuffer) throws(PipelineFailure) {
    try fill(&parts, with: contents(of: index))
  }

  private func fill(_ parts: inout PartBuffer, with taken: consuming Contents) throws(PipelineFailure) {
    parts.reserve(exactly: taken.count)
    var failure: PipelineFailure?
    _ = parts.fill(taken.count) { room in
      do throws(PipelineFailure) { try taken.copy(to: room) } catch { failure = error }
      return failure == nil
    }
    if let failure { throw failure }
  }

  /// Adds a record to the partition of its key; `write` appends it.
  package func append(key: UInt64, _ write: (inout [UInt8]) -> Void) throws(PipelineFailure) {
    try add(key: key) { buffer in
      let start = buffer.count
      withUnsafeBytes(of: UInt32(0)) { buffer.append(contentsOf: $0) }
      write(&buffer)
      let count = UInt32(buffer.count - start - 4)
      buffer.withUnsafeMutableBytes { $0.storeBytes(of: count, toByteOffset: start, as: UInt32.self) }
    }
  }

  /// The records of a partition, read back into memory; the partition is empty afterwards.
  package func take(_ index: Int) throws(PipelineFailure) -> Records {
    let taken = empty(index)
    let size = taken.count
    var failure: PipelineFailure?
    let bytes = SharedBuffer(capacity: size).fill { room in
      do throws(PipelineFailure) {
        try taken.copy(to: UnsafeMutableRawBufferPointer(rebasing: room[..<size]))
      } catch { failure = error }
      return size
    }
    if let failure { throw failure }
    return Records(bytes: bytes)
  }

  /// Records that were read back, in the order in which they came.
  package struct Records {
    let bytes: SharedBytes

    package func forEach(_ body: (SharedBytes) throws -> Void) rethrows {
      try bytes.withUnsafeBytes { all in
        var offset = 0
        while offset + 4 <= all.count {
          let count = Int(all.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
          offset += 4
          try body(bytes.part(UnsafeRawBufferPointer(rebasing: all[offset..<offset + count])))
          offset += count
        }
      }
    }
  }
}
