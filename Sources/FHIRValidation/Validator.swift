package import FHIRDefinitions
package import FHIRModel
import FHIRTerminology

/// What the user asked of validation.
package struct ValidationOptions: Sendable, Hashable {
  /// Whether messages may show values. They are patient data: off unless asked for.
  package var showValues: Bool
  /// After so many findings in one record the rest is left out, and a finding says so.
  package var maxIssues: Int
  /// Whether invariants are evaluated.
  package var checksInvariants = true
  /// Whether invariants are evaluated even where what stands tells them true: to prove that it tells the truth.
  package var evaluatesEveryInvariant = false
  /// Whether invariants that are good practice rather than rules are evaluated too, such as dom-6.
  package var bestPractice: Bool
  /// Which profiles are checked, and what becomes of extensions that are not known.
  package var profiles = ProfileOptions()
  /// Whether codes whose value set or code system is not at hand are told as information.
  package var tellsUndecided = false

  package init(showValues: Bool = false, maxIssues: Int = 1000, bestPractice: Bool = false) {
    self.showValues = showValues
    self.maxIssues = maxIssues
    self.bestPractice = bestPractice
  }
}

/// Checks resources against the definitions: structure, primitives, required bindings, references.
///
/// It is compiled once from a table to an immutable plan; any number of threads may then validate with it.
package final class Validator: Sendable {
  let plan: ValidationPlan
  let options: ValidationOptions
  /// Profiles, extensions, value sets and code systems by their URLs.
  let definitions: ConformanceStore
  /// nil where profiles are not looked at.
  private let profiles: ProfileRules?
  private let invariants: InvariantPlan
  private let idle = PerThread<Memory>()

  /// What one thread validates with, again and again.
  private final class Memory {
    let runner: InvariantRunner?
    let session: ProfileSession?

    init(_ validator: Validator) {
      runner = validator.options.checksInvariants ? InvariantRunner(plan: validator.invariants) : nil
      session = validator.profiles.map { ProfileSession(library: $0.library) }
    }
  }

  package init(
    table: DefinitionTable = .r4, definitions: ConformanceStore = .core,
    options: ValidationOptions = ValidationOptions()
  ) {
    let terminology =
      table.isEmbedded && definitions === ConformanceStore.core
      ? .core : Terminology(table: table, source: definitions)
    plan = ValidationPlan(table: table, terminology: terminology, definitions: definitions)
    invariants = InvariantPlan(table: table, includesBestPractice: options.bestPractice)
    self.definitions = definitions
    self.options = options
    profiles =
      options.profiles.areChecked
      ? ProfileRules(
        definitions: definitions, table: table, terminology: terminology, options: options.profiles) : nil
  }

  /// Appends what is wrong with a tree to `issues`, in the order of the tree's nodes.
  ///
  /// The tree's root is a resource, or the entry of a Bundle (`rootExpression` is then `Bundle.entry[3]`). What entries have
  /// to do with each other is judged where all of them stand in the tree.
  package func validate(_ tree: ResourceTree, into issues: inout [Issue]) {
    var toldMissing: Set<ProfileNumber> = []
    validate(tree, into: &issues, toldMissing: &toldMissing)
  }

  private func validate(
    _ tree: ResourceTree, into issues: inout [Issue], toldMissing: inout Set<ProfileNumber>
  ) {
    guard tree.count > 0 else { return }
    let memory = idle.take { Memory(self) }
    defer { idle.giveBack(memory) }
    var walk = StructureWalk(tree: tree, plan: plan, options: options, invariants: memory.runner)
    walk.run()
    memory.runner?.forget()
    if let profiles, let session = memory.session {
      profiles.check(tree, options, in: session, findings: &walk.findings, toldMissing: &toldMissing)
    }
    walk.finish(into: &issues)
  }

  /// The same for the records of a source, one after the other: what its entries leave for the whole Bundle is gathered in
  /// `scope`.
  ///
  /// - Returns: the other members of a Bundle, with which to close the scope, if the tree's root is one: all of its entries
  ///   have gone by, in this tree or in those before it.
  ///
  /// - Parameter bundle: all entries of the Bundle that the tree is one of, where they are at hand: for rules that look at
  ///   what references lead to. Where they are not and were asked for, ``BundleScope/asksForTargets`` tells.
  package func validate(
    _ tree: ResourceTree, into issues: inout [Issue], scope: inout BundleScope,
    among bundle: BundledResources? = nil
  ) -> BundleMembers? {
    guard tree.count > 0 else { return nil }
    let isBundle = tree.nodes[0].flags.kind == .resource && tree.rawText(0).elementsEqual("Bundle".utf8)
    guard isBundle || tree.nodes[0].flags.kind != .resource else {
      validate(tree, into: &issues, toldMissing: &scope.toldMissing)
      return nil
    }
    let memory = idle.take { Memory(self) }
    defer { idle.giveBack(memory) }
    var walk = StructureWalk(
      tree: tree, plan: plan, options: options, invariants: memory.runner, isBundleOpen: true)
    swap(&walk.scope, &scope)
    memory.runner?.environment.bundle = bundle
    walk.run()
    memory.runner?.forget()
    swap(&walk.scope, &scope)
    if let environment = memory.runner?.environment {
      scope.asksForTargets = scope.asksForTargets || environment.isTargetMissed
      environment.isTargetMissed = false
      environment.bundle = nil
    }
    // A reader that splits a Bundle leaves nothing of its entries in it.
    let entry = plan.table.nameID("entry")
    let isSplit = isBundle && !tree.children(of: 0).contains { tree.nodes[$0].name == entry }
    if let profiles, let session = memory.session,
      profiles.check(
        tree, options, in: session, isBundleSplit: isSplit, among: bundle, findings: &walk.findings,
        toldMissing: &scope.toldMissing)
    {
      scope.asksForTargets = true
    }
    walk.finish(into: &issues)
    return isBundle ? BundleMembers(of: 0, in: tree, table: plan.table) : nil
  }

  // MARK: Bundles whose profiles ask for the whole

  /// Whether a root's profiles can be judged only by the whole Bundle, of which the tree is what was left of its entries.
  package func asksForWholeBundle(_ tree: ResourceTree) -> Bool {
    guard tree.count > 0, tree.nodes[0].flags.kind == .resource, tree.rawText(0).elementsEqual("Bundle".utf8)
    else { return false }
    return profiles?.claimsKnownProfile(tree) ?? false
  }

  /// Appends what is wrong with a whole Bundle by the profiles of its root; its entries are judged one by one.
  package func validateProfiles(ofWholeBundle tree: ResourceTree, into issues: inout [Issue]) {
    guard tree.count > 0, let profiles else { return }
    var findings: [Finding] = []
    profiles.withSession { profiles.checkRoot(tree, options, in: $0, findings: &findings) }
    issues += findings.sorted { $0.node < $1.node }.map(\.issue)
  }
}
