import FHIRModel

/// Reads one JSON value in one pass, straight into the nodes of a ``ResourceTree``.
///
/// RFC 8259 to the letter; FHIR's own rules (https://hl7.org/fhir/R4/json.html) are applied where they shape the tree:
/// arrays become runs of nodes, `_name` is joined with `name`, `resourceType` becomes a resource's text. Nesting is kept
/// on a stack of the scanner's own, so that no input can exhaust the thread's. One scanner reads many values.
struct JSONScanner: ~Copyable {
  /// How a scan ended.
  enum Outcome {
    /// The value is whole; the index behind it.
    case value(end: Int)
    /// The bytes (or, reading by line, the line) end within the value, at the index.
    case incomplete(at: Int)
    /// What stands at the finding's offset is no JSON.
    case malformed(Finding)
  }

  /// Something wrong, at an offset into the chunk.
  struct Finding {
    var severity: Issue.Severity
    var rule: Rule
    var offset: Int
    var message: String
  }

  /// An object or array whose end is not reached yet.
  struct Frame {
    /// The object's node, or that of an array in an array; of other arrays, the node of the object around them.
    var node: Int32
    /// Where the object's keys begin in `keys`.
    var firstKey: Int32 = 0
    /// A bit for each key of the object, by its number's low bits: one that is not set proves that a key is new.
    var seen: UInt64 = 0
    /// The name that an array's items bear, and their flags.
    var name: NameID = .root
    var itemFlags = NodeFlags()
    var marks: Marks
  }

  struct Marks {
    let rawValue: UInt16
    @inline(__always) init(rawValue: UInt16) { self.rawValue = rawValue }
    @inline(__always) func contains(_ mark: Marks) -> Bool { rawValue & mark.rawValue != 0 }
    @inline(__always) func union(_ mark: Marks) -> Marks { Marks(rawValue: rawValue | mark.rawValue) }
    @inline(__always) mutating func formUnion(_ mark: Marks) { self = union(mark) }
    static var array: Marks { @inline(__always) get { Marks(rawValue: 1) } }
    /// The object has companions (`_name`).
    static var companions: Marks { @inline(__always) get { Marks(rawValue: 2) } }
    /// The object's keys are in a set.
    static var manyKeys: Marks { @inline(__always) get { Marks(rawValue: 4) } }
    /// Marks of objects that need work at their end.
    static var special: UInt16 { @inline(__always) get { 2 | 4 } }
    /// The object may be a resource; of an array, its items may.
    static var resource: Marks { @inline(__always) get { Marks(rawValue: 8) } }
  }

  /// Marks a node as written under `_name`, until its object's end.
  static var pendingCompanion: NodeFlags { @inline(__always) get { NodeFlags(rawValue: 1 << 15) } }

  /// A value with more wrong than this needs no longer list.
  private static let maximumFindings = 100
  private static let maximumUnknownNames = 0x7FFE
  /// A tree of more nodes takes them over instead of copying them.
  private static let mostCopied = 1 << 16

  let names: NameIndex
  /// The same, for the hot loop.
  let lookup: NameIndex.Lookup
  let maximumDepth: Int
  private let maximumNodes: Int

  // The input of the current scan.
  var bytes: UnsafePointer<UInt8>
  var end = 0
  var linewise = false

  // What it gives.
  var nodes: UnsafeMutablePointer<Node>
  var count = 0
  var capacity = 256
  private(set) var findings: [Finding] = []
  /// The value has JSON's structure, but a finding is fatal.
  private(set) var isUnusable = false
  /// The value has more nodes than are allowed: the last of them are written again and again until its end is found.
  private(set) var isOverfull = false
  private(set) var unknownNames: [String] = []
  private var unknownNumbers: [[UInt8]: UInt16] = [:]

  // Its state.
  var frames: UnsafeMutablePointer<Frame>
  var depth = 0
  private var frameCapacity = 32
  /// Keys of all open objects, outermost first: name, and bit 16 for a companion.
  var keys: UnsafeMutablePointer<UInt32>
  var keyCount = 0
  private var keyCapacity = 256
  /// Keys of the open objects that have too many to go through, outermost first.
  var keySets: [Set<UInt32>] = []
  /// The name that `key` found.
  var key = Key()
  /// Where a scan stopped, and why if the bytes there are no JSON.
  var stop = 0
  var failure: Finding?

  struct Key {
    var name: NameID = .root
    var isCompanion = false
    var isRepeated = false
  }

  init(names: NameIndex, maximumDepth: Int, maximumNodes: Int = ReadOptions().maximumElements) {
    self.names = names
    lookup = names.lookup
    self.maximumDepth = max(maximumDepth, 1)
    self.maximumNodes = max(maximumNodes, capacity)
    nodes = GrowingMemory.allocate(capacity)
    frames = .allocate(capacity: frameCapacity)
    keys = .allocate(capacity: keyCapacity)
    // Never read before a scan sets it.
    bytes = UnsafePointer(UnsafeRawPointer(keys).assumingMemoryBound(to: UInt8.self))
  }

  deinit {
    GrowingMemory.free(nodes)
    frames.deallocate()
    keys.deallocate()
  }

  // MARK: Scanning

  /// Reads the value that begins at `start`, or behind white space there.
  ///
  /// - Parameters:
  ///   - end: where the bytes end; 64 readable bytes follow, the first of them 0.
  ///   - linewise: a line feed ends the input too.
  ///   - rootName: the name of the value's node.
  ///   - isResource: whether `resourceType` makes the value a resource.
  mutating func scan(
    _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool = false,
    rootName: NameID = .root, isResource: Bool = true
  ) -> Outcome {
    self.bytes = bytes
    self.end = end
    self.linewise = linewise
    count = 0
    depth = 0
    keyCount = 0
    failure = nil
    isUnusable = false
    isOverfull = false
    if !findings.isEmpty { findings.removeAll() }
    if !keySets.isEmpty { keySets.removeAll() }
    if !unknownNames.isEmpty {
      unknownNames.removeAll()
      unknownNumbers.removeAll()
    }
    let valueEnd = readValue(at: start, rootName, isResource)
    if isOverfull {
      // What the others say is no longer true.
      count = 1
      nodes[0].end = 1
      capacity = 256
      nodes = GrowingMemory.resize(nodes, to: capacity)
      depth = min(depth, 1)
    }
    if valueEnd >= 0 { return .value(end: valueEnd) }
    if let failure { return .malformed(failure) }
    return .incomplete(at: stop)
  }

  /// The tree of the value just read. After a scan that failed: what was read of it.
  mutating func tree(over chunk: SourceChunk) -> ResourceTree {
    // After a failure the nodes around the bad spot are open.
    for frame in 0..<depth where frames[frame].node >= 0 {
      nodes[Int(frames[frame].node)].end = UInt32(truncatingIfNeeded: count)
    }
    if count > JSONScanner.mostCopied {
      let taken = nodes
      capacity = 256
      nodes = GrowingMemory.allocate(capacity)
      return ResourceTree(chunk: chunk, taking: taken, count: count, unknownNames: unknownNames)
    }
    let built = UnsafeBufferPointer(start: nodes, count: count)
    return ResourceTree(chunk: chunk, copying: built, unknownNames: unknownNames)
  }

  /// The node of the innermost object that was open when a scan failed; 0 if there was none.
  var openNode: Int { depth > 0 && count > 0 ? max(0, Int(frames[depth - 1].node)) : 0 }

  // MARK: Building

  /// Appends a node that ends where it begins; `close` moves the end of one that gets children.
  @inline(__always)
  @discardableResult
  mutating func append(
    _ name: NameID, _ flags: NodeFlags, text: Int = 0, length: Int = 0, at position: Int
  ) -> Int {
    if count == capacity { growNodes() }
    (nodes + count).initialize(
      to: Node(
        name: name, flags: flags, textStart: UInt32(truncatingIfNeeded: text),
        textLength: UInt32(truncatingIfNeeded: length), end: UInt32(truncatingIfNeeded: count &+ 1),
        position: UInt32(truncatingIfNeeded: position)))
    count &+= 1
    return count &- 1
  }

  private mutating func growNodes() {
    guard capacity < maximumNodes else {
      if !isOverfull {
        note(
          .fatal, .limitSize, at: Int(nodes[0].position),
          "it has more than \(ReadOptions.allowed(elements: maximumNodes))")
      }
      isOverfull = true
      count = capacity / 2
      return
    }
    capacity = min(capacity * 2, maximumNodes)
    nodes = GrowingMemory.resize(nodes, to: capacity)
  }

  @inline(__always)
  mutating func push(_ frame: Frame) {
    if depth == frameCapacity { growFrames() }
    (frames + depth).initialize(to: frame)
    depth &+= 1
  }

  private mutating func growFrames() {
    let larger = UnsafeMutablePointer<Frame>.allocate(capacity: frameCapacity * 2)
    larger.moveInitialize(from: frames, count: depth)
    frames.deallocate()
    frames = larger
    frameCapacity *= 2
  }

  @inline(__always)
  mutating func pushKey(_ number: UInt32) {
    if keyCount == keyCapacity { growKeys() }
    keys[keyCount] = number
    keyCount &+= 1
  }

  private mutating func growKeys() {
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: keyCapacity * 2)
    larger.moveInitialize(from: keys, count: keyCount)
    keys.deallocate()
    keys = larger
    keyCapacity *= 2
  }

  /// The id of a name that the table does not know; nil when there are too many.
  mutating func intern(_ name: [UInt8]) -> NameID? {
    if let known = unknownNumbers[name] { return NameID(rawValue: NameID.unknown + known) }
    let number = unknownNames.count
    guard number < JSONScanner.maximumUnknownNames else { return nil }
    unknownNames.append(String(decoding: name, as: UTF8.self))
    unknownNumbers[name] = UInt16(number)
    return NameID(rawValue: NameID.unknown + UInt16(number))
  }

  // MARK: Findings

  /// Notes something wrong after which the scan goes on.
  mutating func note(_ severity: Issue.Severity, _ rule: Rule, at offset: Int, _ message: String) {
    if severity == .fatal { isUnusable = true }
    if findings.count < JSONScanner.maximumFindings {
      findings.append(Finding(severity: severity, rule: rule, offset: offset, message: message))
    }
  }

  /// Takes back what was said of bytes from an offset on: a failure there says the same.
  mutating func withdraw(_ rule: Rule, from offset: Int) {
    while let last = findings.last, last.rule == rule, last.offset >= offset { findings.removeLast() }
  }

  /// Ends the scan at a byte that is no JSON, or where the bytes end. Always -1.
  @inline(never)
  mutating func fail(at offset: Int, rule: Rule = .jsonSyntax, _ message: String) -> Int {
    stop = offset
    if offset < end && !(linewise && bytes[offset] == JSONByte.newline) {
      failure = Finding(severity: .fatal, rule: rule, offset: offset, message: message)
    }
    return -1
  }
}
