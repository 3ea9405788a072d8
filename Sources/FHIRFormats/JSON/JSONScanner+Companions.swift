import FHIRModel

extension JSONScanner {
  /// Joins the members `_name` of an object, which is about to close, with its members `name`.
  ///
  /// A primitive's id and extensions stand beside its value, in any order; of a repeated one in an array of the same
  /// length, with null where an item has none. See https://hl7.org/fhir/R4/json.html#primitive. A companion that fits
  /// no value is kept as an unknown element and reported.
  @inline(never)
  mutating func joinCompanions(of object: Int) {
    let first = object + 1
    var members = membersOfOpenObject(from: first)
    for index in members.indices where members[index].isCompanion { pair(index, in: &members) }

    let scratch = UnsafeMutablePointer<Node>.allocate(capacity: count - first)
    defer { scratch.deallocate() }
    var filled = 0
    for member in members {
      switch member.fate {
      case .kept:
        copy(member.nodes, to: scratch, &filled, base: first)
      case .alone:
        copy(member.nodes, to: scratch, &filled, base: first)
      case .joined(let companion):
        var below = members[companion].nodes.lowerBound
        var value = member.nodes.lowerBound
        while value < member.nodes.upperBound {
          let head = filled
          copy(value..<value + 1, to: scratch, &filled, base: first)
          let belowEnd = Int(nodes[below].end)
          if nodes[below].flags.kind == .none {
            copy(below + 1..<belowEnd, to: scratch, &filled, base: first)
            scratch[head].end = UInt32(first + filled)
            scratch[head].flags.formUnion(.companion)
            if scratch[head].flags.kind == .null { scratch[head].flags.kind = .none }
          }
          value += 1
          below = belowEnd
        }
      case .absorbed:
        break
      }
    }
    nodes.advanced(by: first).update(from: scratch, count: filled)
    count = first + filled
  }

  /// A member of an object: the run of nodes that one key gave.
  private struct Member {
    var nodes: Range<Int>
    var name: NameID
    var isCompanion: Bool
    var isArray: Bool
    var fate = Fate.kept

    enum Fate {
      /// Stays as it is.
      case kept
      /// A companion without a value: its nodes bear the value's name.
      case alone
      /// A value whose companion is the member of that index.
      case joined(Int)
      /// A companion that was joined with its value.
      case absorbed
    }
  }

  private func membersOfOpenObject(from first: Int) -> [Member] {
    var members: [Member] = []
    var node = first
    while node < count {
      let flags = nodes[node].flags
      let isCompanion = flags.contains(JSONScanner.pendingCompanion)
      let next = Int(nodes[node].end)
      if flags.contains(.item), !flags.contains(.duplicate), let last = members.last, last.isArray,
        last.name == nodes[node].name, last.isCompanion == isCompanion
      {
        members[members.count - 1].nodes = last.nodes.lowerBound..<next
      } else {
        members.append(
          Member(
            nodes: node..<next, name: nodes[node].name, isCompanion: isCompanion,
            isArray: flags.contains(.item)))
      }
      node = next
    }
    return members
  }

  /// Decides what becomes of a companion.
  private mutating func pair(_ index: Int, in members: inout [Member]) {
    let companion = members[index]
    let heads = headNodes(companion)
    for head in heads { nodes[head].flags.subtract(JSONScanner.pendingCompanion) }
    let kinds = heads.map { nodes[$0].flags.kind }
    let isWellFormed =
      kinds.allSatisfy { $0 == .none || (companion.isArray && $0 == .null) } && kinds.contains(.none)
    let value = members.firstIndex { !$0.isCompanion && $0.name == companion.name }
    if companion.isArray, kinds.allSatisfy({ $0 == .null }) {
      return keep(companion, heads, "one that is nothing but nulls says nothing: leave it out")
    }
    guard isWellFormed else {
      return keep(companion, heads, "it must be an object, or an array of objects and nulls")
    }
    guard let value else {
      if nodes[heads[0]].flags.contains(.duplicate) {
        return keep(companion, heads, "it stands twice in the same object")
      }
      for head in heads where nodes[head].flags.kind == .none { nodes[head].flags.formUnion(.companion) }
      members[index].fate = .alone
      return
    }
    guard case .kept = members[value].fate else {
      return keep(companion, heads, "it stands twice in the same object")
    }
    let valueHeads = headNodes(members[value])
    guard members[value].isArray == companion.isArray && valueHeads.count == heads.count else {
      return keep(
        companion, heads,
        "it must be an array with an item for each item of its element, or no array where that is none")
    }
    let valuesArePrimitive = valueHeads.allSatisfy {
      switch nodes[$0].flags.kind {
      case .string, .number, .boolean, .null: true
      default: false
      }
    }
    guard valuesArePrimitive else { return keep(companion, heads, "only primitive values may have one") }
    members[value].fate = .joined(index)
    members[index].fate = .absorbed
  }

  private func headNodes(_ member: Member) -> [Int] {
    var heads: [Int] = []
    var node = member.nodes.lowerBound
    while node < member.nodes.upperBound {
      heads.append(node)
      node = Int(nodes[node].end)
    }
    return heads
  }

  /// Gives a companion that cannot be joined the name that it was written under, and reports it.
  private mutating func keep(_ companion: Member, _ heads: [Int], _ reason: String) {
    let plain: [UInt8]
    if companion.name.isUnknown {
      plain = Array(unknownNames[Int(companion.name.rawValue - NameID.unknown)].utf8)
    } else {
      plain = Array(names.table.bytes(of: companion.name))
    }
    let offset = Int(nodes[heads[0]].position)
    guard let name = intern([UInt8(ascii: "_")] + plain) else {
      return note(.fatal, .limitSize, at: offset, "too many different unknown element names in one resource")
    }
    note(
      .error, .jsonCompanion, at: offset,
      "a member whose name begins with _ holds a value's id and extensions: \(reason)")
    // The items of arrays in arrays bear the name too.
    var renaming = heads
    while let node = renaming.popLast() {
      nodes[node].name = name
      guard nodes[node].flags.kind == .array else { continue }
      var item = node + 1
      while item < Int(nodes[node].end) {
        renaming.append(item)
        item = Int(nodes[item].end)
      }
    }
  }

  /// Copies whole subtrees behind what is in `scratch`, whose first node will stand at `base`.
  private func copy(
    _ range: Range<Int>, to scratch: UnsafeMutablePointer<Node>, _ filled: inout Int, base: Int
  ) {
    let shift = base + filled - range.lowerBound
    for node in range {
      scratch[filled] = nodes[node]
      scratch[filled].end = UInt32(Int(nodes[node].end) + shift)
      filled += 1
    }
  }
}
