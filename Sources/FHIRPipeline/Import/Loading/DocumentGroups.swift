import FHIRMapping

/// The parts in a buffer by the document they belong to, the documents in the order in which they came.
struct DocumentGroups {
  struct Group {
    let kind: DocumentKind
    /// Its first part: it names the document.
    fileprivate let first: Int
    fileprivate(set) var range: Range<Int>
  }

  private(set) var groups: [Group] = []
  /// Grouped.
  private var parts = PartList()

  /// The groups are valid as long as the buffer stays as it is.
  init(_ buffer: borrowing PartBuffer) {
    var views = PartList()
    // About as many as there will be.
    views.reserveCapacity(buffer.count >> 10)
    var members: [Int32] = []
    var sizes: [Int] = []
    // By the hash of the document: the last group of that hash, and the one before it.
    var heads: [UInt64: Int] = [:]
    var others: [Int] = []
    buffer.forEach { part in
      let hash = ImportPass.mark(of: part)
      var group = heads[hash] ?? -1
      while group >= 0, !DocumentGroups.isSame(views[groups[group].first], part) { group = others[group] }
      if group < 0 {
        group = groups.count
        groups.append(Group(kind: part.kind, first: views.count, range: 0..<0))
        others.append(heads.updateValue(group, forKey: hash) ?? -1)
        sizes.append(0)
      }
      sizes[group] += 1
      members.append(Int32(group))
      views.append(part)
    }
    var starts: [Int] = []
    var start = 0
    for number in groups.indices {
      starts.append(start)
      groups[number].range = start..<start + sizes[number]
      start += sizes[number]
    }
    // Parts go to their places one after another, each from the place that the one before it took: no second array of them.
    swap(&parts, &views)
    guard groups.count > 1 else { return }
    for index in members.indices {
      while members[index] >= 0 {
        let group = Int(members[index])
        let place = starts[group]
        starts[group] += 1
        // a place that is taken
        members.swapAt(index, place)
        parts.swapAt(index, place)
        members[place] = -1
      }
    }
  }

  func parts(of group: Group) -> PartList { parts[group.range] }

  func id(of group: Group) -> String {
    String(decoding: parts[group.range.lowerBound].documentID, as: UTF8.self)
  }

  private static func isSame(_ a: PartView, _ b: PartView) -> Bool {
    a.kind == b.kind && a.documentID.isSame(as: b.documentID)
  }
}
