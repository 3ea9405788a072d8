/// The little XML that HL7's test files need.
struct XMLElement {
  var name: String
  var attributes: [String: String] = [:]
  var text = ""
  var children: [XMLElement] = []

  func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  init(name: String) { self.name = name }

  /// Reads a document; what it holds is trusted to be well-formed.
  init(document: String) {
    var stack = [XMLElement(name: "")]
    var rest = Substring(document)
    while let open = rest.firstIndex(of: "<") {
      stack[stack.count - 1].text += XMLElement.decoded(rest[..<open])
      rest = rest[open...]
      if rest.hasPrefix("<!--") {
        rest = rest[(rest.range(of: "-->")?.upperBound ?? rest.endIndex)...]
        continue
      }
      if rest.hasPrefix("<![CDATA[") {
        let end = rest.range(of: "]]>") ?? rest.endIndex..<rest.endIndex
        stack[stack.count - 1].text += rest[..<end.lowerBound].dropFirst(9)
        rest = rest[end.upperBound...]
        continue
      }
      let end = XMLElement.end(ofTag: rest)
      let tag = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("?") || tag.hasPrefix("!") { continue }
      if tag.hasPrefix("/") || tag.hasSuffix("/") {
        if tag.hasSuffix("/") { stack.append(XMLElement(tag: tag.dropLast())) }
        let done = stack.removeLast()
        stack[stack.count - 1].children.append(done)
      } else {
        stack.append(XMLElement(tag: tag))
      }
    }
    self = stack[0].children.first ?? stack[0]
  }

  /// A '>' within an attribute's value ends no tag.
  private static func end(ofTag text: Substring) -> Substring.Index {
    var quote: Character?
    var index = text.startIndex
    while index < text.endIndex {
      let character = text[index]
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else if character == ">" {
        return index
      }
      index = text.index(after: index)
    }
    return text.index(before: text.endIndex)
  }

  private init(tag: Substring) {
    let name = tag.prefix { !$0.isWhitespace }
    self.init(name: String(name))
    var rest = tag.dropFirst(name.count)
    while let equals = rest.firstIndex(of: "=") {
      let key = rest[..<equals].filter { !$0.isWhitespace }
      rest = rest[rest.index(after: equals)...].drop { $0.isWhitespace }
      guard let quote = rest.first, let end = rest.dropFirst().firstIndex(of: quote) else { return }
      attributes[key] = XMLElement.decoded(rest[..<end].dropFirst())
      rest = rest[rest.index(after: end)...]
    }
  }

  private static func decoded(_ text: Substring) -> String {
    var result = ""
    var rest = text
    while let amp = rest.firstIndex(of: "&") {
      result += rest[..<amp]
      guard let end = rest[amp...].firstIndex(of: ";") else { break }
      let name = rest[rest.index(after: amp)..<end]
      switch name {
      case "amp": result += "&"
      case "lt": result += "<"
      case "gt": result += ">"
      case "quot": result += "\""
      case "apos": result += "'"
      default:
        let value = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
        if let scalar = value.flatMap({ Unicode.Scalar($0) }) { result.unicodeScalars.append(scalar) }
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}

extension Substring {
  fileprivate func range(of text: String) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}
