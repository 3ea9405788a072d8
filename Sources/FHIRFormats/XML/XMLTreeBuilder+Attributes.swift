internal import CDefinitions
internal import CLibXML2
internal import FHIRModel

/// Attributes and text: a primitive's value, `id` and `url`, and what FHIR has no place for.
extension XMLTreeBuilder {
  /// The attributes of an element whose frame is the innermost.
  func addAttributes(_ tag: XMLStartTag, at place: SourcePosition) {
    let frame = frames[depth - 1]
    for index in 0..<tag.attributeCount {
      let attribute = tag.attribute(index)
      if attribute.prefix == nil, frame.kind != .wrapper, names.lookUp(attribute.local).name == valueName {
        let start = part.append(attribute.value)
        part.tree.nodes[frame.node].flags = .xmlValue
        part.tree.nodes[frame.node].textStart = start
        part.tree.nodes[frame.node].textLength = UInt32(truncatingIfNeeded: attribute.value.count)
      } else {
        addAttribute(attribute, at: place)
      }
    }
  }

  /// The attributes of a resource's own element: it can have none but namespace declarations.
  func addResourceAttributes(_ tag: XMLStartTag, at place: SourcePosition) {
    for index in 0..<tag.attributeCount { addAttribute(tag.attribute(index), at: place) }
  }

  /// An attribute that is no value: kept as a child that is marked, and reported unless its type has it.
  private func addAttribute(_ attribute: XMLAttribute, at place: SourcePosition) {
    let frame = frames[depth - 1]
    if let uri = attribute.uri {
      return addForeignAttribute(attribute, uri, at: place)
    }
    var isDue = false
    if let name = names.lookUp(attribute.local).name, let type = frame.typeID {
      if let child = table.child(name, of: type) {
        isDue = table.elements[child.element].flags & UInt16(ELEMENT_ATTRIBUTE) != 0
      }
    } else if frame.type == UInt16(DEFINITION_NONE) {
      // What an unknown element may hold is not known: the element itself is reported.
      isDue = true
    }
    let local = xmlString(attribute.local)
    if !isDue {
      report(
        .error, .unknownElement, at: place,
        "FHIR has no attribute \(local) here\(local == "id" ? ": a resource's id is an element" : "")")
    }
    guard let name = names.lookUp(attribute.local).name ?? part.tree.internUnknown(local) else { return }
    appendAttribute(name, attribute.value, at: place)
  }

  /// An attribute of another namespace.
  ///
  /// `xsi:schemaLocation` says where a schema is, and nothing about the resource: it is reported and not kept. FHIR
  /// forbids it in what is exchanged (http://hl7.org/fhir/R4/xml.html), and HL7's validator calls it an error.
  private func addForeignAttribute(
    _ attribute: XMLAttribute, _ uri: UnsafePointer<xmlChar>, at place: SourcePosition
  ) {
    let local = xmlString(attribute.local)
    if xmlText(uri, equals: XMLNamespace.schemaInstanceURI),
      local == "schemaLocation" || local == "noNamespaceSchemaLocation"
    {
      report(
        .error, .xmlNamespace, at: place,
        "FHIR forbids xsi:\(local) in a resource; take it out (it is not kept)")
      return
    }
    report(.error, .unknownElement, at: place, "FHIR has no attribute \(local) of another namespace")
    guard let name = part.tree.internUnknown("{\(xmlString(uri))}\(local)") else { return }
    appendAttribute(name, attribute.value, at: place)
  }

  private func appendAttribute(_ name: NameID, _ value: UnsafeBufferPointer<UInt8>, at place: SourcePosition)
  {
    let start = part.append(value)
    let node = part.tree.append(
      Node(
        name: name, flags: .xmlAttribute, textStart: start,
        textLength: UInt32(truncatingIfNeeded: value.count), position: UInt32(truncatingIfNeeded: place.line),
        column: UInt32(truncatingIfNeeded: place.column)))
    part.tree.close(node)
  }

  // MARK: Text

  func characters(_ text: UnsafeBufferPointer<UInt8>) {
    // Between elements stands white space only; all else is trouble (XML 1.0, 2.3).
    if skipping > 0 || narrative.depth > 0 || depth == 0 { return }
    for byte in text where !XMLAttributeText.isWhitespace(byte) {
      return keepText(text)
    }
  }

  /// Keeps text that FHIR has no place for as a child `#text`, and reports it once an element.
  private func keepText(_ text: UnsafeBufferPointer<UInt8>) {
    if part.isUnreadable || (depth < part.rootDepth) { return }
    let parent = depth - 1
    let place = position(at: offset)
    if !frames[parent].hasText {
      frames[parent].hasText = true
      report(
        .error, .xmlText, at: place,
        "there is text between the tags; FHIR writes values as attributes (value=\"…\")")
    }
    guard let name = part.tree.internUnknown("#text") else { return }
    let tree = part.tree
    let last = tree.count - 1
    if last > frames[parent].node, tree.nodes[last].name == name,
      Int(tree.nodes[last].textStart) + Int(tree.nodes[last].textLength) == part.text.count,
      Int(tree.nodes[last].end) == tree.count, frames[parent].lastChild == name
    {
      // libxml2 gives long texts in pieces.
      _ = part.append(text)
      tree.nodes[last].textLength += UInt32(truncatingIfNeeded: text.count)
      return
    }
    frames[parent].isScattered = true
    frames[parent].lastChild = name
    let start = part.append(text)
    let node = tree.append(
      Node(
        name: name, flags: .xmlValue, textStart: start,
        textLength: UInt32(truncatingIfNeeded: text.count), position: UInt32(truncatingIfNeeded: place.line),
        column: UInt32(truncatingIfNeeded: place.column)))
    tree.close(node)
  }
}
