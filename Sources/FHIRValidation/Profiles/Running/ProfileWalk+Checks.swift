import FHIRModel

// What a plan asks of a node's own value.
extension ProfileWalk {
  /// Checks a value; false if it is of a type that the profile rules out, so that the rest is beside the point.
  mutating func checkValue(
    _ place: Place, _ record: UnsafePointer<PlanElement>, _ plan: PlanReference
  ) -> Bool {
    let checks = record.pointee.checks
    if checks.contains(.types), !isOfAllowedType(place, record, plan) {
      reportType(place, plan)
      return false
    }
    if checks.contains(.fixed), let node = mismatch(place.node, record.pointee.fixed, exactly: true, plan) {
      if isTold() {
        report(
          .error, .profileFixed, at: node,
          "\(path(place.element, plan)) must be exactly \(describe(record.pointee.fixed, plan)): \(source(plan))"
        )
      }
    }
    if checks.contains(.pattern),
      let node = mismatch(place.node, record.pointee.pattern, exactly: false, plan)
    {
      if isTold() {
        report(
          .error, .profilePattern, at: node,
          "\(path(place.element, plan)) must have \(describe(record.pointee.pattern, plan)): \(source(plan))")
      }
    }
    if checks.contains(.value), !nodes[place.node].flags.contains(.hasValue) {
      checkAlternatives(place, plan)
    }
    if checks.contains(.typeRules) { checkTypeRules(place, plan) }
    if checks.contains(.narrative) { checkLanguages(place, plan) }
    if !checks.isDisjoint(with: [.range, .length, .binding, .invariants]) {
      checkDetails(place, checks, plan)
    }
    return true
  }

  private func isOfAllowedType(
    _ place: Place, _ record: UnsafePointer<PlanElement>, _ plan: PlanReference
  ) -> Bool {
    let types = plan.records.numbers + Int(record.pointee.firstType)
    let isExact = record.pointee.checks.contains(.exactTypes)
    for index in 0..<Int(record.pointee.typeCount) {
      let type = TypeID(rawValue: UInt16(types[index]))
      if isExact ? table.isChosen(place.type, as: type) : table.isSubtype(place.type, of: type) {
        return true
      }
    }
    return false
  }

  /// A type among several that are left is a matter of the element around, which offers the choice.
  private mutating func reportType(_ place: Place, _ plan: PlanReference) {
    guard isTold() else { return }
    let allowed = plan.plan.details[Int(place.element)].typeNames
    let isExtension = plan.plan.extensionTerms != nil
    if isTold() {
      report(
        .error, .profileType, at: allowed.count > 1 || isExtension ? place.parent : place.node,
        position: place.node,
        "\(path(place.element, plan)) is of type \(table.name(of: place.type)), but must be of type "
          + "\(allowed.joined(separator: " or ")): \(source(plan))")
    }
  }

  private mutating func checkDetails(_ place: Place, _ checks: PlanElement.Checks, _ plan: PlanReference) {
    if checks.contains(.binding) { checkBinding(place, plan) }
    if checks.contains(.invariants) { checkInvariants(place, plan) }
    guard !checks.isDisjoint(with: [.range, .length]) else { return }
    let detail = plan.plan.details[Int(place.element)]
    if checks.contains(.length), let limit = detail.maxLength { checkLength(place, limit, plan) }
    if checks.contains(.range), let range = detail.range { checkRange(place, range, plan) }
  }

  /// Checks that a primitive without a value has an extension that may stand for it.
  private mutating func checkAlternatives(_ place: Place, _ plan: PlanReference) {
    let allowed = plan.plan.details[Int(place.element)].valueAlternatives
    let stands = tree.children(of: place.node).contains { child in
      guard nodes[child].name == names.extension, let url = tree.child(names.url, of: child) else {
        return false
      }
      return allowed.contains(tree.string(at: url))
    }
    guard !stands, isTold() else { return }
    let demand = allowed.isEmpty ? "" : ", or the extension \(allowed.joined(separator: " or "))"
    report(
      .error, .profileMin, at: place.node,
      "\(path(place.element, plan)) must have a value\(demand): \(source(plan))")
  }

  /// Checks in which languages a narrative has sections: a `div` with a language within the narrative's own.
  private mutating func checkLanguages(_ place: Place, _ plan: PlanReference) {
    guard let div = table.nameID("div").flatMap({ tree.child($0, of: place.node) }) else { return }
    let sections = tree.withText(div, scratch: TextBuffer()) { NarrativeReader($0).languages }
    for asked in plan.plan.details[Int(place.element)].narrativeLanguages {
      var language: String? = asked
      switch asked {
      case "_no":
        if !sections.isEmpty, isTold() {
          report(
            .error, .profileNarrative, at: place.node,
            "\(path(place.element, plan)) may not have sections of single languages: \(source(plan))")
        }
        continue
      case "_resource":
        language = table.nameID("language").flatMap { name in
          resources(around: place.node).last.flatMap { tree.child(name, of: $0) }
        }.map { tree.string(at: $0) }
      case _ where asked.hasPrefix("_"): continue
      default: break
      }
      if let language, !sections.contains(language), isTold() {
        report(
          .error, .profileNarrative, at: place.node,
          "\(path(place.element, plan)) must have a section in the language \(language): \(source(plan))")
      }
    }
  }

  private mutating func checkLength(_ place: Place, _ limit: Int, _ plan: PlanReference) {
    guard nodes[place.node].flags.contains(.hasValue), Int(nodes[place.node].textLength) > limit else {
      return
    }
    let count = tree.string(at: place.node).unicodeScalars.count
    if count > limit {
      if isTold() {
        report(
          .error, .profileLength, at: place.node,
          "\(path(place.element, plan)) may have at most \(limit) characters, and has \(count): \(source(plan))"
        )
      }
    }
  }

  // MARK: Profiles of types

  private mutating func checkTypeRules(_ place: Place, _ plan: PlanReference) {
    for rule in plan.plan.details[Int(place.element)].typeRules
    where table.isSubtype(place.type, of: rule.type) {
      if !rule.profiles.isEmpty { checkProfiles(rule.profiles, place, plan) }
      if !rule.aggregation.isEmpty { checkAggregation(rule.aggregation, place, plan) }
      if rule.targetTypes != nil || !rule.targets.isEmpty { checkTarget(rule, place, plan) }
    }
  }

  /// Checks that a value meets one of some profiles.
  private mutating func checkProfiles(_ profiles: [ProfileNumber], _ place: Place, _ plan: PlanReference) {
    if profiles.count > 1 {
      let verdicts = profiles.map { conforms(place.node, place.type, to: $0) }
      if verdicts.contains(true) { return }
      if !verdicts.contains(nil) {
        let names = profiles.map { session.library.canonical(of: $0) }.joined(separator: ", ")
        if isTold() {
          report(
            .error, .profileNone, at: place.node,
            "\(path(place.element, plan)) meets none of the profiles of which it must meet one (\(names)): "
              + source(plan))
        }
      }
    }
    for profile in profiles { checkProfile(profile, place.node, place.type) }
  }

  /// Checks a node against a profile and reports what is wrong.
  mutating func checkProfile(_ number: ProfileNumber, _ node: Int, _ type: TypeID) {
    guard let profile = session.plan(number) else {
      reportUnknown(number, node, isDemanded: true)
      return
    }
    guard table.isSubtype(type, of: profile.plan.type) else {
      if isTold() {
        report(
          .error, .profileType, at: node,
          "\(table.name(of: type)) cannot meet a profile of \(table.name(of: profile.plan.type)): \(source(profile))"
        )
      }
      return
    }
    check(node, type, profile)
  }

  /// Whether a node meets a profile; nil if the profile is not at hand.
  mutating func conforms(_ node: Int, _ type: TypeID, to number: ProfileNumber) -> Bool? {
    if let core = CoreType.id(session.library.canonical(of: number), table) {
      return table.isSubtype(type, of: core)
    }
    guard let profile = session.plan(number) else { return nil }
    guard table.isSubtype(type, of: profile.plan.type) else { return false }
    // Asked again and again where resources refer to each other: one answer will do.
    let question = ProfileSession.Question(tree: ObjectIdentifier(tree), node: node, profile: number)
    if let known = session.answers[question] { return known }
    let answer = isQuietlySound { $0.check(node, type, profile) }
    session.answers[question] = answer
    return answer
  }
}
