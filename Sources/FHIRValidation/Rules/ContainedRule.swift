import FHIRModel

/// Checks the form of a contained resource: it has an id, contains no resource itself, and bears no metadata of its own.
///
/// See https://hl7.org/fhir/R4/references.html#contained, dom-2, dom-4 and dom-5. As invariants these are the containing
/// resource's; the position is that of what is wrong.
enum ContainedRule {
  /// - Parameter isNested: whether the resource stands inside another contained resource.
  static func check(_ node: Int, isNested: Bool, _ walk: inout StructureWalk) {
    let names = walk.plan.names
    let container = walk.container ?? 0
    if isNested { report("dom-2", at: container, node, &walk) }
    if walk.tree.child(names.id, of: node) == nil {
      walk.report(
        .error, .contained, at: node, "a contained resource must have an id, by which it is referred to")
    }
    guard let meta = walk.tree.child(names.meta, of: node) else { return }
    if let version = walk.tree.child(names.versionID, of: meta)
      ?? walk.tree.child(names.lastUpdated, of: meta)
    {
      report("dom-4", at: container, version, &walk)
    }
    if let security = walk.tree.child(names.security, of: meta) {
      report("dom-5", at: container, security, &walk)
    }
  }

  private static func report(_ key: String, at container: Int, _ node: Int, _ walk: inout StructureWalk) {
    walk.report(
      .error, .invariant(key), at: container, position: node, InvariantTexts.text(of: key) ?? key)
  }
}

extension StructureWalk {
  /// Notes a text that begins with `#`: it may name a contained resource.
  @inline(never)
  mutating func noteFragment(_ node: Int, isReference: Bool) {
    fragments.append(Fragment(node: node, isReference: isReference))
  }

  /// Notes the text of a Reference that begins with `#`.
  ///
  /// - Parameter reference: the Reference, where the type of what it refers to is not told by itself.
  @inline(never)
  mutating func noteFragment(_ node: Int, of reference: (node: Int, child: PlanChild)?) {
    fragments.append(Fragment(node: node, isReference: true, reference: reference))
  }

  /// A text that begins with `#`.
  struct Fragment {
    let node: Int
    /// It is the text of a Reference; else a uri, url or canonical, or a link in a narrative.
    let isReference: Bool
    /// The Reference whose target is yet to be looked at.
    var reference: (node: Int, child: PlanChild)?
    /// What a narrative's link or image names; else the node's own text does.
    var target: String?
  }

  /// Checks what a resource contains against what refers to it, at the end of the resource (dom-3, ref-1).
  ///
  /// One table of ids and one of what is referred to, so that thousands of both cost no more than their number.
  ///
  /// - Parameter resource: a resource that is not contained itself.
  mutating func checkContained(of resource: Int) {
    let first = tree.child(plan.names.contained, of: resource)
    if first == nil && fragments.isEmpty { return }
    let contained =
      first == nil ? [] : tree.children(of: resource).filter { nodes[$0].name == plan.names.contained }
    var own: [Fragment] = []
    while let last = fragments.last, last.node > resource { own.append(fragments.removeLast()) }
    var ids: [String: Int] = [:]
    for child in contained {
      guard let id = tree.child(plan.names.id, of: child) else { continue }
      if ids.updateValue(child, forKey: tree.string(at: id)) != nil {
        report(
          .error, .contained, at: child, position: id,
          "another contained resource has the same id: nobody can tell which is referred to")
      }
    }
    var referred = Set<String>()
    // Contained resources that refer to the one around them.
    var loyal = Set<Int>()
    for fragment in own.reversed() {
      let target = fragment.target ?? String(tree.string(at: fragment.node).dropFirst())
      referred.insert(target)
      let found = target.isEmpty ? resource : ids[target]
      if target.isEmpty {
        if let child = containing(fragment.node, among: contained) { loyal.insert(child) }
      } else if fragment.isReference, found == nil {
        reportUnresolved(fragment.node)
      }
      if let found, let reference = fragment.reference, let type = resourceType(of: found) {
        ReferenceRule.checkTarget(reference.node, type, reference.child, &self)
      }
    }
    for child in contained {
      guard let id = tree.child(plan.names.id, of: child), !loyal.contains(child),
        !referred.contains(tree.string(at: id)),
        // What is of no known type was not looked into, and was reported.
        plan.table.resourceTypeID(tree.rawText(child)) != nil
      else { continue }
      report(
        .error, .invariant("dom-3"), at: resource, position: child,
        InvariantTexts.text(of: "dom-3") ?? "dom-3")
    }
  }

  private func resourceType(of node: Int) -> TypeID? { plan.table.resourceTypeID(tree.rawText(node)) }

  private mutating func reportUnresolved(_ literal: Int) {
    // The finding is the Reference's.
    var parent = literal - 1
    while Int(nodes[parent].end) <= literal { parent -= 1 }
    report(
      .error, .invariant("ref-1"), at: parent, position: literal, value: literal,
      "no resource in contained has the id that this reference names")
  }

  /// The contained resource that a node stands in: they stand in the order of their nodes.
  private func containing(_ node: Int, among contained: [Int]) -> Int? {
    var low = 0
    var high = contained.count
    while low < high {
      let middle = (low + high) / 2
      if Int(nodes[contained[middle]].end) <= node { low = middle + 1 } else { high = middle }
    }
    return low < contained.count && contained[low] < node ? contained[low] : nil
  }

  /// Whether any resource of the tree contains one of this id.
  func hasContained(id: String) -> Bool {
    var resource = 0
    if nodes[0].flags.kind != .resource {
      guard let held = tree.child(plan.names.resource, of: 0) else { return false }
      resource = held
    }
    for child in tree.children(of: resource) where nodes[child].name == plan.names.contained {
      if let own = tree.child(plan.names.id, of: child), tree.string(at: own) == id { return true }
    }
    return false
  }
}
