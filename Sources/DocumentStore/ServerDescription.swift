package import BSON

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
  /// Another after every start of the server; nil where it does not tell (MongoDB before 4.4).
  package var process: BSONValue?

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
      limits: limits, process: hello["topologyVersion"]?.fields?["processId"])
  }

  /// As in ``ServerDescription/process``, now.
  package func serverProcess() throws(StoreError) -> BSONValue? {
    try fields(of: try hello())["topologyVersion"]?.fields?["processId"]
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
