import FHIRModel
import FHIRPath

/// Tells whether items of a questionnaire are to be answered, by the answers of a response.
///
/// See https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen
struct ItemEnablement {
  private let response: ResourceElement
  private let plan: QuestionnairePlan
  private let evaluator: Evaluator?
  /// The response's items by their linkId, in the order of the source.
  private var occurrences: [String: [ResourceElement]] = [:]

  init(_ response: ResourceElement, plan: QuestionnairePlan, evaluator: Evaluator?) {
    self.response = response
    self.plan = plan
    self.evaluator = evaluator
    guard plan.items.contains(where: { !$0.conditions.isEmpty }) else { return }
    collect(response)
  }

  private mutating func collect(_ parent: ResourceElement) {
    for item in parent.children("item") {
      if let linkID = item.text("linkId") { occurrences[linkID, default: []].append(item) }
      collect(item)
      for answer in item.children("answer") { collect(answer) }
    }
  }

  /// Whether an item is enabled; nil where nobody here can tell.
  ///
  /// - Parameters:
  ///   - node: where the item stands; nil if it does not.
  ///   - around: the items around it and itself, the innermost last.
  func isEnabled(_ item: QuestionnairePlan.Item, at node: Int?, around: [Int]) -> Bool? {
    if item.hasExpression {
      guard let expression = item.expression else { return nil }
      return evaluate(expression)
    }
    if item.conditions.isEmpty { return true }
    let results = item.conditions.map { holds($0, at: node, around: around) }
    let all: Bool? = results.contains(false) ? false : results.contains(nil) ? nil : true
    let any: Bool? = results.contains(true) ? true : results.contains(nil) ? nil : false
    guard let needsAll = item.needsAll else { return all == any ? all : nil }
    return needsAll ? all : any
  }

  private func evaluate(_ expression: CompiledExpression) -> Bool? {
    guard let evaluator else { return nil }
    let type = response.table.resourceTypeID(response.tree.rawText(response.node))
    let context = Evaluator.Context(
      response.tree, node: response.node, type: type, resource: (response.node, type),
      rootResource: (response.node, type))
    return (try? evaluator.evaluateBoolean(expression, in: context)) ?? nil
  }

  private func holds(_ condition: QuestionnairePlan.Condition, at node: Int?, around: [Int]) -> Bool? {
    let results = Set(nearest(condition.question, at: node, around: around).map { holds(condition, $0) })
    if results.isEmpty { return holds(condition, nil) }
    return results.count == 1 ? results.first ?? nil : nil
  }

  /// The occurrences of a question that a condition speaks of: of those within the innermost item around that has any,
  /// the last before the place, or else the first after it. For a place that is not known, all of them.
  private func nearest(_ question: String, at node: Int?, around: [Int]) -> [ResourceElement] {
    guard let all = occurrences[question] else { return [] }
    for ancestor in around.reversed() + [response.node] {
      let end = Int(response.tree.nodes[ancestor].end)
      let inside = all[place(of: ancestor, in: all)..<place(of: end, in: all)]
      guard let first = inside.first else { continue }
      guard let node else { return Array(inside) }
      let after = place(of: node + 1, in: all)
      return [after > inside.startIndex ? all[min(after, inside.endIndex) - 1] : first]
    }
    return []
  }

  /// How many of the items, which stand in the order of their nodes, stand before a node.
  private func place(of node: Int, in items: [ResourceElement]) -> Int {
    var low = 0
    var high = items.count
    while low < high {
      let middle = (low + high) / 2
      if items[middle].node < node { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func holds(_ condition: QuestionnairePlan.Condition, _ item: ResourceElement?) -> Bool? {
    let answers = (item?.children("answer") ?? []).compactMap { $0.choice("value") }
    if condition.comparison == "exists" {
      guard case .boolean(let isExpected) = condition.answer else { return nil }
      return answers.isEmpty != isExpected
    }
    if answers.isEmpty { return condition.comparison == "!=" ? nil : false }
    let results = answers.map { compare(AnswerValue($0.element, type: $0.type), condition) }
    if condition.comparison == "!=" {
      // Whether one answer that differs is enough is read in two ways.
      return Set(results).count == 1 ? results[0] : nil
    }
    return results.contains(true) ? true : results.contains(nil) ? nil : false
  }

  private func compare(_ answer: AnswerValue, _ condition: QuestionnairePlan.Condition) -> Bool? {
    switch condition.comparison {
    case "=": answer.isSame(as: condition.answer)
    case "!=": answer.isSame(as: condition.answer).map { !$0 }
    case ">": answer.order(condition.answer).map { $0 > 0 }
    case "<": answer.order(condition.answer).map { $0 < 0 }
    case ">=": answer.order(condition.answer).map { $0 >= 0 }
    case "<=": answer.order(condition.answer).map { $0 <= 0 }
    default: nil
    }
  }
}
