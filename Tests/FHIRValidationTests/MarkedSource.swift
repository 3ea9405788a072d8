import FHIRFormats
import FHIRModel
import FHIRValidation
import Testing

/// A source with its faults marked: `⟦rule⟧` stands right before the place that a finding of that rule must
/// name.
///
/// Reading and validating the source without the marks must find exactly what is marked, errors and warnings
/// alike.
struct MarkedSource {
  private(set) var text = ""
  private(set) var expected: Set<Place> = []

  struct Place: Hashable, CustomStringConvertible {
    let rule: String
    let position: SourcePosition?
    var description: String { "\(rule) at \(position.map { "\($0.line):\($0.column)" } ?? "?")" }
  }

  init(_ marked: String) {
    var line = 1
    var column = 1
    var rest = Substring(marked)
    while let character = rest.first {
      if character == "⟦", let end = rest.firstIndex(of: "⟧") {
        let rule = String(rest[rest.index(after: rest.startIndex)..<end])
        expected.insert(Place(rule: rule, position: SourcePosition(line: line, column: column)))
        rest = rest[rest.index(after: end)...]
        continue
      }
      rest.removeFirst()
      text.append(character)
      if character == "\n" {
        line += 1
        column = 1
      } else {
        column += character.unicodeScalars.count
      }
    }
  }
}

/// All that reading and validating a text finds.
func findings(_ text: String, options: ValidationOptions = ValidationOptions()) throws -> [FHIRModel.Issue] {
  let isXML = text.first { !$0.isWhitespace } == "<"
  let reader = try ResourceReader(source: MemorySource(text), name: isXML ? "test.xml" : "test.json")
  let validator = Validator(options: options)
  return try findings(reader, validator)
}

/// All that is wrong in a source, what its entries have to do with each other included.
func findings(_ reader: ResourceReader, _ validator: Validator) throws -> [FHIRModel.Issue] {
  var issues: [FHIRModel.Issue] = []
  var scope = BundleScope()
  while let record = try reader.next() {
    issues += record.issues
    if record.content == .unreadable {
      scope.noteUnreadable()
    } else if let members = validator.validate(record.tree, into: &issues, scope: &scope) {
      scope.close(members, with: validator, into: &issues)
    }
  }
  return issues
}

/// Expects exactly the marked findings; returns all findings for further expectations.
@discardableResult
func expectMarked(_ marked: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [FHIRModel
  .Issue]
{
  let source = MarkedSource(marked)
  let issues = try findings(source.text)
  let found = issues.map { MarkedSource.Place(rule: $0.rule.code, position: $0.position) }
  for (issue, place) in zip(issues, found) where !source.expected.contains(place) {
    Testing.Issue.record(
      "unexpected \(place): \(issue.expression): \(issue.message)", sourceLocation: sourceLocation)
  }
  for place in source.expected where !found.contains(place) {
    Testing.Issue.record("missing \(place)", sourceLocation: sourceLocation)
  }
  #expect(found.count == Set(found).count, "the same finding twice", sourceLocation: sourceLocation)
  return issues
}
