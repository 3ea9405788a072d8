import BSON
import CMongoC

extension StoreConnection {
  /// Ends the transactions that programs left open which run no more; the server does so by itself after a minute, and until then
  /// lets nobody else write their documents.
  ///
  /// What cannot be done (the user may not ask, the server is too old) is left to the server.
  ///
  /// - Parameter names: what the programs called themselves when they connected.
  /// - Returns: how many there were.
  package func endTransactions(ofApplications names: [String]) -> Int {
    var ended = 0
    // What such a program had sent may still be on its way, as long as a connection of its is there.
    for _ in 0..<40 {
      guard let (sessions, isConnected) = try? activity(of: names) else { return ended }
      if !sessions.isEmpty {
        let command: BSONFields = ["killSessions": .array(sessions.map { ["id": $0] })]
        guard let command = try? document(command), (try? self.command(command)) != nil else { return ended }
        ended += sessions.count
      }
      if sessions.isEmpty && !isConnected { return ended }
      cmongoc_sleep(50)
    }
    return ended
  }

  /// What programs of this user's that are connected call themselves; none where nobody may ask.
  ///
  /// - Parameter word: what the names begin with, before a space.
  package func applications(beginningWith word: String) -> [String] {
    let stages: [BSONValue] = [
      ["$currentOp": ["allUsers": false, "idleConnections": true]],
      ["$match": ["appName": ["$regex": .string("^\(word) ")]]], ["$group": ["_id": "$appName"]],
    ]
    let command: BSONFields = ["aggregate": 1, "pipeline": .array(stages), "cursor": ["batchSize": 1000]]
    guard let command = try? document(command),
      let reply = try? self.command(command, database: "admin").fields()
    else { return [] }
    return (reply["cursor"]?.fields?["firstBatch"]?.elements ?? []).compactMap { $0.fields?["_id"]?.text }
  }

  /// The sessions of programs that are in a transaction, and whether one of them has a connection.
  private func activity(of names: [String]) throws -> (sessions: [BSONValue], isConnected: Bool) {
    // Without `allUsers` everybody may ask, and gets what is one's own.
    let stages: [BSONValue] = [
      ["$currentOp": ["allUsers": false, "idleConnections": true, "idleSessions": true]],
      ["$match": ["appName": ["$in": .array(names.map { .string($0) })]]],
    ]
    let command: BSONFields = ["aggregate": 1, "pipeline": .array(stages), "cursor": ["batchSize": 1000]]
    let reply = try self.command(try document(command), database: "admin").fields()
    var sessions: [BSONValue] = []
    var isConnected = false
    for operation in reply["cursor"]?.fields?["firstBatch"]?.elements ?? [] {
      guard let operation = operation.fields else { continue }
      if operation["type"]?.text != "idleSession" { isConnected = true }
      if operation["transaction"] != nil, let id = operation["lsid"]?.fields?["id"], !sessions.contains(id) {
        sessions.append(id)
      }
    }
    return (sessions, isConnected)
  }
}
