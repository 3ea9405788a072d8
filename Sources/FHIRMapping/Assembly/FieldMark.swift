import BSON

/// Thirty-two bits that stand for the value of a field, kept under `_fhirline.fields`.
enum FieldMark {
  static func mark(of element: BSONElement) -> Int32 {
    var digest = ContentDigest()
    withUnsafeBytes(of: element.type.rawValue) { digest.add($0) }
    digest.add(element.value)
    return Int32(truncatingIfNeeded: digest.words.high)
  }

  /// The marks that a document's bookkeeping holds.
  static func marks(in bookkeeping: BSONView?) throws(BSONError) -> [String: Int32] {
    guard let fields = try bookkeeping?.find("fields")?.document else { return [:] }
    var marks: [String: Int32] = [:]
    var iterator = fields.makeIterator()
    while let element = try iterator.next() { marks[element.name] = element.int32 }
    return marks
  }
}
