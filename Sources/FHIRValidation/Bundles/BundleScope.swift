import FHIRModel

/// What of a Bundle's entries the rules need that look beyond one entry: who they are, and whom they refer to.
///
/// A Bundle is never held whole. Each entry leaves a digest here as it goes by; digests that several workers made are put
/// together in the order of the source, and ``close(_:plan:options:)`` judges them when the Bundle's other members have come.
package struct BundleScope: Sendable {
  /// A stretch of `bytes`.
  struct Text: Sendable, Equatable {
    fileprivate var start: UInt32 = 0
    fileprivate var count: Int32 = -1

    var isThere: Bool { count >= 0 }
    fileprivate var range: Range<Int> { Int(start)..<Int(start) + Int(max(count, 0)) }
  }

  /// A position in half of the memory.
  struct Place: Sendable {
    private var line: UInt32 = 0
    private var column: UInt32 = 0

    init(_ position: SourcePosition? = nil) {
      guard let position else { return }
      line = UInt32(clamping: position.line)
      column = UInt32(clamping: position.column)
    }

    var position: SourcePosition? {
      line > 0 ? SourcePosition(line: Int(line), column: Int(column)) : nil
    }
  }

  struct Entry: Sendable {
    /// It has a fullUrl.
    var isNamed = false
    var fullUrl = Text()
    var fullUrlPlace = Place()
    var versionID = Text()
    var place = Place()
    /// The resource's type; nil where there is none or an unknown one.
    var type: TypeID?
    var marks: Marks = []
    /// Index of the first reference at or below the entry; they end where the next entry's begin.
    var firstReference = 0
    var node: UInt32 = 0
  }

  struct Marks: OptionSet, Sendable {
    let rawValue: UInt8
    static let resource = Marks(rawValue: 1)
    static let request = Marks(rawValue: 2)
    static let response = Marks(rawValue: 4)
    static let search = Marks(rawValue: 8)
    /// The resource is an OperationOutcome, which has no identity.
    static let outcome = Marks(rawValue: 16)
    /// The resource has an id.
    static let identified = Marks(rawValue: 32)
    /// `search.mode` is `outcome`.
    static let asOutcome = Marks(rawValue: 64)
    /// `search.mode` is `match` or `include`.
    static let asResult = Marks(rawValue: 128)
  }

  struct Reference: Sendable {
    var text: Text
    /// The FHIRPath of the element: that of its tree's root, and the rest.
    var root: Text
    var rest: Text
    var place: Place
    /// Index into the table's elements: the element that refers.
    var element: UInt32
    /// Index into the table's type references: what it may refer to.
    var typeRef: UInt32
    var node: UInt32
    /// The type that the reference's text names.
    var type: TypeID?
    var form: LiteralReference.Form
    var isVersioned: Bool
  }

  private var bytes = FiledArray<UInt8>()
  /// What the entries are named and what they refer to, once others were taken over: their texts are not.
  private(set) var index: BundleIndex?
  /// Paths that come again and again, by their hashes. Of many the earlier are forgotten.
  private var known: [Int: Text] = [:]
  private static let mostKnown = 100_000
  /// The path of the tree that the last reference stood in.
  private var root = Text()
  var entries = FiledArray<Entry>()
  var references = FiledArray<Reference>()
  /// Some entry could not be read: what is not found may have stood there.
  var hasGaps = false
  /// A rule wanted to look at what a reference leads to, and could not: it may be another entry.
  package var asksForTargets = false
  /// Definitions that are not at hand, told already: what thousands of resources claim is told once.
  var toldMissing: Set<ProfileNumber> = []
  var cursor = PositionCursor()

  package init() {}

  package var entryCount: Int { entries.count }

  package var isEmpty: Bool { entries.isEmpty && !hasGaps && !asksForTargets }

  /// Notes that an entry could not be read.
  package mutating func noteUnreadable() { hasGaps = true }

  /// Takes over what stands after this one's entries in the source.
  package mutating func append(_ later: BundleScope) {
    cursor = PositionCursor()
    if isEmpty {
      self = later
      cursor = PositionCursor()
      return
    }
    var names = index.take() ?? BundleIndex(of: self)
    names.add(later, behind: entries.count, references: references.count)
    index = names
    let referenceShift = references.count
    for var entry in later.entries {
      (entry.fullUrl, entry.versionID) = (Text(), Text())
      entry.firstReference += referenceShift
      entries.append(entry)
    }
    var root = (later: Text(), own: Text())
    for var reference in later.references {
      if reference.root != root.later { root = (reference.root, take(reference.root, of: later)) }
      reference.root = root.own
      reference.text = Text()
      reference.rest = takeAgain(reference.rest, of: later)
      references.append(reference)
    }
    hasGaps = hasGaps || later.hasGaps
    asksForTargets = asksForTargets || later.asksForTargets
  }

  mutating func add(_ text: some Collection<UInt8>) -> Text {
    // Of a Bundle of 40 GB not all is known, and so nothing is missed.
    guard let start = UInt32(exactly: bytes.count), let count = Int32(exactly: text.count) else {
      hasGaps = true
      return Text()
    }
    let isContiguous: Void? = text.withContiguousStorageIfAvailable { bytes.append(contentsOf: $0) }
    if isContiguous == nil { Array(text).withUnsafeBufferPointer { bytes.append(contentsOf: $0) } }
    return Text(start: start, count: count)
  }

  /// Adds the path of a tree's root, unless it was the last that was added.
  mutating func add(root path: some Collection<UInt8>) -> Text {
    if root.isThere, slice(root).elementsEqual(path) { return root }
    root = add(path)
    return root
  }

  private mutating func take(_ text: Text, of other: BundleScope) -> Text {
    text.isThere ? add(other.slice(text)) : text
  }

  /// The same for a text that may be here already.
  private mutating func takeAgain(_ text: Text, of other: BundleScope) -> Text {
    guard text.isThere else { return text }
    let slice = other.slice(text)
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: slice)))
    let hash = hasher.finalize()
    if let known = known[hash], self.slice(known).elementsEqual(slice) { return known }
    let own = add(slice)
    if known.count >= BundleScope.mostKnown { known.removeAll(keepingCapacity: true) }
    known[hash] = own
    return own
  }

  func string(_ text: Text) -> String { String(decoding: slice(text), as: UTF8.self) }

  /// Valid until something is added.
  func slice(_ text: Text) -> Slice<UnsafeBufferPointer<UInt8>> { bytes.lend(text.range)[...] }

  /// The references of an entry.
  func references(of entry: Int) -> Range<Int> {
    let next = entry + 1 < entries.count ? entries[entry + 1].firstReference : references.count
    return entries[entry].firstReference..<next
  }
}

/// Works positions out one after the other: each from the one before, so that all of a chunk's cost one pass over it.
struct PositionCursor: Sendable {
  private var chunk: SourceChunk?
  private var index = 0
  private var position = SourcePosition(line: 1, column: 1)

  mutating func position(of node: Int, in tree: ResourceTree) -> SourcePosition? {
    guard case .chunk(let source) = tree.origin else { return tree.position(of: node) }
    let target = Int(tree.nodes[node].position)
    if chunk !== source || target < index {
      position = source.position(at: target)
      chunk = source
    } else if !source.isPieced, target <= source.count {
      position = position.advanced(
        over: UnsafeBufferPointer(rebasing: source.buffer[index..<target]))
    } else {
      position = source.position(at: target)
    }
    index = target
    return position
  }
}
