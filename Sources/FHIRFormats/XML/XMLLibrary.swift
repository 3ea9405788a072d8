internal import CLibXML2

/// libxml2 itself: started once, and held to what FHIR allows.
enum XMLLibrary {
  private static let isInitialized: Bool = {
    xmlInitParser()
    return true
  }()

  /// Starts the library; it must happen before a second thread uses it.
  static func initialize() { precondition(isInitialized) }

  /// Options of every parser.
  ///
  /// - No network.
  /// - `HUGE`, for base64 values may be longer than libxml2's 10 MB. It also lifts the guard against entities that
  ///   multiply, so every parser stops at a DOCTYPE, without which there are no such entities.
  /// - `NOENT`, or `&amp;` in an attribute would reach us as `&#38;`. With no DOCTYPE it replaces nothing else.
  static func harden(_ context: UnsafeMutablePointer<xmlParserCtxt>) {
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_HUGE.rawValue | XML_PARSE_NOENT.rawValue
      | XML_PARSE_IGNORE_ENC.rawValue
    xmlCtxtUseOptions(context, Int32(options))
  }
}
