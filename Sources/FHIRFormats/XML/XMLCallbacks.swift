internal import CLibXML2

/// libxml2's events, handed on to the ``XMLTreeBuilder`` that is the parser's user data.
enum XMLCallbacks {
  /// The events that reading FHIR needs; those that are not set are not computed.
  ///
  /// Comments and processing instructions outside a narrative are no content (http://hl7.org/fhir/R4/xml.html). CDATA
  /// sections come as characters.
  static func handler() -> xmlSAXHandler {
    var handler = xmlSAXHandler()
    handler.initialized = UInt32(XML_SAX2_MAGIC)
    handler.startElementNs = startElement
    handler.endElementNs = endElement
    handler.characters = characters
    handler.internalSubset = doctype
    handler.serror = error
    return handler
  }

  private static let startElement: startElementNsSAX2Func = {
    data, local, prefix, uri, namespaceCount, namespaces, attributeCount, _, attributes in
    // libxml2 calls back only inside xmlParseChunk, which the builder outlives, and never without a name.
    let builder = Unmanaged<XMLTreeBuilder>.fromOpaque(data.unsafelyUnwrapped)
    builder._withUnsafeGuaranteedRef {
      $0.startElement(
        XMLStartTag(
          local: local.unsafelyUnwrapped, prefix: prefix, uri: uri, namespaceCount: Int(namespaceCount),
          namespaces: namespaces, attributeCount: Int(attributeCount), attributes: attributes))
    }
  }

  private static let endElement: endElementNsSAX2Func = { data, _, _, _ in
    Unmanaged<XMLTreeBuilder>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef { $0.endElement() }
  }

  private static let characters: charactersSAXFunc = { data, text, count in
    Unmanaged<XMLTreeBuilder>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
      $0.characters(UnsafeBufferPointer(start: text, count: Int(count)))
    }
  }

  private static let doctype: internalSubsetSAXFunc = { data, _, _, _ in
    Unmanaged<XMLTreeBuilder>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef { $0.doctype() }
  }

  private static let error: xmlStructuredErrorFunc = { data, error in
    guard let error else { return }
    Unmanaged<XMLTreeBuilder>.fromOpaque(data.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
      $0.syntaxError(error.pointee)
    }
  }
}

/// A start tag as libxml2 hands it over; valid during the callback only.
struct XMLStartTag {
  let local: UnsafePointer<xmlChar>
  let prefix: UnsafePointer<xmlChar>?
  let uri: UnsafePointer<xmlChar>?
  let namespaceCount: Int
  /// Pairs of prefix and URI that the tag declares.
  let namespaces: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
  let attributeCount: Int
  /// Five pointers an attribute: local name, prefix, URI, the value's begin and its end.
  let attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?

  /// One attribute; entities and white space of its value are resolved already.
  @inline(__always)
  func attribute(_ index: Int) -> XMLAttribute {
    // libxml2 gives five pointers for each of the attributes it counts.
    let first = attributes.unsafelyUnwrapped + index * 5
    let start = first[3].unsafelyUnwrapped
    return XMLAttribute(
      local: first[0].unsafelyUnwrapped, prefix: first[1], uri: first[2],
      value: UnsafeBufferPointer(start: start, count: first[4].unsafelyUnwrapped - start))
  }

  /// Whether the tag itself declares the default namespace.
  var declaresDefaultNamespace: Bool {
    (0..<namespaceCount).contains { namespaces.unsafelyUnwrapped[$0 * 2] == nil }
  }

  /// Whether the tag declares a prefix.
  var declaresPrefix: Bool {
    (0..<namespaceCount).contains { namespaces.unsafelyUnwrapped[$0 * 2] != nil }
  }
}

struct XMLAttribute {
  let local: UnsafePointer<xmlChar>
  let prefix: UnsafePointer<xmlChar>?
  let uri: UnsafePointer<xmlChar>?
  let value: UnsafeBufferPointer<UInt8>
}

/// Whether a text of libxml2's is this one; nil is none.
func xmlText(_ text: UnsafePointer<xmlChar>?, equals other: String) -> Bool {
  guard let text else { return false }
  return xmlString(text) == other
}

func xmlString(_ text: UnsafePointer<xmlChar>) -> String { String(cString: text) }
