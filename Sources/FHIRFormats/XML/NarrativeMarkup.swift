internal import CLibXML2
import FHIRModel

/// Markup of a narrative, read with libxml2 on its own: to write it anew, to compare it, or to see that it is XML.
final class NarrativeMarkup {
  /// How the markup is written out again.
  private enum Form {
    /// As it was but for prefixes: it can stand alone.
    case standalone
    /// One form for all ways to write the same markup: attributes sorted, no empty-element tags.
    case canonical
  }

  /// What the check of a text as markup found.
  struct Finding {
    /// nil when the text is well-formed XML.
    var error: String?
    var rootName = ""
    var rootNamespace: String?
    /// Bytes up to the end of the element.
    var rootEnd = 0
  }

  private let form: Form
  private var output: [UInt8] = []
  /// What stood in `output` before.
  private var filed = FiledArray<UInt8>()
  private var finding = Finding()
  private var context: UnsafeMutablePointer<xmlParserCtxt>?
  /// The namespace to be taken for XHTML: FHIR's, where someone forgot to declare XHTML's.
  private let replaced: String?
  /// Open elements; those up to `wrapperDepth` are not written.
  private var depth = 0
  private let wrapperDepth: Int
  /// Default namespaces in force in the output.
  private var namespaces: [String?] = [nil]
  private var collapsesWhitespace = false
  /// White space was read that is written only if text stands on both of its sides.
  private var hasPendingSpace = false
  /// A start tag lacks its `>` still, for it may become an empty-element tag.
  private var isTagOpen = false

  private init(_ form: Form, wrapperDepth: Int, replaced: String?) {
    self.form = form
    self.wrapperDepth = wrapperDepth
    self.replaced = replaced
  }

  // MARK: What it is for

  /// Markup that means the same and stands alone: no prefixes, the default namespace declared on the first element.
  ///
  /// - Parameters:
  ///   - namespaces: declarations in force around the markup; a later one hides an earlier.
  ///   - replaced: a namespace that is written as XHTML's.
  static func rewritten(
    _ markup: UnsafeBufferPointer<UInt8>, inside namespaces: [(prefix: String?, uri: String)],
    replacing replaced: String?
  ) -> [UInt8] {
    var inForce: [String?: String] = [:]
    for (prefix, uri) in namespaces { inForce[prefix] = uri }
    var document = Array("<x".utf8)
    for (prefix, uri) in inForce.sorted(by: { ($0.key ?? "") < ($1.key ?? "") }) {
      document += (prefix.map { " xmlns:\($0)=\"" } ?? " xmlns=\"").utf8
      XMLAttributeText.appendEscaped(uri.utf8, to: &document)
      document += "\"".utf8
    }
    document += ">".utf8
    document += markup
    document += "</x>".utf8
    let parser = NarrativeMarkup(.standalone, wrapperDepth: 1, replaced: replaced)
    document.withUnsafeBufferPointer { parser.parse($0) }
    return parser.output
  }

  /// One form for all ways to write the same markup; nil when it is not well-formed.
  static func canonical(
    _ markup: UnsafeBufferPointer<UInt8>, whitespace: XHTMLComparison.Whitespace
  ) -> FiledArray<UInt8>? {
    let parser = NarrativeMarkup(.canonical, wrapperDepth: 0, replaced: nil)
    parser.collapsesWhitespace = whitespace == .collapsed
    parser.parse(markup)
    guard parser.finding.error == nil else { return nil }
    parser.filed.append(contentsOf: parser.output)
    return parser.filed
  }

  /// Files what was written, if it is much; what is written next may depend on the last byte.
  private func fileOutput() {
    guard form == .canonical, output.count > NarrativeMarkup.piece else { return }
    filed.append(contentsOf: Array(output.dropLast()))
    output.removeSubrange(..<(output.count - 1))
  }

  /// Bytes that are read, or kept, at a time.
  private static let piece = 1 << 20

  /// Whether a text is one well-formed element, and which.
  static func check(_ markup: UnsafeBufferPointer<UInt8>) -> Finding {
    // An XML declaration or a byte order mark would be well-formed, but not inside another document.
    guard markup.first == UInt8(ascii: "<"), markup.count > 1, markup[1] != UInt8(ascii: "?") else {
      return Finding(error: "it does not begin with a tag")
    }
    let parser = NarrativeMarkup(.standalone, wrapperDepth: .max, replaced: nil)
    parser.parse(markup)
    return parser.finding
  }

  // MARK: Reading

  private func parse(_ document: UnsafeBufferPointer<UInt8>) {
    guard XMLTagLimit.excess(in: document) == nil else {
      finding.error = "an element has more than 1,000 attributes"
      return
    }
    XMLLibrary.initialize()
    var handler = NarrativeMarkup.handler()
    guard document.count <= Int(Int32.max) - 1024,
      let context = xmlCreatePushParserCtxt(
        &handler, Unmanaged.passUnretained(self).toOpaque(), nil, 0, nil)
    else {
      finding.error = "it is too large"
      return
    }
    self.context = context
    defer {
      self.context = nil
      xmlFreeParserCtxt(context)
    }
    XMLLibrary.harden(context)
    // In pieces, for libxml2 copies what it is given.
    var rest = document[...]
    repeat {
      let piece = UnsafeBufferPointer(rebasing: rest.prefix(NarrativeMarkup.piece))
      rest = rest.dropFirst(NarrativeMarkup.piece)
      let result = piece.withMemoryRebound(to: CChar.self) {
        xmlParseChunk(context, $0.baseAddress, Int32($0.count), rest.isEmpty ? 1 : 0)
      }
      fileOutput()
      if result != 0 { break }
    } while !rest.isEmpty
  }

  private static func handler() -> xmlSAXHandler {
    var handler = xmlSAXHandler()
    handler.initialized = UInt32(XML_SAX2_MAGIC)
    handler.startElementNs = { data, local, prefix, uri, namespaceCount, namespaces, count, _, attributes in
      // libxml2 calls back inside parse(_:), during which the parser is alive, and never without a name.
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.start(
          XMLStartTag(
            local: local.unsafelyUnwrapped, prefix: prefix, uri: uri, namespaceCount: Int(namespaceCount),
            namespaces: namespaces, attributeCount: Int(count), attributes: attributes))
      }
    }
    handler.endElementNs = { data, local, _, _ in
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.end(local.unsafelyUnwrapped)
      }
    }
    handler.characters = { data, text, count in
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.text(UnsafeBufferPointer(start: text, count: Int(count)))
      }
    }
    handler.comment = { data, text in
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.comment(text)
      }
    }
    handler.processingInstruction = { data, target, text in
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.instruction(target, text)
      }
    }
    handler.internalSubset = { data, _, _, _ in
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.fail("a document type declaration is not allowed")
      }
    }
    handler.serror = { data, error in
      guard let error, error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
      Unmanaged<NarrativeMarkup>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0.fail(XMLMessage.text(of: error.pointee, open: nil))
      }
    }
    return handler
  }

  private func fail(_ message: String) {
    if finding.error == nil { finding.error = message }
    if let context { xmlStopParser(context) }
  }

  // MARK: Writing

  private var writes: Bool { depth > wrapperDepth }

  private func start(_ tag: XMLStartTag) {
    depth += 1
    if depth == 1 {
      finding.rootName = xmlString(tag.local)
      finding.rootNamespace = tag.uri.map(xmlString)
    }
    guard writes else { return }
    closeTag()
    output.append(UInt8(ascii: "<"))
    append(tag.local)
    var uri = tag.uri.map(xmlString)
    if uri == replaced { uri = XMLNamespace.xhtmlURI }
    // At the top the namespace is always said; XHTML's first, as JSON carries it.
    if uri != namespaces[namespaces.count - 1] || (namespaces.count == 1 && uri != nil) {
      appendAttribute("xmlns", Array((uri ?? "").utf8))
    }
    namespaces.append(uri)
    appendAttributes(of: tag)
    isTagOpen = true
  }

  private func appendAttributes(of tag: XMLStartTag) {
    var attributes: [(name: String, value: [UInt8])] = []
    for index in 0..<tag.attributeCount {
      let attribute = tag.attribute(index)
      var name = xmlString(attribute.local)
      if let prefix = attribute.prefix.map(xmlString), let uri = attribute.uri.map(xmlString) {
        if form == .canonical {
          name = "{\(uri)}\(name)"
        } else {
          name = "\(prefix):\(name)"
          if prefix != "xml" { attributes.append(("xmlns:\(prefix)", Array(uri.utf8))) }
        }
      }
      attributes.append((name, Array(attribute.value)))
    }
    if form == .canonical { attributes.sort { $0.name < $1.name } }
    var written: Set<String> = []
    for (name, value) in attributes where written.insert(name).inserted { appendAttribute(name, value) }
  }

  private func appendAttribute(_ name: String, _ value: [UInt8]) {
    output.append(UInt8(ascii: " "))
    output += name.utf8
    output += "=\"".utf8
    XMLAttributeText.appendEscaped(
      collapsesWhitespace ? NarrativeMarkup.collapsed(value) : value, to: &output)
    output.append(UInt8(ascii: "\""))
  }

  private func end(_ local: UnsafePointer<xmlChar>) {
    defer { depth -= 1 }
    if depth == 1, let context { finding.rootEnd = clibxml2_offset(context) }
    guard writes else { return }
    namespaces.removeLast()
    if isTagOpen && form == .standalone {
      output += "/>".utf8
      isTagOpen = false
      return
    }
    closeTag()
    output += "</".utf8
    append(local)
    output.append(UInt8(ascii: ">"))
  }

  private func text(_ text: UnsafeBufferPointer<UInt8>) {
    guard writes else { return }
    closeTag(beforeText: true)
    for byte in text {
      if collapsesWhitespace {
        if XMLAttributeText.isWhitespace(byte) {
          hasPendingSpace = true
          continue
        }
        if hasPendingSpace, output.last != UInt8(ascii: ">") { output.append(UInt8(ascii: " ")) }
        hasPendingSpace = false
      }
      switch byte {
      case UInt8(ascii: "&"): output += "&amp;".utf8
      case UInt8(ascii: "<"): output += "&lt;".utf8
      case UInt8(ascii: ">"): output += "&gt;".utf8
      // A carriage return that is not written as a reference becomes a newline (XML 1.0, 2.11).
      case 0x0D: output += "&#13;".utf8
      default: output.append(byte)
      }
    }
  }

  private func comment(_ text: UnsafePointer<xmlChar>?) {
    guard writes, let text else { return }
    closeTag()
    output += "<!--".utf8
    if collapsesWhitespace {
      output += NarrativeMarkup.collapsed(UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text))))
    } else {
      append(text)
    }
    output += "-->".utf8
  }

  private func instruction(_ target: UnsafePointer<xmlChar>?, _ text: UnsafePointer<xmlChar>?) {
    guard writes, let target else { return }
    closeTag()
    output += "<?".utf8
    append(target)
    if let text {
      output.append(UInt8(ascii: " "))
      append(text)
    }
    output += "?>".utf8
  }

  /// A text without white space at its ends, and with one space for each run of it inside.
  private static func collapsed(_ text: some Collection<UInt8>) -> [UInt8] {
    Array(text.split(whereSeparator: XMLAttributeText.isWhitespace).joined(separator: [0x20]))
  }

  /// Ends the start tag that is open; all but text ends a run of white space.
  private func closeTag(beforeText: Bool = false) {
    if !beforeText { hasPendingSpace = false }
    if isTagOpen { output.append(UInt8(ascii: ">")) }
    isTagOpen = false
  }

  private func append(_ text: UnsafePointer<xmlChar>) {
    output += UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text)))
  }
}
