internal import FHIRDefinitions
package import FHIRModel
internal import Synchronization

/// Judges codes without a server, by the definitions at hand: valid, invalid, or nobody can tell.
///
/// Value sets and code systems are made ready when they are first asked for, and kept. Any number of threads may ask.
package final class Terminology: Sendable {
  private let table: DefinitionTable
  private let source: any TerminologySource
  private let systems: SystemRegistry
  private let plans = Mutex<[String: ValueSetPlan]>([:])

  package init(table: DefinitionTable = .r4, source: any TerminologySource = ConformanceStore.core) {
    self.table = table
    self.source = source
    systems = SystemRegistry(source: source)
  }

  /// R4's own definitions.
  package static let core = Terminology()

  // MARK: Verdicts

  /// Whether a code is in a value set, and, where it is and its code system is at hand, bears its name.
  ///
  /// - Parameters:
  ///   - system: nil for an element whose code system is implied (`Patient.gender`).
  ///   - valueSet: a canonical URL, with or without a version.
  package func validate(
    system: String?, code: String, display: String? = nil, in valueSet: String
  ) -> TerminologyVerdict {
    let plan = self.valueSet(valueSet)
    switch plan.membership(system: system, code: code) {
    case .unknown: return .cannotTell(plan.doubt ?? .noValueSet(valueSet))
    case .no: return .invalid(.notInValueSet)
    case .yes:
      guard let system, let display,
        case .invalid(.wrongDisplay(let expected)) =
          validate(system: system, code: code, display: display)
      else { return .valid }
      return .invalid(.wrongDisplay(expected))
    }
  }

  /// Whether a code is one of its code system's, and bears its name.
  package func validate(system: String, code: String, display: String? = nil) -> TerminologyVerdict {
    let known = self.system(system)
    var code = code
    return code.withUTF8 { code in
      switch known.membership(of: code) {
      case .unknown: return .cannotTell(known.doubt)
      case .no: return .invalid(known.isListed ? .notInCodeSystem : .malformed)
      case .yes: break
      }
      guard var display, let concept = known.concept(code), let expected = concept.display else {
        return .valid
      }
      return display.withUTF8 { concept.isDisplay($0) } ? .valid : .invalid(.wrongDisplay(expected))
    }
  }

  // MARK: Parts

  package func system(_ url: UnsafeBufferPointer<UInt8>) -> KnownSystem { systems.system(url) }

  package func system(_ url: String) -> KnownSystem { systems.system(url) }

  /// The value set of a canonical URL; one that is not at hand cannot tell of any code.
  package func valueSet(_ canonical: String) -> ValueSetPlan {
    let known = plans.withLock { $0 }
    if let plan = known[canonical] { return plan }
    var compiler = ValueSetCompiler(table: table, source: source, systems: systems, known: known)
    let plan = compiler.plan(canonical)
    return plans.withLock { plans in
      // Another thread may have been faster: all get the same plan.
      if let plan = plans[canonical] { return plan }
      plans[canonical] = plan
      return plan
    }
  }

  /// A ValueSet that is contained in the resource that refers to it (`#id`); nil if there is none.
  package func valueSet(contained id: String, in tree: ResourceTree, resource: Int = 0) -> ValueSetPlan? {
    let container = Definition(tree, resource)
    let found = container.children(Definition.Names.contained).first {
      $0.tree.rawText($0.node).elementsEqual("ValueSet".utf8) && $0.text(Definition.Names.id) == id
    }
    guard let found else { return nil }
    var compiler = ValueSetCompiler(
      table: table, source: source, systems: systems, known: plans.withLock { $0 })
    return compiler.plan(of: found, canonical: "#" + id)
  }
}

extension KnownSystem {
  /// Whether the system's codes are in a list at hand.
  package var isListed: Bool {
    if case .plan = content { true } else { false }
  }
}
