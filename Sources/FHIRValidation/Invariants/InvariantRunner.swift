import FHIRModel
import FHIRPath

/// Evaluates invariants for one thread, and remembers which types need a look.
final class InvariantRunner {
  /// When the elements of a type need a look.
  struct Gate {
    /// Some of these elements stands.
    var elements: UInt64
    /// All bits: always. The state before a type's checks are known.
    var always: UInt64
  }

  let gates: UnsafeMutablePointer<Gate>
  private let plan: InvariantPlan
  private var types: [[InvariantCheck]?]
  let environment: InvariantEnvironment
  let evaluator: Evaluator

  init(plan: InvariantPlan) {
    self.plan = plan
    environment = InvariantEnvironment(table: plan.table)
    let count = plan.table.types.count
    gates = .allocate(capacity: max(count, 1))
    gates.initialize(repeating: Gate(elements: .max, always: .max), count: count)
    types = [[InvariantCheck]?](repeating: nil, count: count)
    evaluator = Evaluator(table: plan.table, environment: environment)
  }

  deinit { gates.deallocate() }

  /// The checks of a type.
  func checks(of type: TypeID) -> [InvariantCheck] {
    if let known = types[Int(type.rawValue)] { return known }
    let found = plan.checks(of: type)
    types[Int(type.rawValue)] = found.checks
    gates[Int(type.rawValue)] = Gate(
      elements: found.elements, always: found.isAlwaysDue ? .max : 0)
    return found.checks
  }

  /// Lets go of the trees that it has looked at.
  func forget() { evaluator.forget() }

  func checks(of element: Int, type: TypeID) -> [InvariantCheck] { plan.checks(of: element, type: type) }

  enum Verdict {
    case kept
    case broken
    /// The values do not tell, and an invariant must be true: see https://hl7.org/fhir/R4/conformance-rules.html#constraints.
    case untold
  }

  /// Whether an invariant is kept.
  ///
  /// - Parameter isWhole: whether all elements stand that must. Where one is missing, an expression that gives nothing is
  ///   its consequence.
  func verdict(_ check: InvariantCheck, _ context: Evaluator.Context, isWhole: Bool) -> Verdict {
    do {
      switch try evaluator.evaluateBoolean(check.expression, in: context) {
      case true?: return .kept
      case false?: return .broken
      case nil: return isWhole && !check.allowsNothing ? .untold : .kept
      }
    } catch {
      // The data is not what the expression expects, which other rules report.
      return .kept
    }
  }
}

/// What invariants ask of the world beyond the tree.
final class InvariantEnvironment: EvaluationEnvironment {
  private let table: DefinitionTable
  /// The Bundle whose entries are being checked one by one, where all of them are at hand.
  var bundle: BundledResources?
  /// A reference could not be followed that leads to another entry, perhaps.
  var isTargetMissed = false

  init(table: DefinitionTable) { self.table = table }

  func resolve(_ reference: String, from source: TreeNode) -> TreeNode? {
    if let bundle { return bundle.resolve(reference, from: source, table: table) }
    if !source.tree.rootExpression.isEmpty { isTargetMissed = true }
    return nil
  }

  func passesHTMLChecks(_ element: TreeNode) -> Bool {
    let scratch = TextBuffer()
    return element.tree.withText(element.node, scratch: scratch) { NarrativeReader($0).faults.isEmpty }
  }
}
