import BSON
import FHIRMapping

/// The patients of whom all that a run has is at hand, by the ids of their documents.
struct WholePatients: Sendable {
  /// All of their ids, or some where they are very many.
  let ids: [String]
  /// Hashes of the ids; empty where they are few.
  private let hashes: Set<UInt64>

  private static let few = 8
  /// How many ids are enough to tell whether the database knows the patients.
  private static let sampleSize = 20

  static let none = WholePatients([])

  init(_ ids: [String]) {
    self.ids = ids
    hashes = ids.count > WholePatients.few ? Set(ids.map(NameHash.of)) : []
  }

  /// Of any number of patients: some of their ids are kept.
  init(many ids: some Sequence<String>) {
    var some: [String] = []
    var hashes: Set<UInt64> = []
    for id in ids {
      if some.count < WholePatients.sampleSize { some.append(id) }
      hashes.insert(NameHash.of(id))
    }
    self.ids = some
    self.hashes = hashes
  }

  func contains(_ id: UnsafeRawBufferPointer) -> Bool {
    hashes.isEmpty
      ? ids.contains { $0.withUTF8Bytes { $0.isSame(as: id) } } : hashes.contains(NameHash.of(id))
  }
}
