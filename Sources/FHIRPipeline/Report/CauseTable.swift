import FHIRModel

/// Findings that the same mistake explains: one rule, at one element of one type; where the element is not what is wrong but
/// what is wrong stands in it, of one kind of child.
struct Cause {
  let rule: Rule
  let path: String
  let severity: Issue.Severity
  private(set) var count = 0
  /// In how many inputs it was found.
  private(set) var inputs = 0
  /// The first findings.
  private(set) var examples: [Finding] = []
  private var lastInput: Int?

  init(_ finding: Finding, path: String) {
    rule = finding.issue.rule
    severity = finding.issue.severity
    self.path = path
  }

  mutating func add(_ finding: Finding, keeping most: Int) {
    count += 1
    // Findings come in the order of the inputs.
    if lastInput != finding.input { inputs += 1 }
    lastInput = finding.input
    if examples.count < most { examples.append(finding) }
  }
}

/// Findings grouped by cause, in bounded memory however many they are.
struct CauseTable {
  /// A hostile input makes up a name for each of its elements, and so a cause.
  private static let most = 5000

  private struct Key: Hashable {
    let rule: String
    let path: String
    let severity: Issue.Severity
    let subject: String
  }

  /// Rules that are told at the element around what is wrong: their words name it.
  private static let enclosing: Set<Rule> = [
    .cardinalityMin, .cardinalityMax, .profileMin, .profileMax, .profileMustSupport, .unknownElement,
    .choiceMultiple,
    .extensionUnknown, .extensionContext, .questionnaireRequired, .questionnaireItem,
  ]

  private var causes: [Key: Cause] = [:]
  private let examples: Int
  private(set) var findings = 0
  /// Findings of causes beyond those that are told apart.
  private(set) var others = 0

  /// - Parameter examples: how many findings of each cause are kept.
  init(examples: Int) { self.examples = examples }

  mutating func add(_ finding: Finding) {
    findings += 1
    let path = finding.genericPath
    // Numbers are counts and places, of which no two need be the same.
    let subject =
      CauseTable.enclosing.contains(finding.issue.rule) ? CauseTable.withoutDigits(finding.issue.message) : ""
    let key = Key(
      rule: finding.issue.rule.code, path: path, severity: finding.issue.severity, subject: subject)
    if causes[key] == nil {
      guard causes.count < CauseTable.most else {
        others += 1
        return
      }
      causes[key] = Cause(finding, path: path)
    }
    causes[key]?.add(finding, keeping: examples)
  }

  /// By bytes: it is done for each finding.
  private static func withoutDigits(_ text: String) -> String {
    String(
      decoding: text.utf8.lazy.filter { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }, as: UTF8.self
    )
  }

  var count: Int { causes.count }

  /// The gravest causes first, of these the most frequent.
  func sorted() -> [Cause] {
    causes.values.sorted { a, b in
      if a.severity != b.severity { return a.severity > b.severity }
      if a.count != b.count { return a.count > b.count }
      let (first, second) = (a.examples.first?.issue.message ?? "", b.examples.first?.issue.message ?? "")
      return (a.rule.code, a.path, first) < (b.rule.code, b.path, second)
    }
  }
}
