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

  /// Checks that the resource referred to is held as the profile allows: in the same resource, in the same Bundle, elsewhere.
  ///
  /// See http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type.aggregation
  mutating func checkAggregation(_ allowed: [String], _ place: Place, _ plan: PlanReference) {
    guard let literal = tree.child(names.reference, of: place.node), nodes[literal].textLength > 0 else {
      return
    }
    let held: String
    if tree.rawText(literal).first == UInt8(ascii: "#") {
      held = "contained"
    } else if holdsBundle || session.bundle != nil && !tree.rootExpression.isEmpty {
      held = withTarget(of: place.node) { _, _ in true } == true ? "bundled" : "referenced"
    } else if tree.rootExpression.isEmpty {
      held = "referenced"
    } else {
      // Of a Bundle's entry that came by itself nobody knows what the other entries are.
      held = allowed.contains("bundled") ? "bundled" : "referenced"
    }
    guard !allowed.contains(held), isTold() else { return }
    report(
      .error, .profileTarget, at: place.node,
      "\(path(place.element, plan)): the resource referred to is \(held), but must be "
        + "\(allowed.joined(separator: " or ")): \(source(plan))")
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
        ByteSearch.hasWhitespace(text) ? nil : LiteralReference(text, table).type
      }
      if let type { return type }
    }
    guard let stated = tree.child(names.type, of: node) else { return nil }
    return table.resourceTypeID(tree.rawText(stated))
  }

  /// Calls `body` with the resource that a reference refers to, and a walk over the tree that it is in; nil if it is not at
  /// hand.
  mutating func withTarget<Result>(
    of reference: Int, _ body: (inout ProfileWalk, Int) -> Result
  ) -> Result? {
    // A canonical or a uri refers by itself.
    let literal = tree.child(names.reference, of: reference) ?? reference
    guard nodes[literal].flags.contains(.hasValue) else { return nil }
    // Most references lead out of the tree.
    let isFragment = tree.rawText(literal).first == UInt8(ascii: "#")
    guard holdsBundle || isFragment || session.bundle != nil else {
      if !tree.rootExpression.isEmpty { session.isTargetMissed = true }
      return nil
    }
    let text = tree.string(at: literal)
    let around = resources(around: reference)
    if isFragment { return contained(text.dropFirst(), around).map { body(&self, $0) } }
    guard let target = bundled(text, around) else { return nil }
    if target.tree === tree { return body(&self, target.node) }
    var other = ProfileWalk(tree: target.tree, session: session, options: options)
    other.continue(self)
    let result = body(&other, target.node)
    hasFailed = hasFailed || other.hasFailed && quietness > 0
    return result
  }

  /// The resources around a node, from the outermost in.
  mutating func resources(around node: Int) -> [Int] {
    var found: [Int] = []
    var current = 0
    while current < node {
      if nodes[current].flags.kind == .resource { found.append(current) }
      // Of a Bundle's thousands of entries, those before the last one looked at are passed over.
      var next = siblings.parent == current && siblings.child <= node ? siblings.child : current + 1
      let end = Int(nodes[current].end)
      while next < end, Int(nodes[next].end) <= node { next = Int(nodes[next].end) }
      guard next < end, next <= node else { return found }
      if current == 0 { siblings = (current, next) }
      current = next
    }
    return found
  }

  /// The resource of that id among those contained around a node; `#` alone is the resource around.
  private func contained(_ id: Substring, _ around: [Int]) -> Int? {
    guard let container = around.last(where: { nodes[$0].name != names.contained }) else { return nil }
    if id.isEmpty { return container }
    for child in tree.children(of: container) where nodes[child].name == names.contained {
      if let own = tree.child(names.id, of: child), tree.string(at: own) == id { return child }
    }
    return nil
  }

  /// The resource of another entry of the Bundle around: in this tree or, where its entries came one by one, in another.
  ///
  /// See http://hl7.org/fhir/R4/bundle.html#references
  private mutating func bundled(_ reference: String, _ around: [Int]) -> BundledResources.Target? {
    if holdsBundle,
      let place = around.indices.last(where: {
        $0 + 1 < around.count && tree.rawText(around[$0]).elementsEqual("Bundle".utf8)
      })
    {
      let bundle = around[place]
      if bundles[bundle] == nil { bundles[bundle] = BundledResources(of: bundle, in: tree, table: table) }
      return bundles[bundle]?.target(of: reference, from: tree, around[place + 1])
    }
    guard let bundle = session.bundle, let resource = around.first else { return nil }
    return bundle.target(of: reference, from: tree, resource)
  }
}
