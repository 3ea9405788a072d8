/// A regular expression, as a program for a matcher that takes time in proportion to text and program, whatever they are.
///
/// See docs/decisions/0007-own-pattern-matcher.md.
package final class Pattern: Sendable {
  enum Instruction: Sendable {
    case set(Int)
    /// Goes on at both, the first preferred.
    case split(Int, Int)
    case jump(Int)
    case save(Int)
    case begin, end
    case wordBoundary(isNegative: Bool)
    /// Tries the program that begins here; goes on at the second place if it matches, or does not.
    case lookahead(Int, next: Int, isNegative: Bool)
    case match
  }

  let program: [Instruction]
  let sets: [ScalarSet]
  let groupCount: Int
  let groupNames: [String: Int]
  /// It can match at the text's beginning only.
  let isAnchored: Bool

  private static let maximumSize = 20_000

  package init(_ text: String) throws(PatternError) {
    var parser = PatternParser(text)
    let node = try parser.parse()
    var assembler = Assembler()
    try assembler.add(.group(0, node))
    assembler.program.append(.match)
    program = assembler.program
    sets = assembler.sets
    groupCount = parser.groupCount
    groupNames = parser.groupNames
    if case .sequence(let parts) = node, case .begin? = parts.first {
      isAnchored = true
    } else {
      isAnchored = false
    }
  }

  private struct Assembler {
    var program: [Instruction] = []
    var sets: [ScalarSet] = []

    mutating func add(_ node: PatternNode) throws(PatternError) {
      guard program.count < Pattern.maximumSize else {
        throw PatternError(message: "it is too large, all repetitions written out")
      }
      switch node {
      case .empty: break
      case .set(let set):
        program.append(.set(sets.count))
        sets.append(set)
      case .sequence(let parts): for part in parts { try add(part) }
      case .choice(let choices): try add(choices: choices)
      case .group(let number, let inner):
        if let number { program.append(.save(number * 2)) }
        try add(inner)
        if let number { program.append(.save(number * 2 + 1)) }
      case .repetition(let inner, let minimum, let maximum, let isLazy):
        try add(repetition: inner, minimum, maximum, isLazy)
      case .begin: program.append(.begin)
      case .end: program.append(.end)
      case .wordBoundary(let isNegative): program.append(.wordBoundary(isNegative: isNegative))
      case .lookahead(let inner, let isNegative):
        let start = program.count
        program.append(.match)
        try add(inner)
        program.append(.match)
        program[start] = .lookahead(start + 1, next: program.count, isNegative: isNegative)
      }
    }

    private mutating func add(choices: [PatternNode]) throws(PatternError) {
      var ends: [Int] = []
      for (index, choice) in choices.enumerated() {
        let start = program.count
        if index < choices.count - 1 { program.append(.match) }
        try add(choice)
        if index < choices.count - 1 {
          ends.append(program.count)
          program.append(.match)
          program[start] = .split(start + 1, program.count)
        }
      }
      for end in ends { program[end] = .jump(program.count) }
    }

    private func split(_ first: Int, _ second: Int, _ isLazy: Bool) -> Instruction {
      isLazy ? .split(second, first) : .split(first, second)
    }

    private mutating func add(
      repetition inner: PatternNode, _ minimum: Int, _ maximum: Int?, _ isLazy: Bool
    ) throws(PatternError) {
      for _ in 0..<minimum { try add(inner) }
      guard let maximum else {
        let start = program.count
        program.append(.match)
        try add(inner)
        program.append(.jump(start))
        program[start] = split(start + 1, program.count, isLazy)
        return
      }
      var starts: [Int] = []
      for _ in minimum..<max(minimum, maximum) {
        starts.append(program.count)
        program.append(.match)
        try add(inner)
      }
      for start in starts { program[start] = split(start + 1, program.count, isLazy) }
    }
  }
}
