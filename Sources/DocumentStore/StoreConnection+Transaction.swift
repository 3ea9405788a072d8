import BSON
import CMongoC
import Glibc

extension StoreConnection {
  /// Does all that the closure does through the connection it is given, or nothing of it.
  ///
  /// The closure runs again where the server says that another client came in between, so that it must have no other
  /// effect than its writes. A write that is refused ends the transaction with an error.
  ///
  /// See https://www.mongodb.com/docs/manual/core/transactions-in-applications/ for the rules of trying again. Where the server went
  /// away it is for the caller to begin anew, with another connection.
  /// - Parameter limit: how long to go on trying.
  /// - Throws: `notReplicaSet` where the server has no transactions; what the closure throws.
  package func withTransaction<R>(
    limit: Duration = .seconds(120), _ body: (borrowing StoreConnection) throws -> R
  ) throws -> R {
    precondition(session == nil, "a transaction within a transaction")
    var error = bson_error_t()
    guard let session = mongoc_client_start_session(client, nil, &error) else {
      throw StoreError(error, in: context)
    }
    defer { mongoc_client_session_destroy(session) }
    let deadline = ContinuousClock.now + limit
    // What stands in the way may stay there: a program that was killed leaves its transaction to the server for a minute.
    var pause: UInt32 = 2_000
    var ended = 0
    while true {
      guard mongoc_client_session_start_transaction(session, nil, &error) else {
        throw StoreError(error, in: context)
      }
      do {
        let result = try body(
          StoreConnection(
            client: client, databaseName: databaseName, limits: limits, context: context, session: session))
        try commit(session, until: min(deadline, ContinuousClock.now + context.patience))
        return result
      } catch let failure as StoreError
        where failure.isTransient && !failure.isOutage && ContinuousClock.now < deadline
      {
        abort(session)
        // What took longer than the server lets a transaction take does so the next time, too, as a rule.
        if failure.transactionSetback == .lifetime { ended += 1 }
        if ended == StoreConnection.mostEnded { throw failure }
        usleep(pause)
        pause = min(pause * 2, 250_000)
      } catch {
        abort(session)
        if let failure = error as? StoreError, failure.isOutage, let id = identity(of: session) {
          context.outages?.leave(session: id)
        }
        throw error
      }
    }
  }

  /// How often a transaction is tried that the server ends.
  private static let mostEnded = 3

  /// Whether what is done through this connection belongs to a transaction.
  package var isInTransaction: Bool { session != nil }

  /// Commits, again and again while the server cannot say whether it did.
  private func commit(_ session: OpaquePointer, until deadline: ContinuousClock.Instant) throws(StoreError) {
    while true {
      let reply = NativeReply()
      var error = bson_error_t()
      if mongoc_client_session_commit_transaction(session, reply.pointer, &error) { return }
      let failure = StoreError(error, reply: reply.fields, in: context)
      guard failure.labels.contains("UnknownTransactionCommitResult"), failure.code != .timeout,
        ContinuousClock.now < deadline
      else { throw failure }
      usleep(20_000)
    }
  }

  /// What the server knows the session by.
  private func identity(of session: OpaquePointer) -> BSONValue? {
    guard let id = mongoc_client_session_get_lsid(session) else { return nil }
    return try? BSONFields(BSONView(native: id))["id"]
  }

  private func abort(_ session: OpaquePointer) {
    // The transaction may be over already, and the server ends one that it hears no more of: nothing to report.
    guard mongoc_client_session_in_transaction(session) else { return }
    _ = mongoc_client_session_abort_transaction(session, nil)
  }
}

extension StoreError {
  /// Whether the whole transaction may be tried again.
  var isTransient: Bool { labels.contains("TransientTransactionError") }

  /// Why the server ended a transaction though it refuses none of its documents.
  package enum TransactionSetback: Sendable {
    /// It is more than the server's cache has room for.
    case cache
    /// It is more than the server takes in one transaction.
    case size
    /// It took longer than the server lets one take.
    case lifetime
    /// Others changed the same documents, or kept them locked.
    case conflict
  }

  /// nil for every other error.
  ///
  /// See https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml for the codes.
  package var transactionSetback: TransactionSetback? {
    switch serverCode {
    case 388: .cache
    // Earlier servers say so of what had to leave the cache.
    case 112 where serverMessage?.contains("evict") == true || serverMessage?.contains("cache") == true:
      .cache
    case 257: .size
    case 239, 251, 290: .lifetime
    case 24, 112: .conflict
    default: isTransient && !isOutage ? .conflict : nil
    }
  }
}
