/// How two sets of resources differ.
package struct CompareReport: Sendable {
  /// Resources of one kind, of which the first by name are kept.
  package struct Names: Sendable {
    package private(set) var count = 0
    /// The first of them, in the order of their names, with what tells how they differ.
    package private(set) var first: [(resource: String, detail: String)] = []
    fileprivate let limit: Int

    fileprivate init(limit: Int) { self.limit = limit }

    mutating func add(_ resource: String, _ detail: String = "") {
      count += 1
      first.append((resource, detail))
      if first.count >= 2 * limit + 100 { keepFirst() }
    }

    fileprivate mutating func add(_ other: Names) {
      count += other.count
      first += other.first
      keepFirst()
    }

    private mutating func keepFirst() {
      first.sort { ($0.resource, $0.detail) < ($1.resource, $1.detail) }
      if first.count > limit { first.removeLast(first.count - limit) }
    }
  }

  package var equal = 0
  package var different: Names
  package var onlyInFirst: Names
  package var onlyInSecond: Names
  /// Where something stands that cannot be read, and why; beside it, all else is compared.
  package var unreadable: Names
  /// Of one set nothing was read, for nothing of it could be: there was nothing to compare.
  package var isOfNothing = false
  /// Resources of the first set that it holds in another form as well: only one of them can come back.
  package var superseded = 0
  /// Resources of the second set beyond those that the first one has under their ids.
  package var repeated = 0

  init(limit: Int) {
    different = Names(limit: limit)
    onlyInFirst = Names(limit: limit)
    onlyInSecond = Names(limit: limit)
    unreadable = Names(limit: limit)
  }

  package var isEqual: Bool {
    different.count + onlyInFirst.count + onlyInSecond.count + unreadable.count == 0
  }

  mutating func add(_ part: CompareReport) {
    equal += part.equal
    different.add(part.different)
    onlyInFirst.add(part.onlyInFirst)
    onlyInSecond.add(part.onlyInSecond)
    unreadable.add(part.unreadable)
    isOfNothing = isOfNothing || part.isOfNothing
    superseded += part.superseded
    repeated += part.repeated
  }

  /// The report for people.
  package var lines: [String] {
    var lines = different.first.map { "differs: \($0.resource): \($0.detail)" }
    lines += onlyInFirst.first.map { "only in the first: \($0.resource)" }
    lines += onlyInSecond.first.map { "only in the second: \($0.resource)" }
    lines += unreadable.first.map { "cannot be read: \($0.resource): \($0.detail)" }
    var line = "\(Amount.of(equal, "resource")) equal, \(Amount.grouped(different.count)) different"
    line +=
      ", \(Amount.grouped(onlyInFirst.count)) only in the first, \(Amount.grouped(onlyInSecond.count)) only in the second"
    if unreadable.count > 0 { line += "; \(Amount.of(unreadable.count, "part")) cannot be read" }
    if superseded > 0 {
      line += "; \(Amount.grouped(superseded)) in the first stand there more than once under one id"
    }
    if repeated > 0 {
      line += "; \(Amount.grouped(repeated)) in the second stand there more than once under one id"
    }
    lines.append(line)
    // An id that is none may hold anything.
    return lines.map(FindingText.printable)
  }
}
