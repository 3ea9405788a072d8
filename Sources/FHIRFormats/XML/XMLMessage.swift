internal import CLibXML2

/// What is wrong with the XML itself, in the words of someone who has to mend it.
enum XMLMessage {
  static func rootNamespace(_ name: String, hasNone: Bool) -> String {
    let found = hasNone ? "has no namespace" : "is in another namespace"
    return "<\(name)> \(found); write <\(name) xmlns=\"\(XMLNamespace.fhirURI)\">"
  }

  /// Whether an error at the end of a document may come from the end alone. Of a quote or a comment that is not closed
  /// that is not known.
  static func isAboutMarkup(_ code: xmlParserErrors) -> Bool {
    switch code {
    case XML_ERR_ATTRIBUTE_NOT_FINISHED, XML_ERR_COMMENT_NOT_FINISHED, XML_ERR_CDATA_NOT_FINISHED,
      XML_ERR_PI_NOT_FINISHED:
      false
    default: true
    }
  }

  /// - Parameter open: the innermost element that is open.
  static func text(of error: xmlError, open: String?) -> String {
    switch xmlParserErrors(rawValue: UInt32(bitPattern: error.code)) {
    case XML_ERR_DOCUMENT_EMPTY: return "an XML element was expected here"
    case XML_ERR_DOCUMENT_END:
      if let open { return "the document ends before <\(open)> is closed: it is not complete" }
      return "there is content behind the end of the root element"
    case XML_ERR_TAG_NAME_MISMATCH:
      guard let opening = error.str1, let closing = error.str2 else {
        return "an end tag does not match its start tag"
      }
      return
        "</\(String(cString: closing))> does not close <\(String(cString: opening))> of line \(error.int1)"
    case XML_ERR_TAG_NOT_FINISHED, XML_ERR_GT_REQUIRED: return "a tag is not closed with >"
    case XML_ERR_LTSLASH_REQUIRED: return "an end tag (</…>) was expected"
    case XML_ERR_ATTRIBUTE_NOT_STARTED: return "an attribute's value must stand in quotes"
    case XML_ERR_ATTRIBUTE_NOT_FINISHED: return "an attribute's closing quote is missing"
    case XML_ERR_ATTRIBUTE_WITHOUT_VALUE: return "an attribute has no value"
    case XML_ERR_ATTRIBUTE_REDEFINED, XML_NS_ERR_ATTRIBUTE_REDEFINED:
      return "an attribute stands twice in one tag"
    case XML_ERR_LT_IN_ATTRIBUTE: return "a < in an attribute's value must be written &lt;"
    case XML_ERR_SPACE_REQUIRED: return "white space was expected between attributes"
    case XML_ERR_NAME_REQUIRED: return "a name was expected: a < or & of a text must be written &lt; or &amp;"
    case XML_ERR_INVALID_CHAR, XML_ERR_INTERNAL_ERROR: return "this character is not allowed in XML"
    case XML_ERR_INVALID_CHARREF, XML_ERR_INVALID_HEX_CHARREF, XML_ERR_INVALID_DEC_CHARREF:
      return "a character reference (&#…;) stands for no character that XML allows"
    case XML_ERR_UNDECLARED_ENTITY, XML_WAR_UNDECLARED_ENTITY:
      return "an entity is unknown: FHIR allows &lt; &gt; &amp; &quot; &apos; and numbers such as &#160; only"
    case XML_ERR_ENTITYREF_SEMICOL_MISSING, XML_ERR_CHARREF_AT_EOF, XML_ERR_ENTITYREF_NO_NAME:
      return "a & must begin an entity that ends in ;, or be written &amp;"
    case XML_ERR_MISPLACED_CDATA_END: return "]]> is not allowed in text"
    case XML_ERR_CDATA_NOT_FINISHED: return "a CDATA section is not closed with ]]>"
    case XML_ERR_COMMENT_NOT_FINISHED: return "a comment is not closed with -->"
    case XML_ERR_HYPHEN_IN_COMMENT: return "-- is not allowed in a comment"
    case XML_ERR_PI_NOT_STARTED, XML_ERR_PI_NOT_FINISHED:
      return "a processing instruction is not closed with ?>"
    case XML_ERR_RESERVED_XML_NAME: return "the XML declaration must be the first thing in the file"
    case XML_ERR_XMLDECL_NOT_STARTED, XML_ERR_XMLDECL_NOT_FINISHED, XML_ERR_VERSION_MISSING,
      XML_ERR_UNKNOWN_VERSION, XML_ERR_ENCODING_NAME, XML_ERR_STANDALONE_VALUE:
      return "the XML declaration is not well-formed"
    case XML_NS_ERR_UNDEFINED_NAMESPACE: return "a prefix is used that no xmlns:… declares"
    case XML_NS_ERR_QNAME, XML_NS_ERR_COLON: return "a name has more than one colon"
    case XML_NS_ERR_EMPTY, XML_NS_ERR_XML_NAMESPACE: return "a namespace declaration is not allowed"
    case XML_ERR_NO_MEMORY: return "there is not enough memory to read it"
    default: return "the XML is not well-formed (libxml2's error \(error.code))"
    }
  }
}
