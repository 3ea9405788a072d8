import FHIRModel

/// Values by hashes, of which there may be any number.
///
/// What came last stands in a dictionary. What came before stands in sorted lists, each of them more than twice as long as the next, and
/// those that are long in a file; see ``FiledArray``.
struct FiledTable<Value: BitwiseCopyable & Sendable>: Sendable {
  /// What is known where a hash has a value, and is given another.
  typealias Join = (_ older: Value, _ newer: Value) -> Value

  private struct Entry: BitwiseCopyable, Sendable {
    var hash: UInt64
    var value: Value
  }

  private var latest: [UInt64: Value] = [:]
  private var lists: [FiledArray<Entry>] = []
  /// Bits of the hashes in the lists: most of those that are not there are known by them. Empty where that is not to be known.
  private var marks: [UInt64] = []
  private let expectsMisses: Bool

  /// - Parameter expectsMisses: whether most hashes that are asked for have no value, so that 8 MB are well spent on knowing that.
  init(expectsMisses: Bool = false) { self.expectsMisses = expectsMisses }

  /// How many entries the dictionary has at most: some megabytes.
  private static var mostLatest: Int { 1 << 16 }

  mutating func note(_ value: Value, under hash: UInt64, _ join: Join) {
    if let known = latest.updateValue(value, forKey: hash) { latest[hash] = join(known, value) }
    if latest.count > FiledTable.mostLatest { file(join) }
  }

  func value(of hash: UInt64, _ join: Join) -> Value? {
    var found: Value?
    if isMarked(hash) {
      for list in lists {
        guard let value = FiledTable.value(of: hash, in: list) else { continue }
        found = found.map { join($0, value) } ?? value
      }
    }
    guard let value = latest[hash] else { return found }
    return found.map { join($0, value) } ?? value
  }

  private static var markWords: Int { 1 << 20 }

  /// Where the bit of a hash stands.
  private static func mark(of hash: UInt64) -> (word: Int, bit: UInt64) {
    (Int(hash >> 6) & (markWords - 1), 1 << (hash & 63))
  }

  private func isMarked(_ hash: UInt64) -> Bool {
    let mark = FiledTable.mark(of: hash)
    return marks.isEmpty || marks[mark.word] & mark.bit != 0
  }

  /// Marks what goes from the dictionary to the lists.
  private mutating func markLatest() {
    guard expectsMisses else { return }
    if marks.isEmpty { marks = [UInt64](repeating: 0, count: FiledTable.markWords) }
    for hash in latest.keys {
      let mark = FiledTable.mark(of: hash)
      marks[mark.word] |= mark.bit
    }
  }

  /// Hands over all values, one for each time that a hash was noted or less.
  func forEach(_ body: (_ value: Value, _ hash: UInt64) -> Void) {
    for list in lists {
      var reader = Reader(list)
      while let entry = reader.current {
        body(entry.value, entry.hash)
        reader.advance()
      }
      list.release()
    }
    for (hash, value) in latest { body(value, hash) }
  }

  /// Makes what is known quick to find; nothing changes by it.
  mutating func settle(_ join: Join) {
    guard !lists.isEmpty else { return }
    if !latest.isEmpty { file(join) }
    while lists.count > 1 { mergeLast(join) }
  }

  // MARK: Lists

  private mutating func file(_ join: Join) {
    markLatest()
    var list = FiledArray<Entry>()
    list.append(
      contentsOf: latest.map { Entry(hash: $0.key, value: $0.value) }.sorted { $0.hash < $1.hash })
    latest.removeAll(keepingCapacity: true)
    lists.append(list)
    while lists.count > 1, lists[lists.count - 2].count <= lists[lists.count - 1].count * 2 {
      mergeLast(join)
    }
  }

  /// Makes one list of the last two.
  private mutating func mergeLast(_ join: Join) {
    guard let b = lists.popLast(), let a = lists.popLast() else { return }
    var merged = FiledArray<Entry>()
    merged.reserveCapacity(a.count + b.count)
    var block: [Entry] = []
    block.reserveCapacity(FiledTable.blockCount)
    var (first, second) = (Reader(a), Reader(b))
    while true {
      switch (first.current, second.current) {
      case (let one?, let other?) where one.hash == other.hash:
        block.append(Entry(hash: one.hash, value: join(one.value, other.value)))
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
      guard block.count == FiledTable.blockCount else { continue }
      merged.append(contentsOf: block)
      block.removeAll(keepingCapacity: true)
    }
  }

  /// Entries of a list that are looked at or written at once.
  private static var blockCount: Int { 4096 }

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
      block = list.lend(end..<min(end + FiledTable.blockCount, list.count))
      end += block.count
      place = 0
    }
  }

  /// Hashes are spread evenly, so that one stands near the place that its size tells.
  private static func value(of hash: UInt64, in list: FiledArray<Entry>) -> Value? {
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
    return low < list.count && list[low].hash == hash ? list[low].value : nil
  }
}
