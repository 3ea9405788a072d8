import BSON
import FHIRMapping

/// The patients of whom all that a run has is at hand, by the ids of their documents.
struct WholePatients: Sendable {
  let ids: [String]
  /// Hashes of the ids; empty where they are few.
  private let hashes: Set<UInt64>

  private static let few = 8

  static let none = WholePatients([])

  init(_ ids: [String]) {
    self.ids = ids
    hashes = ids.count > WholePatients.few ? Set(ids.map(NameHash.of)) : []
  }

  func contains(_ id: UnsafeRawBufferPointer) -> Bool {
    ids.count > WholePatients.few
      ? hashes.contains(NameHash.of(id)) : ids.contains { $0.withUTF8Bytes { $0.isSame(as: id) } }
  }
}
