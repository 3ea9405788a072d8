/// Text as XML and HTML take it.
enum XMLText {
  /// With markup's characters as entities, and without those that XML has no room for.
  ///
  /// See https://www.w3.org/TR/xml/#charsets
  static func escaped(_ text: some StringProtocol) -> String {
    var out = ""
    out.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "\n": out += "\n"
      case let other where other.value < 0x20 || other.value == 0xFFFE || other.value == 0xFFFF:
        out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
