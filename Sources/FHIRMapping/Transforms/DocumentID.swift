import BSON

/// A document's `_id` as the id of a FHIR resource.
package enum DocumentID {
  /// The id itself where FHIR allows it (`[A-Za-z0-9\-\.]{1,64}`), else one made from it that is always the same.
  package static func fhirID(_ id: String) -> String {
    isFHIRID(id) ? id : "x-" + ContentDigest.text(of: id)
  }

  /// The id as it is, where another was made of it: an Identifier. nil where FHIR allows it.
  static func identifier(_ id: String) -> BSONValue? {
    let text = BSONValue.string(id.withoutControlCharacters ?? id)
    guard !isFHIRID(id), text.trimmedText != nil else { return nil }
    return .object([
      ("system", "https://fhirline.dev/NamingSystem/document-id"), ("value", text),
    ])
  }

  /// A Reference to a resource of a type by the id of its document, which need not be there.
  static func reference(_ type: String, _ id: String) -> BSONValue {
    .object([("reference", .string("\(type)/\(fhirID(id))")), ("identifier", identifier(id))])
  }

  package static func isFHIRID(_ id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
      }
  }
}
