import FHIRModel

// Findings, and the words they are made of.
extension ProfileWalk {
  /// Notes that a profile does not hold; whether that is to be reported.
  @inline(__always)
  mutating func isTold() -> Bool {
    if quietness == 0 { return true }
    hasFailed = true
    return false
  }

  /// Notes a finding at a node.
  mutating func report(
    _ severity: Issue.Severity, _ rule: Rule, at node: Int, position: Int? = nil, value: Int? = nil,
    _ message: String
  ) {
    guard quietness == 0, findings.count < options.maxIssues else { return }
    var message = message
    if options.showValues, let value {
      let text = tree.string(at: value)
      if !text.isEmpty { message += " (found: \(text.count > 80 ? text.prefix(80) + "…" : text[...]))" }
    }
    let place = position ?? node
    let issue = Issue(
      severity, rule, at: tree.expression(of: node, table: table), position: tree.position(of: place), message
    )
    // Two definitions of one element, or a profile met by two ways, say the same once.
    if findings.contains(where: { $0.node == place && $0.issue == issue }) { return }
    findings.append(Finding(node: place, issue: issue))
  }

  /// The path of an element with the names of its slices: `Patient.identifier:mrn.system`.
  func path(_ element: Int32, _ plan: PlanReference) -> String { plan.plan.details[Int(element)].path }

  /// Which definition asks it, for the end of a message.
  func source(_ plan: PlanReference) -> String {
    plan.plan.extensionTerms == nil ? "profile \(plan.plan.canonical)" : "extension \(plan.plan.canonical)"
  }

  func sliceNames(_ slicing: PlanSlicing, _ plan: PlanReference) -> String {
    let slices = plan.records.slices + Int(slicing.firstSlice)
    return (0..<Int(slicing.sliceCount)).map {
      plan.plan.details[Int(slices[$0].element)].sliceName ?? "?"
    }.joined(separator: ", ")
  }

  mutating func reportCount(_ count: Int32, _ group: PlanGroup, _ place: Place, _ plan: PlanReference) {
    reportCount(count, group.min, group.max, group.element, place, plan)
  }

  mutating func reportCount(_ count: Int32, _ slice: PlanSlice, _ place: Place, _ plan: PlanReference) {
    reportCount(count, slice.min, slice.max, slice.element, place, plan)
  }

  private mutating func reportCount(
    _ count: Int32, _ min: Int32, _ max: Int32, _ element: Int32, _ place: Place, _ plan: PlanReference
  ) {
    if count < min {
      let found = count == 0 ? "is missing" : "stands \(Self.times(count))"
      if isTold() {
        report(
          .error, .profileMin, at: place.node,
          "\(path(element, plan)) \(found), but must stand at least \(Self.times(min)): \(source(plan))")
      }
    } else {
      let limit = max == 0 ? "may not stand" : "may stand at most \(Self.times(max))"
      if isTold() {
        report(
          .error, .profileMax, at: place.node,
          "\(path(element, plan)) stands \(Self.times(count)), but \(limit): \(source(plan))")
      }
    }
  }

  private static func times(_ count: Int32) -> String { count == 1 ? "once" : "\(count) times" }

  /// Tells of an element that the profile's users are to support and that does not stand.
  mutating func reportUnsupported(_ element: Int32, _ place: Place, _ plan: PlanReference) {
    report(
      .information, .profileMustSupport, at: place.node,
      "\(path(element, plan)) does not stand; it is marked must-support: \(source(plan))")
  }

  /// Tells, once, of a profile that cannot be looked at.
  ///
  /// - Parameter isDemanded: another profile or the user asks for it, and not the resource itself.
  mutating func reportUnknown(_ number: ProfileNumber, _ node: Int, isDemanded: Bool = false) {
    let canonical = session.library.canonical(of: number)
    let isThere = session.library.tree(of: canonical) != nil
    if isDemanded, options.profiles.unknownProfiles == .error {
      guard isTold() else { return }
      report(
        .error, .profileUnknown, at: node,
        "must meet profile \(canonical), "
          + (isThere ? "whose definition cannot be used" : "which no package at hand defines"))
      return
    }
    guard quietness == 0, session.toldMissing.insert(number).inserted else { return }
    report(
      .warning, .profileUnknown, at: node,
      "cannot tell whether profile \(canonical) is met: "
        + (isThere
          ? "its definition cannot be used (validate it to see why)" : "no package at hand defines it"))
  }
}
