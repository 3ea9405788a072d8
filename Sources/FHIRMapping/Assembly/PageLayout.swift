import BSON
import FHIRModel

/// Which items of a draft's sections stand on which page, where they are too many for one.
///
/// A page ends where the keys say so, not where it is full: of the keys one in so many begins a page. What comes to a chart, or
/// leaves it, then changes the page on which it stands and no other, as a rule; and the same content gives the same pages,
/// whatever the order in which it came.
struct PageLayout {
  /// The place of an item: the section's number, and the item's in it.
  struct Place {
    var section: Int
    var item: Int
  }

  /// Of each page its first item, if it has any of its own.
  private(set) var starts = [Place(section: 0, item: 0)]
  /// By section: the items that stand on the first page whatever their place.
  private var pinned: [Set<Int>]
  private let counts: [Int]

  var pageCount: Int { starts.count }

  /// Pages of a chart that has several have no more bytes than this, unless one of them is to have more in its `pageBytes`:
  /// MongoDB takes several of two megabytes faster than one of eight, and a change of one costs less.
  private static let usualBytes = 2_000_000

  /// What a page that is begun has at least, and on the average has beyond that, as a part of what it may have.
  private static let share = 4

  /// - Parameters:
  ///   - files: those that items stand in.
  ///   - fixed: bytes of the first page beside its items.
  ///   - pinned: by section, the items that stand on the first page.
  init(
    _ sections: [DraftSection], in files: [MappedBytes] = [], fixed: Int, pinned names: [String: Set<Int>],
    pageBytes: Int, pageEntries: Int
  ) {
    counts = sections.map(\.items.count)
    pinned = sections.map { section in
      (names[section.name] ?? []).filter { section.items.indices.contains($0) }
    }
    let all = sections.reduce(0) { sum, section in section.items.reduce(sum) { $0 + PageLayout.bytes(of: $1) }
    }
    if all <= pageBytes - fixed, counts.reduce(0, +) <= pageEntries {
      pinned = pinned.map { _ in [] }
      return
    }
    let most = min(pageBytes, max(PageLayout.usualBytes, pageBytes / PageLayout.share))
    let bytesAtLeast = max(1, most / PageLayout.share)
    let entriesAtLeast = max(1, pageEntries / PageLayout.share)

    // What the first page has room for beside its fields, and what they are taken from.
    var room = pageBytes - fixed
    var entries = pageEntries
    for (section, items) in zip(sections, pinned) {
      for index in items {
        room -= PageLayout.bytes(of: section.items[index])
        entries -= 1
      }
    }
    room = min(room, most)
    var isForced = entries < pageEntries
    // What the page has in the order of the keys, pinned items too: where it ends is not to depend on which those are.
    var passed = (bytes: 0, entries: 0)
    var isEmpty = true
    for (number, section) in sections.enumerated() {
      for (index, item) in section.items.enumerated() {
        let bytes = PageLayout.bytes(of: item)
        let isPinned = pinned[number].contains(index)
        let isEnough = passed.bytes >= bytesAtLeast || passed.entries >= entriesAtLeast
        let ends =
          isEnough && !isEmpty && PageLayout.begins(item, 1, in: entriesAtLeast, bytes, in: bytesAtLeast)
        if ends || !isPinned && (isForced || !isEmpty) && (room < bytes || entries < 1) {
          starts.append(Place(section: number, item: index))
          passed = (0, 0)
          room = most - 256
          entries = pageEntries
          isEmpty = true
          isForced = false
        }
        passed.bytes += bytes
        passed.entries += 1
        files.passed(index)
        if isPinned { continue }
        isEmpty = false
        room -= bytes
        entries -= 1
      }
    }
  }

  /// An item's bytes, and its index and type in the array.
  private static func bytes(of item: DraftSection.Item) -> Int { item.bytes.count + 16 }

  /// Whether a page begins with the item, by a number that its key stands for: the more it adds to a page, the likelier.
  private static func begins(
    _ item: DraftSection.Item, _ entry: UInt64, in entries: Int, _ bytes: Int, in pageBytes: Int
  ) -> Bool {
    let number = ContentDigest.words(of: item.key).low
    let (most, isMore) = (UInt64.max / UInt64(pageBytes)).multipliedReportingOverflow(by: UInt64(bytes))
    return isMore || number < max(most, UInt64.max / UInt64(entries))
  }

  /// The items of a section that stand on a page, from 0, in their order.
  func items(of section: Int, page: Int) -> [Int] {
    let start = starts[page]
    let end =
      page + 1 < starts.count
      ? starts[page + 1] : Place(section: counts.count - 1, item: counts.last ?? 0)
    var own = 0..<0
    if section >= start.section, section <= end.section {
      own =
        (section == start.section ? start.item : 0)..<(section == end.section ? end.item : counts[section])
    }
    let pinned = pinned[section]
    if pinned.isEmpty { return Array(own) }
    if page > 0 { return own.filter { !pinned.contains($0) } }
    return Array(own) + pinned.filter { !own.contains($0) }.sorted()
  }
}
