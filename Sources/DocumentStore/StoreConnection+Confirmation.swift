import BSON

extension StoreConnection {
  /// Waits until the newest write of the server, and so every earlier one, is on disk: on most members of a replica set, or
  /// on the only server's.
  ///
  /// A write that changes nothing waits for the newest one all the same.
  /// See https://www.mongodb.com/docs/manual/reference/write-concern/
  func waitForWrites(in collection: String, isMember: Bool) throws(StoreError) {
    let nothing: BSONFields = ["q": ["_id": ["$in": .array([])]], "u": ["$set": ["changed": false]]]
    let concern: BSONFields = isMember ? ["w": "majority", "j": true] : ["w": 1, "j": true]
    let reply = try command(
      try document([
        "update": .string(collection), "updates": .array([.document(nothing)]),
        "writeConcern": .document(concern),
      ]))
    let failure: BSONFields?
    do throws(BSONError) { failure = try reply.fields()["writeConcernError"]?.fields } catch {
      throw StoreError(error)
    }
    guard let failure else { return }
    throw StoreError(
      .writeFailed,
      "the server could not confirm what was written: \(failure["errmsg"]?.text ?? "it gives no reason")")
  }
}
