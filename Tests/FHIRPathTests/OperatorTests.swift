import Testing

@testable import FHIRPath

/// See https://hl7.org/fhirpath/N1/#operations
@Suite struct OperatorTests {
  @Test(arguments: [
    ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 - 2 - 1", "4"), ("'2' + '3' & 'x'", "23x"), ("-2 + 3", "1"),
    ("1 | 2 = 3", "false"), ("1 < 2 = true", "true"), ("3 > 2 and 2 > 1", "true"),
    ("true or false and false", "true"), ("false implies false or true", "true"),
    ("1 is Integer and true", "true"), ("1 in (1 | 2) = true", "false"), ("5 mod 3 + 1", "3"),
    ("7 div 2 * 2", "6"),
  ])
  func `operators bind as the grammar says`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(
    arguments: [
      ("true and {}", nil), ("false and {}", false), ("{} and {}", nil), ("true or {}", true),
      ("false or {}", nil), ("true xor {}", nil), ("true xor true", false), ("{} implies true", true),
      ("{} implies false", nil), ("false implies {}", true), ("true implies {}", nil), ("{}.not()", nil),
      ("'a' and true", true), ("1 and false", false),
    ] as [(String, Bool?)])
  func `logic has three values`(_ text: String, _ expected: Bool?) throws {
    let subject = try Subject(Subject.patient)
    let compiled = try CompiledExpression(text)
    #expect(try subject.evaluator.evaluateBoolean(compiled, in: .init(subject.tree)) == expected)
  }

  @Test(arguments: [
    ("0.1 + 0.2", "0.3"), ("1.0 + 1.00", "2.00"), ("0.1 * 3", "0.3"),
    ("12345678901234567890.5 - 0.5", "12345678901234567890.0"), ("1 / 4", "0.25"), ("10 / 5", "2"),
    ("1 / 3", "0.3333333333333333333333333333"), ("7.5 div 2", "3"), ("-7 div 2", "-3"), ("-7 mod 2", "-1"),
    ("5.5 mod 0.7", "0.6"), ("'a' + 'b'", "ab"), ("'a' & {} & 'b'", "ab"),
    ("2147483647 + 1.0", "2147483648.0"),
    ("2 'cm' + 3 'cm'", "5 'cm'"), ("1 'm' + 1 'cm'", "101 'cm'"), ("6 'm' / 2 's'", "3 'm/s'"),
    ("6 'm' / 2 'm'", "3 '1'"), ("2 'm' * 3 'm'", "6 'm.m'"), ("3 days - 1 day", "2 days"),
    ("2 * 3 'mg'", "6 'mg'"),
  ])
  func `numbers and quantities are calculated with exactly`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(arguments: ["1 / 0", "1 div 0", "1 mod 0", "1 + {}", "{} * 2", "'a' + {}", "1 'm' + 1 's'"])
  func `what has no result is empty`(_ text: String) throws {
    #expect(try Subject.values(text).isEmpty)
  }

  @Test(arguments: [
    ("1 + 'a'", 3), ("1 < 'a'", 3), ("true + 1", 6), ("-'a'", 1), ("(1 | 2) + 1", 4), ("(1 | 2) < 3", 4),
    ("@2015 + 1", 7), ("@2015 + 1 'a'", 7), ("@2015 + 1 'kg'", 7),
  ])
  func `what makes no sense is an error with its place`(_ text: String, _ column: Int) {
    let error = Subject.error(text)
    #expect(error?.code == .execution)
    #expect(error?.column == column)
  }

  @Test(arguments: [
    ("1 = 1.0", "true"), ("1 ~ 1.0", "true"), ("1.01 ~ 1.0", "true"), ("1.06 ~ 1.0", "true"),
    ("1.1 ~ 1.25", "false"), ("'a' = 'A'", "false"), ("'a  B' ~ 'A b'", "true"), ("1 = '1'", "false"),
    ("(1 | 2) = (1 | 2)", "true"), ("(1 | 2) = (2 | 1)", "false"), ("(1 | 2) ~ (2 | 1)", "true"),
    ("1 != 2", "true"), ("{} ~ {}", "true"), ("1 !~ {}", "true"), ("1 'g' = 1000 'mg'", "true"),
    ("1 'g' ~ 1.04 'g'", "true"), ("1 week = 7 days", "true"), ("1 'wk' = 7 days", "true"),
    ("1 year ~ 1 'a'", "true"), ("1 year = 12 months", "true"), ("1 'Cel' = 274.15 'K'", "true"),
    ("'\u{e9}' = 'e\u{301}'", "false"), ("2 = 2 '1'", "true"),
  ])
  func `equality is exact, equivalence is not`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(arguments: ["1 = {}", "{} = {}", "1 year = 1 'a'", "1 'g' = 1 'm'", "1 'g' < 1 'm'", "1 < {}"])
  func `what cannot be compared is empty`(_ text: String) throws {
    #expect(try Subject.values(text).isEmpty)
  }

  @Test(arguments: [
    ("1 < 1.5", "true"), ("'a' < 'b'", "true"), ("'Z' < 'a'", "true"), ("1 'g' > 999 'mg'", "true"),
    ("6 days < 1 week", "true"), ("1 month < 32 days", "true"), ("2 >= 2", "true"), ("2 <= 1", "false"),
  ])
  func `order`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(arguments: [
    ("urn:x", "T", "tablet", ["true"]), ("urn:x", "T", "tablets", ["true"]), ("urn:x", "C", "tablets", []),
    ("urn:y", "T", "tablets", []), ("urn:x", "C", "tablet", ["true"]),
  ])
  func `quantities of one code are in one unit, whatever it is called`(
    _ system: String, _ code: String, _ unit: String, _ expected: [String]
  ) throws {
    let range = try Subject(
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueRange": {
        "low": {"value": 1, "system": "urn:x", "code": "T", "unit": "tablet"},
        "high": {"value": 2, "system": "\#(system)", "code": "\#(code)", "unit": "\#(unit)"}}}
      """#)
    #expect(try range.values("value.low < value.high") == expected)
  }

  @Test func `long chains are no deep nesting`() throws {
    let codes = (0..<2_000).map { "'c\($0)'" }.joined(separator: " | ")
    #expect(try Subject.values("'c1999' in (\(codes))") == ["true"])
    let sum = (0..<2_000).map { _ in "1" }.joined(separator: " + ")
    #expect(try Subject.values(sum) == ["2000"])
  }

  @Test(arguments: [
    "a" + String(repeating: ".a", count: 100_000), String(repeating: "-", count: 100_000) + "1",
    "1" + String(repeating: " - 1", count: 100_000), String(repeating: "a(", count: 50_000),
    String(repeating: "not().", count: 50_000) + "a", "1" + String(repeating: " + (1", count: 20_000),
  ])
  func `expressions of any size are refused, not run into`(_ text: String) {
    #expect(throws: FHIRPathError.self) { try CompiledExpression(text) }
  }
}
