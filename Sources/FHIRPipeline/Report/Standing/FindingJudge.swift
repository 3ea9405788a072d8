import FHIRModel
import Glibc

/// Tells whether findings count: what a suppression covers or the baseline has does not.
struct FindingJudge {
  private var suppressions: [Suppression]
  private let file: String
  private let today: String
  /// How many findings each suppression covered, or would have covered had it not expired.
  private var uses: [Int]
  private var baseline: Baseline?
  private var writer: BaselineWriter?

  init(_ options: StandingOptions) throws {
    file = options.suppressionFile ?? ""
    suppressions = try options.suppressionFile.map { try SuppressionReader.read(path: $0) } ?? []
    today = options.today ?? FindingJudge.currentDate()
    uses = Array(repeating: 0, count: suppressions.count)
    baseline = try options.baseline.map { try Baseline(path: $0) }
    writer = try options.newBaseline.map { try BaselineWriter(path: $0) }
  }

  mutating func judge(_ finding: Finding, source: String) throws -> Finding.Standing {
    for (index, suppression) in suppressions.enumerated() where suppression.covers(finding, source: source) {
      uses[index] += 1
      if !suppression.isExpired(on: today) { return .suppressed(reason: suppression.reason) }
    }
    guard baseline != nil || writer != nil else { return .new }
    let print = Fingerprint(finding, source: source)
    try writer?.add(print)
    return baseline?.takes(print) == true ? .known : .new
  }

  /// Ends the baseline that is written; gives what the user should know of the suppressions.
  mutating func end() throws -> [String] {
    try writer?.end()
    return zip(suppressions, uses).compactMap { suppression, count in
      let place = "\(file):\(suppression.line)"
      if let date = suppression.expires, suppression.isExpired(on: today) {
        let rest =
          count > 0
          ? "what it covered counts again (\(Amount.of(count, "finding")))" : "nothing matches it any more"
        return "\(place): warning: this suppression expired on \(date): \(rest)"
      }
      return count > 0 ? nil : "\(place): note: this suppression covers nothing: take it out"
    }
  }

  /// Today in UTC: `2026-03-01`.
  private static func currentDate() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  }
}

/// Which findings a run does not count.
package struct StandingOptions: Sendable {
  /// A report of an earlier run: its findings do not fail again.
  package var baseline: String?
  /// Where to write this run's findings as a baseline.
  package var newBaseline: String?
  package var suppressionFile: String?
  /// The day on which suppressions are judged; nil is today's.
  package var today: String?

  package init() {}
}
