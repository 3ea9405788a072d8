import FHIRFormats
import FHIRModel

extension FuzzTarget {
  /// What a reader gave before its end.
  private struct Reading {
    var records: [Record] = []
    var hasFailed = false
    var isSound: Bool { !hasFailed && !records.contains { $0.content == .unreadable } }
  }

  /// Reads twice: all, and what a filter leaves. What is left is what it was; what is gone the filter named.
  ///
  /// The second byte chooses the types that are passed over, the first where chunks end.
  static func readPassingOver(_ bytes: [UInt8]) {
    var options = ReadOptions()
    options.chunkBytes = 16 << Int((bytes.first ?? 0) % 8)
    options.maximumResourceBytes = 1 << 20
    let seed = bytes.dropFirst().first ?? 0
    let whole = read(bytes, options)
    nonisolated(unsafe) var named = 0
    options.skips = { type, _, _ in
      let isNamed = type.reduce(seed) { ($0 ^ $1) &* 31 } & 4 == 0
      if isNamed { named += 1 }
      return isNamed
    }
    let left = read(bytes, options)

    var rest = whole.records[...]
    for record in left.records where record.content != .unreadable {
      // In what is passed over nobody looks for mistakes: behind one, more may be read than without.
      guard let place = rest.firstIndex(where: { isSame($0, record) }) else {
        precondition(!whole.isSound, "what is left is what it was, in its order")
        return
      }
      let gone = rest[..<place]
      rest = rest[(place + 1)...]
      guard whole.isSound else { continue }
      for record in gone { precondition(mayBeNamed(record, seed), "only what the filter named is gone") }
    }
    guard whole.isSound else { return }
    precondition(left.isSound, "what is sound is sound without some of it")
    for record in rest { precondition(mayBeNamed(record, seed), "only what the filter named is gone") }
    precondition(
      left.records.count + named == whole.records.count, "what the filter named is gone, and nothing else")
  }

  private static func read(_ bytes: [UInt8], _ options: ReadOptions) -> Reading {
    var reading = Reading()
    do {
      let reader = try ResourceReader(source: MemorySource(bytes), name: "input", options: options)
      while let record = try reader.next() { reading.records.append(record) }
    } catch {
      reading.hasFailed = true
    }
    return reading
  }

  private static func isSame(_ record: Record, _ other: Record) -> Bool {
    guard record.content == other.content, record.issues.map(\.message) == other.issues.map(\.message),
      record.issues.map(\.position) == other.issues.map(\.position)
    else { return false }
    if record.content == .unreadable { return true }
    guard record.tree.position(of: 0) == other.tree.position(of: 0) else { return false }
    return TreeComparison().difference(record.tree, other.tree) == nil
  }

  private static func mayBeNamed(_ record: Record, _ seed: UInt8) -> Bool {
    let tree = record.tree
    var root = 0
    if case .entry = record.content {
      guard let name = DefinitionTable.r4.nameID("resource"), let resource = tree.child(name, of: 0) else {
        return false
      }
      root = resource
    }
    return tree.rawText(root).reduce(seed) { ($0 ^ $1) &* 31 } & 4 == 0
  }
}
