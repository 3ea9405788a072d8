internal import CDefinitions
internal import CLibXML2
internal import FHIRModel

/// What reading finds wrong, and where.
extension XMLTreeBuilder {
  /// A part reports no more than this many issues: a file that is wrong throughout says so once.
  private static let issueLimit = 1000

  /// An issue of the innermost open element.
  func report(_ severity: Issue.Severity, _ rule: Rule, at place: SourcePosition, _ message: String) {
    report(severity, rule, expression: expression(to: depth - 1), at: place, message)
  }

  func report(
    _ severity: Issue.Severity, _ rule: Rule, expression: String, at place: SourcePosition, _ message: String
  ) {
    guard part.issues.count < XMLTreeBuilder.issueLimit else {
      if part.issues.count == XMLTreeBuilder.issueLimit {
        part.issues.append(
          Issue(.warning, .tooManyIssues, at: expression, position: place, "what else is wrong is not listed")
        )
      }
      return
    }
    part.issues.append(Issue(severity, rule, at: expression, position: place, message))
  }

  /// What is being built cannot be used; the rest of the document can.
  func giveUpPart(_ rule: Rule, at place: SourcePosition, _ message: String) {
    part.isUnreadable = true
    part.issues.append(
      Issue(.fatal, rule, at: expression(to: max(part.rootDepth, 0)), position: place, message))
  }

  /// The document cannot be read on.
  func stop(_ rule: Rule, at place: SourcePosition, _ message: String) {
    if failure == nil {
      failure = Issue(.fatal, rule, at: depth > 0 ? expression(to: depth - 1) : "", position: place, message)
    }
    if let context { xmlStopParser(context) }
  }

  /// FHIRPath of an open element.
  func expression(to last: Int) -> String {
    guard depth > 0 else { return part.tree.rootExpression }
    var path = part.tree.rootExpression
    if path.isEmpty {
      let root = part.tree.nodes[0]
      path = String(
        decoding: UnsafeBufferPointer(
          start: part.text.bytes + Int(root.textStart), count: Int(root.textLength)),
        as: UTF8.self)
    }
    var i = part.rootDepth + 1
    while i <= last {
      let frame = frames[i]
      if frame.kind != .resource {
        path += step(frame.name, element: frame.element, type: frame.typeID, ordinal: frame.ordinal)
      }
      i += 1
    }
    return path
  }

  /// A step of a FHIRPath, as `ResourceTree.expression(of:)` writes it.
  func step(_ id: NameID, element: Int32, type: TypeID?, ordinal: UInt32) -> String {
    guard element >= 0 else { return ".\(name(id))" + (ordinal > 0 ? "[\(ordinal)]" : "") }
    let definition = table.elements[Int(element)]
    var step = ".\(name(id))"
    if definition.flags & UInt16(ELEMENT_CHOICE) != 0, let type {
      step = ".\(table.string(of: NameID(rawValue: definition.name))).ofType(\(table.name(of: type)))"
    }
    if definition.max > 1 || ordinal > 0 { step += "[\(ordinal)]" }
    return step
  }

  /// An element's name in words for people.
  func name(_ id: NameID) -> String {
    guard id.isUnknown else { return table.string(of: id) }
    return part.tree.unknownNames[Int(id.rawValue - NameID.unknown)]
  }

  /// What libxml2 finds wrong with the XML itself. Warnings, such as a namespace that is no absolute URI, pass.
  func syntaxError(_ error: xmlError) {
    guard error.level.rawValue >= XML_ERR_ERROR.rawValue, failure == nil else { return }
    let place = offset
    let rest = window.slice(min(max(place, window.start), window.end), window.end)
    // libxml2 has many codes for what it says of bytes that are no UTF-8, by how much of them it has seen.
    if let base = rest.baseAddress, !rest.isEmpty, base[0] >= 0x80,
      XMLAttributeText.scalarLength(base, 0, rest.count) == 0
    {
      return stop(.encodingUTF8, at: position(at: place), "the bytes here are not UTF-8")
    }
    let code = xmlParserErrors(rawValue: UInt32(bitPattern: error.code))
    if !hasRoot, code == XML_ERR_DOCUMENT_EMPTY || code == XML_ERR_DOCUMENT_END,
      rest.allSatisfy(XMLAttributeText.isWhitespace)
    {
      return stop(.empty, at: position(at: place), "there is no XML element in it")
    }
    if isAtEnd, hasRoot, !isComplete, XMLMessage.isAboutMarkup(code),
      code == XML_ERR_DOCUMENT_END || rest.allSatisfy(XMLAttributeText.isWhitespace)
    {
      failure = Issue(
        .fatal, .xmlSyntax, at: depth > 0 ? expression(to: part.rootDepth) : "",
        position: position(at: place),
        "the document ends before all elements are closed: it is not complete")
      return
    }
    let open = depth > 0 && narrative.depth == 0 ? context?.pointee.name.map(xmlString) : nil
    stop(.xmlSyntax, at: position(at: place), XMLMessage.text(of: error, open: open))
  }
}
