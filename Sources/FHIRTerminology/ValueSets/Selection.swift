/// An `include` or `exclude` of a value set: what stands in all that it names.
///
/// See https://hl7.org/fhir/R4/valueset.html#compositions
struct Selection: Sendable {
  /// nil where only value sets are named.
  let system: KnownSystem?
  let codes: Codes
  let valueSets: [ValueSetPlan]

  enum Codes: Sendable {
    /// All of the system's.
    case all
    case listed(CodeIndex)
    case filtered([ConceptFilter])
  }

  /// Whether it holds a code; `system` nil is a code whose system is implied.
  func membership(
    system: UnsafeBufferPointer<UInt8>?, code: UnsafeBufferPointer<UInt8>, activeOnly: Bool
  ) -> Membership {
    var membership = Membership.yes
    if let own = self.system {
      if let system, !system.elementsEqual(own.bytes) { return .no }
      membership = select(code, from: own)
      if membership == .no { return .no }
      if activeOnly, let concept = own.concept(code), concept.isInactive { return .no }
    }
    for valueSet in valueSets {
      membership = membership && valueSet.membership(system: system, code: code)
      if membership == .no { return .no }
    }
    return membership
  }

  private func select(_ code: UnsafeBufferPointer<UInt8>, from system: KnownSystem) -> Membership {
    switch codes {
    case .all: system.membership(of: code)
    case .listed(let index): Membership(index.number(of: code) != nil)
    case .filtered(let filters):
      filters.reduce(system.membership(of: code)) { $0 && $1.membership(of: code) }
    }
  }

  /// The codes, if all can be listed, and are no more than so many.
  func list(limit: Int) -> [ValueSetPlan.Member]? {
    guard let system else {
      // An intersection: what the smallest of the value sets lists, as far as it is in the others.
      let lists = valueSets.compactMap { $0.list(limit: limit) }
      guard lists.count == valueSets.count, let first = lists.first else { return nil }
      return lists.dropFirst().reduce(first) { kept, other in kept.filter(Set(other).contains) }
    }
    var members: [ValueSetPlan.Member] = []
    switch codes {
    case .listed(let index):
      guard index.count <= limit else { return nil }
      members = (0..<index.count).map {
        ValueSetPlan.Member(system: system.url, code: String(decoding: index.code($0), as: UTF8.self))
      }
    case .all, .filtered:
      guard case .plan(let plan) = system.content, plan.isComplete else { return nil }
      for number in 0..<plan.codes.count {
        let code = plan.codes.code(number)
        switch select(code, from: system) {
        case .yes: members.append(ValueSetPlan.Member(system: system.url, code: plan.code(number)))
        case .no: break
        case .unknown: return nil
        }
        if members.count > limit { return nil }
      }
    }
    if valueSets.isEmpty { return members }
    var kept: [ValueSetPlan.Member] = []
    for member in members {
      switch member.membership(in: valueSets) {
      case .yes: kept.append(member)
      case .no: break
      case .unknown: return nil
      }
    }
    return kept
  }

  /// Whether its codes may be of a system.
  func names(system: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let own = self.system else { return valueSets.contains { $0.names(system: system) } }
    return system.elementsEqual(own.bytes)
  }
}

extension ValueSetPlan.Member {
  fileprivate func membership(in valueSets: [ValueSetPlan]) -> Membership {
    valueSets.reduce(.yes) { $0 && $1.membership(system: system, code: code) }
  }
}
