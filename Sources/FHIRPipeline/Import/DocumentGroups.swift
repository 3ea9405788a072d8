import FHIRMapping

/// Parts by the document they belong to, in the order in which the documents came.
struct DocumentGroups {
  struct Key: Hashable {
    let kind: DocumentKind
    let id: String
  }

  private(set) var groups: [(key: Key, parts: [Part])] = []
  private var positions: [Key: Int] = [:]

  mutating func add(_ part: Part) {
    let key = Key(kind: part.kind, id: part.documentID)
    if let position = positions[key] {
      groups[position].parts.append(part)
    } else {
      positions[key] = groups.count
      groups.append((key, [part]))
    }
  }

  /// Gives a document's parts away, so that they are not held twice.
  mutating func take(_ number: Int) -> (key: Key, parts: [Part]) {
    defer { groups[number].parts = [] }
    return groups[number]
  }
}
