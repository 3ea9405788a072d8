import BSON
import Synchronization

/// Documents as a plan would leave them, kept in a temporary file: what comes for them later in the run is added to that.
final class PlannedPages: Sendable {
  private let file: TemporaryFile
  private let end = Atomic<Int>(0)

  init() throws(PipelineFailure) { file = try TemporaryFile() }

  /// Keeps a document, page by page; returns where.
  func keep(count: Int, _ page: (Int) throws -> BSONDocument) throws -> Range<Int> {
    // Its pages stand together: nobody else takes the room between.
    var pages: [BSONDocument] = []
    var sizes = 0
    for number in 0..<count {
      let next = try page(number)
      sizes += next.count
      pages.append(next)
    }
    let start = end.add(sizes, ordering: .relaxed).oldValue
    var offset = start
    for page in pages {
      try page.withView { try file.write(UnsafeRawBufferPointer($0.bytes), at: offset) }
      offset += page.count
    }
    return start..<offset
  }

  /// The pages of a document that was kept.
  func pages(at room: Range<Int>) throws -> [BSONDocument] {
    var bytes = [UInt8](repeating: 0, count: room.count)
    try bytes.withUnsafeMutableBytes { try file.read(at: room.lowerBound, into: $0) }
    var pages: [BSONDocument] = []
    var start = 0
    // A document begins with its length: four bytes, the least first.
    while start + 4 <= bytes.count {
      let size = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
      pages.append(try BSONDocument(Array(bytes[start..<start + size])))
      start += size
    }
    return pages
  }
}
