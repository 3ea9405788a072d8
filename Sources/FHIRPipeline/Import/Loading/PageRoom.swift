import BSON
import Foundation

/// Keeps the pages of a stored document that is to change: in memory, and of a document too large for that in a file.
struct PageRoom {
  private static let mostInMemory = 24 << 20
  /// MongoDB's documents are no larger, but for what it adds itself.
  private static let mostInPage = 17 << 20

  private let pages: Int
  private var bytes = 0
  private var filed: (file: TemporaryFile, mapped: MappedBytes, end: Int)?

  /// - Parameter pages: how many there are at most.
  init(pages: Int) { self.pages = pages }

  mutating func keep(_ page: BSONView) throws -> BSONDocument {
    bytes += page.bytes.count
    if bytes <= PageRoom.mostInMemory { return BSONDocument(copying: page) }
    var filed: (file: TemporaryFile, mapped: MappedBytes, end: Int)
    if let own = self.filed {
      filed = own
    } else {
      let file = try TemporaryFile(folder: NSTemporaryDirectory())
      filed = (file, try file.mapped(count: pages * PageRoom.mostInPage), 0)
    }
    let range = filed.end..<filed.end + page.bytes.count
    try filed.file.write(page.bytes, at: range.lowerBound)
    filed.end = range.upperBound
    self.filed = filed
    return BSONDocument(unchecked: SharedBytes(filed.mapped, range))
  }
}
