/// Tells, byte by byte, what of a source is structure and what is a value: a frame shows keys, tags and punctuation, and
/// of values only how long they are.
struct SourceMask {
  enum Syntax {
    case json, xml
  }

  private enum State {
    // JSON
    case outside, string, escape
    // XML
    case text, tagStart, tagName, tag, attributeValue, declaration, comment, instruction, characterData
  }

  private let syntax: Syntax
  private var state: State
  /// The quote that ends an attribute's value.
  private var quote: UInt8 = 0
  /// The last bytes of markup, to know where a comment begins and ends.
  private var recent: UInt64 = 0
  private var attribute: [UInt8] = []

  init(_ syntax: Syntax) {
    self.syntax = syntax
    state = syntax == .json ? .outside : .text
  }

  /// A line of JSON begins outside of strings, whatever stood before it (RFC 8259, section 7).
  mutating func beginLine() {
    if syntax == .json { state = .outside }
  }

  /// Whether what comes next stands inside a JSON string.
  var isInString: Bool { state == .string || state == .escape }

  /// Takes the next byte; true if it is structure. In JSON every string counts as a value: who wants keys looks ahead.
  @inline(__always)
  mutating func isStructure(_ byte: UInt8) -> Bool {
    syntax == .json ? takeJSON(byte) : takeXML(byte)
  }

  @inline(__always)
  private mutating func takeJSON(_ byte: UInt8) -> Bool {
    switch state {
    case .string:
      if byte == UInt8(ascii: "\"") {
        state = .outside
        return true
      }
      if byte == UInt8(ascii: "\\") { state = .escape }
      return false
    case .escape:
      state = .string
      return false
    default:
      switch byte {
      case UInt8(ascii: "\""):
        state = .string
        return true
      case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"),
        UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
        return true
      default: return false
      }
    }
  }

  private mutating func takeXML(_ byte: UInt8) -> Bool {
    recent = recent << 8 | UInt64(byte)
    switch state {
    case .comment:
      guard ends(with: "-->") else { return SourceMask.isBlank(byte) }
      state = .text
      return true
    case .characterData:
      guard ends(with: "]]>") else { return SourceMask.isBlank(byte) }
      state = .text
      return true
    case .instruction:
      if ends(with: "?>") { state = .text }
      return true
    case .tagStart:
      state =
        byte == UInt8(ascii: "?") ? .instruction : byte == UInt8(ascii: "!") ? .declaration : .tagName
      return true
    case .declaration:
      if byte == UInt8(ascii: ">") {
        state = .text
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
        state = .attributeValue
      } else if ends(with: "<!--") {
        state = .comment
      } else if ends(with: "![CDATA[") {
        state = .characterData
      }
      return true
    case .tagName, .tag:
      if byte == UInt8(ascii: ">") {
        state = .text
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
        state = .attributeValue
      } else if SourceMask.isBlank(byte) || byte == UInt8(ascii: "/") {
        if state == .tag { attribute = [] } else { state = .tag }
      } else if state == .tag, byte != UInt8(ascii: "="), attribute.count < 64 {
        attribute.append(byte)
      }
      return true
    case .attributeValue:
      guard byte == quote else {
        // The namespace says nothing about anybody.
        return attribute.starts(with: "xmlns".utf8) || SourceMask.isBlank(byte)
      }
      state = .tag
      attribute = []
      return true
    default:
      if byte == UInt8(ascii: "<") {
        state = .tagStart
        attribute = []
        return true
      }
      return SourceMask.isBlank(byte)
    }
  }

  private func ends(with text: String) -> Bool {
    var expected: UInt64 = 0
    for byte in text.utf8 { expected = expected << 8 | UInt64(byte) }
    let width = UInt64(text.utf8.count) * 8
    return recent & (width == 64 ? .max : 1 << width - 1) == expected
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
