/// Finds out whether a pattern occurs, by following all its possible states at once.
extension Pattern {
  /// Whether the pattern matches somewhere in a text.
  package func isFound(in text: UnsafeBufferPointer<UInt8>) throws(PatternError) -> Bool {
    try isFound(in: text, Matcher.Budget())
  }

  func isFound(
    in text: UnsafeBufferPointer<UInt8>, _ budget: Matcher.Budget
  ) throws(PatternError) -> Bool {
    try run(text, budget, isAnchored: isAnchored, mustReachEnd: false)
  }

  /// Whether the pattern matches a text as a whole.
  package func matchesWhole(_ text: UnsafeBufferPointer<UInt8>) throws(PatternError) -> Bool {
    try run(text, Matcher.Budget(), isAnchored: true, mustReachEnd: true)
  }

  private func run(
    _ text: UnsafeBufferPointer<UInt8>, _ budget: Matcher.Budget, isAnchored: Bool, mustReachEnd: Bool
  ) throws(PatternError) -> Bool {
    let found = Matcher(self, text, budget)
      .run(from: 0, at: 0, isAnchored: isAnchored, mustReachEnd: mustReachEnd)
    try budget.check()
    return found
  }
}

/// The scalar that begins at an offset of well-formed UTF-8, and how many bytes it takes; U+FFFD for what is malformed.
@inline(__always)
func scalar(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> (scalar: Unicode.Scalar, length: Int) {
  let first = text[offset]
  if first < 0x80 { return (Unicode.Scalar(first), 1) }
  let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  guard offset + length <= text.count else { return ("\u{FFFD}", 1) }
  var value = UInt32(first) & (0x7F >> UInt32(length))
  for i in 1..<length { value = value << 6 | UInt32(text[offset + i] & 0x3F) }
  guard let scalar = Unicode.Scalar(value) else { return ("\u{FFFD}", 1) }
  return (scalar, length)
}

/// One run over one text.
struct Matcher {
  let pattern: Pattern
  let text: UnsafeBufferPointer<UInt8>

  let budget: Budget

  init(_ pattern: Pattern, _ text: UnsafeBufferPointer<UInt8>, _ budget: Budget) {
    self.pattern = pattern
    self.text = text
    self.budget = budget
  }

  /// How many states may still be looked at: a large pattern over a long text is given up after some tenths of a second.
  final class Budget {
    private(set) var left: Int

    init(_ left: Int = 20_000_000) { self.left = left }

    /// Whether there was anything left.
    @inline(__always)
    func spend() -> Bool {
      left &-= 1
      return left > 0
    }

    func check() throws(PatternError) {
      if left <= 0 { throw PatternError(message: "pattern and text are too large together") }
    }
  }

  /// States, each once, in the order of preference.
  struct States {
    var list: [Int] = []
    /// The step at which a state was added last.
    var added: [Int]

    init(_ count: Int) { added = [Int](repeating: -1, count: count) }
  }

  /// Whether the program that begins at `start` matches from `offset` on.
  func run(from start: Int, at offset: Int, isAnchored: Bool, mustReachEnd: Bool) -> Bool {
    var current = States(pattern.program.count)
    var next = States(pattern.program.count)
    var position = offset
    while true {
      if !isAnchored || position == offset {
        if add(start, position, to: &current, mustReachEnd) { return true }
      }
      guard budget.left > 0, position < text.count, !(current.list.isEmpty && isAnchored) else {
        return false
      }
      let (scalar, length) = scalar(text, at: position)
      for state in current.list {
        guard case .set(let set) = pattern.program[state], pattern.sets[set].contains(scalar) else {
          continue
        }
        if add(state + 1, position + length, to: &next, mustReachEnd) { return true }
      }
      position += length
      swap(&current, &next)
      next.list.removeAll(keepingCapacity: true)
    }
  }

  /// Adds a state and those that follow without a character; returns whether one of them is the program's end.
  private func add(_ start: Int, _ position: Int, to states: inout States, _ mustReachEnd: Bool) -> Bool {
    var pending = [start]
    while let state = pending.popLast(), budget.spend() {
      if states.added[state] == position { continue }
      states.added[state] = position
      switch pattern.program[state] {
      case .set: states.list.append(state)
      case .split(let first, let second):
        pending.append(second)
        pending.append(first)
      case .jump(let target): pending.append(target)
      case .save: pending.append(state + 1)
      case .match: if !mustReachEnd || position == text.count { return true }
      default: if let next = step(over: state, position) { pending.append(next) }
      }
    }
    return false
  }

  /// Where an assertion goes on, if it holds.
  func step(over state: Int, _ position: Int) -> Int? {
    switch pattern.program[state] {
    case .begin: position == 0 ? state + 1 : nil
    case .end: position == text.count ? state + 1 : nil
    case .wordBoundary(let isNegative): isBoundary(position) != isNegative ? state + 1 : nil
    case .lookahead(let body, let next, let isNegative):
      run(from: body, at: position, isAnchored: true, mustReachEnd: false) != isNegative ? next : nil
    default: nil
    }
  }

  private func isBoundary(_ position: Int) -> Bool {
    func isWord(_ offset: Int) -> Bool {
      offset >= 0 && offset < text.count && text[offset] < 0x80
        && ScalarSet.word.contains(Unicode.Scalar(text[offset]))
    }
    return isWord(position - 1) != isWord(position)
  }
}
