import BSON
import CMongoC
import Synchronization

extension DocumentStore {
  /// Lends a connection as `withConnection` does, and again where the server went away or stopped taking writes meanwhile, until
  /// it is back or ``patience`` is over.
  ///
  /// For what may be done several times: a write whose confirmation was lost has happened, or has not.
  package func persevering<R>(_ body: (borrowing StoreConnection) throws -> R) throws -> R {
    var deadline: ContinuousClock.Instant?
    // The connection that broke may have been idle for long; a new one is tried at once.
    var pause = 0
    while true {
      do {
        let result = try withConnection { connection in
          if deadline != nil { try outages.endSessions(connection) }
          return try body(connection)
        }
        if deadline != nil { outages.end() }
        return result
      } catch let error as StoreError where error.isOutage {
        let now = ContinuousClock.now
        let end = deadline ?? now + patience
        deadline = end
        guard now < end, !outages.areGivenUp else { throw error }
        if pause > 0 { outages.begin(error, patience: patience) }
        cmongoc_sleep(pause)
        pause = min(max(pause * 2, 50), 500)
      }
    }
  }

  /// Tells what is to be known while the server is away.
  ///
  /// - Parameters:
  ///   - say: takes a line when the server is found to be away, and one when it is back.
  ///   - areGivenUp: whether nobody wants to wait any longer.
  package func tellOfOutages(
    _ say: @escaping @Sendable (String) -> Void, areGivenUp: @escaping @Sendable () -> Bool
  ) {
    outages.tell(say, areGivenUp)
  }
}

/// The times in which a store's server is away, however many threads find so.
final class Outages: Sendable {
  private struct State {
    var isOut = false
    /// Sessions that were in a transaction when the connection broke.
    var sessions: [BSONValue] = []
    var say: @Sendable (String) -> Void = { _ in }
    var areGivenUp: @Sendable () -> Bool = { false }
  }

  private let state = Mutex(State())

  func tell(_ say: @escaping @Sendable (String) -> Void, _ areGivenUp: @escaping @Sendable () -> Bool) {
    state.withLock { state in
      state.say = say
      state.areGivenUp = areGivenUp
    }
  }

  /// Notes a session whose transaction could not be ended, since its server was gone: as long as it is open, nobody else writes
  /// its documents.
  func leave(session: BSONValue) { state.withLock { $0.sessions.append(session) } }

  /// Ends the transactions that were left.
  func endSessions(_ connection: borrowing StoreConnection) throws(StoreError) {
    let sessions = state.withLock { $0.sessions }
    guard !sessions.isEmpty else { return }
    let command = try connection.document(["killSessions": .array(sessions.map { ["id": $0] })])
    _ = try connection.command(command)
    state.withLock { state in state.sessions.removeAll { sessions.contains($0) } }
  }

  var areGivenUp: Bool { state.withLock { $0.areGivenUp }() }

  func begin(_ error: StoreError, patience: Duration) {
    let say = state.withLock { state in
      defer { state.isOut = true }
      return state.isOut ? nil : state.say
    }
    say?("  \(error.message); trying again for up to \(patience.components.seconds) s")
  }

  func end() {
    let say = state.withLock { state in
      defer { state.isOut = false }
      return state.isOut ? state.say : nil
    }
    say?("  the server is back, and takes what is written")
  }
}

extension StoreError {
  /// Whether the server went away, or another is to take writes.
  package var isOutage: Bool { code == .connectionLost || code == .notPrimary }
}
