import FHIRModel

/// Positions by the hashes of names, of which there may be any number.
///
/// What came last stands in a dictionary. What came before stands in sorted lists, each of them more than twice as long as the next, and
/// those that are long in a file; see ``FiledArray``.
struct NameTable: Sendable {
  /// Stands for a position: several resources answer to the name. A reference by it resolves to none, as the specification has it.
  static let several: Int32 = -1

  private struct Entry: BitwiseCopyable, Sendable {
    var hash: UInt64
    var position: Int32
  }

  private var latest: [UInt64: Int32] = [:]
  private var lists: [FiledArray<Entry>] = []

  /// How many entries the dictionary has at most: some 2 MB.
  private static let mostLatest = 1 << 16

  /// - Parameter targets: tells whether two positions are one resource's.
  mutating func note(_ position: Int32, under hash: UInt64, among targets: TargetList) {
    if let known = latest.updateValue(position, forKey: hash), known != position {
      latest[hash] = NameTable.joined(known, position, targets)
    }
    if latest.count > NameTable.mostLatest { file(targets) }
  }

  /// nil where nobody answers to the name.
  func position(of hash: UInt64, among targets: TargetList) -> Int32? {
    var found = latest[hash]
    for list in lists {
      guard let position = NameTable.position(of: hash, in: list) else { continue }
      found = found.map { NameTable.joined($0, position, targets) } ?? position
    }
    return found
  }

  func forEach(_ body: (_ position: Int32, _ hash: UInt64) -> Void) {
    for list in lists {
      var reader = Reader(list)
      while let entry = reader.current {
        body(entry.position, entry.hash)
        reader.advance()
      }
      list.release()
    }
    for (hash, position) in latest { body(position, hash) }
  }

  /// Makes what is known quick to find; nothing changes by it.
  mutating func settle(_ targets: TargetList) {
    guard !lists.isEmpty else { return }
    if !latest.isEmpty { file(targets) }
    while lists.count > 1 { mergeLast(targets) }
  }

  private static func joined(_ a: Int32, _ b: Int32, _ targets: TargetList) -> Int32 {
    a == b || (a != several && b != several && targets.isSame(Int(a), Int(b))) ? a : several
  }

  // MARK: Lists

  private mutating func file(_ targets: TargetList) {
    var list = FiledArray<Entry>()
    list.append(
      contentsOf: latest.map { Entry(hash: $0.key, position: $0.value) }.sorted { $0.hash < $1.hash })
    latest.removeAll(keepingCapacity: true)
    lists.append(list)
    while lists.count > 1, lists[lists.count - 2].count <= lists[lists.count - 1].count * 2 {
      mergeLast(targets)
    }
  }

  /// Makes one list of the last two.
  private mutating func mergeLast(_ targets: TargetList) {
    guard let b = lists.popLast(), let a = lists.popLast() else { return }
    var merged = FiledArray<Entry>()
    merged.reserveCapacity(a.count + b.count)
    var block: [Entry] = []
    block.reserveCapacity(NameTable.blockCount)
    var (first, second) = (Reader(a), Reader(b))
    while true {
      switch (first.current, second.current) {
      case (let one?, let other?) where one.hash == other.hash:
        let position = NameTable.joined(one.position, other.position, targets)
        block.append(Entry(hash: one.hash, position: position))
        first.advance()
        second.advance()
      case (let one?, let other) where other.map { one.hash < $0.hash } ?? true:
        block.append(one)
        first.advance()
      case (_, let other?):
        block.append(other)
        second.advance()
      case (_, nil):
        merged.append(contentsOf: block)
        merged.release()
        lists.append(merged)
        return
      }
      guard block.count == NameTable.blockCount else { continue }
      merged.append(contentsOf: block)
      block.removeAll(keepingCapacity: true)
    }
  }

  /// Entries of a list that are looked at or written at once.
  private static let blockCount = 4096

  /// Reads a list from its beginning to its end.
  private struct Reader {
    private let list: FiledArray<Entry>
    private var block = UnsafeBufferPointer<Entry>(start: nil, count: 0)
    private var place = 0
    private var end = 0

    init(_ list: FiledArray<Entry>) {
      self.list = list
      lendNext()
    }

    /// nil at the end.
    var current: Entry? { place < block.count ? block[place] : nil }

    mutating func advance() {
      place += 1
      if place == block.count { lendNext() }
    }

    private mutating func lendNext() {
      block = list.lend(end..<min(end + NameTable.blockCount, list.count))
      end += block.count
      place = 0
    }
  }

  /// Hashes are spread evenly, so that one stands near the place that its size tells.
  private static func position(of hash: UInt64, in list: FiledArray<Entry>) -> Int32? {
    let guess = Int(hash.multipliedFullWidth(by: UInt64(list.count)).high)
    var (low, high) = (guess, guess)
    var step = 32
    while low > 0, list[low - 1].hash >= hash {
      low = max(0, low - step)
      step *= 2
    }
    step = 32
    while high < list.count, list[high].hash < hash {
      high = min(list.count, high + step)
      step *= 2
    }
    // The first that is not before it is in low...high.
    while low < high {
      let middle = (low + high) / 2
      if list[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return low < list.count && list[low].hash == hash ? list[low].position : nil
  }
}
