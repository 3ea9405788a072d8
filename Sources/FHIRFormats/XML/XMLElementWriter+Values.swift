internal import CDefinitions
internal import FHIRModel

/// Attributes, values and narratives.
extension XMLElementWriter {
  /// Whether a child is written as an attribute: FHIR has it as one (`id`, `url`), or XML wrote an unknown one.
  func isAttribute(_ child: Int, _ definition: DefinitionTable.Child?) -> Bool {
    let node = tree.nodes[child]
    guard Int(node.end) == child + 1, writesValue(node.flags) else { return false }
    guard let definition else { return node.flags.contains(.attribute) }
    return table.elements[definition.element].flags & UInt16(ELEMENT_ATTRIBUTE) != 0
  }

  /// Takes an attribute; false if there is one of its name already, and so it must be an element.
  func keep(_ child: Int, in attributes: inout Attributes) -> Bool {
    let name = tree.nodes[child].name
    let isTaken: Bool
    if name == idName {
      isTaken = attributes.id != nil
      if !isTaken { attributes.id = child }
    } else if name == urlName {
      isTaken = attributes.url != nil
      if !isTaken { attributes.url = child }
    } else {
      isTaken = attributes.others.contains { tree.nodes[$0].name == name }
      if !isTaken { attributes.others.append(child) }
    }
    if isTaken {
      report(
        .error, .cardinalityMax, child,
        "it stands twice, which an attribute cannot in XML: it is written as an element")
    }
    return !isTaken
  }

  /// Writes the attributes of an element but for its value: `id`, `url`, then what is unknown.
  func attributes(_ attributes: Attributes) {
    if let id = attributes.id { attribute(table.bytes(of: tree.nodes[id].name), id) }
    if let url = attributes.url { attribute(table.bytes(of: tree.nodes[url].name), url) }
    var foreign = 0
    for child in attributes.others {
      if tree.nodes[child].name.isUnknown {
        unknownAttribute(child, number: &foreign)
      } else {
        attribute(table.bytes(of: tree.nodes[child].name), child)
      }
    }
  }

  private func attribute(_ name: UnsafeBufferPointer<UInt8>, _ child: Int) {
    output.append(UInt8(ascii: " "))
    output.append(name)
    output.append("=\"")
    checkKind(of: child, nil)
    _ = value(of: child)
    output.append(UInt8(ascii: "\""))
  }

  private func unknownAttribute(_ child: Int, number: inout Int) {
    let name = tree.unknownNames[Int(tree.nodes[child].name.rawValue - NameID.unknown)]
    guard let qualified = XMLQualifiedName(name) else {
      return report(
        .error, .unknownElement, child, "it has a name that XML does not allow: the attribute is left out")
    }
    var written = qualified.local
    if let uri = qualified.uri {
      if uri == XMLQualifiedName.xmlURI {
        written = "xml:" + written
      } else {
        // The prefix means nothing; any will do that is used once a tag.
        let prefix = "a\(number)"
        number += 1
        output.append(" xmlns:\(prefix)=\"")
        var uri = uri
        uri.withUTF8 { _ = XMLAttributeText.appendEscaped($0, to: output) }
        output.append(UInt8(ascii: "\""))
        written = "\(prefix):\(written)"
      }
    }
    written.withUTF8 { attribute($0, child) }
  }

  /// Reports a value of JSON that comes back as one of another kind: XML has texts alone, and the element's type tells what they are.
  func checkKind(of node: Int, _ type: TypeID?) {
    let isText: Bool
    switch tree.nodes[node].flags.kind {
    case .string: isText = true
    case .number, .boolean: isText = false
    default: return
    }
    guard JSONValueText.isLiteral(tree.rawText(node), type, table) == isText else { return }
    report(
      .error, .valueKind, node,
      isText
        ? "XML cannot tell that this is a JSON string: it is read as what FHIR has here"
        : "XML cannot tell that this is no JSON string: it is read as one")
  }

  /// Writes a value's text, escaped; what XML cannot hold is reported.
  func value(of node: Int) -> Bool {
    let raw = tree.rawText(node)
    guard tree.nodes[node].flags.contains(.escaped) else {
      return check(XMLAttributeText.appendEscaped(raw, to: output), node)
    }
    scratch.count = 0
    let isWhole = JSONEscapes.decode(raw, into: scratch)
    let text = UnsafeBufferPointer(start: scratch.bytes, count: scratch.count)
    let isWritten = check(XMLAttributeText.appendEscaped(text, to: output), node)
    if !isWhole {
      report(
        .error, .encodingSurrogate, node,
        "it has half a surrogate pair, which is no character: U+FFFD is written for it")
    }
    return isWhole && isWritten
  }

  private func check(_ outcome: XMLAttributeText.Outcome, _ node: Int) -> Bool {
    switch outcome {
    case .exact: return true
    case .forbidden:
      report(
        .error, .xmlCharacter, node, "it has a character that XML cannot hold: U+FFFD is written for it")
    case .notUTF8:
      report(.error, .encodingUTF8, node, "it has bytes that are not UTF-8: U+FFFD is written for them")
    }
    return false
  }

  /// Writes a narrative as markup; false if its text is none.
  func narrative(_ node: Int, depth: Int) -> Bool {
    guard Int(tree.nodes[node].end) == node + 1 else { return false }
    if case .lines = tree.origin, tree.nodes[node].flags.contains(.xhtml),
      tree.nodes[node].flags.kind == .text
    {
      // libxml2 has read it already.
      newline(depth)
      output.append(tree.rawText(node))
      checkTag(node, bytes: Int(tree.nodes[node].textLength))
      return true
    }
    var text = tree.rawText(node)
    if tree.nodes[node].flags.contains(.escaped) {
      scratch.count = 0
      _ = JSONEscapes.decode(text, into: scratch)
      text = UnsafeBufferPointer(start: scratch.bytes, count: scratch.count)
    }
    while let last = text.last, last <= 0x20 { text = UnsafeBufferPointer(rebasing: text.dropLast()) }
    while let first = text.first, first <= 0x20 { text = UnsafeBufferPointer(rebasing: text.dropFirst()) }
    let finding = NarrativeMarkup.check(text)
    if let error = finding.error {
      report(
        .error, .xmlSyntax, node,
        "the narrative is not well-formed XML, so it is written as a value: \(error)")
      return false
    }
    guard finding.rootEnd == text.count, text.starts(with: "<div".utf8), finding.rootName == "div" else {
      report(.error, .xmlSyntax, node, "the narrative is not one <div>, so it is written as a value")
      return false
    }
    newline(depth)
    checkTag(node, bytes: text.count)
    guard finding.rootNamespace == nil else {
      output.append(text)
      return true
    }
    report(
      .warning, .xmlNamespace, node,
      "the narrative's <div> lacks xmlns=\"\(XMLNamespace.xhtmlURI)\"; it is written with it")
    output.append(UnsafeBufferPointer(rebasing: text[..<4]))
    output.append(" xmlns=\"http://www.w3.org/1999/xhtml\"")
    output.append(UnsafeBufferPointer(rebasing: text[4...]))
    return true
  }
}
