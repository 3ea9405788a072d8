import BSON

/// What a server says of itself (`hello`, `buildInfo`).
package struct ServerDescription: Sendable, Equatable {
  /// The largest sizes that the server takes.
  package struct Limits: Sendable, Equatable {
    package var documentBytes = BSONLimit.documentBytes
    package var messageBytes = 48_000_000
    package var operationsPerBatch = 100_000
  }

  /// "6.0.5"
  package var version: String
  /// The replica set's name; nil for a single server. Transactions need one.
  package var replicaSetName: String?
  /// Whether this is a router of a sharded cluster, which can do transactions too.
  package var isRouter: Bool
  package var isWritable: Bool
  package var limits: Limits
  /// Stands for the process of the server and its time as primary: while it stays the same, nothing that this server
  /// acknowledged is lost.
  package var tenure: Tenure

  package struct Tenure: Sendable, Equatable {
    var process: BSONValue?
    var election: BSONValue?
  }

  package var hasTransactions: Bool { replicaSetName != nil || isRouter }
}

extension StoreConnection {
  /// Asks whether the server answers, logging in if that has not been done.
  package func ping() throws(StoreError) { _ = try command(["ping": 1]) }

  package func describeServer() throws(StoreError) -> ServerDescription {
    let hello = try fields(of: try hello())
    let build = try fields(of: try command(["buildInfo": 1], database: "admin"))
    var limits = ServerDescription.Limits()
    if let bytes = hello["maxBsonObjectSize"]?.integer { limits.documentBytes = Int(bytes) }
    if let bytes = hello["maxMessageSizeBytes"]?.integer { limits.messageBytes = Int(bytes) }
    if let count = hello["maxWriteBatchSize"]?.integer { limits.operationsPerBatch = Int(count) }
    return ServerDescription(
      version: build["version"]?.text ?? "unknown", replicaSetName: hello["setName"]?.text,
      isRouter: hello["msg"]?.text == "isdbgrid",
      isWritable: (hello["isWritablePrimary"] ?? hello["ismaster"])?.bool ?? false,
      limits: limits, tenure: ServerDescription.Tenure(hello))
  }

  /// The server's process and time as primary, as they are now.
  func tenure() throws(StoreError) -> ServerDescription.Tenure {
    ServerDescription.Tenure(try fields(of: try hello()))
  }

  /// MongoDB before 4.4.2 knows the command only by its older name.
  private func hello() throws(StoreError) -> BSONDocument {
    do {
      return try command(["hello": 1], database: "admin")
    } catch {
      guard error.serverCode == 59 else { throw error }
      return try command(["isMaster": 1], database: "admin")
    }
  }

  private func fields(of document: BSONDocument) throws(StoreError) -> BSONFields {
    do throws(BSONError) { return try document.fields() } catch { throw StoreError(error) }
  }
}

extension ServerDescription.Tenure {
  /// - Parameter hello: the reply of that command. MongoDB before 4.4 tells no process, a single server no election.
  init(_ hello: BSONFields) {
    process = hello["topologyVersion"]?.fields?["processId"]
    election = hello["electionId"]
  }
}
