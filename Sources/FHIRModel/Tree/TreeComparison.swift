/// Whether two trees say the same, element for element.
///
/// The order of an object's members does not count, that of a repeated element's items does. Texts are compared with
/// escapes decoded, numbers digit for digit. Where one of the trees comes from XML, which does not say what is an array
/// or a number, those marks do not count either.
package struct TreeComparison {
  /// What differs first, and where.
  package struct Difference: Hashable, Sendable, CustomStringConvertible {
    /// FHIRPath of the element in the first tree, or in the second if only that one has it.
    package let expression: String
    package let reason: Reason

    package enum Reason: String, Sendable {
      case value = "the value differs"
      case kind = "it is of another JSON type"
      case type = "the resource is of another type"
      case array = "it is an array in one and none in the other"
      case onlyInFirst = "it is missing in the second"
      case onlyInSecond = "it is missing in the first"
    }

    package var description: String { "\(expression): \(reason.rawValue)" }
  }

  /// Compares two narratives' markup.
  package typealias MarkupEquality = (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Bool

  private let table: DefinitionTable
  private let xhtml: MarkupEquality?

  /// - Parameter xhtml: compares narratives; byte for byte if nil.
  package init(table: DefinitionTable = .r4, xhtml: MarkupEquality? = nil) {
    self.table = table
    self.xhtml = xhtml
  }

  /// The first difference of two elements (by default, of the trees), or nil if they are equal.
  package func difference(
    _ a: ResourceTree, at aNode: Int = 0, _ b: ResourceTree, at bNode: Int = 0
  ) -> Difference? {
    let pair = Pair(a, b, xhtml)
    guard let found = pair.firstDifference(aNode, bNode) else { return nil }
    let expression =
      found.first.map { a.expression(of: $0, table: table) }
      ?? found.second.map { b.expression(of: $0, table: table) } ?? ""
    return Difference(expression: expression, reason: found.reason)
  }
}

/// Two trees that are being compared.
private struct Pair {
  let a: ResourceTree
  let b: ResourceTree
  private let xhtml: TreeComparison.MarkupEquality?
  /// Both trees say what is an array and what a number.
  private let isStrict: Bool
  /// The name that an unknown name of the second tree has in the first; `root` if none.
  private let translated: [NameID]
  private let aScratch = TextBuffer()
  private let bScratch = TextBuffer()

  /// A difference; `first` or `second` is nil where that tree lacks the element.
  struct Found {
    var first: Int?
    var second: Int?
    var reason: TreeComparison.Difference.Reason
  }

  init(_ a: ResourceTree, _ b: ResourceTree, _ xhtml: TreeComparison.MarkupEquality?) {
    self.a = a
    self.b = b
    self.xhtml = xhtml
    var isStrict = true
    if case .lines = a.origin { isStrict = false }
    if case .lines = b.origin { isStrict = false }
    self.isStrict = isStrict
    translated = b.unknownNames.map { name in
      a.unknownNames.firstIndex { $0.utf8.elementsEqual(name.utf8) }
        .map { NameID(rawValue: NameID.unknown + UInt16($0)) } ?? .root
    }
  }

  func firstDifference(_ aNode: Int, _ bNode: Int) -> Found? {
    let aFlags = a.nodes[aNode].flags
    let bFlags = b.nodes[bNode].flags
    func differ(_ reason: TreeComparison.Difference.Reason) -> Found {
      Found(first: aNode, second: bNode, reason: reason)
    }
    let isOneText = aFlags.kind == .text || bFlags.kind == .text
    let bothHaveValues = Pair.isValue(aFlags.kind) && Pair.isValue(bFlags.kind)
    guard aFlags.kind == bFlags.kind || (isOneText && bothHaveValues) else { return differ(.kind) }
    if bothHaveValues || aFlags.kind == .resource {
      guard textsAreEqual(aNode, bNode) else { return differ(aFlags.kind == .resource ? .type : .value) }
    }
    return firstDifferenceBelow(aNode, bNode)
  }

  private static func isValue(_ kind: ValueKind) -> Bool {
    switch kind {
    case .string, .number, .boolean, .text: true
    default: false
    }
  }

  private func textsAreEqual(_ aNode: Int, _ bNode: Int) -> Bool {
    let aRaw = a.rawText(aNode)
    let bRaw = b.rawText(bNode)
    let aFlags = a.nodes[aNode].flags
    let bFlags = b.nodes[bNode].flags
    let isEscaped = aFlags.contains(.escaped)
    if isEscaped == bFlags.contains(.escaped), aRaw.count == bRaw.count,
      memoryEqual(aRaw.baseAddress, bRaw.baseAddress, aRaw.count)
    {
      return true
    }
    let isMarkup = xhtml != nil && (aFlags.contains(.xhtml) || bFlags.contains(.xhtml))
    guard isEscaped || bFlags.contains(.escaped) || isMarkup else { return false }
    aScratch.count = 0
    bScratch.count = 0
    // Escapes that stand for no character all decode to U+FFFD, which would make different texts equal.
    let areCharacters = decode(a, aNode, into: aScratch) && decode(b, bNode, into: bScratch)
    guard areCharacters else { return false }
    let aText = UnsafeBufferPointer(start: UnsafePointer(aScratch.bytes), count: aScratch.count)
    let bText = UnsafeBufferPointer(start: UnsafePointer(bScratch.bytes), count: bScratch.count)
    if aText.count == bText.count, memoryEqual(aText.baseAddress, bText.baseAddress, aText.count) {
      return true
    }
    return isMarkup && xhtml?(aText, bText) == true
  }

  private func decode(_ tree: ResourceTree, _ node: Int, into buffer: TextBuffer) -> Bool {
    if tree.nodes[node].flags.contains(.escaped) {
      return JSONEscapes.decode(tree.rawText(node), into: buffer)
    }
    _ = buffer.append(tree.rawText(node))
    return true
  }

  // MARK: Children

  private func firstDifferenceBelow(_ aNode: Int, _ bNode: Int) -> Found? {
    let aEnd = Int(a.nodes[aNode].end)
    let bEnd = Int(b.nodes[bNode].end)
    var i = aNode + 1
    var j = bNode + 1
    // Mostly both trees have their members in one order.
    while i < aEnd, j < bEnd, name(ofSecond: j) == a.nodes[i].name {
      if let found = firstDifferenceOfMembers(i, j) { return found }
      i = Int(a.nodes[i].end)
      j = Int(b.nodes[j].end)
    }
    if i >= aEnd && j >= bEnd { return nil }

    let first = sortedChildren(of: a, from: i, to: aEnd) { a.nodes[$0].name }
    let second = sortedChildren(of: b, from: j, to: bEnd) { name(ofSecond: $0) }
    for index in 0..<max(first.count, second.count) {
      guard index < second.count else { return Found(first: first[index].node, reason: .onlyInFirst) }
      guard index < first.count else { return Found(second: second[index].node, reason: .onlyInSecond) }
      if first[index].name.rawValue < second[index].name.rawValue {
        return Found(first: first[index].node, reason: .onlyInFirst)
      }
      if first[index].name.rawValue > second[index].name.rawValue {
        return Found(second: second[index].node, reason: .onlyInSecond)
      }
      if let found = firstDifferenceOfMembers(first[index].node, second[index].node) { return found }
    }
    return nil
  }

  private func firstDifferenceOfMembers(_ i: Int, _ j: Int) -> Found? {
    if isStrict, a.nodes[i].flags.contains(.item) != b.nodes[j].flags.contains(.item) {
      return Found(first: i, second: j, reason: .array)
    }
    return firstDifference(i, j)
  }

  /// The name of a node of the second tree as the first tree has it; `root`, which no child bears, if it has none.
  @inline(__always)
  private func name(ofSecond node: Int) -> NameID {
    let name = b.nodes[node].name
    return name.isUnknown ? translated[Int(name.rawValue - NameID.unknown)] : name
  }

  /// Children by name; those of one name in their order.
  private func sortedChildren(
    of tree: ResourceTree, from start: Int, to end: Int, _ name: (Int) -> NameID
  ) -> [(name: NameID, node: Int)] {
    var children: [(name: NameID, node: Int)] = []
    var node = start
    while node < end {
      children.append((name(node), node))
      node = Int(tree.nodes[node].end)
    }
    // Swift's sort is stable in fact but not by promise: the node's index decides among equals.
    return children.sorted { ($0.name.rawValue, $0.node) < ($1.name.rawValue, $1.node) }
  }
}
