import FHIRModel

// What references refer to.
extension ProfileWalk {
  /// Checks that a reference refers to what the profile allows, as far as the reference or its target tells.
  mutating func checkTarget(_ rule: ElementDetail.TypeRule, _ place: Place, _ plan: PlanReference) {
    guard let types = rule.targetTypes else { return }
    let isAllowed = { (walk: borrowing ProfileWalk, type: TypeID) in
      types.contains { walk.table.isSubtype(type, of: $0) }
    }
    if let type = statedTargetType(place.node), !isAllowed(self, type) {
      reportTarget(type, types, place, plan)
      return
    }
    let verdict = withTarget(of: place.node) { walk, target -> TargetVerdict in
      guard let type = walk.resourceType(target) else { return .cannotTell }
      guard isAllowed(walk, type) else { return .ofType(type) }
      if rule.targets.isEmpty { return .met }
      let verdicts = rule.targets.map { walk.conforms(target, type, to: $0) }
      if verdicts.contains(true) { return .met }
      return verdicts.contains(nil) ? .cannotTell : .unmet
    }
    switch verdict {
    case .ofType(let type): reportTarget(type, types, place, plan)
    case .unmet:
      let names = rule.targets.map { session.library.canonical(of: $0) }.joined(separator: ", ")
      if isTold() {
        report(
          .error, .profileTarget, at: place.node,
          "\(path(place.element, plan)): the resource referred to meets none of the profiles of which it must meet "
            + "one (\(names)): \(source(plan))")
      }
    case .met, .cannotTell, nil: break
    }
  }

  private enum TargetVerdict {
    case met, unmet, cannotTell
    case ofType(TypeID)
  }

  private mutating func reportTarget(
    _ type: TypeID, _ allowed: [TypeID], _ place: Place, _ plan: PlanReference
  ) {
    if isTold() {
      report(
        .error, .profileTarget, at: place.node,
        "\(path(place.element, plan)) may not refer to a resource of type \(table.name(of: type)), only to: "
          + "\(allowed.map { table.name(of: $0) }.joined(separator: ", ")): \(source(plan))")
    }
  }

  /// The type that a reference's text, or else `Reference.type`, names.
  func statedTargetType(_ node: Int) -> TypeID? {
    if let literal = tree.child(names.reference, of: node) {
      let type = tree.withText(literal, scratch: session.scratch) { text in
        ByteSearch.hasWhitespace(text) ? nil : ReferenceText(text, table).type
      }
      if let type { return type }
    }
    guard let stated = tree.child(names.type, of: node) else { return nil }
    return table.resourceTypeID(tree.rawText(stated))
  }

  /// Calls `body` with the resource that a reference refers to; nil if it is not at hand.
  mutating func withTarget<Result>(
    of reference: Int, _ body: (inout ProfileWalk, Int) -> Result
  ) -> Result? {
    guard let literal = tree.child(names.reference, of: reference) else { return nil }
    let text = tree.string(at: literal)
    if text.first == "#" {
      guard let target = contained(text.dropFirst(), around: reference) else { return nil }
      return body(&self, target)
    }
    return nil
  }

  /// The resource of that id among those contained around a node; `#` alone is the resource around.
  private func contained(_ id: Substring, around node: Int) -> Int? {
    guard let container = container(of: node) else { return nil }
    if id.isEmpty { return container }
    for child in tree.children(of: container) where nodes[child].name == names.contained {
      if let own = tree.child(names.id, of: child), tree.string(at: own) == id { return child }
    }
    return nil
  }

  /// The innermost resource around a node that is itself not contained in another.
  private func container(of node: Int) -> Int? {
    var found: Int?
    var current = 0
    while current < node {
      if nodes[current].flags.kind == .resource && nodes[current].name != names.contained { found = current }
      var next: Int?
      for child in tree.children(of: current) where Int(nodes[child].end) > node {
        next = child <= node ? child : nil
        break
      }
      guard let next else { return found }
      current = next
    }
    return found
  }
}
