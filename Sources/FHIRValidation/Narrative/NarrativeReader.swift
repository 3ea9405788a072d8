/// What is wrong with a narrative's markup, and where.
struct NarrativeFault: Equatable {
  enum Kind: Hashable {
    /// Not well-formed XML; nothing after it was looked at.
    case malformed
    /// txt-1
    case element
    case attribute
    case event
    case link
    /// txt-2
    case empty
  }

  var kind: Kind
  /// Offset in the text with its escapes replaced.
  var offset: Int
  var message: String
}

/// Reads a narrative's XHTML: whether it is well-formed, and holds only what a narrative may.
///
/// See https://hl7.org/fhir/R4/narrative.html#xhtml, txt-1 and txt-2. One pass over the bytes, with a stack of names.
struct NarrativeReader {
  private(set) var faults: [NarrativeFault] = []
  /// Where links of the form `#place` lead, and by which names places can be found.
  private(set) var fragments: [(target: String, offset: Int, isLink: Bool)] = []
  private(set) var anchors: Set<String> = []
  /// The languages of its sections: of `div`s right within the outermost one.
  private(set) var languages: Set<String> = []

  private let text: UnsafeBufferPointer<UInt8>
  private var i = 0
  private var open: [Range<Int>] = []
  private var hasContent = false
  /// Faults of one kind about one name are told once.
  private var told: Set<String> = []

  static let maximumDepth = 500
  private static let maximumFaults = 20

  /// Reads the whole text.
  init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
    if let fault = read() {
      // What was found before the markup broke off is told with it.
      faults.append(fault)
    } else if !hasContent {
      faults.append(
        NarrativeFault(
          kind: .empty, offset: 0, message: "the narrative has no content: neither text nor an image"))
    }
  }

  // MARK: Markup

  /// Returns the fault that makes the rest unreadable.
  private mutating func read() -> NarrativeFault? {
    skipBlanks()
    guard i < text.count, text[i] == UInt8(ascii: "<") else {
      return malformed("it does not begin with a tag")
    }
    repeat {
      if let fault = readMarkup() { return fault }
      if !open.isEmpty, let fault = readText() { return fault }
    } while !open.isEmpty
    skipBlanks()
    while at("<!--") {
      if let fault = readComment() { return fault }
      skipBlanks()
    }
    return i == text.count ? nil : malformed("there is more after the end of the <div>")
  }

  private func malformed(_ why: String, at offset: Int? = nil) -> NarrativeFault {
    NarrativeFault(
      kind: .malformed, offset: offset ?? min(i, max(text.count - 1, 0)),
      message: "the XHTML is not well-formed: \(why)")
  }

  /// Reads what begins with `<`.
  private mutating func readMarkup() -> NarrativeFault? {
    if at("</") { return readEndTag() }
    if at("<!--") { return readComment() }
    if at("<![CDATA[") {
      if open.isEmpty { return malformed("it does not begin with a tag") }
      guard let end = find("]]>", from: i + 9) else { return malformed("a CDATA section is not ended") }
      if !text[(i + 9)..<end].allSatisfy(Self.isBlank) { hasContent = true }
      i = end + 3
      return nil
    }
    if at("<!") { return malformed("a document type or other declaration may not stand in it") }
    if at("<?") {
      guard let end = find("?>", from: i) else { return malformed("a processing instruction is not ended") }
      i = end + 2
      return nil
    }
    return readStartTag()
  }

  private mutating func readComment() -> NarrativeFault? {
    guard let end = find("--", from: i + 4) else { return malformed("a comment is not ended") }
    guard end + 2 < text.count, text[end + 2] == UInt8(ascii: ">") else {
      return malformed("a comment may not hold --", at: end)
    }
    i = end + 3
    return nil
  }

  private mutating func readEndTag() -> NarrativeFault? {
    let start = i
    i += 2
    let name = readName()
    skipBlanks()
    guard i < text.count, text[i] == UInt8(ascii: ">"), !name.isEmpty else {
      return malformed("an end tag is not whole", at: start)
    }
    guard let expected = open.popLast() else { return malformed("an end tag has no start tag", at: start) }
    guard text[name].elementsEqual(text[expected]) else {
      return malformed("</\(string(name))> stands where </\(string(expected))> is due", at: start)
    }
    i += 1
    return nil
  }

  private mutating func readStartTag() -> NarrativeFault? {
    let start = i
    i += 1
    let name = readName()
    if name.isEmpty { return malformed("a < that begins no tag must be written &lt;", at: start) }
    let element = Array(text[name])
    if !NarrativeVocabulary.isAllowed(element: element) {
      let word = string(name)
      note(.element, start, word, "a narrative may not have the element <\(word)>")
    }
    if element.elementsEqual("img".utf8) { hasContent = true }
    var names: [[UInt8]] = []
    while true {
      let blank = i
      skipBlanks()
      guard i < text.count else { return malformed("a tag is not ended", at: start) }
      if text[i] == UInt8(ascii: ">") {
        i += 1
        open.append(name)
        if open.count > Self.maximumDepth { return malformed("elements are nested too deep", at: start) }
        return nil
      }
      if at("/>") {
        i += 2
        return nil
      }
      guard i > blank else { return malformed("attributes must be set apart by spaces") }
      if let fault = readAttribute(of: element, names: &names) { return fault }
    }
  }

  private mutating func readAttribute(of element: [UInt8], names: inout [[UInt8]]) -> NarrativeFault? {
    let start = i
    let range = readName()
    guard !range.isEmpty else { return malformed("a tag holds what is no attribute") }
    let name = Array(text[range])
    // So many that telling them apart would take long are none that a narrative has.
    guard names.count < 64 else { return malformed("a tag has too many attributes", at: start) }
    if names.contains(name) { return malformed("a tag has the attribute \(string(range)) twice", at: start) }
    names.append(name)
    skipBlanks()
    guard i < text.count, text[i] == UInt8(ascii: "=") else {
      return malformed("the attribute \(string(range)) has no value", at: start)
    }
    i += 1
    skipBlanks()
    guard i < text.count, text[i] == UInt8(ascii: "\"") || text[i] == UInt8(ascii: "'") else {
      return malformed("the value of \(string(range)) is not in quotes", at: start)
    }
    let quote = text[i]
    i += 1
    var value: [UInt8] = []
    while i < text.count, text[i] != quote {
      if text[i] == UInt8(ascii: "<") { return malformed("an attribute's value may hold no <") }
      if text[i] == UInt8(ascii: "&") {
        if let fault = readEntity(into: &value) { return fault }
      } else {
        value.append(text[i])
        i += 1
      }
    }
    guard i < text.count else { return malformed("the value of \(string(range)) is not ended", at: start) }
    i += 1
    check(name, value, of: element, at: start)
    return nil
  }

  // MARK: Text

  private mutating func readText() -> NarrativeFault? {
    var value: [UInt8] = []
    while i < text.count, text[i] != UInt8(ascii: "<") {
      let byte = text[i]
      if byte == UInt8(ascii: "&") {
        value.removeAll(keepingCapacity: true)
        if let fault = readEntity(into: &value) { return fault }
        if !value.allSatisfy(Self.isBlank) { hasContent = true }
        continue
      }
      if byte > 0x20 { hasContent = true }
      i += 1
    }
    return i < text.count
      ? nil : malformed("<\(open.last.map(string) ?? "div")> is not ended", at: open.last?.lowerBound)
  }

  /// Reads `&…;`. XHTML's own names such as `&nbsp;` mean nothing in FHIR, as no document type declares them.
  private mutating func readEntity(into value: inout [UInt8]) -> NarrativeFault? {
    let start = i
    guard let end = text[start...].prefix(64).firstIndex(of: UInt8(ascii: ";")) else {
      return malformed("an & must be written &amp;", at: start)
    }
    let name = text[(start + 1)..<end]
    i = end + 1
    switch String(decoding: name, as: UTF8.self) {
    case "lt": value.append(UInt8(ascii: "<"))
    case "gt": value.append(UInt8(ascii: ">"))
    case "amp": value.append(UInt8(ascii: "&"))
    case "quot": value.append(UInt8(ascii: "\""))
    case "apos": value.append(UInt8(ascii: "'"))
    case let name where name.hasPrefix("#"):
      let digits = name.dropFirst()
      let code = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
      guard let scalar = code.flatMap(Unicode.Scalar.init),
        scalar.value >= 0x20 || [9, 10, 13].contains(scalar.value)
      else { return malformed("a character reference means no character", at: start) }
      value.append(contentsOf: String(Character(scalar)).utf8)
    case let name where name.utf8.allSatisfy { Self.isName($0) } && !name.isEmpty:
      return malformed("XML knows no entity &\(name); — write the character itself or its number", at: start)
    default: return malformed("an & must be written &amp;", at: start)
    }
    return nil
  }

  // MARK: What may stand

  private mutating func check(_ name: [UInt8], _ value: [UInt8], of element: [UInt8], at offset: Int) {
    let word = String(decoding: name, as: UTF8.self)
    let owner = String(decoding: element, as: UTF8.self)
    if !NarrativeVocabulary.isAllowed(attribute: name, of: element) {
      if NarrativeVocabulary.isEvent(name) {
        note(.event, offset, word, "a narrative may run no code: \(word) on <\(owner)>")
      } else if NarrativeVocabulary.elements.contains(element) {
        note(
          .attribute, offset, "\(owner).\(word)",
          "a narrative may not have the attribute \(word) on <\(owner)>")
      }
      return
    }
    switch word {
    case "xmlns":
      if open.isEmpty || value.elementsEqual("http://www.w3.org/1999/xhtml".utf8) { break }
      note(
        .attribute, offset, "\(owner).\(word)",
        "everything in a narrative is XHTML: <\(owner)> may name no other namespace")
    case "lang", "xml:lang":
      if open.count == 1, owner == "div" { languages.insert(String(decoding: value, as: UTF8.self)) }
    case "id": anchors.insert(String(decoding: value, as: UTF8.self))
    case "name": anchors.insert(String(decoding: value, as: UTF8.self))
    case "href", "src", "longdesc", "cite": checkLink(word, value, of: owner, at: offset)
    case "style":
      let style = String(decoding: value, as: UTF8.self).lowercased()
      if style.contains("javascript:") || style.contains("expression(") {
        note(.link, offset, "style", "a narrative may run no code: it stands in style on <\(owner)>")
      }
    default: break
    }
  }

  private mutating func checkLink(_ name: String, _ value: [UInt8], of owner: String, at offset: Int) {
    switch NarrativeLink.check(value) {
    case .sound: break
    case .fragment(let target):
      if !target.isEmpty { fragments.append((target, offset, name == "href")) }
    case .script:
      note(.link, offset, "script", "a narrative may run no code: it stands in \(name) on <\(owner)>")
    case .scheme(let scheme):
      note(.link, offset, scheme, "\(name) on <\(owner)> cannot be followed: its scheme is \(scheme)")
    case .characters:
      note(
        .link, offset, "characters",
        "\(name) on <\(owner)> is no URL: it holds characters that must be escaped")
    }
  }

  private mutating func note(_ kind: NarrativeFault.Kind, _ offset: Int, _ name: String, _ message: String) {
    guard faults.count < Self.maximumFaults, told.insert("\(kind) \(name)").inserted else { return }
    faults.append(NarrativeFault(kind: kind, offset: offset, message: message))
  }

  // MARK: Bytes

  private func string(_ range: Range<Int>) -> String {
    String(decoding: text[range].prefix(40), as: UTF8.self)
  }

  private func at(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard i + count <= text.count else { return false }
    for offset in 0..<count where text[i + offset] != word.utf8Start[offset] { return false }
    return true
  }

  private func find(_ word: String, from start: Int) -> Int? {
    let wanted = Array(word.utf8)
    var at = start
    while at + wanted.count <= text.count {
      if text[at] == wanted[0], text[at..<at + wanted.count].elementsEqual(wanted) { return at }
      at += 1
    }
    return nil
  }

  private mutating func readName() -> Range<Int> {
    let start = i
    guard i < text.count, Self.isName(text[i]), text[i] != UInt8(ascii: "-"), text[i] != UInt8(ascii: "."),
      text[i] &- UInt8(ascii: "0") > 9
    else { return start..<start }
    while i < text.count, Self.isName(text[i]) { i += 1 }
    return start..<i
  }

  private mutating func skipBlanks() {
    while i < text.count, Self.isBlank(text[i]) { i += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 9 || byte == 10 || byte == 13 }

  private static func isName(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
      || byte == UInt8(ascii: ".")
  }
}
