package import FHIRModel

/// Whether two narratives are the same markup.
package enum XHTMLComparison {
  /// How white space counts.
  package enum Whitespace: Sendable {
    /// As in XML: every character of it.
    case exact
    /// As printers of XML leave it: a run is one space; next to a tag, and at the ends of an attribute's value or a
    /// comment, it is nothing.
    case collapsed
  }

  /// One form for all ways to write the same markup: the order of attributes, how quotes, entities, CDATA and empty elements
  /// are written, and prefixes do not count; comments and all else does. nil for a text that is not well-formed.
  package static func canonical(
    _ markup: UnsafeBufferPointer<UInt8>, whitespace: Whitespace = .exact
  ) -> FiledArray<UInt8>? {
    NarrativeMarkup.canonical(markup, whitespace: whitespace)
  }
}
