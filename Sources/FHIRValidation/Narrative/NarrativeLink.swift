/// Checks where a narrative's links and images lead.
///
/// What a browser would run is refused, and what no browser can follow. See https://hl7.org/fhir/R4/security.html#narrative
enum NarrativeLink {
  enum Verdict: Equatable {
    case sound
    /// To a place in the same resource: the text after `#`.
    case fragment(String)
    /// Code instead of a place: `javascript:` and its like.
    case script
    /// A scheme that cannot be followed, such as `urn`.
    case scheme(String)
    /// Characters that no URL has.
    case characters
  }

  static func check(_ url: [UInt8]) -> Verdict {
    // Browsers pass over white space and control characters before and inside of a scheme.
    let text = url.drop { $0 <= 0x20 }
    if text.first == UInt8(ascii: "#") { return .fragment(String(decoding: text.dropFirst(), as: UTF8.self)) }
    var verdict: Verdict?
    if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      let scheme = text[..<colon].filter { $0 > 0x20 }.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
      if isScheme(scheme) { verdict = check(scheme: String(decoding: scheme, as: UTF8.self), text) }
    }
    if let verdict { return verdict }
    return text.allSatisfy(isURLCharacter) ? .sound : .characters
  }

  private static func check(scheme: String, _ text: ArraySlice<UInt8>) -> Verdict? {
    switch scheme {
    case "javascript", "vbscript", "livescript", "mocha": return .script
    case "data":
      // A picture is data; a page is code in disguise.
      let kind = text.dropFirst(5).drop { $0 <= 0x20 }.prefix {
        $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";")
      }
      let lower = String(decoding: kind, as: UTF8.self).lowercased()
      return lower.hasPrefix("image/") && !lower.hasPrefix("image/svg") || lower == "application/pdf"
        || lower == "text/plain" ? .sound : .script
    case "http", "https", "ftp", "ftps", "sftp", "mailto", "tel", "sms", "fax", "cid", "mid", "news", "geo":
      return nil
    default: return .scheme(scheme)
    }
  }

  private static func isScheme(_ text: [UInt8]) -> Bool {
    guard let first = text.first, first &- UInt8(ascii: "a") < 26 else { return false }
    return text.allSatisfy { byte in
      byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
  }

  /// See RFC 3986, section 2; letters of other scripts pass, as in an IRI.
  private static func isURLCharacter(_ byte: UInt8) -> Bool {
    if byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 {
      return true
    }
    return ";?:@&=+$.,/%-_~#[]!'()*|".utf8.contains(byte)
  }
}
