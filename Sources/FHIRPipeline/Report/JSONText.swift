/// Small JSON for reports and summaries: objects whose members keep their order.
package enum JSONText {
  /// A string as a JSON token.
  package static func quoted(_ text: some StringProtocol) -> String { "\"" + escaped(text) + "\"" }

  /// What stands within the quotes of a string's token.
  static func escaped(_ text: some StringProtocol) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// An object of members that are JSON already.
  package static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }

  package static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }
}
