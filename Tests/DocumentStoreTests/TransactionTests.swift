import BSON
import DocumentStore
import Testing

@Suite(.enabled(if: TestServer.mayRun, "MONGODB_URI is not set"))
struct TransactionTests {
  struct Regret: Error {}

  @Test func doesAllOrNothing() throws {
    try TestServer.withStore { (connection) throws in
      try connection.createCollection("c")
      guard try connection.describeServer().hasTransactions else {
        let error = try TestServer.error {
          try connection.withTransaction { inside in _ = try inside.insert([["_id": 1]], into: "c") }
        }
        #expect(error.code == .notReplicaSet)
        return
      }
      try connection.withTransaction { inside in
        _ = try inside.insert([["_id": 1], ["_id": 2]], into: "c")
        _ = try inside.replace([["_id": 1, "v": 1]], in: "c")
        #expect(try inside.count(in: "c") == 2)
      }
      #expect(try connection.count(in: "c") == 2)
      #expect(throws: Regret.self) {
        try connection.withTransaction { inside in
          _ = try inside.insert([["_id": 3]], into: "c")
          _ = try inside.delete(ids: ["x"], from: "c")
          throw Regret()
        }
      }
      #expect(try connection.count(in: "c") == 2)
    }
  }

  @Test func endsWithAnErrorWhereAWriteIsRefused() throws {
    try TestServer.withStore { (connection) throws in
      guard try connection.describeServer().hasTransactions else { return }
      _ = try connection.insert([["_id": "taken"]], into: "c")
      let error = try TestServer.error {
        try connection.withTransaction { inside in
          _ = try inside.insert([["_id": "new"]], into: "c")
          _ = try inside.insert([["_id": "taken"]], into: "c")
        }
      }
      #expect(error.code == .writeFailed && error.serverCode == 11000)
      #expect(try connection.count(in: "c") == 1)
    }
  }

  @Test func triesAgainWhereAnotherClientCameBetween() throws {
    let store = try TestServer.open()
    defer { try? store.withConnection { connection in try connection.dropDatabase() } }
    guard store.server.hasTransactions else { return }
    try store.withConnection { connection in
      _ = try connection.insert([["_id": "n", "v": 0]], into: "c")
      var runs = 0
      try connection.withTransaction { inside in
        runs += 1
        // The snapshot is taken by the first reading; a write from outside then conflicts with ours.
        _ = try inside.count(in: "c")
        if runs == 1 {
          try store.withConnection { other in _ = try other.replace([["_id": "n", "v": 1]], in: "c") }
        }
        _ = try inside.replace([["_id": "n", "v": 2]], in: "c")
      }
      #expect(runs == 2)
      #expect(try connection.count(["v": 2], in: "c") == 1)
    }
  }
}
