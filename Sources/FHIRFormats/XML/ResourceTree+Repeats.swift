internal import FHIRModel

extension ResourceTree {
  /// Puts children of one name next to each other, where the first of them stands.
  ///
  /// A tree holds a repeated element as one run of nodes; XML can write it in pieces. All nodes below are closed.
  func gatherRepeats(below parent: Int) {
    var groups: [NameID: Int] = [:]
    var members: [[Range<Int>]] = []
    var isScattered = false
    var last: NameID?
    var i = parent + 1
    while i < count {
      let end = Int(nodes[i].end)
      let name = nodes[i].name
      if let group = groups[name] {
        if name != last { isScattered = true }
        members[group].append(i..<end)
      } else {
        groups[name] = members.count
        members.append([i..<end])
      }
      last = name
      i = end
    }
    guard isScattered else { return }

    var gathered: [Node] = []
    gathered.reserveCapacity(count - parent - 1)
    for range in members.joined() {
      let shift = parent + 1 + gathered.count - range.lowerBound
      for index in range {
        var node = nodes[index]
        node.end = UInt32(Int(node.end) + shift)
        gathered.append(node)
      }
    }
    for (index, node) in gathered.enumerated() { nodes[parent + 1 + index] = node }
  }
}
