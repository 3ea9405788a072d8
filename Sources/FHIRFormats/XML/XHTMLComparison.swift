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

  /// Compares two texts as XML: the order of attributes, how quotes, entities, CDATA and empty elements are written,
  /// and prefixes do not count; comments and all else does. Texts that are not well-formed are equal only byte for
  /// byte.
  package static func equal(
    _ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>, whitespace: Whitespace = .exact
  ) -> Bool {
    if a.elementsEqual(b) { return true }
    guard let first = NarrativeMarkup.canonical(a, whitespace: whitespace),
      let second = NarrativeMarkup.canonical(b, whitespace: whitespace)
    else { return false }
    return first == second
  }

  package static func equal(_ a: String, _ b: String, whitespace: Whitespace = .exact) -> Bool {
    Array(a.utf8).withUnsafeBufferPointer { a in
      Array(b.utf8).withUnsafeBufferPointer { equal(a, $0, whitespace: whitespace) }
    }
  }
}
