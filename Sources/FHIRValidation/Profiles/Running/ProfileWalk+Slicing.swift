import FHIRModel

// Repetitions and the slices they belong to.
extension ProfileWalk {
  /// Finds the slice that a node belongs to, and checks it there.
  mutating func assign(
    _ place: Place, toSlicing index: Int32, _ counters: Int, _ plan: PlanReference
  ) {
    let slicing = plan.records.slicings + Int(index)
    let slices = plan.records.slices + Int(slicing.pointee.firstSlice)
    var found = -1
    for number in 0..<Int(slicing.pointee.sliceCount) where number != slicing.pointee.fallback {
      if belongs(place, to: slices + number, plan) {
        found = number
        break
      }
    }
    if found < 0 { found = Int(slicing.pointee.fallback) }
    if found >= 0, sought != nil { note(place.node, in: slices[found].element, plan) }
    let state = counters &+ Int(slicing.pointee.firstCounter)
    // What may not stand at all is, where nothing else may, the node's own fault.
    if found >= 0, slices[found].max == 0, slicing.pointee.rules == .closed { found = -1 }
    guard found >= 0 else { return assignToNone(place, slicing, state, plan) }
    session.counters[state &+ 1 &+ found] &+= 1
    checkOrder(found, place, slicing, state, plan)
    var below = place
    below.element = slices[found].element
    checkElement(below, plan)
    if slices[found].slicing >= 0 { assign(place, toSlicing: slices[found].slicing, counters, plan) }
  }

  /// A node of none of the slices.
  private mutating func assignToNone(
    _ place: Place, _ slicing: UnsafePointer<PlanSlicing>, _ state: Int, _ plan: PlanReference
  ) {
    // What is of a slice that cannot be told may be this one.
    guard slicing.pointee.isDecidable else { return }
    switch slicing.pointee.rules {
    case .open: break
    case .openAtEnd: session.counters[state] = Int32.max
    case .closed:
      if isTold() {
        report(
          .error, .profileSlice, at: place.node,
          "\(path(place.element, plan)) is none of the slices that may stand here "
            + "(\(sliceNames(slicing.pointee, plan))), and no others may: \(source(plan))")
      }
    }
  }

  /// Notes which slice came, in the counter of the last one: number + 1, or the greatest once a node of no slice came.
  private mutating func checkOrder(
    _ found: Int, _ place: Place, _ slicing: UnsafePointer<PlanSlicing>, _ state: Int, _ plan: PlanReference
  ) {
    let last = session.counters[state]
    if slicing.pointee.rules == .openAtEnd && last == Int32.max {
      if isTold() {
        report(
          .error, .profileSliceOrder, at: place.node,
          "\(path(place.element, plan)): what belongs to no slice may stand only behind the slices: \(source(plan))"
        )
      }
    } else if slicing.pointee.isOrdered && last > Int32(found) &+ 1 {
      if isTold() {
        report(
          .error, .profileSliceOrder, at: place.node,
          "\(path(place.element, plan)): slices must stand in the order "
            + "\(sliceNames(slicing.pointee, plan)): \(source(plan))")
      }
    } else {
      session.counters[state] = Int32(found) &+ 1
    }
  }

  /// Checks that slices stand as often as they must and may.
  mutating func checkCounts(
    ofSlicing index: Int32, _ counters: Int, _ place: Place, _ plan: PlanReference
  ) {
    let slicing = plan.records.slicings + Int(index)
    let slices = plan.records.slices + Int(slicing.pointee.firstSlice)
    for number in 0..<Int(slicing.pointee.sliceCount) {
      let slice = slices + number
      guard slice.pointee.testCount > 0 || Int32(number) == slicing.pointee.fallback else { continue }
      let count = session.counters[counters &+ Int(slicing.pointee.firstCounter) &+ 1 &+ number]
      if count < slice.pointee.min || count > slice.pointee.max && slice.pointee.max >= 0 {
        reportCount(count, slice.pointee, place, plan)
      } else if count == 0 && slice.pointee.isMustSupport {
        reportUnsupported(slice.pointee.element, place, plan)
      }
      // Within a slice that does not stand nothing is missing.
      if slice.pointee.slicing >= 0 && count > 0 {
        checkCounts(ofSlicing: slice.pointee.slicing, counters, place, plan)
      }
    }
  }

  // MARK: Discriminators

  @inline(__always)
  private mutating func belongs(
    _ place: Place, to slice: UnsafePointer<PlanSlice>, _ plan: PlanReference
  ) -> Bool {
    let count = Int(slice.pointee.testCount)
    if count == 0 { return false }
    for number in 0..<count {
      let test = plan.records.tests + (Int(slice.pointee.firstTest) &+ number)
      let holds = someNode(from: place, test.pointee.firstStep, test, plan)
      if holds != (test.pointee.condition != .isAbsent) { return false }
    }
    return true
  }

  /// Whether the condition holds for some node at the end of the path.
  private mutating func someNode(
    from place: Place, _ step: Int32, _ test: UnsafePointer<PlanTest>, _ plan: PlanReference
  ) -> Bool {
    guard step < test.pointee.firstStep &+ test.pointee.stepCount else {
      return meets(place, test, plan)
    }
    let record = plan.records.steps + Int(step)
    switch record.pointee.kind {
    case .children:
      let names = plan.records.numbers + Int(record.pointee.first)
      let count = Int(record.pointee.count)
      var child = place.node &+ 1
      let end = Int(nodes[place.node].end)
      while child < end {
        let name = Int32(nodes[child].name.rawValue)
        for index in 0..<count where names[index] == name {
          let below = Place(
            node: child, type: type(of: child, below: place.type), parent: place.node, element: place.element)
          if someNode(from: below, step &+ 1, test, plan) { return true }
        }
        child = Int(nodes[child].end)
      }
      return false
    case .extensions:
      for child in tree.children(of: place.node) where nodes[child].name == names.extension {
        guard let url = tree.child(names.url, of: child),
          text(url, equals: plan.records.values + Int(record.pointee.first), plan)
        else { continue }
        let below = Place(
          node: child, type: session.library.types.extension, parent: place.node, element: place.element)
        if someNode(from: below, step &+ 1, test, plan) { return true }
      }
      return false
    case .ofType:
      let types = plan.records.numbers + Int(record.pointee.first)
      for index in 0..<Int(record.pointee.count) where types[index] == Int32(place.type.rawValue) {
        return someNode(from: place, step &+ 1, test, plan)
      }
      return false
    case .resolve:
      let target = withTarget(of: place.node) { walk, target in
        let other = Place(
          node: target, type: walk.resourceType(target) ?? walk.session.library.types.resource,
          parent: target,
          element: place.element)
        return walk.someNode(from: other, step &+ 1, test, plan)
      }
      if let target { return target }
      // What is not at hand may still be known by its type.
      guard test.pointee.condition == .type, let type = statedTargetType(place.node) else { return false }
      return meets(
        Place(node: place.node, type: type, parent: place.node, element: place.element), test, plan)
    }
  }

  private mutating func meets(
    _ place: Place, _ test: UnsafePointer<PlanTest>, _ plan: PlanReference
  ) -> Bool {
    switch test.pointee.condition {
    case .exists, .isAbsent: return true
    case .fixed: return mismatch(place.node, test.pointee.operand, exactly: true, plan) == nil
    case .pattern: return mismatch(place.node, test.pointee.operand, exactly: false, plan) == nil
    case .type:
      let types = plan.records.numbers + Int(test.pointee.operand)
      for index in 0..<Int(test.pointee.operandCount) {
        if table.isChosen(place.type, as: TypeID(rawValue: UInt16(types[index]))) { return true }
      }
      return false
    case .profile:
      let numbers = plan.records.numbers + Int(test.pointee.operand)
      for index in 0..<Int(test.pointee.operandCount) {
        if conforms(place.node, place.type, to: ProfileNumber(rawValue: numbers[index])) == true {
          return true
        }
      }
      return false
    case .binding:
      return isMember(place, of: test.pointee.operand, plan)
    case .element:
      return isQuietlySound { walk in
        var below = place
        below.element = test.pointee.operand
        walk.checkElement(below, plan)
      }
    }
  }

  /// The type of a child by its name and its parent's type.
  func type(of child: Int, below parent: TypeID) -> TypeID {
    if nodes[child].flags.kind == .resource { return resourceType(child) ?? session.library.types.resource }
    let name = nodes[child].name
    guard !name.isUnknown, let known = table.child(name, of: parent) else {
      return session.library.types.element
    }
    return table.type(of: known)
  }

  /// Runs checks without reporting; whether none found anything wrong.
  mutating func isQuietlySound(_ body: (inout ProfileWalk) -> Void) -> Bool {
    let outer = hasFailed
    hasFailed = false
    quietness += 1
    body(&self)
    quietness -= 1
    defer { hasFailed = outer }
    return !hasFailed
  }
}
