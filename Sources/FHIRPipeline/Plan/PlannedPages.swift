import BSON
import Synchronization

/// Documents as a plan would leave them, kept in a temporary file: what comes for them later in the run is added to that.
final class PlannedPages: Sendable {
  private let file: TemporaryFile
  private let end = Mutex(0)

  /// What is larger is read from the file when it is asked for.
  private static let mostInMemory = 8 << 20

  init() throws(PipelineFailure) { file = try TemporaryFile() }

  /// Keeps a document, page by page; returns where.
  func keep(count: Int, _ page: (Int) throws -> BSONDocument) throws -> Range<Int> {
    // Its pages stand together: nobody else takes the room between.
    try end.withLock { end in
      let start = end
      for number in 0..<count {
        let next = try page(number)
        try next.withView { try file.write(UnsafeRawBufferPointer($0.bytes), at: end) }
        end += next.count
      }
      return start..<end
    }
  }

  /// The pages of a document that was kept.
  func pages(at room: Range<Int>) throws -> [BSONDocument] {
    let isLarge = room.count > PlannedPages.mostInMemory
    let mapped = isLarge ? try file.mapped(count: room.upperBound) : nil
    var pages: [BSONDocument] = []
    var start = room.lowerBound
    while start < room.upperBound {
      let size = try file.documentLength(at: start)
      if let mapped {
        pages.append(BSONDocument(unchecked: SharedBytes(mapped, start..<start + size)))
      } else {
        var bytes = [UInt8](repeating: 0, count: size)
        try bytes.withUnsafeMutableBytes { try file.read(at: start, into: $0) }
        pages.append(try BSONDocument(bytes))
      }
      start += size
    }
    return pages
  }
}

extension TemporaryFile {
  /// A document begins with its length: four bytes, the least first.
  fileprivate func documentLength(at offset: Int) throws -> Int {
    var length: UInt32 = 0
    try withUnsafeMutableBytes(of: &length) { try read(at: offset, into: $0) }
    return Int(UInt32(littleEndian: length))
  }
}
