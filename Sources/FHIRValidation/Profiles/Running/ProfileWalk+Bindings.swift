import FHIRModel
import FHIRTerminology

// The value sets that a profile binds its elements to.
extension ProfileWalk {
  mutating func checkBinding(_ place: Place, _ plan: PlanReference) {
    guard let binding = plan.plan.details[Int(place.element)].binding, let outcome = outcome(place, binding)
    else {
      return
    }
    switch outcome {
    case .holds: break
    case .cannotTell(let doubt):
      if options.tellsUndecided && quietness == 0 {
        report(
          .information, .codeUndecided, at: place.node,
          "\(path(place.element, plan)) cannot be checked: \(doubt): \(source(plan))")
      }
    case .broken(let fault):
      guard fault.severity >= .error ? isTold() : quietness == 0 else { return }
      if fault.isToldByCoding { return }
      report(
        fault.severity, fault.rule, at: place.node, value: fault.value,
        "\(path(place.element, plan)) \(fault.demand): \(source(plan))")
    }
  }

  /// How a value stands to a binding; nil where its type bears no code.
  private func outcome(_ place: Place, _ binding: CodeBinding) -> BindingCheck.Outcome? {
    let library = session.library
    guard let form = library.codedNames.form(of: place.type, table) else { return nil }
    if form == .code && !nodes[place.node].flags.contains(.hasValue) { return nil }
    return BindingCheck(tree: tree, names: library.codedNames, terminology: library.terminology)
      .check(place.node, form: form, binding: binding)
  }

  /// Whether a value keeps to a binding that tells slices apart.
  func isMember(_ place: Place, of binding: Int32, _ plan: PlanReference) -> Bool {
    if case .holds = outcome(place, plan.plan.bindings[Int(binding)]) { true } else { false }
  }
}
