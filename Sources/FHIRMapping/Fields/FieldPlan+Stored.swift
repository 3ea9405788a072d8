import BSON

/// What a document holds for a field, drift and all, as the value that import would have written.
extension FieldPlan {
  /// A stored value understood, and what was doubtful in it.
  struct Stored {
    /// nil where nothing is said: the field is absent, null or empty.
    var value: BSONValue?
    /// Why (a part of) the value cannot be carried, or should be looked at.
    var doubts: [String] = []
    /// Nothing of the value could be understood: what FHIR says stays.
    var isRefused = false
  }

  /// - Parameter isImported: whether the field had a value from FHIR before the application changed it.
  func understand(_ stored: BSONValue?, isImported: Bool = false) -> Stored {
    guard let stored, let transform else { return Stored() }
    guard isList else {
      let single = singled(stored, transform)
      if case .array(let items) = single {
        return Stored(doubts: ["expected one value, found a list of \(items.count)"], isRefused: true)
      }
      switch accepted(single, transform, isImported) {
      case .value(let value): return Stored(value: value)
      case .doubtful(let value, let doubt): return Stored(value: value, doubts: [doubt])
      case .absent: return Stored()
      case .refused(let reason): return Stored(doubts: [reason], isRefused: true)
      }
    }
    var items = stored.listItems
    if let separator, let text = stored.text {
      items = text.split(separator: separator).map { .string(String($0)) }
    }
    var result = Stored()
    var values: [BSONValue] = []
    for item in items {
      switch accepted(item, transform, isImported) {
      case .value(let value): values.append(value)
      case .doubtful(let value, let doubt):
        values.append(value)
        result.doubts.append(doubt)
      case .absent: break
      case .refused(let reason): result.doubts.append(reason)
      }
    }
    result.isRefused = values.isEmpty && !result.doubts.isEmpty
    if !values.isEmpty { result.value = joined(values) }
    return result
  }

  /// Beside texts that came from FHIR a text is no drift: what they have no zero and no trimming for, it needs none.
  private func accepted(
    _ item: BSONValue, _ transform: any FieldTransform, _ isImported: Bool
  ) -> AcceptedValue {
    // Notes may hold anything, and an id is what it is.
    guard !(transform is AttachmentTextTransform || transform is ReferenceTransform), let text = item.text
    else {
      return transform.accept(item)
    }
    guard !text.hasMoreCharacters(than: 1 << 20) else {
      return .refused("is longer than FHIR lets a text be: at most 1048576 characters")
    }
    guard let clean = text.withoutControlCharacters else {
      let isFree =
        transform is PhoneTransform || transform is ConceptTransform || transform is CodingTransform
        || (transform as? TextTransform)?.isFree ?? false
      return isImported && isFree && item.trimmedText != nil ? .value(item) : transform.accept(item)
    }
    switch transform.accept(.string(clean)) {
    case .value(let value):
      return .doubtful(value, "control characters, which FHIR's texts may not hold, were left out")
    case let other: return other
    }
  }

  /// Drift: a list of one where one value is due, or one that says it several times; an address as a list of its lines.
  private func singled(_ stored: BSONValue, _ transform: any FieldTransform) -> BSONValue {
    guard case .array(let items) = stored else { return stored }
    let said = items.filter { $0 != .null && $0 != "" }.unique
    if said.count <= 1 { return said.first ?? .null }
    let lines = said.compactMap(\.text)
    if transform is AddressTransform, lines.count == said.count {
      return .string(items.compactMap(\.text).joined(separator: "\n"))
    }
    return .array(said)
  }
}

extension String {
  fileprivate func hasMoreCharacters(than limit: Int) -> Bool {
    utf8.count > limit && unicodeScalars.count > limit
  }

  /// The text less what no string of FHIR may hold; nil where there is nothing of the kind.
  ///
  /// See http://hl7.org/fhir/R4/datatypes.html#string
  var withoutControlCharacters: String? {
    func isControl(_ value: UInt32) -> Bool { value < 0x20 && value != 9 && value != 10 && value != 13 }
    guard utf8.contains(where: { isControl(UInt32($0)) }) else { return nil }
    return String(String.UnicodeScalarView(unicodeScalars.filter { !isControl($0.value) }))
  }
}
