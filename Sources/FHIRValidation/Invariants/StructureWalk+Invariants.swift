import FHIRModel
import FHIRPath

extension StructureWalk {
  /// Evaluates the invariants of the frame's type, at the end of the frame: what stood is known by then.
  @inline(never)
  mutating func checkInvariants() {
    guard let runner = invariants else { return }
    let frame = self.frame
    let seen = frame.seen & ~plan.types[Int(frame.type.rawValue)].forbidden
    let isWhole = plan.types[Int(frame.type.rawValue)].required & ~frame.seen == 0
    for check in runner.checks(of: frame.type)
    where !check.formula.isTrue(seen) || options.evaluatesEveryInvariant {
      let context = context(of: frame.node, type: frame.type, resource: frame.resource)
      report(check, runner.verdict(check, context, isWhole: isWhole), at: frame.node)
    }
  }

  /// Evaluates the invariants that are an element's own.
  ///
  /// - Parameter resource: the resource that the element is in.
  @inline(never)
  mutating func checkInvariants(ofElement node: Int, _ child: PlanChild, resource: Int) {
    guard let runner = invariants else { return }
    let type = TypeID(rawValue: child.type)
    for check in runner.checks(of: Int(child.element), type: type) {
      let context = context(of: node, type: type, resource: resource)
      report(check, runner.verdict(check, context, isWhole: true), at: node)
    }
  }

  private mutating func report(_ check: InvariantCheck, _ verdict: InvariantRunner.Verdict, at node: Int) {
    if case .kept = verdict { return }
    // An element that is defined by reference to another has the other's invariants too; where they demand the same, it
    // is said once (tst-7 and tst-8).
    if findings.contains(where: { $0.node == node && $0.issue.message.hasPrefix(check.message) }) { return }
    var message = check.message
    if case .untold = verdict { message += ": whether that holds cannot be told of these values" }
    report(check.severity, check.rule, at: node, message)
  }

  private func context(of node: Int, type: TypeID, resource: Int) -> Evaluator.Context {
    let table = plan.table
    let root = container ?? resource
    return Evaluator.Context(
      tree, node: node, type: type, resource: (resource, table.typeID(tree.rawText(resource))),
      rootResource: (root, table.typeID(tree.rawText(root))))
  }
}
