import FHIRModel
import FHIRTerminology

/// Judges coded values by the value set that their element is bound to.
///
/// See https://hl7.org/fhir/R4/terminologies.html#strength. A required binding holds or is broken; a code outside of an
/// extensible one may be right, which only people can judge, so that it is a warning.
struct BindingCheck {
  let tree: ResourceTree
  let names: CodedNames
  let terminology: Terminology

  /// What is wrong with a bound value.
  struct Fault {
    var severity: Issue.Severity
    var rule: Rule
    /// The node that is at fault, and whose value may be shown.
    var value: Int
    /// What the element must or should be, after its path: `must be one of the 4 codes of …`.
    var demand: String
    /// For an extensible binding: a coding has no system, or a code that its system does not know, which is told by itself.
    var isToldByCoding = false
  }

  enum Outcome {
    case holds
    case broken(Fault)
    case cannotTell(TerminologyVerdict.Doubt)
  }

  /// Whether a node's value keeps to a binding.
  func check(_ node: Int, form: CodedForm, binding: CodeBinding) -> Outcome {
    var doubt: TerminologyVerdict.Doubt?
    if let maximum = binding.maximum {
      switch membership(of: node, form, in: maximum.plan) {
      case .yes: break
      // The maximum says from where codes may be taken, and what is only preferred may have none.
      case .no where form == .concept && binding.strength == .preferred:
        guard hasCode(node) else { return .holds }
        return .broken(
          fault(
            .warning, .bindingMaximum, node, form,
            "should \(verb(form)) \(description(of: maximum.plan, node, form)), where a code is given"))
      case .no:
        return .broken(
          fault(
            .error, .bindingRequired, node, form,
            "must \(verb(form)) \(description(of: maximum.plan, node, form))"))
      case .unknown: doubt = maximum.plan.doubt
      }
    }
    guard binding.strength == .required || binding.strength == .extensible else {
      return doubt.map { .cannotTell($0) } ?? .holds
    }
    let plan = binding.valueSet.plan
    switch membership(of: node, form, in: plan) {
    case .yes: return doubt.map { .cannotTell($0) } ?? .holds
    case .unknown: return .cannotTell(plan.doubt ?? .noValueSet(plan.canonical))
    case .no: break
    }
    if binding.strength == .required {
      return .broken(
        fault(.error, .bindingRequired, node, form, "must \(verb(form)) \(description(of: plan, node, form))")
      )
    }
    let demand =
      "should \(verb(form)) \(description(of: plan, node, form)), unless none of them fits (extensible binding)"
    var fault = fault(.warning, .bindingExtensible, node, form, demand)
    fault.isToldByCoding = hasFaultyCoding(node, form)
    return .broken(fault)
  }

  private func fault(
    _ severity: Issue.Severity, _ rule: Rule, _ node: Int, _ form: CodedForm, _ demand: String
  ) -> Fault {
    let value = form == .concept || form == .code ? node : tree.child(names.code, of: node) ?? node
    return Fault(severity: severity, rule: rule, value: value, demand: demand)
  }

  // MARK: Membership

  func membership(of node: Int, _ form: CodedForm, in plan: ValueSetPlan) -> Membership {
    switch form {
    case .code: return withText(node) { plan.membership(system: nil, code: $0) }
    case .coding, .quantity:
      // One without a code says nothing that could be outside of the value set.
      guard let code = tree.child(names.code, of: node) else { return .yes }
      return membership(coding: node, code: code, in: plan)
    case .concept:
      var result = Membership.no
      for coding in tree.children(of: node) where tree.nodes[coding].name == names.coding {
        guard let code = tree.child(names.code, of: coding) else { continue }
        switch membership(coding: coding, code: code, in: plan) {
        case .yes: return .yes
        case .unknown: result = .unknown
        case .no: break
        }
      }
      return result
    }
  }

  /// Whether a concept has a code, and is not told by its text alone.
  private func hasCode(_ node: Int) -> Bool {
    tree.children(of: node).contains {
      tree.nodes[$0].name == names.coding && tree.child(names.code, of: $0) != nil
    }
  }

  private func membership(coding: Int, code: Int, in plan: ValueSetPlan) -> Membership {
    withText(code) { code in
      guard let system = tree.child(names.system, of: coding) else {
        // Without its system a code is none of a listed code system; a grammar has no need of it.
        guard plan.grammar != nil else { return plan.isKnown ? .no : .unknown }
        return plan.membership(system: nil, code: code)
      }
      return withText(system) { plan.membership(system: $0, code: code) }
    }
  }

  private func hasFaultyCoding(_ node: Int, _ form: CodedForm) -> Bool {
    switch form {
    case .code: false
    case .coding, .quantity: isFaulty(node, form)
    case .concept:
      tree.children(of: node).contains { tree.nodes[$0].name == names.coding && isFaulty($0, .coding) }
    }
  }

  /// Whether ``CodedValueRule`` finds fault with a coding's code or system.
  private func isFaulty(_ coding: Int, _ form: CodedForm) -> Bool {
    guard let code = tree.child(names.code, of: coding) else { return false }
    guard let system = tree.child(names.system, of: coding) else { return form == .coding }
    let known = withText(system) { terminology.system($0) }
    return withText(code) { known.membership(of: $0) } == .no
  }

  @inline(__always)
  private func withText<R>(_ node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let raw = tree.rawText(node)
    guard tree.nodes[node].flags.contains(.escaped) else { return body(raw) }
    return tree.withText(node, scratch: TextBuffer(capacity: raw.count), body)
  }

  // MARK: Words

  private func verb(_ form: CodedForm) -> String { form == .concept ? "have a coding that is" : "be" }

  /// What the value set holds: its codes if they are few, else how many, and one that was perhaps meant.
  private func description(of plan: ValueSetPlan, _ node: Int, _ form: CodedForm) -> String {
    switch plan.grammar {
    case .language: return "a language tag such as en or de-CH (BCP 47)"
    case .mime: return "a MIME type such as text/plain"
    case .ucum: return "a unit of UCUM such as mg/dL"
    case nil: break
    }
    guard let members = plan.list(limit: 2000) else { return "a code of \(plan.name)" }
    let text = "one of the \(members.count) codes of \(plan.name)"
    if members.count <= 16 { return text + " (\(members.map(\.code).joined(separator: ", ")))" }
    guard form != .concept, let code = form == .code ? node : tree.child(names.code, of: node),
      let near = closest(to: tree.string(at: code), among: members.lazy.map(\.code))
    else { return text }
    return text + ", perhaps \(near)"
  }
}
