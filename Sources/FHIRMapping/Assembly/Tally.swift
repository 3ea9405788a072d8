import BSON

/// What became of a part's resource.
package enum Outcome: String, Sendable {
  case inserted, replaced, unchanged
}

/// What became of resources, by type.
package struct Tally: Sendable, Equatable {
  package struct Counts: Sendable, Equatable {
    package var inserted = 0
    package var replaced = 0
    package var unchanged = 0

    package init(inserted: Int = 0, replaced: Int = 0, unchanged: Int = 0) {
      self.inserted = inserted
      self.replaced = replaced
      self.unchanged = unchanged
    }

    mutating func add(_ outcome: Outcome) {
      switch outcome {
      case .inserted: inserted += 1
      case .replaced: replaced += 1
      case .unchanged: unchanged += 1
      }
    }
  }

  package struct Entry: Sendable, Equatable {
    package let type: String
    package var counts: Counts
  }

  /// In the order in which the types came.
  package private(set) var types: [Entry] = []

  package init() {}

  /// - Parameter key: `Observation/1`. Those of one type come mostly one after another.
  mutating func add(_ outcome: Outcome, key: UnsafeRawBufferPointer) {
    if let last = types.last, Tally.isType(last.type, of: key) {
      types[types.count - 1].counts.add(outcome)
      return
    }
    let type = String(decoding: key.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    add(outcome, type: type)
  }

  mutating func add(_ outcome: Outcome, type: String) {
    let index = types.firstIndex { $0.type == type } ?? types.count
    if index == types.count { types.append(Entry(type: type, counts: Counts())) }
    types[index].counts.add(outcome)
  }

  private static func isType(_ type: String, of key: UnsafeRawBufferPointer) -> Bool {
    let count = type.utf8.count
    guard key.count > count, key[count] == UInt8(ascii: "/") else { return false }
    return type.withUTF8Bytes { $0.isSame(as: UnsafeRawBufferPointer(rebasing: key[..<count])) }
  }

  package var total: Counts {
    types.reduce(into: Counts()) {
      $0.inserted += $1.counts.inserted
      $0.replaced += $1.counts.replaced
      $0.unchanged += $1.counts.unchanged
    }
  }

  /// The same resources, none of which changed anything.
  package var allUnchanged: Tally {
    var tally = self
    for index in tally.types.indices {
      let counts = tally.types[index].counts
      tally.types[index].counts = Counts(unchanged: counts.inserted + counts.replaced + counts.unchanged)
    }
    return tally
  }
}
