internal import CDefinitions
internal import CLibXML2
internal import FHIRModel

/// Builds trees from libxml2's events: one for each entry of a Bundle, one for what else the document holds.
final class XMLTreeBuilder {
  let table: DefinitionTable
  let options: ReadOptions
  /// Records that are whole.
  @exclusivity(unchecked) var records: [Record] = []
  /// Why the parse cannot go on.
  @exclusivity(unchecked) var failure: Issue?
  /// The root's end tag was read.
  @exclusivity(unchecked) var isComplete = false
  /// Offset in the source behind that tag.
  @exclusivity(unchecked) var rootEnd = 0
  @exclusivity(unchecked) var hasRoot = false
  /// All of the source was given to libxml2.
  @exclusivity(unchecked) var isAtEnd = false

  /// The source's bytes that may still be asked about.
  @exclusivity(unchecked) var window: XMLWindow
  /// The parser whose events these are; set before the first.
  @exclusivity(unchecked) var context: UnsafeMutablePointer<xmlParserCtxt>?
  /// Bytes of the source that were not fed to libxml2: a byte order mark.
  @exclusivity(unchecked) var skippedBytes = 0

  @exclusivity(unchecked) var names: XMLNameCache
  @exclusivity(unchecked) var frames: UnsafeMutablePointer<XMLFrame>
  @exclusivity(unchecked) var depth = 0
  /// Open elements that are passed over.
  @exclusivity(unchecked) var skipping = 0

  // What is being built: an entry, or the document around the entries.
  @exclusivity(unchecked) var part: XMLPart
  @exclusivity(unchecked) var outerPart: XMLPart?
  @exclusivity(unchecked) var entryCount = 0
  @exclusivity(unchecked) var splitsEntries = false
  /// The record of the Bundle itself was delivered.
  @exclusivity(unchecked) var hasBundle = false
  // How large the last part was.
  @exclusivity(unchecked) var lastNodeCount = 0
  @exclusivity(unchecked) var lastTextCount = 0

  @exclusivity(unchecked) var narrative = XMLNarrative()
  /// The namespace that the root stands in, if that is not FHIR's.
  @exclusivity(unchecked) var rootNamespace: UnsafePointer<xmlChar>?
  /// The root stands in no namespace.
  @exclusivity(unchecked) var rootHasNoNamespace = false
  // Addresses of the namespaces' names, as libxml2 keeps them.
  @exclusivity(unchecked) private var fhirURI: UnsafePointer<xmlChar>?
  @exclusivity(unchecked) private var xhtmlURI: UnsafePointer<xmlChar>?

  let valueName: NameID?
  let divName: NameID?
  let entryName: NameID?
  let typeName: NameID?
  let xhtmlType: TypeID?
  let bundleType: TypeID?

  init(table: DefinitionTable, options: ReadOptions) {
    self.table = table
    self.options = options
    window = XMLWindow(capacity: 2 * options.chunkBytes)
    names = XMLNameCache(table: table)
    // Room for the root, and for the element that goes beyond the limit.
    frames = .allocate(capacity: max(options.maximumDepth, 1) + 2)
    part = XMLPart()
    valueName = table.nameID("value")
    divName = table.nameID("div")
    entryName = table.nameID("entry")
    typeName = table.nameID("type")
    xhtmlType = table.typeID("xhtml")
    bundleType = table.typeID("Bundle")
  }

  deinit { frames.deallocate() }

  // MARK: Events

  func startElement(_ tag: XMLStartTag) {
    if skipping > 0 {
      skipping += 1
      return
    }
    if narrative.depth > 0 {
      startNarrativeElement(tag)
      return
    }
    let offset = tagOffset
    let (line, column) = window.position(at: offset)
    let place = SourcePosition(line: line, column: column)
    if depth == 0 {
      startRoot(tag, at: place, offset: offset)
      return
    }
    let parent = depth - 1
    let namespace = namespace(of: tag.uri)
    if splitsEntries && depth == 1 && isEntry(tag, namespace) { beginEntry(at: offset) }
    if part.isUnreadable {
      skipping = 1
      return
    }
    if depth >= options.maximumDepth {
      giveUpPart(.limitDepth, at: place, "elements are nested deeper than \(options.maximumDepth) levels")
      skipping = 1
      return
    }
    if let excess = excess(at: offset) {
      giveUpPart(.limitSize, at: place, "it has more than \(excess): it is passed over")
      part.forget()
      skipping = 1
      return
    }
    if frames[parent].kind == .wrapper {
      startResource(tag, namespace, at: place)
    } else {
      startChild(tag, namespace, at: place, offset: offset)
    }
  }

  func endElement() {
    if skipping > 0 {
      skipping -= 1
      return
    }
    if narrative.depth > 0 {
      endNarrativeElement()
      return
    }
    guard depth > 0 else { return }
    depth -= 1
    let frame = frames[depth]
    // What was too large has no nodes any more, but its root.
    if frame.node < part.tree.count {
      if frame.isScattered { part.tree.gatherRepeats(below: frame.node) }
      part.tree.close(frame.node)
    }
    if depth == 1 && outerPart != nil {
      endEntry()
    } else if depth == 0 {
      endRoot()
    }
  }

  func doctype() {
    stop(
      .xmlDoctype, at: position(at: tagOffset),
      "FHIR forbids document type declarations (<!DOCTYPE …>): take it out")
  }

  /// The limit beyond which the part is, if it is.
  @inline(__always)
  private func excess(at offset: Int) -> String? {
    if offset - part.offset - part.entryBytes > options.maximumResourceBytes { return options.bytesAllowed }
    guard part.tree.count >= options.maximumElements else { return nil }
    return ReadOptions.allowed(elements: options.maximumElements)
  }

  /// Whether the part is more than entries and resources are as a rule.
  func isPartLarge(at offset: Int) -> Bool {
    !part.isUnreadable && offset - part.offset - part.entryBytes > ReadOptions.large
  }

  // MARK: Places

  /// Offset in the source of the `<` of the tag just read.
  @inline(__always)
  private var tagOffset: Int {
    guard let context else { return 0 }
    return clibxml2_tag_offset(context) + skippedBytes
  }

  /// Offset in the source of what the parser reads next.
  var offset: Int {
    guard let context else { return 0 }
    return clibxml2_offset(context) + skippedBytes
  }

  /// Markup of a part that is kept in case the part turns out to be unreadable.
  static let keptMarkup = 4 << 20

  /// Offset of the first byte that may still be asked for.
  func firstNeeded(parsed: Int) -> Int {
    var first = parsed
    if narrative.depth > 0 { first = min(first, narrative.start) }
    if parsed - part.offset <= XMLTreeBuilder.keptMarkup {
      first = min(first, part.offset)
    } else if part.beginning == nil, part.offset >= window.start {
      part.beginning = RawSlice(
        beginning: window.slice(part.offset, parsed), at: part.tree.position(of: 0) ?? position(at: parsed))
    }
    return first
  }

  func position(at offset: Int) -> SourcePosition {
    let (line, column) = window.position(at: offset)
    return SourcePosition(line: line, column: column)
  }

  // MARK: Namespaces

  @inline(__always)
  func namespace(of uri: UnsafePointer<xmlChar>?) -> XMLNamespace {
    if let uri, uri == fhirURI { return .fhir }
    return uncommonNamespace(of: uri)
  }

  private func uncommonNamespace(of uri: UnsafePointer<xmlChar>?) -> XMLNamespace {
    guard let uri else { return rootHasNoNamespace ? .fhir : .none }
    if uri == xhtmlURI { return .xhtml }
    if uri == rootNamespace { return .fhir }
    if xmlText(uri, equals: XMLNamespace.fhirURI) {
      fhirURI = uri
      return .fhir
    }
    if xmlText(uri, equals: XMLNamespace.xhtmlURI) {
      xhtmlURI = uri
      return .xhtml
    }
    return .foreign
  }

  private func isEntry(_ tag: XMLStartTag, _ namespace: XMLNamespace) -> Bool {
    (namespace == .fhir || namespace == .none) && names.lookUp(tag.local).name == entryName
  }
}

/// A tree on its way, and what was found while building it.
struct XMLPart {
  var tree: ResourceTree
  var text: TextBuffer
  var issues: [Issue] = []
  /// It cannot be read to its end; `issues` says why.
  var isUnreadable = false
  /// Where it begins in the source.
  var offset = 0
  /// Depth of its root among the open elements.
  var rootDepth = 0
  /// What it begins with, once its markup is too much to be kept.
  var beginning: RawSlice?
  /// Bytes of the entries that stood in it, which are parts of their own.
  var entryBytes = 0

  init(capacity: Int = 64, textCapacity: Int = 1024) {
    text = TextBuffer(capacity: textCapacity)
    tree = ResourceTree(text: text, origin: .lines, capacity: capacity)
  }

  /// Lets go of all but the root, which says what it is: the part is too large to be read.
  mutating func forget() {
    guard tree.count > 0 else { return }
    var root = tree.nodes[0]
    let expression = tree.rootExpression
    let kept = TextBuffer()
    root.textStart = UInt32(
      kept.append(UnsafeBufferPointer(start: text.bytes + Int(root.textStart), count: Int(root.textLength))))
    text = kept
    tree = ResourceTree(text: text, origin: .lines)
    tree.rootExpression = expression
    tree.close(tree.append(root))
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let start = text.append(bytes)
    return UInt32(truncatingIfNeeded: start)
  }
}
