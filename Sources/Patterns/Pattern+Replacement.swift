/// Replaces what a pattern matches, with references to its groups.
extension Pattern {
  /// A text with every match replaced; `$1` and `${name}` in the replacement stand for what groups matched.
  package func replacing(in text: String, with replacement: String) throws(PatternError) -> String {
    var text = text
    let parts = template(replacement)
    let budget = Matcher.Budget()
    let replaced = text.withUTF8 { bytes in
      var result: [UInt8] = []
      var position = 0
      var copied = 0
      while position <= bytes.count, let groups = Matcher(self, bytes, budget).firstMatch(from: position) {
        let (start, end) = (groups[0], groups[1])
        result += bytes[copied..<start]
        for part in parts {
          switch part {
          case .text(let text): result += text.utf8
          case .group(let number):
            let slot = number * 2
            if slot + 1 < groups.count, groups[slot] >= 0, groups[slot + 1] >= groups[slot] {
              result += bytes[groups[slot]..<groups[slot + 1]]
            }
          }
        }
        copied = end
        // Behind an empty match goes on with the next character.
        position = end > start ? end : end < bytes.count ? end + scalar(bytes, at: end).length : end + 1
      }
      if copied < bytes.count { result += bytes[copied...] }
      return String(decoding: result, as: UTF8.self)
    }
    try budget.check()
    return replaced
  }

  private enum Part {
    case text(String)
    case group(Int)
  }

  private func template(_ text: String) -> [Part] {
    let scalars = Array(text.unicodeScalars)
    var parts: [Part] = []
    var plain = String.UnicodeScalarView()
    var i = 0
    func flush() {
      if !plain.isEmpty { parts.append(.text(String(plain))) }
      plain = String.UnicodeScalarView()
    }
    while i < scalars.count {
      if scalars[i] == "\\", i + 1 < scalars.count {
        plain.append(scalars[i + 1])
        i += 2
      } else if scalars[i] == "$", let (group, length) = reference(scalars, at: i) {
        flush()
        parts.append(.group(group))
        i += length
      } else {
        plain.append(scalars[i])
        i += 1
      }
    }
    flush()
    return parts
  }

  /// The group that `$1` or `${name}` names, and how long that text is.
  private func reference(_ scalars: [Unicode.Scalar], at start: Int) -> (Int, Int)? {
    guard start + 1 < scalars.count else { return nil }
    if scalars[start + 1] == "{" {
      guard let end = scalars[start...].firstIndex(of: "}") else { return nil }
      var name = String.UnicodeScalarView()
      name.append(contentsOf: scalars[start + 2..<end])
      guard let group = groupNames[String(name)] ?? Int(String(name)) else { return nil }
      return (group, end - start + 1)
    }
    var number = 0
    var length = 1
    // As many digits as make the number of a group.
    while start + length < scalars.count, let digit = Int(String(scalars[start + length])),
      length == 1 || number * 10 + digit <= groupCount
    {
      number = number * 10 + digit
      length += 1
    }
    return length > 1 ? (number, length) : nil
  }
}

extension Matcher {
  private struct Thread {
    let state: Int
    let groups: [Int]
  }

  /// The bounds of the groups of the leftmost match, of which the pattern prefers one; nil if there is none.
  func firstMatch(from offset: Int) -> [Int]? {
    var current: [Thread] = []
    var next: [Thread] = []
    var added = [Int](repeating: -1, count: pattern.program.count)
    var found: [Int]?
    var position = offset
    let none = [Int](repeating: -1, count: (pattern.groupCount + 1) * 2)
    while true {
      if found == nil, !pattern.isAnchored || position == 0 {
        add(Thread(state: 0, groups: none), position, to: &current, &added)
      }
      if current.isEmpty, found != nil || pattern.isAnchored { return found }
      let isAtEnd = position >= text.count
      let (scalar, length) = isAtEnd ? ("\0", 1) : scalar(text, at: position)
      threads: for thread in current {
        switch pattern.program[thread.state] {
        case .match:
          // Threads of less preference are given up.
          found = thread.groups
          break threads
        case .set(let set):
          if !isAtEnd, pattern.sets[set].contains(scalar) {
            add(Thread(state: thread.state + 1, groups: thread.groups), position + length, to: &next, &added)
          }
        default: break
        }
      }
      if isAtEnd || budget.left <= 0 { return found }
      position += length
      swap(&current, &next)
      next.removeAll(keepingCapacity: true)
    }
  }

  private func add(_ thread: Thread, _ position: Int, to list: inout [Thread], _ added: inout [Int]) {
    var pending = [thread]
    while let thread = pending.popLast(), budget.spend() {
      let state = thread.state
      if added[state] == position { continue }
      added[state] = position
      switch pattern.program[state] {
      case .set, .match: list.append(thread)
      case .split(let first, let second):
        pending.append(Thread(state: second, groups: thread.groups))
        pending.append(Thread(state: first, groups: thread.groups))
      case .jump(let target): pending.append(Thread(state: target, groups: thread.groups))
      case .save(let slot):
        var groups = thread.groups
        if slot < groups.count { groups[slot] = position }
        pending.append(Thread(state: state + 1, groups: groups))
      default:
        if let next = step(over: state, position) {
          pending.append(Thread(state: next, groups: thread.groups))
        }
      }
    }
  }
}
