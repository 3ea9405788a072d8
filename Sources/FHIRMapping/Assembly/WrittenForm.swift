import BSON

/// A resource as it was written: what its references were found to lead to since, and what that is called, is no part of it.
enum WrittenForm {
  /// The digest of a resource in that form; nil where it stands in it.
  static func digest(of resource: UnsafeRawBufferPointer) -> String? {
    // Hardly any root refers to somebody by another text, or shows a name.
    guard resource.contains(utf8: Reserved.written) || resource.contains(utf8: Reserved.targetName),
      let fields = try? BSONFields(BSONView(resource)),
      let document = try? BSONDocument(WrittenForm.of(fields))
    else { return nil }
    return document.withView { ContentDigest.text(of: $0.bytes) }
  }

  private static func of(_ fields: BSONFields) -> BSONFields {
    var fields = fields
    if fields["reference"]?.text != nil {
      if let written = fields[Reserved.written]?.text { fields["reference"] = .string(written) }
      fields.fields.removeAll { $0.key == Reserved.written || $0.key == Reserved.targetName }
    }
    for index in fields.fields.indices { fields.fields[index].value = of(fields.fields[index].value) }
    return fields
  }

  private static func of(_ value: BSONValue) -> BSONValue {
    switch value {
    case .document(let fields): .document(of(fields))
    case .array(let items): .array(items.map(of))
    default: value
    }
  }
}
