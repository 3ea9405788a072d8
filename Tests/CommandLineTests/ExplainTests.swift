import Foundation
import Testing

/// Whoever reads a finding can ask what its rule means.
@Suite struct ExplainTests {
  @Test func `a rule is explained with examples`() throws {
    let outcome = try Program.run(["explain", "array-expected"])
    #expect(outcome.status == 0)
    for words in [
      "array-expected: An element that may repeat", "What to do", "\nWrong\n    {", "\nRight\n    {",
    ] {
      #expect(outcome.output.contains(words), "\(outcome.output)")
    }
    #expect(try Program.run(["explain", "pat-1"]).output.contains("In FHIRPath: `name.exists()"))
  }

  @Test func `a rule that is not there leads to one that is near`() throws {
    let outcome = try Program.run(["explain", "aray-expected"])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("there is no rule aray-expected; did you mean array-expected?"))
  }

  @Test func `all rules are listed`() throws {
    let outcome = try Program.run(["explain"])
    #expect(outcome.status == 0 && outcome.lines.count > 250)
  }

  @Test func `docs/rules.md is current`() throws {
    let page = try String(contentsOf: Program.folder.appending(path: "docs/rules.md"), encoding: .utf8)
    #expect(page == (try Program.run(["explain", "--markdown"]).output), "make rules writes it anew")
  }

  @Test func `all explanations as Markdown are not one rule's`() throws {
    let outcome = try Program.run(["explain", "--markdown", "pat-1"])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("--markdown writes all explanations"), "\(outcome.errors)")
  }
}
