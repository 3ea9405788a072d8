import BSON
import DocumentStore

/// Says again and again that an import is alive, so that those of other machines know: nobody there can ask after its process.
///
/// It says so by the server's clock, in its note (`alive`): clocks of machines differ.
final class RunHeartbeat: Sendable {
  /// Seconds between two beats.
  private static let interval = 15
  /// After so many milliseconds without one an import is gone, or hangs so long that it has to look for itself what became of its work.
  static let patience: Int64 = 120_000

  private let thread: WorkerThread
  private let state = State()

  private final class State: @unchecked Sendable {
    // Safe to share: it is read and written while the monitor is held.
    let monitor = Monitor()
    var hasEnded = false

    /// Waits for the next beat; false where there is none.
    func wait() -> Bool {
      monitor.lock()
      defer { monitor.unlock() }
      if !hasEnded { monitor.wait(seconds: interval) }
      return !hasEnded
    }

    func end() {
      monitor.lock()
      hasEnded = true
      monitor.tellChange()
      monitor.unlock()
    }
  }

  init(of number: Int32, in store: DocumentStore) {
    let state = state
    thread = WorkerThread {
      while state.wait() {
        // Where the server is away there is nobody who could take the import for gone.
        try? store.withConnection { connection in try RunHeartbeat.beat(number, connection) }
      }
    }
  }

  /// Ends it; call it once.
  func stop() {
    state.end()
    thread.join()
  }

  static func beat(_ number: Int32, _ connection: borrowing StoreConnection) throws {
    _ = try connection.write(
      [
        .update(
          filter: ["_id": .int32(number)], ["$currentDate": ["alive": true]], upsert: false, many: false)
      ], in: ImportRun.runCollection)
  }
}

extension BSONFields {
  /// A condition of a filter: that a date which the server set is that old by its own clock.
  static func isPast(_ field: String, milliseconds: Int64) -> BSONFields {
    [
      field: ["$type": "date"],
      "$expr": ["$lt": [.string("$" + field), ["$subtract": ["$$NOW", .int64(milliseconds)]]]],
    ]
  }

  func merging(_ other: BSONFields) -> BSONFields { BSONFields(fields + other.fields) }
}
