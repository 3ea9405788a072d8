/// The outermost form of a narrative: one `div` of XHTML.
///
/// See https://hl7.org/fhir/R4/narrative.html#xhtml. What stands inside is not looked at here.
enum NarrativeGrammar {
  enum Verdict { case valid, empty, noDiv, noNamespace, wrongNamespace }

  static func xhtml(_ text: UnsafeBufferPointer<UInt8>) -> Verdict {
    var i = 0
    while i < text.count, TextGrammar.isWhitespace(text[i]) { i += 1 }
    guard i < text.count else { return .empty }
    guard let open = openTag(text, from: i) else { return .noDiv }
    guard let namespace = attribute("xmlns", in: open) else { return .noNamespace }
    return namespace.elementsEqual("http://www.w3.org/1999/xhtml".utf8) ? .valid : .wrongNamespace
  }

  /// What stands between `<div` and its `>`.
  private static func openTag(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> UnsafeBufferPointer<
    UInt8
  >? {
    let name = UnsafeBufferPointer(rebasing: text[start...])
    guard name.count > 5, name.prefix(4).elementsEqual("<div".utf8) else { return nil }
    guard name[4] == UInt8(ascii: ">") || name[4] == UInt8(ascii: "/") || TextGrammar.isWhitespace(name[4])
    else {
      return nil
    }
    guard let end = name.firstIndex(of: UInt8(ascii: ">")) else { return nil }
    return UnsafeBufferPointer(rebasing: name[4..<end])
  }

  private static func attribute(
    _ name: String, in tag: UnsafeBufferPointer<UInt8>
  ) -> Slice<UnsafeBufferPointer<UInt8>>? {
    let wanted = name.utf8
    var i = 0
    while i < tag.count {
      while i < tag.count, TextGrammar.isWhitespace(tag[i]) || tag[i] == UInt8(ascii: "/") { i += 1 }
      let start = i
      while i < tag.count, tag[i] != UInt8(ascii: "="), !TextGrammar.isWhitespace(tag[i]) { i += 1 }
      let found = tag[start..<i]
      while i < tag.count, TextGrammar.isWhitespace(tag[i]) { i += 1 }
      guard i < tag.count, tag[i] == UInt8(ascii: "=") else { continue }
      i += 1
      while i < tag.count, TextGrammar.isWhitespace(tag[i]) { i += 1 }
      guard i < tag.count, tag[i] == UInt8(ascii: "\"") || tag[i] == UInt8(ascii: "'") else { return nil }
      let quote = tag[i]
      i += 1
      let valueStart = i
      while i < tag.count, tag[i] != quote { i += 1 }
      if found.elementsEqual(wanted) { return tag[valueStart..<i] }
      i += 1
    }
    return nil
  }
}
