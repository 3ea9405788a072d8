import BSON
import DocumentStore
import FHIRMapping

/// Finds, of resources of whom nothing is remembered but that they came, those that stand in several documents by now.
///
/// All stored keys of their sections are gone through. What the filter knows stands in one document at least: that which the run put it
/// into. A second filter tells what comes again in another document; it may say so of a few that do not, which are then found in one.
struct ReturningKeys {
  struct Section: Hashable {
    let kind: DocumentKind
    let name: String
  }

  let filter: KeyFilter
  let types: Set<String>
  /// More are not looked for.
  let most: Int

  func find(
    in sections: Set<Section>, _ states: StoredStates, prefix: String, _ store: DocumentStore
  ) throws -> (candidates: [String: MovedResources.Candidate], areTooMany: Bool) {
    var candidates: [String: MovedResources.Candidate] = [:]
    var areTooMany = false
    try store.persevering { connection in
      candidates = [:]
      areTooMany = false
      let seen = KeyFilter()
      func see(_ key: [UInt8]) {
        let hash = key.withUnsafeBytes { NameHash.of($0) }
        guard filter.mayHold(hash), seen.insert(hash) else { return }
        let text = String(decoding: key, as: UTF8.self)
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, types.contains(String(parts[0])), candidates[text] == nil else { return }
        guard candidates.count < most else {
          areTooMany = true
          return
        }
        candidates[text] = MovedResources.Candidate(type: String(parts[0]), id: String(parts[1]))
      }
      for section in sections {
        let search = SectionSearch(
          place: states.place(of: section.kind), section: section.name, prefix: prefix)
        try search.eachKey(connection) { key, _ in see(key) }
      }
      // What has its home in a section is kept on its own as long as its owner is not known.
      for type in types {
        let start = "\(type)/\(prefix)"
        // `0` comes after `/`, which comes after `.`.
        let range: BSONFields = [
          "$gte": .string(start), "$lt": .string(start.dropLast() + (prefix.isEmpty ? "0" : "/")),
        ]
        try connection.find(
          try BSONDocument(["_id": .document(range)]), in: states.collection(of: .resource),
          options: FindOptions(sort: ["_id": 1], projection: ["_id": 1])
        ) { document in
          guard let id = try document.find("_id")?.text, id.hasPrefix(start) else { return }
          see(Array("\(type)/\(id.dropFirst(start.count))".utf8))
        }
      }
    }
    return (candidates, areTooMany)
  }
}
