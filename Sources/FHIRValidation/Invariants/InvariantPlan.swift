import CDefinitions
import FHIRModel
import FHIRPath
import Synchronization

/// An invariant made ready for the elements of one type.
final class InvariantCheck: Sendable {
  let rule: Rule
  let severity: Issue.Severity
  /// What it demands, for people.
  let message: String
  let formula: PresenceFormula
  let expression: CompiledExpression
  /// An expression that gives nothing counts as kept.
  let allowsNothing: Bool

  init(
    rule: Rule, severity: Issue.Severity, message: String, formula: PresenceFormula,
    expression: CompiledExpression
  ) {
    allowsNothing = InvariantCorrections.allowsNothing(rule.code)
    self.rule = rule
    self.severity = severity
    self.message = message
    self.formula = formula
    self.expression = expression
  }
}

/// The invariants of the definitions, compiled type by type when a type first comes; shared by all threads.
final class InvariantPlan: Sendable {
  /// The checks of one type, and when they need no look at all.
  struct TypeChecks: Sendable {
    var checks: [InvariantCheck] = []
    /// Where none of these elements stands, every check is true.
    var elements: UInt64 = 0
    /// Some check is not true of an element without children.
    var isAlwaysDue = false
  }

  let table: DefinitionTable
  let includesBestPractice: Bool
  private let types = Mutex<[UInt16: TypeChecks]>([:])
  private let elements = Mutex<[ElementKey: [InvariantCheck]]>([:])

  private struct ElementKey: Hashable {
    let element: Int
    let type: TypeID
  }

  init(table: DefinitionTable, includesBestPractice: Bool) {
    self.table = table
    self.includesBestPractice = includesBestPractice
  }

  /// Invariants that rules of their own check: for every element, or for all entries of a Bundle at once.
  static let native: Set<String> = [
    "ele-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "txt-1", "txt-2", "bdl-1", "bdl-2", "bdl-3",
    "bdl-4",
    "bdl-5", "bdl-7", "bdl-8", "bdl-9", "bdl-10", "bdl-11", "bdl-12",
  ]

  func checks(of type: TypeID) -> TypeChecks {
    if let known = types.withLock({ $0[type.rawValue] }) { return known }
    var result = TypeChecks()
    for record in table.invariants(of: type) {
      guard let check = check(record, type: type, owner: type) else { continue }
      result.checks.append(check)
      result.elements |= check.formula.elements
      if !check.formula.isTrue(0) { result.isAlwaysDue = true }
    }
    types.withLock { $0[type.rawValue] = result }
    return result
  }

  /// The invariants that are an element's own, for one of the types that it may have.
  func checks(of element: Int, type: TypeID) -> [InvariantCheck] {
    let key = ElementKey(element: element, type: type)
    if let known = elements.withLock({ $0[key] }) { return known }
    let record = table.elements[element]
    let owner = TypeID(rawValue: record.owner)
    let result = table.invariants(of: record).compactMap { check($0, type: type, owner: owner) }
    elements.withLock { $0[key] = result }
    return result
  }

  /// - Parameters:
  ///   - type: of the elements that it will be asked about.
  ///   - owner: the type whose definition states it.
  private func check(_ record: definition_invariant, type: TypeID, owner: TypeID) -> InvariantCheck? {
    let key = table.string(record.key)
    let isBestPractice = record.flags & UInt8(INVARIANT_BEST_PRACTICE) != 0
    if Self.native.contains(key) || isBestPractice && !includesBestPractice { return nil }
    let text = InvariantCorrections.expression(of: key, table.string(record.expression))
    do {
      let parsed = try Expression(parsing: text)
      return InvariantCheck(
        rule: .invariant(key),
        severity: record.severity == UInt8(INVARIANT_WARNING.rawValue) ? .warning : .error,
        message: InvariantTexts.text(of: key, in: table.name(of: owner)) ?? "this must hold: \(text)",
        formula: PresenceFormula(parsed, type: type, table: table),
        // Of the types of a choice one may lack what another has (ras-1).
        expression: try CompiledExpression(
          text, context: type, table: table, options: [.invariants, .unknownElementsAreEmpty]))
    } catch {
      // A test compiles all of the core's; what a user's package states wrongly says nothing about data.
      return nil
    }
  }
}
