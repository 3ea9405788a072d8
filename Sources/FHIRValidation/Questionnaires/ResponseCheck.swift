import FHIRModel
import FHIRPath

/// Judges a QuestionnaireResponse by its Questionnaire.
///
/// See https://hl7.org/fhir/R4/questionnaireresponse.html#notes: the response has the questionnaire's structure: the same
/// groups, in the same order, with the answers that it asks for.
struct ResponseCheck {
  let plan: QuestionnairePlan
  let response: ResourceElement
  private(set) var findings: [ResourceFinding] = []
  private let enablement: ItemEnablement
  /// Whether the response may still lack answers.
  private let isUnfinished: Bool
  /// The response's items around the one that is being looked at, the innermost last.
  private var around: [Int] = []

  init(_ response: ResourceElement, plan: QuestionnairePlan, evaluator: Evaluator?) {
    self.plan = plan
    self.response = response
    enablement = ItemEnablement(response, plan: plan, evaluator: evaluator)
    // See https://hl7.org/fhir/R4/valueset-questionnaire-answers-status.html
    isUnfinished = ["in-progress", "stopped", "entered-in-error"].contains(response.text("status"))
  }

  mutating func run() {
    // Of two items with one linkId nobody knows which was answered.
    guard !plan.isAmbiguous else { return }
    checkItems(of: response, plan.roots)
  }

  // MARK: Items

  /// Checks the items below the response, an item or an answer against those that the questionnaire has there.
  private mutating func checkItems(of parent: ResourceElement, _ expected: [Int]) {
    var found: [Int: [ResourceElement]] = [:]
    var last = -1
    var isOutOfOrder = false
    for item in parent.children("item") {
      guard let linkID = item.text("linkId") else { continue }
      guard let number = plan.item(linkID) else {
        tell(
          .error, .questionnaireItem, at: parent, position: item,
          "the questionnaire has no item of linkId '\(linkID)'")
        continue
      }
      guard let place = expected.firstIndex(of: number) else {
        tell(
          .error, .questionnaireItem, at: parent, position: item,
          "item '\(linkID)' stands in the wrong place: a response has the groups and nesting of its questionnaire"
        )
        checkItem(item, plan.items[number])
        continue
      }
      if place < last && !isOutOfOrder {
        isOutOfOrder = true
        tell(
          .error, .questionnaireItem, at: parent, position: item,
          "item '\(linkID)' is out of order: a response has the order of its questionnaire")
      }
      last = max(last, place)
      // One without answers and items says no more than one that is left out.
      if item.child("answer") != nil || item.child("item") != nil { found[number, default: []].append(item) }
    }
    for number in expected {
      checkOccurrences(found[number] ?? [], of: plan.items[number], in: parent)
    }
  }

  /// Checks what stands for one item of the questionnaire at one place.
  private mutating func checkOccurrences(
    _ items: [ResourceElement], of asked: QuestionnairePlan.Item, in parent: ResourceElement
  ) {
    let place = items.first?.node
    let isEnabled = enablement.isEnabled(asked, at: place, around: around + [place].compactMap { $0 })
    if isEnabled == false {
      for item in items where hasAnswers(item) {
        tell(
          .error, .questionnaireDisabled, at: item,
          "item '\(asked.linkID)' has an answer, though what enables it is not answered so")
      }
      return
    }
    if items.isEmpty {
      if asked.isRequired && isEnabled == true {
        tell(
          isUnfinished ? .warning : .error, .questionnaireRequired, at: parent,
          "item '\(asked.linkID)' must be answered, and is not")
      }
      return
    }
    if items.count > 1 && !asked.repeats {
      tell(
        .error, .questionnaireItem, at: parent, position: items[1],
        "item '\(asked.linkID)' stands \(items.count) times, and does not repeat")
    }
    checkCount(of: items, asked, in: parent)
    for item in items { checkItem(item, asked) }
  }

  private mutating func checkCount(
    of items: [ResourceElement], _ asked: QuestionnairePlan.Item, in parent: ResourceElement
  ) {
    let count =
      asked.type == "group" ? items.count : items.reduce(0) { $0 + $1.children("answer").count }
    if let least = asked.limits.minOccurs, count < least, !isUnfinished {
      tell(
        .error, .questionnaireRequired, at: parent, position: items[0],
        "item '\(asked.linkID)' stands \(count) times, at least \(least) are asked for")
    }
    if let most = asked.limits.maxOccurs, count > most {
      tell(
        .error, .questionnaireItem, at: parent, position: items[0],
        "item '\(asked.linkID)' stands \(count) times, at most \(most) are allowed")
    }
  }

  private mutating func checkItem(_ item: ResourceElement, _ asked: QuestionnairePlan.Item) {
    around.append(item.node)
    defer { around.removeLast() }
    if let text = item.text("text"), let expected = asked.text, text != expected {
      tell(
        .error, .questionnaireItem, at: item, position: item.child("text"),
        "item '\(asked.linkID)' has another text than the questionnaire's item")
    }
    let answers = item.children("answer")
    if asked.type == "group" || asked.type == "display" {
      if let answer = answers.first {
        tell(
          .error, .questionnaireAnswer, at: answer,
          "item '\(asked.linkID)' is a \(asked.type): it has no answers")
      }
      if asked.type == "group" {
        checkItems(of: item, asked.children)
      } else if let inner = item.child("item") {
        tell(
          .error, .questionnaireItem, at: item, position: inner,
          "item '\(asked.linkID)' is a display: it has no items")
      }
      return
    }
    if answers.count > 1 && !asked.repeats {
      tell(
        .error, .questionnaireAnswer, at: item, position: answers[1],
        "item '\(asked.linkID)' has \(answers.count) answers, and takes one")
    }
    if let inner = item.child("item") {
      tell(
        .error, .questionnaireItem, at: item, position: inner,
        "item '\(asked.linkID)' is a question: items below it stand in its answer")
    }
    for answer in answers {
      findings += AnswerCheck(answer, asked: asked).findings
      checkItems(of: answer, asked.children)
    }
  }

  private func hasAnswers(_ item: ResourceElement) -> Bool {
    item.child("answer") != nil || item.children("item").contains { hasAnswers($0) }
  }

  // MARK: Telling

  private mutating func tell(
    _ severity: Issue.Severity, _ rule: Rule, at element: ResourceElement, position: ResourceElement? = nil,
    _ message: String
  ) {
    findings.append(
      ResourceFinding(severity, rule, at: element.node, position: position?.node, message))
  }
}
