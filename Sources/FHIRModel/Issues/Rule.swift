/// The stable code of a rule. A code never changes its meaning and is never used again for another.
package enum Rule: String, Sendable, CaseIterable {
  // Reading
  case jsonSyntax = "json-syntax"
  case jsonDuplicateKey = "json-duplicate-key"
  case jsonCompanion = "json-companion"
  case xmlSyntax = "xml-syntax"
  case xmlDoctype = "xml-doctype"
  case xmlNamespace = "xml-namespace"
  case xmlEncoding = "xml-encoding"
  case xmlText = "xml-text"
  case xmlElementOrder = "xml-element-order"
  case xmlCharacter = "xml-character"
  case encodingUTF8 = "encoding-utf8"
  case encodingSurrogate = "encoding-surrogate"
  case limitDepth = "limit-depth"
  case limitSize = "limit-size"
  case tooManyIssues = "limit-issues"
  case notFHIR = "not-fhir"
  case empty = "empty-input"
  case inputUnreadable = "input-unreadable"

  // Structure
  case resourceType = "resource-type"
  case unknownElement = "unknown-element"
  case cardinalityMin = "cardinality-min"
  case cardinalityMax = "cardinality-max"
  case choiceMultiple = "choice-multiple"
  case choiceType = "choice-type"
  case elementEmpty = "element-empty"
  case arrayExpected = "array-expected"
  case arrayUnexpected = "array-unexpected"
  case arrayEmpty = "array-empty"
  case nullValue = "null-value"
  case stringEmpty = "string-empty"
  case valueKind = "value-kind"
  case primitiveFormat = "primitive-format"
  case primitiveRange = "primitive-range"
  case bindingRequired = "binding-required"
  case referenceSyntax = "reference-syntax"
  case referenceTarget = "reference-target"
  case contained = "contained"
  case bundleEntry = "bundle-entry"
  case elementID = "element-id"

  // Loading
  case documentRefused = "document-refused"

  /// FHIR's own code for the kind of issue, as an OperationOutcome carries it.
  ///
  /// See http://hl7.org/fhir/R4/valueset-issue-type.html
  package var issueType: String {
    switch self {
    case .jsonSyntax, .jsonDuplicateKey, .jsonCompanion, .xmlSyntax, .xmlDoctype, .xmlNamespace, .xmlEncoding,
      .xmlText, .xmlElementOrder, .xmlCharacter, .encodingUTF8, .encodingSurrogate, .resourceType,
      .unknownElement,
      .choiceMultiple, .choiceType, .elementEmpty, .arrayExpected, .arrayUnexpected, .arrayEmpty, .nullValue,
      .notFHIR, .cardinalityMax, .contained, .bundleEntry, .elementID, .empty:
      "structure"
    case .limitDepth, .limitSize, .tooManyIssues: "too-costly"
    case .inputUnreadable: "not-found"
    case .documentRefused: "not-supported"
    case .cardinalityMin: "required"
    case .stringEmpty, .valueKind, .primitiveFormat, .primitiveRange, .referenceSyntax, .referenceTarget:
      "value"
    case .bindingRequired: "code-invalid"
    }
  }
}
