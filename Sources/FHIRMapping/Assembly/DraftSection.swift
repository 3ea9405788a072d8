import BSON

/// A section of a draft: resources in the order of their keys, each once.
///
/// What items point to lives as long as the draft: in the buffer of its parts, or in the stored pages that it holds.
struct DraftSection {
  struct Item {
    /// `Observation/1`
    let key: UnsafeRawBufferPointer
    let bytes: UnsafeRawBufferPointer
    /// Stands for the bytes.
    let digest: ContentDigest.Words
    var origin: Origin
  }

  let name: String
  private(set) var items: [Item]

  init(name: String) {
    self.name = name
    items = []
  }

  /// Takes items over in any order; of two with one key the later counts.
  mutating func load(_ loaded: [Item]) {
    items += loaded
    if zip(items, items.dropFirst()).allSatisfy({ $0.key.precedes($1.key) }) { return }
    items.sort { $0.key.precedes($1.key) }
    var kept: [Item] = []
    kept.reserveCapacity(items.count)
    for item in items {
      if let last = kept.last, last.key.isSame(as: item.key) { kept.removeLast() }
      kept.append(item)
    }
    items = kept
  }

  /// Says where the items came from, in their order; where that was noted of other items, it stays unknown.
  mutating func setOrigins(_ origins: [Origin]) {
    guard origins.count == items.count else { return }
    for index in items.indices { items[index].origin = origins[index] }
  }

  /// Takes items away; returns how many were there.
  mutating func remove(_ keys: Set<String>) -> Int {
    let count = items.count
    items.removeAll { keys.contains(String(decoding: $0.key, as: UTF8.self)) }
    return count - items.count
  }

  /// Adds those items whose keys are not there.
  mutating func fill(_ loaded: [Item]) {
    let known = Set(items.map { String(decoding: $0.key, as: UTF8.self) })
    load(loaded.filter { !known.contains(String(decoding: $0.key, as: UTF8.self)) })
  }

  /// Adds what comes, in the order of its keys, and says of each what became of it.
  ///
  /// - Parameter said: resources that come as the document's fields say them, by their keys: they are no news.
  mutating func merge(
    _ arrivals: [Item], said: [String: SharedBytes] = [:], _ tell: (Item, Outcome) -> Void
  ) {
    if items.isEmpty, said.isEmpty {
      items = arrivals
      for item in arrivals { tell(item, .inserted) }
      return
    }
    var merged: [Item] = []
    merged.reserveCapacity(items.count + arrivals.count)
    var old = 0
    for item in arrivals {
      while old < items.count, items[old].key.precedes(item.key) {
        merged.append(items[old])
        old += 1
      }
      let isSaid = DraftSection.isSaid(item, said)
      guard old < items.count, items[old].key.isSame(as: item.key) else {
        if !isSaid { merged.append(item) }
        tell(item, isSaid ? .unchanged : .inserted)
        continue
      }
      let stored = items[old]
      old += 1
      let isKept =
        isSaid || stored.digest == item.digest
        || ResourceEquality.isSame(stored: stored.bytes, incoming: item.bytes)
        || ResourceVersion.isOlder(item.bytes, than: stored.bytes)
      merged.append(isKept ? stored : item)
      tell(item, isKept ? .unchanged : .replaced)
    }
    merged += items[old...]
    items = merged
  }

  private static func isSaid(_ item: Item, _ said: [String: SharedBytes]) -> Bool {
    guard !said.isEmpty, let resource = said[String(decoding: item.key, as: UTF8.self)] else { return false }
    return ResourceEquality.isSame(
      stored: resource.pointer, incoming: item.bytes, skipsNames: true)
  }
}
