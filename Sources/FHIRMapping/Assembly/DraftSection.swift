import BSON
import FHIRModel

/// A section of a draft: resources in the order of their keys, each once.
///
/// What items point to lives as long as the draft: in the buffer of its parts, or in the stored pages that it holds.
struct DraftSection {
  struct Item: BitwiseCopyable {
    // Half of two pointers and their counts: there may be millions.
    private let keyStart: UnsafeRawPointer?
    private let start: UnsafeRawPointer?
    /// Stands for the bytes.
    let digest: ContentDigest.Words
    var origin: Origin
    private let keyCount: UInt32
    private let count: UInt32

    init(
      key: UnsafeRawBufferPointer, bytes: UnsafeRawBufferPointer, digest: ContentDigest.Words, origin: Origin
    ) {
      keyStart = key.baseAddress
      keyCount = UInt32(key.count)
      start = bytes.baseAddress
      count = UInt32(bytes.count)
      self.digest = digest
      self.origin = origin
    }

    /// `Observation/1`
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: keyStart, count: Int(keyCount)) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: Int(count)) }
  }

  let name: String
  private(set) var items = FiledArray<Item>()

  init(name: String) { self.name = name }

  /// Takes items over in any order; of two with one key the later counts.
  mutating func load(_ loaded: [Item]) {
    let isBehind = items.last.map { last in loaded.first.map { last.key.precedes($0.key) } ?? true } ?? true
    items.append(contentsOf: loaded)
    if isBehind, zip(loaded, loaded.dropFirst()).allSatisfy({ $0.key.precedes($1.key) }) { return }
    let all = items.sorted { $0.key.precedes($1.key) }
    items = FiledArray()
    for (number, item) in all.enumerated() {
      if number + 1 < all.count, all[number + 1].key.isSame(as: item.key) { continue }
      items.append(item)
    }
  }

  /// The item of a key.
  func item(_ key: String) -> Item? { index(of: key).map { items[$0] } }

  private func index(of key: String) -> Int? {
    var key = key
    return key.withUTF8 { bytes in
      let key = UnsafeRawBufferPointer(bytes)
      var first = 0
      var last = items.count
      while first < last {
        let middle = (first + last) / 2
        if items[middle].key.precedes(key) { first = middle + 1 } else { last = middle }
      }
      return first < items.count && items[first].key.isSame(as: key) ? first : nil
    }
  }

  /// Whether there are items whose keys begin so: `Observation/`.
  func holds(type: UnsafeRawBufferPointer) -> Bool {
    var first = 0
    var last = items.count
    while first < last {
      let middle = (first + last) / 2
      if items[middle].key.precedes(type) { first = middle + 1 } else { last = middle }
    }
    return first < items.count && items[first].key.begins(with: type)
  }

  /// Puts an item in the place of that of its key, or where it belongs.
  mutating func put(_ item: Item) {
    if let index = index(of: String(decoding: item.key, as: UTF8.self)) {
      items[index] = item
    } else {
      load([item])
    }
  }

  /// Says where the items came from, in their order; where that was noted of other items, it stays unknown.
  mutating func setOrigins(_ origins: [Origin]) {
    guard origins.count == items.count else { return }
    for index in items.indices { items[index].origin = origins[index] }
  }

  /// Takes items away; returns how many were there.
  mutating func remove(_ keys: Set<String>) -> Int {
    let count = items.count
    var kept = FiledArray<Item>()
    for item in items where !keys.contains(String(decoding: item.key, as: UTF8.self)) { kept.append(item) }
    items = kept
    return count - kept.count
  }

  /// Takes out the items that belong elsewhere; returns them, by where that is.
  mutating func takeOut(_ place: (UnsafeRawBufferPointer) -> String?) -> [String: [Item]] {
    var moved: [String: [Item]] = [:]
    var kept = FiledArray<Item>()
    for item in items {
      if let name = place(item.key) { moved[name, default: []].append(item) } else { kept.append(item) }
    }
    if !moved.isEmpty { items = kept }
    return moved
  }

  /// Adds those items whose keys are not there.
  mutating func fill(_ loaded: [Item]) {
    let known = Set(items.map { String(decoding: $0.key, as: UTF8.self) })
    load(loaded.filter { !known.contains(String(decoding: $0.key, as: UTF8.self)) })
  }

  /// Adds what comes, in the order of its keys, and says of each what became of it.
  ///
  /// - Parameters:
  ///   - said: resources that come as the document's fields say them, by their keys: they are no news.
  ///   - keep: takes bytes of items that are to live as long as the draft.
  mutating func merge(
    _ arrivals: FiledArray<Item>, said: [String: SharedBytes] = [:], keep: (SharedBytes) -> Void = { _ in },
    _ tell: (Item, Outcome) -> Void
  ) {
    if items.isEmpty, said.isEmpty {
      items = arrivals
      for item in arrivals { tell(item, .inserted) }
      return
    }
    var merged = FiledArray<Item>()
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
      if isKept {
        merged.append(stored)
        tell(item, .unchanged)
      } else if let (same, isNew) = stored.withTargets(of: item, keep) {
        merged.append(same)
        tell(item, isNew ? .replaced : .unchanged)
      } else {
        merged.append(DraftSection.replacement(of: stored, item.asNoted))
        tell(item, .replaced)
      }
    }
    while old < items.count {
      merged.append(items[old])
      old += 1
    }
    items = merged
  }

  private static func replacement(of stored: Item, _ incoming: Item) -> Item {
    guard
      ResourceEquality.isSame(
        stored: stored.bytes, incoming: incoming.bytes, skipsNames: true, asWritten: true)
    else { return incoming }
    var incoming = incoming
    incoming.origin = incoming.origin.unlessKnown(stored.origin)
    return incoming
  }

  private static func isSaid(_ item: Item, _ said: [String: SharedBytes]) -> Bool {
    guard !said.isEmpty, let resource = said[String(decoding: item.key, as: UTF8.self)] else { return false }
    return ResourceEquality.isSame(
      stored: resource.pointer, incoming: item.bytes, skipsNames: true)
  }
}
