/// What a finding is about: the stable code of a rule, and FHIR's own code for that kind of issue.
///
/// A code never changes its meaning and is never used again for another. The program's own rules are listed in ``own``;
/// an invariant's code is its key (`pat-1`), be it of the core or of a user's package.
package struct Rule: Hashable, Sendable {
  /// The code that users see, filter by, and ask `explain` about.
  package let code: String
  package let issueType: IssueType

  package init(_ code: String, _ issueType: IssueType) {
    self.code = code
    self.issueType = issueType
  }

  /// The rule that an invariant is, by its key.
  package static func invariant(_ key: String) -> Rule { Rule(key, .invariant) }

  /// FHIR's code for the kind of issue, as an OperationOutcome carries it.
  ///
  /// See http://hl7.org/fhir/R4/valueset-issue-type.html
  package enum IssueType: String, Sendable {
    case invalid, structure, required, value, invariant
    case codeInvalid = "code-invalid"
    case extensionIssue = "extension"
    case businessRule = "business-rule"
    case informational
    case notFound = "not-found"
    case notSupported = "not-supported"
    case tooCostly = "too-costly"
    case duplicate, conflict
    case incomplete
  }
}

extension Rule {
  // Reading
  package static let jsonSyntax = Rule("json-syntax", .structure)
  package static let jsonDuplicateKey = Rule("json-duplicate-key", .structure)
  package static let jsonCompanion = Rule("json-companion", .structure)
  package static let xmlSyntax = Rule("xml-syntax", .structure)
  package static let xmlDoctype = Rule("xml-doctype", .structure)
  package static let xmlNamespace = Rule("xml-namespace", .structure)
  package static let xmlEncoding = Rule("xml-encoding", .structure)
  package static let xmlText = Rule("xml-text", .structure)
  package static let xmlElementOrder = Rule("xml-element-order", .structure)
  package static let xmlCharacter = Rule("xml-character", .structure)
  package static let encodingUTF8 = Rule("encoding-utf8", .structure)
  package static let encodingSurrogate = Rule("encoding-surrogate", .structure)
  package static let limitDepth = Rule("limit-depth", .tooCostly)
  package static let limitSize = Rule("limit-size", .tooCostly)
  package static let tooManyIssues = Rule("limit-issues", .tooCostly)
  package static let notFHIR = Rule("not-fhir", .structure)
  package static let empty = Rule("empty-input", .structure)
  package static let inputUnreadable = Rule("input-unreadable", .notFound)
  package static let stopped = Rule("stopped", .incomplete)

  // Structure
  package static let resourceType = Rule("resource-type", .structure)
  package static let unknownElement = Rule("unknown-element", .structure)
  package static let cardinalityMin = Rule("cardinality-min", .required)
  package static let cardinalityMax = Rule("cardinality-max", .structure)
  package static let choiceMultiple = Rule("choice-multiple", .structure)
  package static let choiceType = Rule("choice-type", .structure)
  package static let elementEmpty = Rule("element-empty", .structure)
  package static let arrayExpected = Rule("array-expected", .structure)
  package static let arrayUnexpected = Rule("array-unexpected", .structure)
  package static let arrayEmpty = Rule("array-empty", .structure)
  package static let nullValue = Rule("null-value", .structure)
  package static let stringEmpty = Rule("string-empty", .value)
  package static let valueKind = Rule("value-kind", .value)
  package static let primitiveFormat = Rule("primitive-format", .value)
  package static let primitiveRange = Rule("primitive-range", .value)
  package static let bindingRequired = Rule("binding-required", .codeInvalid)
  package static let referenceSyntax = Rule("reference-syntax", .value)
  package static let referenceTarget = Rule("reference-target", .value)
  package static let contained = Rule("contained", .structure)
  package static let bundleEntry = Rule("bundle-entry", .structure)
  package static let elementID = Rule("element-id", .structure)

  // Terminology
  package static let bindingMaximum = Rule("binding-maximum", .codeInvalid)
  package static let bindingExtensible = Rule("binding-extensible", .codeInvalid)
  package static let codeUnknown = Rule("code-unknown", .codeInvalid)
  package static let codeShape = Rule("code-shape", .codeInvalid)
  package static let codeDisplay = Rule("code-display", .codeInvalid)
  package static let codeInactive = Rule("code-inactive", .businessRule)
  package static let codeSystemMissing = Rule("code-system-missing", .codeInvalid)
  package static let codeSystem = Rule("code-system", .codeInvalid)
  package static let codeUndecided = Rule("code-undecided", .notFound)
  package static let identifierCheckDigit = Rule("identifier-check-digit", .value)

  // Types with rules of their own
  package static let attachmentSize = Rule("attachment-size", .invalid)
  package static let enableWhen = Rule("enable-when", .businessRule)

  // Resources that another one defines
  package static let questionnaireUnknown = Rule("questionnaire-unknown", .notFound)
  package static let questionnaireItem = Rule("questionnaire-item", .structure)
  package static let questionnaireRequired = Rule("questionnaire-required", .required)
  package static let questionnaireDisabled = Rule("questionnaire-disabled", .businessRule)
  package static let questionnaireAnswer = Rule("questionnaire-answer", .value)
  package static let measureUnknown = Rule("measure-unknown", .notFound)
  package static let measureGroup = Rule("measure-group", .businessRule)
  package static let measureScore = Rule("measure-score", .businessRule)
  package static let measureCount = Rule("measure-count", .businessRule)

  // Definitions
  package static let designBase = Rule("design-base", .notFound)
  package static let designElement = Rule("design-element", .structure)
  package static let designSlicing = Rule("design-slicing", .businessRule)
  package static let designValue = Rule("design-value", .value)
  package static let designCode = Rule("design-code", .codeInvalid)
  package static let designExpression = Rule("design-expression", .invalid)

  // Narrative
  package static let narrativeSyntax = Rule("narrative-syntax", .structure)
  package static let narrativeLink = Rule("narrative-link", .value)

  // Bundles
  package static let referenceMissing = Rule("reference-missing", .notFound)
  package static let referenceAmbiguous = Rule("reference-ambiguous", .businessRule)
  package static let bundleUnreachable = Rule("bundle-unreachable", .businessRule)
  package static let transactionRefused = Rule("transaction-refused", .businessRule)
  package static let transactionUnfinished = Rule("transaction-unfinished", .incomplete)
  package static let transactionTwice = Rule("transaction-twice", .duplicate)
  package static let versionConflict = Rule("version-conflict", .conflict)
  // Profiles and extensions
  package static let profileUnknown = Rule("profile-unknown", .notFound)
  package static let profileMin = Rule("profile-min", .required)
  package static let profileMax = Rule("profile-max", .structure)
  package static let profileType = Rule("profile-type", .structure)
  package static let profileFixed = Rule("profile-fixed", .value)
  package static let profilePattern = Rule("profile-pattern", .value)
  package static let profileRange = Rule("profile-range", .value)
  package static let profileLength = Rule("profile-length", .value)
  package static let profileSlice = Rule("profile-slice", .structure)
  package static let profileSliceOrder = Rule("profile-slice-order", .structure)
  package static let profileNone = Rule("profile-none", .structure)
  package static let profileTarget = Rule("profile-target", .value)
  package static let profileNarrative = Rule("profile-narrative", .businessRule)
  package static let profileMustSupport = Rule("profile-must-support", .informational)
  package static let extensionUnknown = Rule("extension-unknown", .extensionIssue)
  package static let extensionContext = Rule("extension-context", .extensionIssue)
  package static let extensionModifier = Rule("extension-modifier", .extensionIssue)
  package static let extensionURL = Rule("extension-url", .extensionIssue)

  // Loading
  package static let documentRefused = Rule("document-refused", .notSupported)

  /// Every rule of the program's own, in the order of a resource's way through it.
  package static let own: [Rule] = [
    jsonSyntax, jsonDuplicateKey, jsonCompanion, xmlSyntax, xmlDoctype, xmlNamespace, xmlEncoding, xmlText,
    xmlElementOrder, xmlCharacter, encodingUTF8, encodingSurrogate, limitDepth, limitSize, tooManyIssues,
    notFHIR,
    empty, inputUnreadable, stopped, resourceType, unknownElement, cardinalityMin, cardinalityMax,
    choiceMultiple,
    choiceType,
    elementEmpty, arrayExpected, arrayUnexpected, arrayEmpty, nullValue, stringEmpty, valueKind,
    primitiveFormat,
    primitiveRange, bindingRequired, referenceSyntax, referenceTarget, contained, bundleEntry, elementID,
    bindingMaximum, bindingExtensible, codeUnknown, codeShape, codeDisplay, codeInactive, codeSystemMissing,
    codeSystem,
    codeUndecided, identifierCheckDigit,
    attachmentSize, enableWhen, questionnaireUnknown, questionnaireItem, questionnaireRequired,
    questionnaireDisabled, questionnaireAnswer, measureUnknown, measureGroup, measureScore, measureCount,
    designBase, designElement,
    designSlicing, designValue, designCode, designExpression,
    narrativeSyntax, narrativeLink, referenceMissing, referenceAmbiguous, bundleUnreachable,
    transactionRefused, transactionTwice, transactionUnfinished, versionConflict,
    profileUnknown, profileMin, profileMax, profileType, profileFixed, profilePattern, profileRange,
    profileLength, profileSlice, profileSliceOrder, profileNone, profileTarget, profileMustSupport,
    profileNarrative,
    extensionUnknown, extensionContext, extensionModifier, extensionURL,
    documentRefused,
  ]
}
