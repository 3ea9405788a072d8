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
  private var parts: [PartView] = []

  /// The groups are valid as long as the buffer stays as it is.
  init(_ buffer: borrowing PartBuffer) {
    var views: [PartView] = []
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
    guard let any = views.first else { return }
    parts = [PartView](repeating: any, count: views.count)
    for (index, group) in members.enumerated() {
      parts[starts[Int(group)]] = views[index]
      starts[Int(group)] += 1
    }
  }

  func parts(of group: Group) -> ArraySlice<PartView> { parts[group.range] }

  func id(of group: Group) -> String {
    String(decoding: parts[group.range.lowerBound].documentID, as: UTF8.self)
  }

  private static func isSame(_ a: PartView, _ b: PartView) -> Bool {
    a.kind == b.kind && a.documentID.elementsEqual(b.documentID)
  }
}
