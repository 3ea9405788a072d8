import FHIRModel
import FHIRPath
import FHIRTerminology

/// What FHIRPath's `memberOf()`, `subsumes()` and `subsumedBy()` ask; nil where nobody here can tell.
///
/// See https://hl7.org/fhir/R4/fhirpath.html#functions
struct TerminologyAnswers: Sendable {
  let terminology: Terminology
  let table: DefinitionTable
  let names: CodedNames

  init(_ terminology: Terminology, table: DefinitionTable) {
    self.terminology = terminology
    self.table = table
    names = CodedNames(table: table)
  }

  func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? {
    let plan = terminology.valueSet(valueSet)
    switch value {
    case .code(let code): return plan.membership(system: nil, code: code).answer
    case .element(let element):
      guard let type = element.type, let form = names.form(of: type, table) else { return nil }
      let check = BindingCheck(tree: element.tree, names: names, terminology: terminology)
      return check.membership(of: element.node, form, in: plan).answer
    }
  }

  /// Whether a code is another, or a kind of it: `subsumes` of the second by the first.
  func subsumes(_ value: TerminologyValue, _ other: TerminologyValue) -> Bool? {
    let (upper, lower) = (codings(value), codings(other))
    guard !upper.isEmpty, !lower.isEmpty else { return nil }
    var isInDoubt = false
    for above in upper {
      for below in lower {
        // A code by itself is of the system of the other.
        guard let system = above.system ?? below.system else {
          isInDoubt = true
          continue
        }
        guard system == below.system ?? system else { continue }
        switch terminology.system(system).subsumes(above.code, below.code) {
        case .yes: return true
        case .unknown: isInDoubt = true
        case .no: break
        }
      }
    }
    return isInDoubt ? nil : false
  }

  private func codings(_ value: TerminologyValue) -> [(system: String?, code: String)] {
    guard case .element(let element) = value else {
      if case .code(let code) = value { return [(nil, code)] }
      return []
    }
    let tree = element.tree
    func coding(_ node: Int) -> (system: String?, code: String)? {
      tree.child(names.code, of: node).map { code in
        (tree.child(names.system, of: node).map { tree.string(at: $0) }, tree.string(at: code))
      }
    }
    switch element.type.flatMap({ names.form(of: $0, table) }) {
    case .code: return [(nil, tree.string(at: element.node))]
    case .coding, .quantity: return [coding(element.node)].compactMap(\.self)
    case .concept:
      return tree.children(of: element.node).filter { tree.nodes[$0].name == names.coding }.compactMap(coding)
    case nil: return []
    }
  }
}

extension Membership {
  fileprivate var answer: Bool? {
    switch self {
    case .yes: true
    case .no: false
    case .unknown: nil
    }
  }
}
