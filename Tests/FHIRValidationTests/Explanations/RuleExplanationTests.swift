import CDefinitions
import FHIRFormats
import FHIRModel
import FHIRValidation
import Testing

/// What people are told of a rule is true: its bad example breaks it and nothing else, its good one nothing at all.
@Suite struct RuleExplanationTests {
  @Test func `every rule of the program's own is explained, once`() {
    #expect(RuleExplanation.own.map(\.code).sorted() == Rule.own.map(\.code).sorted())
    #expect(Set(RuleExplanation.codes).count == RuleExplanation.codes.count)
    for rule in RuleExplanation.own { #expect(rule.bad != nil && rule.good != nil, "\(rule.code)") }
  }

  @Test func `every invariant of the core is explained`() {
    let table = DefinitionTable.r4
    for invariant in table.invariants {
      let key = table.string(invariant.key)
      #expect(RuleExplanation.of(key)?.meaning.contains("In FHIRPath") == true, "\(key)")
    }
  }

  @Test func `every text is a sentence`() {
    for code in RuleExplanation.codes {
      guard let rule = RuleExplanation.of(code) else { continue }
      #expect(!rule.title.hasSuffix(".") && rule.title.first?.isUppercase != false, "\(code): \(rule.title)")
      for text in [rule.meaning, rule.reason, rule.remedy] {
        #expect(text.hasSuffix(".") || text.hasSuffix(".)"), "\(code): \(text)")
      }
    }
  }

  static let examples = RuleExplanation.codes.compactMap { RuleExplanation.of($0) }.filter {
    $0.bad?.isExcerpt == false
  }

  /// Findings that come along with those of a rule.
  static let company: [String: Set<String>] = ["ext-1": ["profile-min"], "dom-2": ["ref-1"]]

  @Test(arguments: examples) func `examples are what they are said to be`(rule: RuleExplanation) throws {
    if let bad = rule.bad {
      let codes = Set(try found(bad).map(\.rule.code)).subtracting(Self.company[rule.code] ?? [])
      #expect(codes == [rule.code], "\(rule.code)")
    }
    if let good = rule.good {
      let issues = try found(good)
      #expect(issues.isEmpty, "\(rule.code): \(issues.map { "\($0.rule.code): \($0.message)" })")
    }
  }

  /// Errors and warnings of an example; what cannot be told offline is no finding.
  private func found(_ example: RuleExplanation.Example) throws -> [FHIRModel.Issue] {
    let reader = try ResourceReader(
      source: MemorySource(example.text), name: "example.\(example.language.rawValue)")
    return try findings(reader, Validator()).filter { $0.severity != .information }
  }
}

extension RuleExplanation: CustomTestStringConvertible {
  public var testDescription: String { code }
}
