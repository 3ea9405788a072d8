import BSON
import FHIRMapping

/// A document's further pages in their order: of a large document, which is written page by page, the next one while the
/// last is on its way to the database.
final class FurtherPages {
  private let document: Assembly
  private var number = 0
  private let ahead: Ahead?

  /// Pages that were written and wait to be taken.
  private struct Ahead {
    let queue: BoundedQueue<Result<BSONDocument, any Error>>
    let thread: WorkerThread
  }

  init(of document: Assembly) {
    self.document = document
    guard document.isLent, document.pageCount > 2 else {
      ahead = nil
      return
    }
    let queue = BoundedQueue<Result<BSONDocument, any Error>>(limit: 1)
    // Its pages are this thread's as long as it runs; `stop` ends it.
    let thread = WorkerThread {
      for number in 1..<document.pageCount where !queue.push(Result { try document.page(number) }) { break }
      queue.close()
    }
    ahead = Ahead(queue: queue, thread: thread)
  }

  /// nil behind the last.
  func next() throws -> BSONDocument? {
    if let ahead { return try ahead.queue.pop()?.get() }
    number += 1
    return number < document.pageCount ? try document.page(number) : nil
  }

  /// Waits until nothing of the document is in use any more. Call it once.
  func stop() {
    guard let ahead else { return }
    ahead.queue.close()
    ahead.thread.join()
  }
}
