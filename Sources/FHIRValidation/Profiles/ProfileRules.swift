package import FHIRDefinitions
package import FHIRModel
package import FHIRTerminology

/// Profiles and extensions' definitions, ready to check resources by; shared by every thread.
package final class ProfileRules: Sendable {
  let library: ProfileLibrary
  let options: ProfileOptions
  let rootProfiles: [ProfileNumber]
  let vitalSigns: VitalSigns
  private let idle = PerThread<ProfileSession>()

  package init(
    definitions: ConformanceStore, table: DefinitionTable = .r4, terminology: Terminology,
    options: ProfileOptions
  ) {
    self.options = options
    var compiling = ProfileLibrary.Options()
    compiling.tellsMustSupport = options.tellsMustSupport
    library = ProfileLibrary(
      table: table, options: compiling, terminology: terminology,
      trees: { definitions.snapshotTree($0) },
      source: { definitions.structureDefinition($0) })
    rootProfiles = options.rootProfiles.map { [library] in library.number(of: $0) }
    vitalSigns = VitalSigns(library)
  }

  /// Calls `body` with a session that no other thread is using.
  func withSession<Result>(_ body: (ProfileSession) -> Result) -> Result {
    let session = idle.take { ProfileSession(library: library) }
    defer { idle.giveBack(session) }
    session.begin(nil)
    return body(session)
  }

  /// Whether a root Bundle claims a profile that is at hand.
  func claimsKnownProfile(_ tree: ResourceTree) -> Bool {
    let names = library.names
    guard options.followsMeta, let meta = tree.child(names.meta, of: 0) else { return false }
    return tree.children(of: meta).contains { claim in
      guard tree.nodes[claim].name == names.profile, tree.nodes[claim].textLength > 0 else { return false }
      if case .plan = library.entry(library.number(of: tree.string(at: claim))) { return true }
      return false
    }
  }

  /// Adds what is wrong with a tree's root by the profiles it must meet, and nothing else.
  func checkRoot(
    _ tree: ResourceTree, _ options: ValidationOptions, in session: ProfileSession, findings: inout [Finding]
  ) {
    var walk = ProfileWalk(tree: tree, session: session, options: options)
    walk.checkResource(0, self)
    findings += walk.findings
  }

  /// Adds what is wrong with a tree by profiles and extensions' definitions.
  ///
  /// - Parameters:
  ///   - bundle: the Bundle of which the tree is an entry, if all of them are at hand.
  ///   - toldMissing: definitions that are not at hand, told already.
  /// - Returns: whether another entry was asked for, and not at hand.
  @discardableResult
  func check(
    _ tree: ResourceTree, _ options: ValidationOptions, in session: ProfileSession,
    isBundleSplit: Bool = false,
    among bundle: BundledResources? = nil, findings: inout [Finding], toldMissing: inout Set<ProfileNumber>
  ) -> Bool {
    session.begin(bundle)
    swap(&session.toldMissing, &toldMissing)
    defer { swap(&session.toldMissing, &toldMissing) }
    var walk = ProfileWalk(tree: tree, session: session, options: options)
    walk.run(self, isBundleSplit: isBundleSplit)
    findings += walk.findings
    return session.isTargetMissed
  }
}
