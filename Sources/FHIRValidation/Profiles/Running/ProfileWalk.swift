import FHIRModel

/// Runs plans over one tree.
///
/// A node that is as its profile asks costs a look at its name among those that the profile speaks of, and the checks
/// that the profile adds; texts and paths are made only when something is wrong.
struct ProfileWalk: ~Copyable {
  let tree: ResourceTree
  let nodes: UnsafeMutablePointer<Node>
  let table: DefinitionTable
  let session: ProfileSession
  let options: ValidationOptions
  let names: ProfileLibrary.Names
  var findings: [Finding] = []
  /// Above 0 nothing is reported: the question is only whether a profile holds.
  var quietness = 0
  var hasFailed = false
  /// How many elements of plans stand around the one that is being checked.
  private var depth = 0
  /// Nodes that are being checked against a profile: what refers to itself is no endless matter.
  private var underway: [(tree: ObjectIdentifier, node: Int, plan: PlanReference)] = []

  /// The elements around the extension that was checked last.
  var chain = ExtensionChain()

  /// How often extensions that may not stand any number of times were met on an element.
  var counted: [Repetition: Int] = [:]

  struct Repetition: Hashable {
    let parent: Int
    let profile: ProfileNumber
  }

  /// Whether a Bundle stands in the tree.
  var holdsBundle: Bool
  /// What the Bundles around references hold, by their nodes.
  var bundles: [Int: BundledResources] = [:]
  /// The child of a node that was looked at last.
  var siblings = (parent: -1, child: 0)

  /// No profile is deeper; data may be.
  private static let depthLimit = 200

  init(
    tree: ResourceTree, session: ProfileSession, options: ValidationOptions
  ) {
    self.tree = tree
    nodes = tree.nodes
    table = session.library.table
    self.session = session
    self.options = options
    names = session.library.names
    holdsBundle = tree.nodes[0].flags.kind == .resource && tree.rawText(0).elementsEqual("Bundle".utf8)
  }

  /// Where a check stands: a node, its type, the node above, and the element of a plan that it is checked against.
  struct Place {
    var node: Int
    var type: TypeID
    var parent: Int
    var element: Int32
  }

  /// The slice whose nodes are wanted, if that is the question.
  var sought: SoughtSlice?

  /// Whether there is no more to be found out.
  @inline(__always)
  var isSettled: Bool { quietness > 0 && hasFailed && sought == nil }

  // MARK: Elements

  /// Checks a node against a plan from its root on.
  mutating func check(_ node: Int, _ type: TypeID, _ plan: PlanReference) {
    let tree = ObjectIdentifier(self.tree)
    if underway.contains(where: { $0.node == node && $0.plan.isSame(as: plan) && $0.tree == tree }) { return }
    underway.append((tree, node, plan))
    checkElement(Place(node: node, type: type, parent: node, element: 0), plan)
    underway.removeLast()
  }

  /// Goes on in another tree where a walk stands.
  mutating func `continue`(_ walk: borrowing ProfileWalk) {
    underway = walk.underway
    depth = walk.depth
    quietness = walk.quietness
  }

  /// - Returns: false if the value is of a type that may not stand, so that nothing else is to be said of it.
  @inline(__always)
  @discardableResult
  mutating func checkElement(_ place: Place, _ plan: PlanReference) -> Bool {
    let record = plan.records.elements + Int(place.element)
    if !record.pointee.checks.isEmpty {
      guard checkValue(place, record, plan) else { return false }
    }
    if record.pointee.groupCount > 0 { checkChildren(place, record, plan) }
    return true
  }

  private mutating func checkChildren(
    _ place: Place, _ record: UnsafePointer<PlanElement>, _ plan: PlanReference
  ) {
    guard depth < Self.depthLimit else { return }
    depth &+= 1
    defer { depth &-= 1 }
    let members = plan.records.members + Int(record.pointee.firstMember)
    let memberCount = Int(record.pointee.memberCount)
    let groups = plan.records.groups + Int(record.pointee.firstGroup)
    let counters = session.pushCounters(Int(record.pointee.counterCount))
    defer { session.popCounters(to: counters) }
    var child = place.node &+ 1
    let end = Int(nodes[place.node].end)
    while child < end {
      if let member = Self.find(nodes[child].name, in: members, memberCount), stands(child) {
        let group = groups + Int(member.pointee.group)
        session.counters[counters &+ Int(member.pointee.group)] &+= 1
        var type = member.pointee.type
        if nodes[child].flags.kind == .resource { type = resourceType(child) ?? type }
        let below = Place(node: child, type: type, parent: place.node, element: group.pointee.element)
        let isOfType = checkElement(below, plan)
        if group.pointee.slicing >= 0, isOfType {
          assign(below, toSlicing: group.pointee.slicing, counters, plan)
        }
        if isSettled { return }
      }
      child = Int(nodes[child].end)
    }
    for index in 0..<Int(record.pointee.groupCount) {
      let group = groups + index
      let count = session.counters[counters &+ index]
      if count < group.pointee.min || count > group.pointee.max && group.pointee.max >= 0 {
        reportCount(count, group.pointee, place, plan)
      } else if count == 0 && group.pointee.isMustSupport {
        reportUnsupported(group.pointee.element, place, plan)
      }
      if group.pointee.slicing >= 0 { checkCounts(ofSlicing: group.pointee.slicing, counters, place, plan) }
    }
  }

  /// Whether a node holds something: what the structure walk has reported as nothing does not.
  @inline(__always)
  private func stands(_ node: Int) -> Bool {
    switch nodes[node].flags.kind {
    case .null, .emptyArray, .array: false
    default: true
    }
  }

  /// The member of that name; members are sorted.
  @inline(__always)
  private static func find(
    _ name: NameID, in members: UnsafePointer<PlanMember>, _ count: Int
  ) -> UnsafePointer<PlanMember>? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) >> 1
      if members[middle].name.rawValue < name.rawValue { low = middle &+ 1 } else { high = middle }
    }
    return low < count && members[low].name == name ? members + low : nil
  }

  /// The type of the resource at a node.
  func resourceType(_ node: Int) -> TypeID? { table.resourceTypeID(tree.rawText(node)) }
}
