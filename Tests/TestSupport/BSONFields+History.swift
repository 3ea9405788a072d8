package import BSON

extension BSONFields {
  /// A document without what its history left in its bookkeeping, and content does not depend on: where its resources were read, and
  /// whether one import made all of it.
  package var withoutHistory: BSONFields { without(bookkeeping: "origin", "input") }

  /// A document without some elements of its bookkeeping.
  package func without(bookkeeping names: String...) -> BSONFields {
    guard var bookkeeping = self["_fhirline"]?.fields else { return self }
    for name in names { bookkeeping[name] = nil }
    var document = self
    document["_fhirline"] = .document(bookkeeping)
    return document
  }
}
