import FHIRModel
import FHIRPath
import FHIRTerminology

/// A Questionnaire made ready to judge responses by.
///
/// See https://hl7.org/fhir/R4/questionnaire.html
final class QuestionnairePlan: Sendable {
  struct Item: Sendable {
    let linkID: String
    let text: String?
    /// `group`, `display`, `choice`, …; empty where there is none.
    let type: String
    let isRequired: Bool
    let repeats: Bool
    var children: [Int] = []
    let conditions: [Condition]
    /// One condition that holds is enough (`enableBehavior` any); nil: it is not said.
    let needsAll: Bool?
    /// What enables the item by SDC's extension; evaluated over the response.
    let expression: CompiledExpression?
    let hasExpression: Bool
    let choices: Choices
    let limits: AnswerLimits
  }

  /// What enables an item: an answer to another.
  struct Condition: Sendable {
    let question: String
    let comparison: String
    let answer: AnswerValue
  }

  /// What an answer is to be drawn from.
  enum Choices: Sendable {
    case none
    case list([AnswerValue], types: Set<String>)
    case valueSet(ValueSetPlan)
  }

  let items: [Item]
  let roots: [Int]
  private let byLinkID: [String: Int]
  /// Two items of one linkId: what belongs to which cannot be told.
  let isAmbiguous: Bool

  func item(_ linkID: String) -> Int? { byLinkID[linkID] }

  init(_ questionnaire: ResourceElement, terminology: Terminology) {
    var builder = Builder(questionnaire: questionnaire, terminology: terminology)
    roots = builder.add(questionnaire.children("item"))
    items = builder.items
    byLinkID = Dictionary(
      items.enumerated().map { ($0.element.linkID, $0.offset) }, uniquingKeysWith: { first, _ in first })
    isAmbiguous = byLinkID.count < items.count
  }

  private struct Builder {
    let questionnaire: ResourceElement
    let terminology: Terminology
    var items: [Item] = []

    /// Adds items and those below them; returns their numbers.
    mutating func add(_ elements: [ResourceElement]) -> [Int] {
      elements.map { element in
        let number = items.count
        items.append(item(element))
        items[number].children = add(element.children("item"))
        return number
      }
    }

    private func item(_ element: ResourceElement) -> Item {
      let conditions = element.children("enableWhen").map { condition in
        Condition(
          question: condition.text("question") ?? "", comparison: condition.text("operator") ?? "",
          answer: condition.choice("answer").map { AnswerValue($0.element, type: $0.type) } ?? .other)
      }
      let expression = element.extensions(Self.enableWhenExpression).first?.child("valueExpression")
      let compiled = expression.flatMap { expression -> CompiledExpression? in
        guard expression.text("language") == "text/fhirpath", let text = expression.text("expression") else {
          return nil
        }
        return try? CompiledExpression(text, table: element.table)
      }
      return Item(
        linkID: element.text("linkId") ?? "", text: element.text("text"), type: element.text("type") ?? "",
        isRequired: element.isTrue("required"), repeats: element.isTrue("repeats"), conditions: conditions,
        needsAll: element.text("enableBehavior").map { $0 == "all" } ?? (conditions.count == 1 ? true : nil),
        expression: compiled, hasExpression: expression != nil, choices: choices(element),
        limits: AnswerLimits(element))
    }

    private static let enableWhenExpression =
      "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"

    private func choices(_ element: ResourceElement) -> Choices {
      let options = element.children("answerOption").compactMap { $0.choice("value") }
      if !options.isEmpty {
        return .list(
          options.map { AnswerValue($0.element, type: $0.type) }, types: Set(options.map(\.type)))
      }
      guard let canonical = element.text("answerValueSet") else { return .none }
      guard canonical.hasPrefix("#") else { return .valueSet(terminology.valueSet(canonical)) }
      let contained = terminology.valueSet(
        contained: String(canonical.dropFirst()), in: questionnaire.tree, resource: questionnaire.node)
      return contained.map { .valueSet($0) } ?? .none
    }
  }
}

/// What an item says of its answers beyond their type.
///
/// See https://hl7.org/fhir/R4/questionnaire-profiles.html#extensions
struct AnswerLimits: Sendable {
  var maxLength: Int?
  var minLength: Int?
  var maxDecimalPlaces: Int?
  var least: AnswerValue?
  var greatest: AnswerValue?
  var minOccurs: Int?
  var maxOccurs: Int?
  /// Of an attachment, in bytes.
  var maxSize: Decimal?
  var mimeTypes: Set<String> = []
  /// The types that a reference may lead to.
  var resourceTypes: Set<String> = []

  init(_ item: ResourceElement) {
    func value(_ name: String) -> (element: ResourceElement, type: String)? {
      item.extensions(hl7: name).first?.choice("value")
    }
    func integer(_ name: String) -> Int? { value(name).flatMap { Int($0.element.text) } }
    maxLength = item.text("maxLength").flatMap { Int($0) }
    minLength = integer("minLength")
    maxDecimalPlaces = integer("maxDecimalPlaces")
    least = value("minValue").map { AnswerValue($0.element, type: $0.type) }
    greatest = value("maxValue").map { AnswerValue($0.element, type: $0.type) }
    minOccurs = integer("questionnaire-minOccurs")
    maxOccurs = integer("questionnaire-maxOccurs")
    // The extension counts in megabytes.
    maxSize = value("maxSize").flatMap { Decimal($0.element.text) }?.multiplied(by: Decimal(1_000_000))
    mimeTypes = Set(item.extensions(hl7: "mimeType").compactMap { $0.choice("value")?.element.text })
    resourceTypes = Set(
      item.extensions(hl7: "questionnaire-referenceResource").compactMap { $0.choice("value")?.element.text })
  }
}
