internal import CDefinitions

/// Numbers the invariants of a table: those alike in key, expression, severity and source are one.
struct InvariantNumbers {
  struct Invariant: Hashable {
    let key: String
    let expression: String
    let source: String
    let isWarning: Bool
    let isBestPractice: Bool
  }

  private(set) var invariants: [Invariant] = []
  private var numbers: [Invariant: Int] = [:]
  private let structures: [StructureDefinition]
  private let structureByURL: [String: StructureDefinition]

  init(plan: TypePlan) {
    structures = plan.structures
    structureByURL = Dictionary(structures.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The number of a constraint that stands in a structure, on an element of a type that another structure defines.
  mutating func number(
    of constraint: ElementDefinition.Constraint, in structure: Int, type: Int? = nil
  ) -> Int {
    let source =
      constraint.source ?? type.flatMap { origin(of: constraint, in: structures[$0]) }
      ?? origin(of: constraint, in: structures[structure]) ?? structures[structure].url
    let invariant = Invariant(
      key: constraint.key, expression: Self.corrected(constraint), source: source,
      isWarning: constraint.isWarning, isBestPractice: constraint.isBestPractice)
    if let known = numbers[invariant] { return known }
    numbers[invariant] = invariants.count
    invariants.append(invariant)
    return invariants.count - 1
  }

  /// Where a constraint without a source comes from: the topmost of a structure and its bases whose root states it.
  private func origin(
    of constraint: ElementDefinition.Constraint, in structure: StructureDefinition
  ) -> String? {
    var origin: String?
    var seen: Set<String> = []
    var next: StructureDefinition? = structure
    while let definition = next, seen.insert(definition.url).inserted {
      let states = definition.elements.first?.constraints.contains {
        $0.key == constraint.key && $0.expression == constraint.expression
      }
      if states == true { origin = definition.url }
      next = definition.base.flatMap { structureByURL[$0] }
    }
    return origin
  }

  /// R4 publishes tim-9 as `.not()` within `in`, which is no FHIRPath; this is HL7's correction.
  ///
  /// See http://hl7.org/fhir/R4/datatypes.html#Timing-inv
  private static func corrected(_ constraint: ElementDefinition.Constraint) -> String {
    guard constraint.key == "tim-9" else { return constraint.expression }
    return corrections[constraint.expression] ?? constraint.expression
  }

  private static let corrections: [String: String] = [
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))":
      "offset.empty() or (when.exists() and when.all(($this in ('C' | 'CM' | 'CD' | 'CV')).not()))"
  ]
}

extension TableSections {
  mutating func addInvariants(_ numbers: InvariantNumbers) {
    for invariant in numbers.invariants {
      let severity = invariant.isWarning ? INVARIANT_WARNING : INVARIANT_ERROR
      invariants.append(
        definition_invariant(
          key: string(invariant.key), expression: string(invariant.expression),
          source: string(invariant.source),
          severity: UInt8(severity.rawValue),
          flags: UInt8(invariant.isBestPractice ? INVARIANT_BEST_PRACTICE : 0), reserved: (0, 0)))
    }
  }
}
