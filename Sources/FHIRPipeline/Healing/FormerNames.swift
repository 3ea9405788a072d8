import BSON
import DocumentStore
import FHIRMapping

/// Organizations that were deleted, while documents may still show what they were called: when one comes again, under another name, these
/// are looked for, as if it had been replaced.
///
/// A note is one of those that wait (``WaitingReferences``), for an organization and not for each that shows its name: of these there may be
/// a million. It goes when the organization has a name again, and what showed another shows that.
///
/// **Invariant:** it is written before the organization is deleted, so that an import that is killed between leaves no deletion without it.
struct FormerNames {
  let source: String
  /// What organizations of the run are called.
  let run: TargetIndex

  /// The type whose names documents show.
  private static let type = "Organization"
  /// Tells the notes from those of documents that wait.
  static let kind = "deleted"
  private static let keysPerQuestion = 5_000

  /// Whether documents may show the name of a resource.
  private static func areShown(ofKey key: String) -> Bool { key.hasPrefix(type + "/") }

  /// Notes that resources are about to be deleted, of those whose names are shown.
  func note(_ keys: some Sequence<String>, _ connection: borrowing StoreConnection) throws {
    let operations = try keys.filter(FormerNames.areShown).sorted().map { key -> WriteOperation in
      let note: BSONFields = [
        "name": .string(WaitingReferences.name(ofTarget: key)), "kind": .string(FormerNames.kind),
        "document": .string(key), "source": .string(source),
      ]
      return .update(
        filter: try BSONDocument(["_id": .string(id(key))]),
        try BSONDocument(["$setOnInsert": .document(note)]), upsert: true, many: false)
    }
    if !operations.isEmpty { _ = try connection.write(operations, in: WaitingReferences.collection) }
  }

  /// The same of those that came with this run and are to be gone at its end, whether they were ever loaded: others came with them.
  func note(cameAmong targets: [TargetIndex.Target], _ store: DocumentStore) throws {
    let keys = targets.lazy.map(\.key).filter { FormerNames.areShown(ofKey: $0) && run.name(of: $0) != nil }
    guard !keys.isEmpty else { return }
    try store.persevering { try note(keys, $0) }
  }

  /// Of the organizations of the run those that were deleted before.
  func deleted(_ connection: borrowing StoreConnection) throws -> Set<String> {
    var found: Set<String> = []
    var rest = run.named.sorted()[...]
    while !rest.isEmpty {
      let some = rest.prefix(FormerNames.keysPerQuestion)
      rest = rest.dropFirst(some.count)
      try connection.find(
        ids: some.map(id), in: WaitingReferences.collection, projection: ["document": 1]
      ) { note in
        if let key = try note.find("document")?.text { found.insert(key) }
      }
    }
    return found
  }

  /// Says that nothing shows a former name of these any more.
  func settle(_ keys: some Sequence<String>, _ connection: borrowing StoreConnection) throws {
    let ids = keys.map(id)
    if !ids.isEmpty { _ = try connection.delete(ids: ids, from: WaitingReferences.collection) }
  }

  private func id(_ key: String) -> String {
    ContentDigest.text(of: "\(source)\n\(FormerNames.kind)\n\(key)")
  }
}
