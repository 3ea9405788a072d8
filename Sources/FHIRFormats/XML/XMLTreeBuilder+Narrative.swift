internal import CLibXML2
internal import FHIRModel

/// A narrative's `div` while it is read: its markup is kept, not taken apart.
struct XMLNarrative {
  /// Open elements inside the div, itself included; 0 is outside.
  var depth = 0
  /// Offset in the source where the div begins.
  var start = 0
  var name = NameID.root
  var place = SourcePosition(line: 0, column: 0)
  /// The div declares XHTML as the default namespace itself, so that its markup can stand alone.
  var declaresNamespace = false
  /// Prefixes or namespaces make the markup mean something only where it stands: it must be written anew.
  var needsRewriting = false
  /// Namespace declarations of the elements around the div: pairs of prefix and URI.
  var namespaces: [(prefix: String?, uri: String)] = []
  var hasForeign = false
}

extension XMLTreeBuilder {
  func startNarrative(
    _ tag: XMLStartTag, _ name: NameID, _ namespace: XMLNamespace, at place: SourcePosition, offset: Int
  ) {
    narrative = XMLNarrative()
    narrative.depth = 1
    narrative.start = offset
    narrative.name = name
    narrative.place = place
    narrative.declaresNamespace = tag.declaresDefaultNamespace
    narrative.needsRewriting = namespace != .xhtml || isBound(tag)
    narrative.hasForeign = namespace != .xhtml
    if let context {
      let pairs = Int(context.pointee.nsNr) / 2
      narrative.namespaces = (0..<pairs).compactMap { pair in
        guard let uri = context.pointee.nsTab[pair * 2 + 1] else { return nil }
        return (context.pointee.nsTab[pair * 2].map(xmlString), xmlString(uri))
      }
    }
  }

  func startNarrativeElement(_ tag: XMLStartTag) {
    narrative.depth += 1
    if depth + narrative.depth > options.maximumDepth {
      giveUpPart(
        .limitDepth, at: position(at: offset),
        "elements are nested deeper than \(options.maximumDepth) levels")
      // The elements of the narrative that are open will be passed over as they end.
      skipping = narrative.depth
      narrative = XMLNarrative()
      return
    }
    let space = namespace(of: tag.uri)
    if space != .xhtml { narrative.hasForeign = true }
    if space == .fhir || isBound(tag) { narrative.needsRewriting = true }
  }

  /// Whether a tag uses prefixes, which markup that stands alone must not inherit.
  private func isBound(_ tag: XMLStartTag) -> Bool {
    if tag.prefix != nil || tag.declaresPrefix { return true }
    return (0..<tag.attributeCount).contains {
      guard let prefix = tag.attribute($0).prefix else { return false }
      return !xmlText(prefix, equals: "xml")
    }
  }

  func endNarrativeElement() {
    narrative.depth -= 1
    guard narrative.depth == 0 else { return }
    let finished = narrative
    narrative = XMLNarrative()

    let raw = window.slice(finished.start, offset)
    let start = part.text.count
    if finished.needsRewriting {
      let markup = NarrativeMarkup.rewritten(
        raw, inside: finished.namespaces, replacing: XMLNamespace.fhirURI)
      markup.withUnsafeBufferPointer { _ = part.append($0) }
    } else if finished.declaresNamespace {
      _ = part.append(raw)
    } else {
      // An element around it made XHTML the default namespace.
      _ = part.append(UnsafeBufferPointer(rebasing: raw[..<4]))
      _ = part.text.append(" xmlns=\"\(XMLNamespace.xhtmlURI)\"")
      _ = part.append(UnsafeBufferPointer(rebasing: raw[4...]))
    }
    let node = part.tree.append(
      Node(
        name: finished.name, flags: .xmlNarrative,
        textStart: UInt32(truncatingIfNeeded: start),
        textLength: UInt32(truncatingIfNeeded: part.text.count - start),
        position: UInt32(truncatingIfNeeded: finished.place.line),
        column: UInt32(truncatingIfNeeded: finished.place.column)))
    part.tree.close(node)
    if finished.hasForeign {
      report(
        .error, .xmlNamespace, expression: expression(to: depth - 1) + "." + name(finished.name),
        at: finished.place,
        "a narrative's markup must be in the namespace \(XMLNamespace.xhtmlURI) throughout")
    }
  }
}
