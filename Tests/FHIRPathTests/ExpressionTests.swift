import Testing

@testable import FHIRPath

/// See https://hl7.org/fhirpath/N1/#expressions
@Suite struct ExpressionTests {
  @Test func `a path is read from the left`() throws {
    let expression = try Expression(parsing: "name.where(use = 'official').given[0]")
    guard case .index(let focus, let index) = expression.kind,
      case .member(let filtered?, "given") = focus.kind,
      case .call(let name?, "where", let arguments) = filtered.kind
    else {
      Issue.record("another shape")
      return
    }
    #expect(index.kind == .literal(.integer(0)))
    #expect(name.kind == .member(focus: nil, name: "name"))
    #expect(arguments.count == 1)
  }

  @Test func `equality binds tighter than and`() throws {
    let expression = try Expression(parsing: "a = 'x' and b = true")
    guard case .chain(.and, let operands) = expression.kind, operands.count == 2 else {
      Issue.record("another shape")
      return
    }
    #expect(
      operands[0].kind
        == .binary(
          .equal, left: Expression(.member(focus: nil, name: "a"), column: 1),
          right: Expression(.literal(.string("x")), column: 5)))
    #expect(operands[1].column == 15)
  }

  @Test(arguments: [
    (#"'it\'s'"#, "it's"), (#"'\u0041\n'"#, "A\n"), (#"'\\'"#, #"\"#),
  ])
  func `escapes in texts mean what the language says`(_ text: String, _ value: String) throws {
    #expect(try Expression(parsing: text).kind == .literal(.string(value)))
  }

  @Test(arguments: [
    ("name.", 6), ("name..given", 6), ("name[0", 7), ("where(", 7), ("'open", 1), ("a b", 3), ("#", 1),
    ("a.'x'", 3), (#"'\q'"#, 2), ("$that", 1), ("99999999999", 1),
  ])
  func `a mistake is placed`(_ text: String, _ column: Int) {
    let error = #expect(throws: FHIRPathError.self) { try Expression(parsing: text) }
    #expect(error?.column == column)
    #expect(error?.code == .syntax)
  }

  @Test func `deep nesting is refused, not run into`() {
    let text = String(repeating: "(", count: 100_000) + "a" + String(repeating: ")", count: 100_000)
    #expect(throws: FHIRPathError.self) { try Expression(parsing: text) }
  }
}
