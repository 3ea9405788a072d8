/// Whether two narratives are the same markup.
package enum XHTMLComparison {
  /// Compares two texts as XML: the order of attributes, how quotes, entities, CDATA and empty elements are written,
  /// and prefixes do not count; comments, white space and all else does. Texts that are not well-formed are equal
  /// only byte for byte.
  package static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    if a.elementsEqual(b) { return true }
    guard let first = NarrativeMarkup.canonical(a), let second = NarrativeMarkup.canonical(b) else {
      return false
    }
    return first == second
  }

  package static func equal(_ a: String, _ b: String) -> Bool {
    Array(a.utf8).withUnsafeBufferPointer { a in Array(b.utf8).withUnsafeBufferPointer { equal(a, $0) } }
  }
}
