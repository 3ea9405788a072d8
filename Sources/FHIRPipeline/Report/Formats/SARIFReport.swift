import FHIRModel
import FHIRValidation

/// SARIF 2.1.0, which code hosts and editors show beside the lines that findings name.
///
/// See https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
struct SARIFReport: FindingReport {
  private let context: ReportContext
  private var results = 0
  /// Rules by the order in which they were met; the tool's part of the log lists them at its end.
  private var rules: [Rule] = []
  private var ruleIndices: [String: Int] = [:]
  private var prints = FingerprintCounter()

  init(_ context: ReportContext) { self.context = context }

  /// SARIF has words for what is suppressed, and for what was there before.
  let takesAll = true

  mutating func begin(input: Int) { start() }

  private mutating func start() {
    guard results == 0, rules.isEmpty, !hasBegun else { return }
    hasBegun = true
    context.emit(
      """
      {"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version":"2.1.0","runs":[{"columnKind":"unicodeCodePoints","results":[
      """)
  }
  private var hasBegun = false

  mutating func add(_ finding: Finding) {
    start()
    context.emit((results == 0 ? "\n" : ",\n") + result(finding))
    results += 1
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    start()
    let driver = JSONText.object([
      ("name", JSONText.quoted("fhirline")),
      ("version", JSONText.quoted(ProgramVersion.current)),
      ("semanticVersion", JSONText.quoted(ProgramVersion.current)),
      ("rules", JSONText.array(rules.map(descriptor))),
    ])
    let isWhole = tally.unreadableInputs == 0 && !tally.isStopped
    context.emit(
      "\n],\"tool\":{\"driver\":\(driver)},\"invocations\":[{\"executionSuccessful\":\(isWhole)}]}]}\n")
  }

  private mutating func result(_ finding: Finding) -> String {
    let issue = finding.issue
    let source = context.name(finding)
    let ordinal = prints.ordinal(Fingerprint(finding, source: source))
    var physical = [("artifactLocation", JSONText.object([("uri", JSONText.quoted(uri(finding)))]))]
    if let position = issue.position {
      let region = JSONText.object([
        ("startLine", String(position.line)), ("startColumn", String(position.column)),
      ])
      physical.append(("region", region))
    }
    var location = [("physicalLocation", JSONText.object(physical))]
    if !issue.expression.isEmpty {
      let logical = JSONText.object([
        ("fullyQualifiedName", JSONText.quoted(issue.expression)), ("kind", JSONText.quoted("element")),
      ])
      location.append(("logicalLocations", JSONText.array([logical])))
    }
    let fingerprint = JSONText.quoted(Fingerprint(finding, source: source).text(ordinal: ordinal))
    var members = [
      ("ruleId", JSONText.quoted(issue.rule.code)),
      ("ruleIndex", String(index(of: issue.rule))),
      ("level", JSONText.quoted(level(issue.severity))),
      ("message", JSONText.object([("text", JSONText.quoted(FindingText.words(issue)))])),
      ("locations", JSONText.array([JSONText.object(location)])),
      ("partialFingerprints", JSONText.object([("ruleAndElement/v1", fingerprint)])),
    ]
    switch finding.standing {
    case .new:
      if context.hasBaseline { members.append(("baselineState", JSONText.quoted("new"))) }
    case .known: members.append(("baselineState", JSONText.quoted("unchanged")))
    case .suppressed(let reason):
      let suppression = JSONText.object([
        ("kind", JSONText.quoted("external")), ("justification", JSONText.quoted(reason)),
      ])
      members.append(("suppressions", JSONText.array([suppression])))
    }
    return JSONText.object(members)
  }

  private mutating func index(of rule: Rule) -> Int {
    if let index = ruleIndices[rule.code] { return index }
    ruleIndices[rule.code] = rules.count
    rules.append(rule)
    return rules.count - 1
  }

  private func descriptor(_ rule: Rule) -> String {
    var members = [("id", JSONText.quoted(rule.code))]
    func text(_ name: String, _ words: String) {
      members.append((name, JSONText.object([("text", JSONText.quoted(words))])))
    }
    if let explanation = RuleExplanation.of(rule.code) {
      text("shortDescription", explanation.title + ".")
      text("fullDescription", explanation.meaning + " " + explanation.reason)
      text("help", explanation.remedy)
    }
    members.append(
      ("properties", JSONText.object([("tags", JSONText.array([JSONText.quoted(rule.issueType.rawValue)]))])))
    return JSONText.object(members)
  }

  private func level(_ severity: Issue.Severity) -> String {
    switch severity {
    case .fatal, .error: "error"
    case .warning: "warning"
    case .information: "note"
    }
  }

  /// A path as a URI reference (RFC 3986): relative as the user named it, or of the scheme `file`.
  private func uri(_ finding: Finding) -> String {
    let file = context.files[finding.input]
    guard let path = file.path else { return "stdin" }
    var uri = path.hasPrefix("/") ? "file://" : ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default: uri += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return uri
  }
}
