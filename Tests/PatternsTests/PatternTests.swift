import Testing

@testable import Patterns

/// Regular expressions.
@Suite struct PatternTests {
  private func isFound(_ pattern: String, _ text: String) throws -> Bool {
    var text = text
    let pattern = try Pattern(pattern)
    return try text.withUTF8 { try pattern.isFound(in: $0) }
  }

  @Test(arguments: [
    ("b", "abc", true), ("^b", "abc", false), ("c$", "abc", true), ("a.c", "a\nc", true),
    ("[a-c]+$", "xabc", true),
    ("[^a-c]", "abc", false), ("(ab|cd)+e", "xabcde", true), ("a{2,3}b", "ab", false),
    ("a{2,3}b", "aaaab", true),
    ("^a{0,254}$", String(repeating: "a", count: 254), true),
    ("^a{0,254}$", String(repeating: "a", count: 255), false),
    ("\\d{4}-\\d\\d", "on 2015-02", true), ("\\bcat\\b", "concat cat", true),
    ("\\bcat\\b", "concatenate", false), ("\\Bcat", "concat", true),
    ("^[\\w.-]+@[\\w-]+\\.\\w+$", "a.b@c-d.org", true), ("[\\[\\]\\@]", "]", true), ("[]a]", "]", true),
    ("[a-]", "-", true), ("\\p{Lu}", "\u{c9}", true),
    ("\\P{L}", "abc", false), ("(?i)AB", "ab", true), ("(?i:A)b", "aB", false), ("^(?!x)a", "a", true),
    ("^(?=.*\\d).{3}$", "a1b", true), ("^(?=.*\\d).{3}$", "abc", false),
    ("a*?b", "aab", true), ("\\u0041\\x42", "AB", true), ("a{,2}", "a{,2}", true),
    ("\u{1F600}+", "\u{1F600}\u{1F600}", true), ("^$", "", true), ("", "abc", true),
    ("x|", "abc", true), ("^.$", "\u{e9}", true), ("(?<year>\\d+)", "x1", true), ("\\Qa.b\\E", "axb", false),
    ("[^\\s\\.]{1,3}", ".", false),
  ])
  func `patterns are searched for`(_ pattern: String, _ text: String, _ expected: Bool) throws {
    #expect(try isFound(pattern, text) == expected)
  }

  @Test(arguments: [
    "(", ")", "[a", "*a", "a**", "(?<=a)b", "(a)\\1", "a{3,2}", "[z-a]", "\\", "a++", "\\p{Nothing}", "(?x)",
    "a{1000}{1000}", "((((a{100}){100}){100}))",
  ])
  func `what cannot be used is refused`(_ pattern: String) {
    #expect(throws: PatternError.self) { try Pattern(pattern) }
  }

  @Test(arguments: [
    ("(\\w+) (\\w+)", "ab cd", "$2 $1", "cd ab"), ("(?<d>\\d+)/(?<m>\\d+)", "3/4", "${m}-${d}", "4-3"),
    ("a|ab", "ab", "x", "xb"), ("a*", "baac", "-", "-b--c-"),
    ("a+?", "aaa", "b", "bbb"), ("x", "abc", "y", "abc"), ("b", "abc", "\\$1", "a$1c"),
    ("(b)(x)?", "abc", "[$1$2]", "a[b]c"), ("^a", "aaa", "b", "baa"), ("\u{e9}", "h\u{e9}", "e", "he"),
  ])
  func `matches are replaced`(_ pattern: String, _ text: String, _ replacement: String, _ expected: String)
    throws
  {
    #expect(try Pattern(pattern).replacing(in: text, with: replacement) == expected)
  }

  @Test func `hostile patterns take no longer than others`() throws {
    let text = String(repeating: "a", count: 2_000) + "!"
    #expect(try !isFound("^(a+)+$", text))
    #expect(try !isFound("^(a|aa)+$", text))
    #expect(try !isFound("(.*)(.*)(.*)(.*)(.*)[^a!]", text))
    #expect(try Pattern("(a*)*b").replacing(in: String(text.prefix(500)), with: "") == text.prefix(500))
  }

  @Test func `what is too large together is given up`() throws {
    for pattern in ["(?=.*b)a", "(a{0,500}){1,5}b"] {
      var text = String(repeating: "a", count: 1_000)
      let compiled = try Pattern(pattern)
      #expect(throws: PatternError.self) {
        try text.withUTF8 { try compiled.isFound(in: $0, Matcher.Budget(10_000)) }
      }
    }
  }
}
