import BSON

/// A section of a draft: resources in the order of their keys, each once.
struct DraftSection {
  struct Item {
    /// `Observation/1`
    let key: String
    let bytes: SharedBytes
    var origin = Origin.unknown
  }

  let name: String
  private(set) var items: [Item]

  /// Resources that come to a section, in the order of their keys, each with the place of its part.
  struct Arrivals {
    let section: String
    var items: [(item: Item, part: Int)] = []
  }

  init(name: String) {
    self.name = name
    items = []
  }

  /// Takes items over in any order; of two with one key the later counts.
  mutating func load(_ loaded: [Item]) {
    items += loaded
    if zip(items, items.dropFirst()).allSatisfy({ $0.key < $1.key }) { return }
    items.sort { $0.key < $1.key }
    var kept: [Item] = []
    kept.reserveCapacity(items.count)
    for item in items {
      if kept.last?.key == item.key { kept.removeLast() }
      kept.append(item)
    }
    items = kept
  }

  /// Says where the items came from, in their order; where that was noted of other items, it stays unknown.
  mutating func setOrigins(_ origins: [Origin]) {
    guard origins.count == items.count else { return }
    for index in items.indices { items[index].origin = origins[index] }
  }

  /// Adds those items whose keys are not there.
  mutating func fill(_ loaded: [Item]) {
    let known = Set(items.map(\.key))
    load(loaded.filter { !known.contains($0.key) })
  }

  /// Adds what came, and says of each what became of it.
  mutating func merge(_ arrivals: Arrivals, _ tell: (_ part: Int, DocumentAssembler.Outcome) -> Void) {
    var merged: [Item] = []
    merged.reserveCapacity(items.count + arrivals.items.count)
    var old = 0
    for (item, part) in arrivals.items {
      while old < items.count, items[old].key < item.key {
        merged.append(items[old])
        old += 1
      }
      guard old < items.count, items[old].key == item.key else {
        merged.append(item)
        tell(part, .inserted)
        continue
      }
      let stored = items[old]
      old += 1
      let isKept =
        ResourceEquality.isSame(stored: stored.bytes, incoming: item.bytes)
        || ResourceVersion.isOlder(item.bytes, than: stored.bytes)
      merged.append(isKept ? stored : item)
      tell(part, isKept ? .unchanged : .replaced)
    }
    merged += items[old...]
    items = merged
  }
}
