import Foundation
import Testing

@testable import FHIRModel

/// What the table says of some types, as text. A changed or missing golden file is written anew, and the test fails.
@Suite struct DescriptionTests {
  static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden")

  @Test(arguments: [
    "Patient", "Patient.contact", "Observation", "Observation.referenceRange", "Bundle.entry", "Timing",
    "Timing.repeat",
    "Extension", "Age", "SimpleQuantity", "Narrative", "Questionnaire.item", "date",
  ])
  func `a type is described as before`(type: String) throws {
    let table = DefinitionTable.r4
    let text = table.description(of: try #require(table.typeID(type)))
    let file = Self.golden.appending(path: type + ".txt")
    let expected = try? String(contentsOf: file, encoding: .utf8)
    if expected != text { try Data(text.utf8).write(to: file) }
    #expect(expected == text)
  }
}
