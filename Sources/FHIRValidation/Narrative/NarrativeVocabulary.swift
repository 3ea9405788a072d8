/// The elements and attributes that a narrative may have.
///
/// See https://hl7.org/fhir/R4/narrative.html#xhtml: HTML 4.0, chapters 7 to 11 (without 9.4) and 15, anchors and images;
/// nothing deprecated, no scripts, forms, frames, objects or events.
enum NarrativeVocabulary {
  static func isAllowed(element name: [UInt8]) -> Bool { elements.contains(name) }

  static func isAllowed(attribute name: [UInt8], of element: [UInt8]) -> Bool {
    if attributes.contains(name) || name.starts(with: "xmlns".utf8) { return true }
    return elementAttributes.contains(element + [UInt8(ascii: ".")] + name)
  }

  /// Whether an attribute is a handler of events: code that a browser would run.
  static func isEvent(_ name: [UInt8]) -> Bool {
    name.count > 2 && name[0] | 0x20 == UInt8(ascii: "o") && name[1] | 0x20 == UInt8(ascii: "n")
      && name[2...].allSatisfy { ($0 | 0x20) &- UInt8(ascii: "a") < 26 }
  }

  private static func set(_ words: String) -> Set<[UInt8]> {
    Set(words.split(whereSeparator: \.isWhitespace).map { Array($0.utf8) })
  }

  static let elements = set(
    """
    a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em
    h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th
    thead tr tt ul var
    """)

  /// Attributes that stand with every element, or with every part of a table.
  private static let attributes = set(
    """
    accesskey class dir id lang style tabindex title xml:lang
    abbr align axis char charoff colspan headers rowspan scope span valign width
    """)

  private static let elementAttributes = set(
    """
    a.charset a.coords a.href a.hreflang a.name a.rel a.rev a.shape a.type
    area.alt area.coords area.href area.nohref area.shape
    blockquote.cite q.cite
    img.alt img.border img.height img.ismap img.longdesc img.src img.usemap img.width
    map.name pre.xml:space
    table.border table.cellpadding table.cellspacing table.frame table.rules table.summary
    td.nowrap th.nowrap
    """)
}
