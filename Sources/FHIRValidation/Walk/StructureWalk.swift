import FHIRModel

/// One pass over a tree's nodes: looks each name up in its parent's type and calls the rules.
///
/// The walk keeps a stack of its own, so that depth costs memory and not the thread's stack; nothing is
/// allocated for an element, and no text is made before something is wrong.
struct StructureWalk: ~Copyable {
  /// A node whose children are being looked at.
  struct Frame {
    var end: Int
    var node: Int
    /// Elements that stood already or may not stand, and those whose repetition was reported, by their order
    /// in the type.
    var seen: UInt64 = 0
    var repetitionReported: UInt64 = 0
    var type: TypeID
    /// The resource that the node is in, or is.
    var resource: Int
    /// The node is a contained resource.
    var isContained = false
  }

  /// How the tree's source writes values.
  enum Form { case json, xml, document }

  let tree: ResourceTree
  let plan: ValidationPlan
  let options: ValidationOptions
  let form: Form
  let nodes: UnsafeMutablePointer<Node>
  var findings: [Finding] = []
  /// Elements that have an id, by resource and id; see ``ElementIDRule``.
  var elementIDs: [ElementIDRule.Key: Int] = [:]
  var overflowed = false
  /// Codings before this node are those of a value whose codes were found wrong already.
  var codingsToldUntil = 0

  /// What the entries of the innermost Bundle around leave for ``BundleRules``, and those of Bundles around it.
  var scope = BundleScope()
  var outerScopes: [BundleScope] = []
  /// Evaluates invariants; nil where they are not asked for.
  let invariants: InvariantRunner?
  /// Texts that may name contained resources, in the order of their nodes; see ``checkContained(of:)``.
  var fragments: [Fragment] = []
  /// Links inside narratives, and the places that there are; see ``NarrativeRule``.
  var narrativeLinks: [NarrativeRule.Link] = []
  var narrativeAnchors: Set<String> = []
  /// How many Bundles stand around what is being looked at, the one that an entry's tree was cut from included.
  var bundleDepth = 0
  /// Whether the root's Bundle is judged by whoever called, since its entries may stand in other trees.
  let isBundleOpen: Bool
  /// Where paths are put together, one after another.
  var pathRoom: [UInt8] = []
  /// Where counting elder siblings stopped, by level; see ``appendStep(_:to:)``.
  var siblings: [SiblingCount] = []

  private(set) var frames: UnsafeMutablePointer<Frame>
  private var capacity = 24
  private(set) var depth = -1

  /// - Parameter isBundleOpen: the tree is part of a Bundle, or a Bundle whose entries may stand in other trees.
  init(
    tree: ResourceTree, plan: ValidationPlan, options: ValidationOptions, invariants: InvariantRunner?,
    isBundleOpen: Bool = false
  ) {
    self.isBundleOpen = isBundleOpen
    self.invariants = invariants
    self.tree = tree
    self.plan = plan
    self.options = options
    nodes = tree.nodes
    frames = .allocate(capacity: capacity)
    form =
      switch tree.origin {
      case .chunk: .json
      case .lines: .xml
      case .none: .document
      }
  }

  deinit { frames.deallocate() }

  /// The frame whose children are being looked at.
  var frame: Frame { frames[depth] }

  /// The outermost resource around the element that is being looked at, but for Bundles and the like: the one that
  /// contains what `#id` refers to.
  var container: Int? {
    var level = depth
    while level >= 0 {
      let frame = frames[level]
      if nodes[frame.node].flags.kind == .resource && !frame.isContained { return frame.node }
      level &-= 1
    }
    return nil
  }

  mutating func run() {
    guard let rootType = ResourceTypeRule.rootType(&self) else { return }
    push(0, type: rootType, resource: 0)
    let bundle = plan.bundle
    let attachment = plan.attachment
    if rootType == bundle {
      beginBundle()
    } else if nodes[0].flags.kind != .resource {
      if isBundleOpen { bundleDepth = 1 }
      BundleEntryRule.check(0, &self)
    }
    let types = plan.types
    let children = plan.children
    let nodes = self.nodes
    let gates = invariants?.gates
    let isXML = form == .xml
    let mask =
      form == .document ? ValidationPlan.formMask & ~NodeFlags.item.rawValue : ValidationPlan.formMask
    var i = 1
    while true {
      let frame = frames + depth
      let type = types + Int(frame.pointee.type.rawValue)
      if i >= frame.pointee.end {
        let missing = type.pointee.required & ~frame.pointee.seen
        if missing != 0 { CardinalityRule.reportMissing(missing, &self) }
        if let gates {
          let gate = gates[Int(frame.pointee.type.rawValue)]
          if frame.pointee.seen & gate.elements | gate.always != 0 || options.evaluatesEveryInvariant {
            checkInvariants()
          }
        }
        if nodes[frame.pointee.node].flags.kind == .resource {
          if !frame.pointee.isContained {
            checkContained(of: frame.pointee.node)
            if frame.pointee.type == plan.questionnaire { EnableWhenRule.check(frame.pointee.node, &self) }
          }
          if let judge = plan.resourceRules.judge(of: frame.pointee.type) {
            plan.resourceRules.check(frame.pointee.node, judge, &self)
          }
        }
        if frame.pointee.type == attachment { AttachmentRule.check(frame.pointee.node, &self) }
        if frame.pointee.type == bundle { endBundle(frame.pointee.node) }
        if depth == 0 {
          NarrativeRule.checkLinks(&self)
          return
        }
        depth &-= 1
        continue
      }
      let node = nodes[i]
      let name = node.name.rawValue
      var slot = type.pointee.slot(of: name)
      while children[slot].name != name && children[slot].name != 0 { slot = type.pointee.slot(after: slot) }
      let child = children + slot
      guard child.pointee.name == name && name != 0 else {
        UnknownElementRule.report(i, &self)
        i = Int(node.end)
        continue
      }
      let bit: UInt64 = 1 << UInt64(child.pointee.order)
      if frame.pointee.seen & bit & type.pointee.single != 0, frame.pointee.repetitionReported & bit == 0 {
        if RepetitionRule.report(i, child.pointee, &self) { frame.pointee.repetitionReported |= bit }
      }
      frame.pointee.seen |= bit
      let expected = isXML ? child.pointee.xml : child.pointee.json
      var checksValue = true
      if node.flags.rawValue & mask != expected & mask {
        switch FormRule.check(i, child.pointee, &self) {
        case .regular: break
        case .withoutValue: checksValue = false
        case .unusable:
          i = Int(node.end)
          continue
        }
      }
      i = enter(i, node, child.pointee, checksValue: checksValue)
    }
  }

  /// Checks a node of the right form, and returns the node at which the walk goes on.
  @inline(__always)
  private mutating func enter(_ i: Int, _ node: Node, _ child: PlanChild, checksValue: Bool) -> Int {
    let end = Int(node.end)
    if child.marks.contains(.invariant) {
      checkInvariants(ofElement: i, child, resource: frames[depth].resource)
    }
    switch child.shape {
    case .primitive:
      if checksValue { PrimitiveRule.check(i, node, child, &self) }
      if end > i &+ 1 { push(i, type: TypeID(rawValue: child.type), resource: frames[depth].resource) }
    case .complex:
      // An id alone says nothing.
      guard end > i &+ 2 || (end == i &+ 2 && nodes[i &+ 1].name != plan.names.id) else {
        EmptyElementRule.report(i, child, &self)
        return end
      }
      push(i, type: TypeID(rawValue: child.type), resource: frames[depth].resource)
      if !child.marks.isDisjoint(with: .special) { checkSpecial(i, child) }
    case .resource:
      guard let type = ResourceTypeRule.type(of: i, &self) else { return end }
      let isNested = frame.isContained
      push(i, type: type, resource: i)
      if type == plan.bundle { beginBundle() }
      if child.marks.contains(.contained) {
        frames[depth].isContained = true
        ContainedRule.check(i, isNested: isNested, &self)
      }
    }
    return i &+ 1
  }

  private mutating func checkSpecial(_ i: Int, _ child: PlanChild) {
    if child.marks.contains(.reference) { ReferenceRule.check(i, child, &self) }
    if child.marks.contains(.binding) { BindingRule.checkComplex(i, child, &self) }
    if child.marks.contains(.bundleEntry) { BundleEntryRule.check(i, &self) }
  }

  @inline(__always)
  private mutating func push(_ node: Int, type: TypeID, resource: Int) {
    depth &+= 1
    if depth == capacity { grow() }
    (frames + depth).initialize(
      to: Frame(
        end: Int(nodes[node].end), node: node, seen: plan.types[Int(type.rawValue)].forbidden, type: type,
        resource: resource))
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Frame>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: frames, count: capacity)
    frames.deallocate()
    frames = larger
    capacity *= 2
  }
}
