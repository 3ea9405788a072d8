import CDefinitions

/// Which check belongs to which of the 20 primitive types, and what each asks for in words.
enum PrimitiveGrammar {
  /// Checks a text; `plain` says that it holds no control characters, as JSON without escapes and XML cannot.
  @inline(__always)
  static func check(_ grammar: UInt8, _ text: UnsafeBufferPointer<UInt8>, plain: Bool) -> PrimitiveVerdict {
    switch definition_grammar(UInt32(grammar)) {
    case GRAMMAR_STRING, GRAMMAR_MARKDOWN:
      plain ? TextGrammar.string(text) : TextGrammar.unescapedString(text)
    case GRAMMAR_CODE: TextGrammar.code(text)
    case GRAMMAR_URI, GRAMMAR_URL, GRAMMAR_CANONICAL: URIGrammar.uri(text)
    case GRAMMAR_DATETIME: DateGrammar.dateTime(text)
    case GRAMMAR_DECIMAL: NumberGrammar.decimal(text)
    case GRAMMAR_BOOLEAN: NumberGrammar.boolean(text)
    case GRAMMAR_ID: TextGrammar.id(text)
    case GRAMMAR_INTEGER: NumberGrammar.integer(text)
    case GRAMMAR_POSITIVE_INT: NumberGrammar.positiveInt(text)
    case GRAMMAR_UNSIGNED_INT: NumberGrammar.unsignedInt(text)
    case GRAMMAR_DATE: DateGrammar.date(text)
    case GRAMMAR_INSTANT: DateGrammar.instant(text)
    case GRAMMAR_TIME: DateGrammar.time(text)
    case GRAMMAR_BASE64: Base64Grammar.base64Binary(text)
    case GRAMMAR_OID: URIGrammar.oid(text)
    case GRAMMAR_UUID: URIGrammar.uuid(text)
    default: .valid
    }
  }

  /// What a text of the type looks like, to go behind "must be".
  static func requirement(_ grammar: UInt8) -> String {
    switch definition_grammar(UInt32(grammar)) {
    case GRAMMAR_BOOLEAN: "true or false"
    case GRAMMAR_INTEGER: "a whole number from -2147483648 to 2147483647, without leading zeros"
    case GRAMMAR_UNSIGNED_INT: "a whole number from 0 to 2147483647, without sign or leading zeros"
    case GRAMMAR_POSITIVE_INT: "a whole number from 1 to 2147483647, without sign or leading zeros"
    case GRAMMAR_DECIMAL: "a decimal number such as 1.50 or 2e-3"
    case GRAMMAR_STRING: "text"
    case GRAMMAR_MARKDOWN: "Markdown text"
    case GRAMMAR_CODE: "a code: words joined by single spaces, none at either end"
    case GRAMMAR_ID: "an id: 1 to 64 of the characters A-Z, a-z, 0-9, '-' and '.'"
    case GRAMMAR_URI: "a URI"
    case GRAMMAR_URL: "a URL"
    case GRAMMAR_CANONICAL: "a canonical URL, with or without |version"
    case GRAMMAR_OID: "an OID such as urn:oid:1.2.3"
    case GRAMMAR_UUID: "a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in lower case"
    case GRAMMAR_BASE64: "base64: groups of four of A-Z, a-z, 0-9, '+' and '/', with '=' to fill the last"
    case GRAMMAR_DATE: "a date: YYYY, YYYY-MM or YYYY-MM-DD"
    case GRAMMAR_DATETIME:
      "a date (YYYY, YYYY-MM, YYYY-MM-DD) or a date and time such as 2015-02-07T13:28:17-05:00"
    case GRAMMAR_INSTANT: "an instant such as 2015-02-07T13:28:17.239+02:00"
    case GRAMMAR_TIME: "a time of day: hh:mm:ss"
    case GRAMMAR_XHTML: "XHTML"
    default: "a value of its type"
    }
  }
}
