import FHIRModel

// Which profiles hold for which resources of a tree.
extension ProfileWalk {
  /// Checks every resource and every extension of the tree.
  ///
  /// - Parameter isBundleSplit: the root is a Bundle whose entries stood in other trees: what its profiles ask of it cannot
  ///   be told here.
  mutating func run(_ rules: ProfileRules, isBundleSplit: Bool) {
    let count = tree.count
    let names = self.names
    var i = 0
    while i < count {
      if nodes[i].name == names.extension || nodes[i].name == names.modifierExtension {
        checkExtension(i, rules.options)
      } else if nodes[i].flags.kind == .resource {
        if i > 0 || !isBundleSplit { checkResource(i, rules) } else { checkRootType(rules) }
      }
      i &+= 1
    }
  }

  /// Tells of profiles that are none of Bundles.
  private mutating func checkRootType(_ rules: ProfileRules) {
    guard let type = resourceType(0) else { return }
    for number in rules.rootProfiles {
      if let plan = session.plan(number), table.isSubtype(type, of: plan.plan.type) { continue }
      checkProfile(number, 0, type)
    }
  }

  /// Checks a resource against the profiles that it must meet.
  mutating func checkResource(_ node: Int, _ rules: ProfileRules) {
    guard let type = resourceType(node) else { return }
    if type == session.library.types.bundle { holdsBundle = true }
    if node == 0 {
      for profile in rules.rootProfiles { checkProfile(profile, node, type) }
    }
    var claimsVitalSigns = false
    if rules.options.followsMeta, let meta = tree.child(names.meta, of: node) {
      for claim in tree.children(of: meta) where nodes[claim].name == names.profile {
        guard nodes[claim].textLength > 0 else { continue }
        let number = tree.withText(claim, scratch: session.scratch) { session.number(of: $0) }
        claimsVitalSigns = claimsVitalSigns || rules.vitalSigns.covers(number)
        if node == 0 && rules.rootProfiles.contains(number) { continue }
        if session.plan(number) == nil {
          reportUnknown(number, claim)
        } else {
          checkProfile(number, node, type)
        }
      }
    }
    if type == rules.vitalSigns.observation, !claimsVitalSigns,
      let number = rules.vitalSigns.profile(of: node, tree, session)
    {
      checkProfile(number, node, type)
    }
  }
}
