internal import Patterns
internal import UCUM

/// A filter of a value set's selection, evaluated over the code system at hand.
///
/// See https://hl7.org/fhir/R4/valueset.html#filters and https://hl7.org/fhir/R4/valueset-filter-operator.html
struct ConceptFilter: Sendable {
  enum Operator: String {
    case equal = "="
    case isA = "is-a"
    case descendentOf = "descendent-of"
    case isNotA = "is-not-a"
    case regex
    case `in`
    case notIn = "not-in"
    case generalizes
    case exists
  }

  private let outcome: Outcome

  private enum Outcome {
    /// By the concept's number.
    case selected(KnownSystem, [Bool])
    /// A hierarchy that is not at hand: a concept is a kind of itself, which is all that is known.
    case root(String, isMember: Bool)
    /// Units that measure what another does.
    case commensurable(UCUMUnit)
    case unknown
  }

  init(property: String, operation: String, value: String, system: KnownSystem) {
    guard let operation = Operator(rawValue: operation) else {
      outcome = .unknown
      return
    }
    guard case .plan(let plan) = system.content else {
      switch (system.grammar, operation) {
      case (.ucum, .equal) where property == "canonical":
        outcome = (try? UCUMUnit(parsing: value)).map { .commensurable($0) } ?? .unknown
      case (_, .isA), (_, .generalizes): outcome = .root(value, isMember: true)
      case (_, .descendentOf), (_, .isNotA): outcome = .root(value, isMember: false)
      default: outcome = .unknown
      }
      return
    }
    if let selected = ConceptSelection(plan: plan).concepts(property, operation, value) {
      outcome = .selected(system, selected)
    } else {
      outcome = .unknown
    }
  }

  /// Whether it says which concepts are meant.
  var isUnderstood: Bool {
    if case .unknown = outcome { false } else { true }
  }

  func membership(of code: UnsafeBufferPointer<UInt8>) -> Membership {
    switch outcome {
    case .unknown: return .unknown
    case .commensurable(let unit):
      guard let given = try? UCUMUnit(parsing: String(decoding: code, as: UTF8.self)) else { return .no }
      return Membership(given.isCommensurable(with: unit))
    case .root(let value, let isMember):
      return code.elementsEqual(value.utf8) ? Membership(isMember) : .unknown
    case .selected(let system, let selected):
      guard case .plan(let plan) = system.content, let number = plan.number(of: code) else {
        return system.membership(of: code)
      }
      return Membership(selected[number])
    }
  }
}

/// Picks a code system's concepts by their codes, their place in the hierarchy, or their properties.
private struct ConceptSelection {
  let plan: CodeSystemPlan

  private var all: Range<Int> { 0..<plan.codes.count }

  /// By number; nil where the filter cannot be understood.
  func concepts(_ property: String, _ operation: ConceptFilter.Operator, _ value: String) -> [Bool]? {
    switch operation {
    case .isA, .descendentOf, .isNotA, .generalizes:
      guard ["concept", "code"].contains(property) else { return nil }
      return hierarchy(operation, value)
    case .equal: return all.map { values(property, of: $0).contains(value) }
    case .in, .notIn:
      let wanted = Set(value.split(separator: ",").map { $0.trimmed })
      return all.map { !wanted.isDisjoint(with: values(property, of: $0)) == (operation == .in) }
    case .exists: return all.map { values(property, of: $0).isEmpty == (value == "false") }
    case .regex:
      return try? matches(property, Pattern(value))
    }
  }

  /// Which concepts a regular expression matches as a whole; with our own matcher, as a package may bring any expression.
  private func matches(_ property: String, _ pattern: Pattern) throws -> [Bool] {
    var selected: [Bool] = []
    for concept in all {
      var isMatched = false
      for value in values(property, of: concept) where !isMatched {
        var text = value
        isMatched = try text.withUTF8 { try pattern.matchesWhole($0) }
      }
      selected.append(isMatched)
    }
    return selected
  }

  private func hierarchy(_ operation: ConceptFilter.Operator, _ value: String) -> [Bool]? {
    guard let root = plan.number(of: value) else {
      // Nothing is below a concept that does not exist.
      return plan.isComplete ? all.map { _ in operation == .isNotA } : nil
    }
    if operation == .generalizes { return plan.ancestry(of: root) }
    var selected = plan.subtree(of: root)
    if operation == .descendentOf { selected[root] = false }
    return operation == .isNotA ? selected.map { !$0 } : selected
  }

  private func values(_ property: String, of concept: Int) -> [String] {
    switch property {
    case "code", "concept": return [plan.code(concept)]
    case "display": return [plan.display(of: concept)].compactMap(\.self)
    case "parent": return plan.parents(of: concept).map { plan.code($0) }
    case "child": return plan.children(of: concept).map { plan.code($0) }
    case "inactive": return [plan.isInactive(concept) ? "true" : "false"]
    default: break
    }
    return plan.definitions(of: concept).flatMap { $0.children(Definition.Names.property) }.compactMap {
      item in
      guard item.text(Definition.Names.code) == property,
        let value = item.choice(Definition.Names.propertyValues)
      else { return nil }
      return value.text(Definition.Names.code) ?? value.text
    }
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
