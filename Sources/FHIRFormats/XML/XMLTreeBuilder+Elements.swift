internal import CDefinitions
internal import CLibXML2
internal import FHIRModel

/// Start tags: the root, an element of a type, a resource in its wrapper; and the ends of trees.
extension XMLTreeBuilder {
  // MARK: The root and the entries of a Bundle

  func startRoot(_ tag: XMLStartTag, at place: SourcePosition, offset: Int) {
    hasRoot = true
    let type = names.lookUp(tag.local).resourceType
    let name = xmlString(tag.local)
    if !xmlText(tag.uri, equals: XMLNamespace.fhirURI) {
      guard type != nil else {
        return stop(
          .notFHIR, at: place,
          name == "ClinicalDocument"
            ? "a FHIR resource was expected; this is a CDA document (HL7 version 3)"
            : "the root element <\(name)> is no FHIR resource: a resource type in the namespace "
              + "\(XMLNamespace.fhirURI) was expected")
      }
      rootNamespace = tag.uri
      rootHasNoNamespace = tag.uri == nil
      report(
        .error, .xmlNamespace, expression: name, at: place,
        XMLMessage.rootNamespace(name, hasNone: tag.uri == nil))
    }
    splitsEntries = options.splitBundles && type == bundleType && type != nil
    part.offset = offset
    startResourceNode(tag, type, name: .root, at: place)
    frames[0] = XMLFrame(.root, name: .root, node: 0, type: type, namespace: .fhir)
    depth = 1
    addResourceAttributes(tag, at: place)
  }

  func endRoot() {
    isComplete = true
    rootEnd = offset
    hasBundle = splitsEntries && !part.isUnreadable
    deliver(splitsEntries ? .bundle(entryCount: entryCount) : .resource)
  }

  /// See ``ResourceReader/unfinishedBundle``.
  var unfinishedBundle: UnfinishedBundle? {
    guard splitsEntries, !hasBundle else { return nil }
    let shell = outerPart ?? part
    shell.tree.textMoved(to: shell.text)
    // The root is not closed, nor the element within which the source ends.
    var node = 1
    while node < shell.tree.count, shell.tree.nodes[node].name != typeName {
      node = max(Int(shell.tree.nodes[node].end), node + 1)
    }
    return UnfinishedBundle(type: node < shell.tree.count ? shell.tree.string(at: node) : nil)
  }

  func beginEntry(at offset: Int) {
    outerPart = part
    // Entries of one Bundle are much alike: the next one starts with room for one like the last.
    part = XMLPart(capacity: max(lastNodeCount, 64), textCapacity: max(lastTextCount, 1024))
    part.offset = offset
    part.rootDepth = 1
    part.tree.rootExpression = EntryExpression.of(entryCount)
  }

  func endEntry() {
    deliver(.entry(index: entryCount))
    entryCount += 1
    if var outer = outerPart {
      outer.entryBytes += offset - part.offset
      part = outer
    }
    outerPart = nil
  }

  private func deliver(_ content: Record.Content) {
    giveRoot(at: position(at: offset))
    part.tree.textMoved(to: part.text)
    lastNodeCount = part.tree.count
    lastTextCount = part.text.count
    if part.isUnreadable {
      records.append(Record(.unreadable, tree: part.tree, issues: part.issues, raw: raw(to: offset)))
    } else {
      records.append(Record(content, tree: part.tree, issues: part.issues))
    }
  }

  /// A tree is never without a root: a part of which nothing was read gets one.
  private func giveRoot(at place: @autoclosure () -> SourcePosition) {
    guard part.tree.count == 0 else { return }
    let place = place()
    _ = part.tree.append(
      Node(
        name: .root, flags: NodeFlags(.none), end: 1, position: UInt32(clamping: place.line),
        column: UInt32(clamping: place.column)))
  }

  /// What cannot be read on: the part that was being built, or what stands behind the root, and why.
  ///
  /// - Parameter isWhole: nothing follows what the window holds.
  func deliverFailure(_ failure: Issue, isWhole: Bool) {
    let place = failure.position ?? SourcePosition(line: 1, column: 1)
    guard !isComplete else {
      part = XMLPart()
      giveRoot(at: place)
      let raw = rawRest(at: place, isWhole: isWhole)
      records.append(Record(.unreadable, tree: part.tree, issues: [failure], raw: raw))
      return
    }
    giveRoot(at: place)
    part.tree.textMoved(to: part.text)
    let issues = (outerPart?.issues ?? []) + part.issues
    records.append(
      Record(.unreadable, tree: part.tree, issues: issues + [failure], raw: raw(to: window.end)))
  }

  /// What stands behind the root's end; of what is long, or goes on, the beginning.
  private func rawRest(at place: SourcePosition, isWhole: Bool) -> RawSlice {
    let rest = window.slice(max(rootEnd, window.start), window.end)
    let text = UnsafeBufferPointer(rebasing: rest.drop(while: XMLAttributeText.isWhitespace))
    guard isWhole, text.count <= XMLTreeBuilder.keptMarkup else {
      return RawSlice(beginning: text, at: place)
    }
    let chunk = SourceChunk(copying: UnsafeRawBufferPointer(text), line: place.line, column: place.column)
    return RawSlice(chunk: chunk, range: 0..<chunk.count)
  }

  /// The part's markup as it was written, for whoever sets it aside; of what is long, the beginning.
  private func raw(to end: Int) -> RawSlice? {
    let isShell = splitsEntries && outerPart == nil
    guard !isShell, end > part.offset else { return nil }
    if part.offset < window.start { return part.beginning }
    let chunk = SourceChunk(copying: UnsafeRawBufferPointer(window.slice(part.offset, end)))
    return RawSlice(chunk: chunk, range: 0..<chunk.count)
  }

  // MARK: Resources

  private func startResourceNode(_ tag: XMLStartTag, _ type: TypeID?, name: NameID, at place: SourcePosition)
  {
    let bytes = UnsafeBufferPointer(start: tag.local, count: Int(xmlStrlen(tag.local)))
    let start = part.append(bytes)
    _ = part.tree.append(
      Node(
        name: name, flags: NodeFlags(.resource), textStart: start,
        textLength: UInt32(truncatingIfNeeded: bytes.count), position: UInt32(truncatingIfNeeded: place.line),
        column: UInt32(truncatingIfNeeded: place.column)))
  }

  /// The element inside a wrapper: it names the type of the resource, and has no node of its own.
  func startResource(_ tag: XMLStartTag, _ namespace: XMLNamespace, at place: SourcePosition) {
    let wrapper = depth - 1
    let type = names.lookUp(tag.local).resourceType
    let name = frames[wrapper].name
    if frames[wrapper].isFilled {
      frames[wrapper].ordinal += 1
      report(
        .error, .contained, at: place,
        "<\(self.name(name))> holds more than one resource: each needs a <\(self.name(name))> of its own")
      part.tree.close(frames[wrapper].node)
      frames[wrapper].node = part.tree.count
      startResourceNode(tag, type, name: name, at: place)
    } else {
      let bytes = UnsafeBufferPointer(start: tag.local, count: Int(xmlStrlen(tag.local)))
      let node = frames[wrapper].node
      part.tree.nodes[node].textStart = part.append(bytes)
      part.tree.nodes[node].textLength = UInt32(truncatingIfNeeded: bytes.count)
      part.tree.nodes[node].flags.kind = .resource
      frames[wrapper].isFilled = true
    }
    checkNamespace(namespace, tag, parent: wrapper, at: place)
    frames[depth] = XMLFrame(
      .resource, name: name, node: frames[wrapper].node, type: type, namespace: .fhir)
    depth += 1
    addResourceAttributes(tag, at: place)
  }

  // MARK: Elements

  func startChild(_ tag: XMLStartTag, _ namespace: XMLNamespace, at place: SourcePosition, offset: Int) {
    let parent = depth - 1
    var name = names.lookUp(tag.local).name
    var child: DefinitionTable.Child?
    if namespace == .fhir || namespace == .none {
      if let known = name, let type = frames[parent].typeID { child = table.child(known, of: type) }
    } else if namespace == .xhtml && name == divName {
      if let known = divName, let type = frames[parent].typeID { child = table.child(known, of: type) }
    } else {
      name = nil
    }
    let id: NameID
    if let name {
      id = name
    } else if let interned = intern(tag, namespace) {
      id = interned
    } else {
      giveUpPart(.limitSize, at: place, "it has more than 32,765 different unknown names")
      skipping = 1
      return
    }

    note(child: id, child, in: parent, at: place)
    if let child, table.type(of: child) == xhtmlType, namespace == .xhtml || !hasValue(tag) {
      startNarrative(tag, id, namespace, at: place, offset: offset)
      return
    }
    if namespace == .xhtml && id == divName {
      startNarrative(tag, id, namespace, at: place, offset: offset)
      return
    }

    let node = part.tree.append(
      Node(
        name: id, flags: NodeFlags(.none), position: UInt32(truncatingIfNeeded: place.line),
        column: UInt32(truncatingIfNeeded: place.column)))
    var frame = XMLFrame(
      .element, name: id, node: node, type: child.map { table.type(of: $0) }, namespace: namespace)
    frame.ordinal = frames[parent].lastOrdinal
    if let child {
      let element = table.elements[child.element]
      frame.element = Int32(truncatingIfNeeded: child.element)
      if element.flags & UInt16(ELEMENT_RESOURCE) != 0 { frame.kind = .wrapper }
    }
    frames[depth] = frame
    depth += 1
    if namespace != .fhir { checkNamespace(namespace, tag, parent: parent, at: place) }
    if let child, table.elements[child.element].flags & UInt16(ELEMENT_ATTRIBUTE) != 0 {
      report(
        .error, .unknownElement, at: place,
        "\(self.name(id)) is written as an element; FHIR wants it as an attribute of its parent in XML")
    }
    if let child, table.type(of: child) == xhtmlType {
      report(
        .error, .xmlNamespace, at: place,
        "a narrative is written as a value; <div xmlns=\"\(XMLNamespace.xhtmlURI)\"> with its markup was expected"
      )
    }
    if tag.attributeCount > 0 { addAttributes(tag, at: place) }
  }

  /// Counts a child among its namesakes and checks that it stands where its type's definition has it.
  ///
  /// See http://hl7.org/fhir/R4/xml.html: elements always appear in the order documented.
  @inline(__always)
  private func note(
    child id: NameID, _ child: DefinitionTable.Child?, in parent: Int, at place: SourcePosition
  ) {
    let last = frames[parent].lastChild
    if id == last {
      frames[parent].lastOrdinal &+= 1
      return
    }
    frames[parent].lastChild = id
    frames[parent].lastOrdinal = 0
    guard let child else {
      frames[parent].isScattered = true
      frames[parent].lastOrdinal = earlierNamesakes(of: id, in: parent)
      return
    }
    let order = Int32(table.elements[child.element].order)
    if order <= frames[parent].lastOrder {
      frames[parent].isScattered = true
      frames[parent].lastOrdinal = earlierNamesakes(of: id, in: parent)
      if order < frames[parent].lastOrder { reportOrder(id, after: last, child, in: parent, at: place) }
    }
    frames[parent].lastOrder = order
  }

  /// How many children of that name an open element has already; for elements out of order only.
  private func earlierNamesakes(of id: NameID, in parent: Int) -> UInt32 {
    // An entry's namesakes are in trees of their own.
    guard parent >= part.rootDepth else { return 0 }
    var count: UInt32 = 0
    var i = frames[parent].node + 1
    var looked = 0
    // A parent with very many children out of order must not cost the square of their number.
    while i < part.tree.count && looked < 4096 {
      if part.tree.nodes[i].name == id { count += 1 }
      i = max(Int(part.tree.nodes[i].end), i + 1)
      looked += 1
    }
    return count
  }

  private func reportOrder(
    _ id: NameID, after last: NameID, _ child: DefinitionTable.Child, in parent: Int, at place: SourcePosition
  ) {
    let isEntry = parent < part.rootDepth
    var path = part.tree.rootExpression
    if !isEntry {
      path = expression(to: parent)
      path += step(
        id, element: Int32(child.element), type: table.type(of: child), ordinal: frames[parent].lastOrdinal)
    }
    report(
      .error, .xmlElementOrder, expression: path, at: place,
      "\(name(id)) stands behind \(name(last)); in XML it must come before it")
  }

  /// The tree's id of a name that the definition table does not know, or that belongs to another namespace.
  ///
  /// Names of another namespace are kept as `{namespace}name`, which ``XMLWriter`` takes apart again.
  private func intern(_ tag: XMLStartTag, _ namespace: XMLNamespace) -> NameID? {
    let local = xmlString(tag.local)
    guard namespace == .foreign || namespace == .xhtml, let uri = tag.uri else {
      return part.tree.internUnknown(local)
    }
    return part.tree.internUnknown("{\(xmlString(uri))}\(local)")
  }

  private func hasValue(_ tag: XMLStartTag) -> Bool {
    (0..<tag.attributeCount).contains {
      let attribute = tag.attribute($0)
      return attribute.prefix == nil && names.lookUp(attribute.local).name == valueName
    }
  }

  /// Reports an element of another namespace than FHIR's, once where it begins.
  private func checkNamespace(
    _ namespace: XMLNamespace, _ tag: XMLStartTag, parent: Int, at place: SourcePosition
  ) {
    guard namespace != .fhir, namespace != frames[parent].namespace else { return }
    report(
      .error, .xmlNamespace, at: place,
      "<\(xmlString(tag.local))> is in \(namespace == .none ? "no namespace" : "another namespace"); "
        + "\(XMLNamespace.fhirURI) was expected")
  }
}
