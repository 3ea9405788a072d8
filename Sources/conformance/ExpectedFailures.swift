import Foundation

/// The list of checks that are known to fail, each with the reason: `id check  # reason`.
///
/// A check that fails and is not listed, and one that is listed and passes, are both faults.
struct ExpectedFailures {
  private var reasons: [String: (reason: String, line: Int)] = [:]
  private let path: String

  init(path: String) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else { return }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("#") { continue }
      let parts = line.components(separatedBy: "  # ")
      guard parts.count == 2, !parts[1].isEmpty else {
        throw Mistake(description: "\(path):\(number + 1): expected `id check  # reason`")
      }
      reasons[parts[0].trimmingCharacters(in: .whitespaces)] = (parts[1], number + 1)
    }
  }

  struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  /// What is to be said of a run.
  struct Verdict {
    var unexpectedFailures: [(id: String, why: String)] = []
    var unexpectedPasses: [String] = []
    /// Listed, and failed: with the reason given.
    var expected: [(id: String, reason: String)] = []
    var isGood: Bool { unexpectedFailures.isEmpty && unexpectedPasses.isEmpty }

    var lines: [String] {
      unexpectedFailures.map { "unexpected failure: \($0.id): \($0.why)" }
        + unexpectedPasses.map { "unexpected pass: \($0): take it off the list" }
    }
  }

  func judge(_ score: Score) -> Verdict {
    var verdict = Verdict()
    for (id, check) in score.checks {
      let key = "\(id) \(check.name)"
      switch (reasons[key]?.reason, check.passed) {
      case (let reason?, false): verdict.expected.append((key, reason))
      case (.some, true): verdict.unexpectedPasses.append(key)
      case (nil, false): verdict.unexpectedFailures.append((key, check.why))
      case (nil, true): break
      }
    }
    return verdict
  }
}
