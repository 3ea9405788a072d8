package import FHIRModel

extension BundleScope {
  /// Judges the Bundle now that its other members have come, and begins anew for the next.
  package mutating func close(
    _ members: BundleMembers, with validator: Validator, into issues: inout [Issue]
  ) {
    let findings = findings(members, table: validator.plan.table, options: validator.options)
    // In the order of the source: where positions are equal, in the order in which they were found.
    let order = findings.indices.sorted { a, b in
      guard let first = findings[a].issue.position, let second = findings[b].issue.position else {
        return a < b
      }
      return first == second ? a < b : first < second
    }
    issues.append(contentsOf: order.lazy.map { findings[$0].issue })
    self = BundleScope()
  }

  /// What is wrong with the Bundle as a whole.
  func findings(
    _ members: BundleMembers, table: DefinitionTable, options: ValidationOptions
  ) -> [BundleFinding] {
    var rules = BundleRules(scope: self, members: members, table: table, options: options)
    rules.check()
    if rules.overflowed {
      let issue = Issue(
        .error, .tooManyIssues, at: members.path, position: members.position,
        "more than \(options.maxIssues) findings about the Bundle as a whole; the rest is left out")
      rules.findings.append(BundleFinding(node: members.node, issue: issue))
    }
    return rules.findings
  }
}
