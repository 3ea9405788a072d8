import CDefinitions
import FHIRModel
import FHIRPath

/// What an invariant demands as far as it can be told from which elements stand, without looking into any.
///
/// Most invariants hold because an element they speak of is absent: `dataAbsentReason.empty() or value.empty()`. The walk
/// knows what stood as a bit mask, and a formula over bits is told in nanoseconds. Only what it cannot tell to be true is
/// evaluated.
struct PresenceFormula: Equatable, Sendable {
  /// What is known of a part of the expression.
  enum Verdict: UInt8 { case no, yes, empty, unknown }

  /// A step of the formula in postfix order.
  enum Step: Equatable, Sendable {
    case constant(Verdict)
    /// `ifPresent` where the element stands, else `ifAbsent`.
    case element(order: UInt8, ifPresent: Verdict, ifAbsent: Verdict)
    case not
    case combine(Connective)
  }

  enum Connective: Equatable, Sendable { case and, or, xor, implies, equal, notEqual }

  private(set) var steps: [Step] = []
  /// The elements that the formula looks at.
  private(set) var elements: UInt64 = 0

  /// The formula of an expression for elements of a type.
  init(_ expression: Expression, type: TypeID, table: DefinitionTable) {
    var compiler = PresenceCompiler(type: type, table: table)
    compiler.append(expression)
    steps = compiler.steps
    for case .element(let order, _, _) in steps { elements |= 1 << UInt64(order) }
    // The values of a formula that is told in one word, two bits each; a deeper one tells nothing.
    if compiler.depth > 30 { steps = [.constant(.unknown)] }
  }

  /// Whether the expression is true of an element with these children, by their order in its type.
  ///
  /// False means no more than that it must be evaluated.
  func isTrue(_ seen: UInt64) -> Bool { verdict(seen) == .yes }

  func verdict(_ seen: UInt64) -> Verdict {
    var stack: UInt64 = 0
    for step in steps {
      switch step {
      case .constant(let verdict): stack = stack << 2 | UInt64(verdict.rawValue)
      case .element(let order, let present, let absent):
        let verdict = seen >> UInt64(order) & 1 == 1 ? present : absent
        stack = stack << 2 | UInt64(verdict.rawValue)
      case .not:
        let value = stack & 3
        if value < 2 { stack ^= 1 }
      case .combine(let connective):
        let right = stack & 3
        let left = (stack >> 2) & 3
        stack = ((stack >> 4) << 2) | Self.combine(connective, left, right)
      }
    }
    // Two bits are always a verdict.
    return Verdict(rawValue: UInt8(stack & 3)).unsafelyUnwrapped
  }

  /// See https://hl7.org/fhirpath/N1/#boolean-logic; what is unknown may turn out to be any of the three.
  private static func combine(_ connective: Connective, _ left: UInt64, _ right: UInt64) -> UInt64 {
    let no = UInt64(Verdict.no.rawValue)
    let yes = UInt64(Verdict.yes.rawValue)
    let empty = UInt64(Verdict.empty.rawValue)
    let unknown = UInt64(Verdict.unknown.rawValue)
    switch connective {
    case .and:
      if left == no || right == no { return no }
      if left == unknown || right == unknown { return unknown }
      return left == empty || right == empty ? empty : yes
    case .or:
      if left == yes || right == yes { return yes }
      if left == unknown || right == unknown { return unknown }
      return left == empty || right == empty ? empty : no
    case .implies:
      if left == no || right == yes { return yes }
      if left == unknown || right == unknown { return unknown }
      return left == empty || right == empty ? empty : no
    case .xor, .notEqual, .equal:
      if left == empty || right == empty { return empty }
      if left == unknown || right == unknown { return unknown }
      return (left == right) == (connective == .equal) ? yes : no
    }
  }
}

/// Reads a formula off an expression.
private struct PresenceCompiler {
  let type: TypeID
  let table: DefinitionTable
  var steps: [PresenceFormula.Step] = []
  var depth = 0

  init(type: TypeID, table: DefinitionTable) {
    self.type = type
    self.table = table
  }

  mutating func append(_ expression: Expression) {
    depth += 1
    switch expression.kind {
    case .literal(.boolean(let value)): steps.append(.constant(value ? .yes : .no))
    case .chain(.and, let operands): append(operands, .and)
    case .chain(.or, let operands): append(operands, .or)
    case .binary(.and, let left, let right): append([left, right], .and)
    case .binary(.or, let left, let right): append([left, right], .or)
    case .binary(.xor, let left, let right): append([left, right], .xor)
    case .binary(.implies, let left, let right): append([left, right], .implies)
    case .binary(.equal, let left, let right) where isBoolean(left) && isBoolean(right):
      append([left, right], .equal)
    case .binary(.notEqual, let left, let right) where isBoolean(left) && isBoolean(right):
      append([left, right], .notEqual)
    case .binary(let sign, let left, let right): appendComparison(sign, left, right)
    case .call(let focus?, "not", let arguments) where arguments.isEmpty:
      append(focus)
      steps.append(.not)
    case .call(let focus?, let function, let arguments): appendCall(focus, function, arguments)
    default: steps.append(.constant(.unknown))
    }
  }

  private mutating func append(_ operands: [Expression], _ connective: PresenceFormula.Connective) {
    for (number, operand) in operands.enumerated() {
      append(operand)
      if number > 0 { steps.append(.combine(connective)) }
    }
  }

  /// Whether an expression gives a boolean that formulas know of.
  private func isBoolean(_ expression: Expression) -> Bool {
    guard case .call(_, let function, _) = expression.kind else { return false }
    return ["exists", "empty", "hasValue", "not"].contains(function)
  }

  private mutating func appendCall(_ focus: Expression, _ function: String, _ arguments: [Expression]) {
    guard let path = path(focus) else {
      steps.append(.constant(.unknown))
      return
    }
    switch function {
    case "exists":
      append(path, ifPresent: path.isElement && arguments.isEmpty ? .yes : .unknown, ifAbsent: .no)
    case "empty": append(path, ifPresent: path.isElement ? .no : .unknown, ifAbsent: .yes)
    case "hasValue": append(path, ifPresent: .unknown, ifAbsent: .no)
    case "all", "isDistinct", "allTrue", "allFalse": append(path, ifPresent: .unknown, ifAbsent: .yes)
    case "startsWith", "endsWith", "contains", "matches":
      append(path, ifPresent: .unknown, ifAbsent: .empty)
    default: steps.append(.constant(.unknown))
    }
  }

  /// Comparisons with what is absent are empty.
  private mutating func appendComparison(
    _ sign: Expression.Operator, _ left: Expression, _ right: Expression
  ) {
    switch sign {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in:
      guard let path = path(left) else { break }
      append(path, ifPresent: .unknown, ifAbsent: .empty)
      return
    default: break
    }
    steps.append(.constant(.unknown))
  }

  private mutating func append(
    _ path: Path, ifPresent: PresenceFormula.Verdict, ifAbsent: PresenceFormula.Verdict
  ) {
    steps.append(.element(order: path.order, ifPresent: ifPresent, ifAbsent: ifAbsent))
  }

  /// A path that gives nothing where the element that it begins with is absent.
  private struct Path {
    let order: UInt8
    /// It is the element itself, not something in it.
    let isElement: Bool
  }

  private func path(_ expression: Expression) -> Path? {
    switch expression.kind {
    case .member(nil, let name): return order(name).map { Path(order: $0, isElement: true) }
    case .member(let focus?, let name):
      // The type's own name at the start of a path is the element itself.
      if case .member(nil, let start) = focus.kind, order(start) == nil, start == table.name(of: type) {
        return order(name).map { Path(order: $0, isElement: true) }
      }
      return path(focus).map { Path(order: $0.order, isElement: false) }
    case .index(let focus, _): return path(focus).map { Path(order: $0.order, isElement: false) }
    case .call(let focus?, let function, _)
    where [
      "where", "select", "first", "last", "tail", "ofType", "as", "code", "trace", "descendants", "children",
    ]
    .contains(function):
      return path(focus).map { Path(order: $0.order, isElement: false) }
    default: return nil
    }
  }

  private func order(_ name: String) -> UInt8? {
    guard let id = table.nameID(name) else { return nil }
    return table.elements(of: type).first { $0.name == id.rawValue }.map { UInt8($0.order) }
  }
}
