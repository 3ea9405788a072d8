import BSON

/// A CodeableConcept as the text that people read: its text, or a coding's display or code.
struct ConceptTransform: FieldTransform {
  static let name = "concept"
  static let types = ["CodeableConcept"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    if let text = element["text"]?.saying { return text }
    let codings = element["coding"]?.elements ?? []
    for name in ["display", "code"] {
      for coding in codings { if let text = coding[name]?.saying { return text } }
    }
    return nil
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    // The codes said something else.
    return .object([("text", .string(text))])
  }

  func accept(_ stored: BSONValue) -> AcceptedValue { TextTransform.text(stored) }
}

/// A Coding as its display, or its code.
struct CodingTransform: FieldTransform {
  static let name = "coding"
  static let types = ["Coding"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    element["display"]?.saying ?? element["code"]?.saying
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    return .object([("display", .string(text))])
  }

  func accept(_ stored: BSONValue) -> AcceptedValue { TextTransform.text(stored) }
}

/// A language as its BCP-47 code. Drift: the English name.
struct LanguageTransform: FieldTransform {
  static let name = "language"
  static let types = ["CodeableConcept"]
  static let system = "urn:ietf:bcp:47"
  /// BCP 47's tag for a language that cannot be told; the name stands beside it, for R4 wants a tag.
  static let undetermined = "und"

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    let codings = element["coding"]?.elements ?? []
    let coding = codings.first { $0["system"]?.text == LanguageTransform.system } ?? codings.first
    let code = coding?["code"]?.saying
    if code?.text == LanguageTransform.undetermined, let text = element["text"]?.saying { return text }
    return code ?? element["text"]?.saying
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    let isTag = LanguageNames.isTag(text)
    let code = isTag ? text : LanguageTransform.undetermined
    let coding = BSONValue.object([("system", .string(LanguageTransform.system)), ("code", .string(code))])
    return .object([("coding", .array([coding])), ("text", isTag ? Optional.none : value)])
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    guard case .value(.string(let text)) = TextTransform.text(stored) else {
      return TextTransform.text(stored)
    }
    if let code = LanguageNames.code(of: text) { return .value(.string(code)) }
    if LanguageNames.isTag(text) { return .value(.string(text)) }
    return .doubtful(.string(text), "no language of this name is known: it is kept as text")
  }
}

/// A Reference to one type of resource as the id of what it refers to.
struct ReferenceTransform: FieldTransform {
  static let name = "reference"
  static let types = ["Reference"]

  let prefix: String
  let shape = FieldShape.string
  var discriminator: String? { prefix }

  init(_ arguments: TransformArguments) throws(MappingError) {
    guard let node = arguments.node else {
      throw arguments.place.error(.missingKey, "expected reference: with the type referred to")
    }
    prefix = try node.string() + "/"
  }

  func read(_ element: BSONValue) -> BSONValue? {
    guard let text = element["reference"]?.text, text.hasPrefix(prefix) else { return nil }
    let id = text.dropFirst(prefix.count).prefix { $0 != "/" }
    return id.isEmpty ? nil : .string(String(id))
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let id = value.text else { return nil }
    if let element, read(element) == value { return element }
    // Display, identifier and the text as it came said who it was before.
    return DocumentID.reference(String(prefix.dropLast()), id)
  }

  /// A text as it stands: MongoDB finds `"p1 "` under nothing else.
  func accept(_ stored: BSONValue) -> AcceptedValue {
    guard stored.text != nil else { return TextTransform.text(stored) }
    return stored.trimmedText == nil ? .absent : .value(stored)
  }
}

/// An Attachment's plain text.
struct AttachmentTextTransform: FieldTransform {
  static let name = "attachment_text"
  static let types = ["Attachment"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    guard let type = element["contentType"]?.text?.lowercased(), type.hasPrefix("text/plain"),
      let data = element["data"]?.text, let bytes = Base64.decode(data.utf8),
      let text = String(validating: bytes, as: UTF8.self), !text.isEmpty
    else { return nil }
    return .string(text)
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    var fields = element?.fields ?? [:]
    if fields["contentType"]?.text?.lowercased().hasPrefix("text/plain") != true {
      fields["contentType"] = "text/plain"
    }
    fields["data"] = .string(Base64.encode(Array(text.utf8)))
    // They told about the text before.
    for stale in ["size", "hash", "url"] { fields[stale] = nil }
    return .document(fields)
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    switch stored {
    case .null: .absent
    case .string(let text): text.isEmpty ? .absent : .value(stored)
    default: .refused("expected a text")
    }
  }
}
