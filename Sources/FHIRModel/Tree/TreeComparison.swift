/// Whether two trees say the same, element for element.
///
/// The order of an object's members does not count, that of a repeated element's items does. Texts are compared with
/// escapes decoded, numbers digit for digit. Where one of the trees comes from XML, which does not say what is an array
/// or a number, those marks do not count either.
package struct TreeComparison: Sendable {
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

  /// One form for all ways to write the same markup; nil for what is no markup.
  package typealias MarkupForm = @Sendable (UnsafeBufferPointer<UInt8>) -> FiledArray<UInt8>?

  private let table: DefinitionTable
  private let xhtml: MarkupForm?

  /// - Parameter xhtml: narratives of one form are equal; only those of the same bytes if nil.
  package init(table: DefinitionTable = .r4, xhtml: MarkupForm? = nil) {
    self.table = table
    self.xhtml = xhtml
  }

  /// The first difference of two elements (by default, of the trees), or nil if they are equal.
  package func difference(
    _ a: ResourceTree, at aNode: Int = 0, _ b: ResourceTree, at bNode: Int = 0
  ) -> Difference? {
    let pair = Pair(a, b, xhtml)
    defer { pair.touches?.release() }
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
  private let xhtml: TreeComparison.MarkupForm?
  /// Both trees say what is an array and what a number.
  private let isStrict: Bool
  /// The name that an unknown name of the second tree has in the first; `root` if none.
  private let translated: [NameID]
  let touches: Touches?

  /// A difference; `first` or `second` is nil where that tree lacks the element.
  struct Found {
    var first: Int?
    var second: Int?
    var reason: TreeComparison.Difference.Reason
  }

  init(_ a: ResourceTree, _ b: ResourceTree, _ xhtml: TreeComparison.MarkupForm?) {
    self.a = a
    self.b = b
    self.xhtml = xhtml
    var isStrict = true
    if case .lines = a.origin { isStrict = false }
    if case .lines = b.origin { isStrict = false }
    self.isStrict = isStrict
    touches = a.isFiled || b.isFiled ? Touches(a, b) : nil
    translated = b.unknownNames.map { name in
      a.unknownNames.firstIndex { $0.utf8.elementsEqual(name.utf8) }
        .map { NameID(rawValue: NameID.unknown + UInt16($0)) } ?? .root
    }
  }

  func firstDifference(_ aNode: Int, _ bNode: Int) -> Found? {
    touches?.add()
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
    let aFlags = a.nodes[aNode].flags
    let bFlags = b.nodes[bNode].flags
    var aText = DecodedText(a.rawText(aNode), isEscaped: aFlags.contains(.escaped))
    var bText = DecodedText(b.rawText(bNode), isEscaped: bFlags.contains(.escaped))
    if aText.isEscaped == bText.isEscaped, equal(aText.raw, bText.raw) { return true }
    let isMarkup = xhtml != nil && (aFlags.contains(.xhtml) || bFlags.contains(.xhtml))
    guard aText.isEscaped || bText.isEscaped || isMarkup else { return false }
    if equal(&aText, &bText) { return true }
    guard isMarkup, let xhtml, let aForm = aText.whole(xhtml) else { return false }
    touches?.release()
    guard let bForm = bText.whole(xhtml), aForm.count == bForm.count else { return false }
    return stride(from: 0, to: aForm.count, by: DecodedText.pieceCount).allSatisfy {
      let piece = $0..<min($0 + DecodedText.pieceCount, aForm.count)
      return memoryEqual(aForm.lend(piece).baseAddress, bForm.lend(piece).baseAddress, piece.count)
    }
  }

  private func equal(_ aRaw: UnsafeBufferPointer<UInt8>, _ bRaw: UnsafeBufferPointer<UInt8>) -> Bool {
    guard aRaw.count == bRaw.count, let aStart = aRaw.baseAddress, let bStart = bRaw.baseAddress else {
      return aRaw.isEmpty && bRaw.isEmpty
    }
    guard let touches else { return memoryEqual(aStart, bStart, aRaw.count) }
    return stride(from: 0, to: aRaw.count, by: DecodedText.pieceCount).allSatisfy {
      touches.add(bytes: DecodedText.pieceCount)
      return memoryEqual(aStart + $0, bStart + $0, min(DecodedText.pieceCount, aRaw.count - $0))
    }
  }

  /// Compares texts once decoded, piece by piece.
  ///
  /// Escapes that stand for no character all decode to U+FFFD, which would make different texts equal: such are not.
  private func equal(_ aText: inout DecodedText, _ bText: inout DecodedText) -> Bool {
    while true {
      touches?.add(bytes: DecodedText.pieceCount)
      let aPiece = aText.upcoming()
      let bPiece = bText.upcoming()
      let count = min(aPiece.count, bPiece.count)
      if count == 0 { return aPiece.isEmpty && bPiece.isEmpty && aText.isWhole && bText.isWhole }
      guard memoryEqual(aPiece.baseAddress, bPiece.baseAddress, count) else { return false }
      aText.pass(count)
      bText.pass(count)
    }
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

    var first = SortedMembers(of: a, from: i, to: aEnd, touches) { a.nodes[$0].name }
    var second = SortedMembers(of: b, from: j, to: bEnd, touches) { name(ofSecond: $0) }
    while true {
      let one = first.next()
      let other = second.next()
      guard let one else { return other.map { Found(second: $0.node, reason: .onlyInSecond) } }
      guard let other else { return Found(first: one.node, reason: .onlyInFirst) }
      if one.name.rawValue < other.name.rawValue { return Found(first: one.node, reason: .onlyInFirst) }
      if one.name.rawValue > other.name.rawValue { return Found(second: other.node, reason: .onlyInSecond) }
      if let found = firstDifferenceOfMembers(one.node, other.node) { return found }
    }
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
}

/// What was touched of two trees that stand in files: they are let go of every so often.
private final class Touches {
  private let a: ResourceTree
  private let b: ResourceTree
  private var count = 0

  init(_ a: ResourceTree, _ b: ResourceTree) {
    self.a = a
    self.b = b
  }

  /// Something small, or so many bytes, were touched, or are about to be.
  ///
  /// What is small counts as 4 KB: the system brings the surroundings along.
  func add(bytes: Int = 4 << 10) {
    count += bytes
    if count >= 1 << 20 { release() }
  }

  func release() {
    count = 0
    a.release()
    b.release()
  }
}

/// Children by name; those of one name in their order.
private struct SortedMembers: IteratorProtocol {
  /// Children of one name that stand side by side.
  private struct Run {
    let name: NameID
    let start: UInt32
    let end: UInt32
  }

  private let tree: ResourceTree
  private var runs: [Run] = []
  private var run = 0
  private var node: Int

  init(of tree: ResourceTree, from start: Int, to end: Int, _ touches: Touches?, _ name: (Int) -> NameID) {
    self.tree = tree
    var at = start
    while at < end {
      let first = at
      repeat {
        touches?.add()
        at = Int(tree.nodes[at].end)
      } while at < end && tree.nodes[at].name == tree.nodes[first].name
      runs.append(Run(name: name(first), start: UInt32(first), end: UInt32(at)))
    }
    // Swift's sort is stable in fact but not by promise: the node's index decides among equals.
    runs.sort { ($0.name.rawValue, $0.start) < ($1.name.rawValue, $1.start) }
    node = runs.first.map { Int($0.start) } ?? 0
  }

  mutating func next() -> (name: NameID, node: Int)? {
    guard run < runs.count else { return nil }
    let found = (runs[run].name, node)
    node = Int(tree.nodes[node].end)
    if node >= runs[run].end {
      run += 1
      if run < runs.count { node = Int(runs[run].start) }
    }
    return found
  }
}
