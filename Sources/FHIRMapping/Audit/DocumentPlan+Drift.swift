package import BSON

/// What is not as import would have written it in a field of a stored document.
package struct FieldDrift: Sendable {
  package enum Kind: Sendable, Hashable {
    /// Of another type than the mapping gives it.
    case type(expected: String, found: String)
    /// Of the right type, and written otherwise than import writes it.
    case form
    /// It says nothing that can be understood.
    case unreadable(String)
    /// It can be understood, with a doubt.
    case doubtful(String)
  }

  package let field: String
  package let kind: Kind
}

extension DocumentPlan {
  /// Tells of every field but the derived ones that is not as import would have written it.
  ///
  /// What import itself wrote, and nobody changed since, is as it ought to be.
  package func forEachDrift(in document: BSONView, _ body: (FieldDrift) -> Void) throws {
    var marks: [String: Int32]?
    for field in fields where field.derived == nil {
      guard let element = try document.find(string: field.name), element.type != .null,
        let kind = try field.drift(element)
      else { continue }
      let known = try marks ?? FieldMark.marks(in: document.find("_fhirline")?.document)
      marks = known
      if known[field.name] == FieldMark.mark(of: element) { continue }
      body(FieldDrift(field: field.name, kind: kind))
    }
  }
}

extension FieldPlan {
  /// What is not as it ought to be in a value; nil where all is.
  func drift(_ element: BSONElement) throws -> FieldDrift.Kind? {
    let value = try BSONValue(element)
    let stored = understand(value)
    let isOfType = hasExpectedType(element)
    // Of whatever type: export leaves it out.
    if stored.isRefused { return .unreadable(stored.doubts.first ?? "it cannot be understood") }
    if !isOfType { return .type(expected: expectedType, found: FieldPlan.type(of: element)) }
    // A check digit is asked for by itself.
    if let doubt = stored.doubts.first, !(transform is NPITransform) { return .doubtful(doubt) }
    guard let understood = stored.value, understood != value else { return nil }
    if case .number = transform?.shape { return nil }
    return .form
  }

  var expectedType: String {
    if isList, separator == nil { return "a list of texts" }
    switch transform?.shape {
    case .number: return "a number"
    case .date: return "a date"
    default: return "a text"
    }
  }

  private func hasExpectedType(_ element: BSONElement) -> Bool {
    if isList, separator == nil {
      guard let items = element.array else { return false }
      var iterator = items.makeIterator()
      while let item = try? iterator.next() {
        if item.type != .string { return false }
      }
      return true
    }
    switch transform?.shape {
    case .number: return [.double, .int32, .int64, .decimal128].contains(element.type)
    case .date: return element.type == .date
    default: return element.type == .string
    }
  }

  /// A value's type in words; of a list, those of its items that are no texts.
  static func type(of element: BSONElement) -> String {
    guard let items = element.array else { return element.type.words }
    var found: Set<String> = []
    var iterator = items.makeIterator()
    while let item = try? iterator.next() {
      if item.type != .string { found.insert(item.type.words) }
    }
    return found.isEmpty ? "a list" : "a list that holds " + found.sorted().joined(separator: " and ")
  }
}

extension BSONType {
  /// The type in plain words.
  package var words: String {
    switch self {
    case .string: "a text"
    case .int32, .int64: "a whole number"
    case .double, .decimal128: "a number"
    case .date: "a date"
    case .bool: "true or false"
    case .objectID: "an ObjectId"
    case .document: "a document"
    case .array: "a list"
    case .binary: "binary"
    case .null: "null"
    default: "a value of another type"
    }
  }
}

package enum StoredNPI {
  /// Whether a stored value, of whatever type, is ten digits of which the last is the right check digit.
  package static func isValid(_ element: BSONElement) -> Bool {
    StoredID.text(element).map(NPITransform.isValid) ?? false
  }
}
