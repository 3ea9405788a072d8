package import BSON

/// What differs between two values of documents, element by element.
package struct ValueDifference: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case added, removed, changed
  }

  /// `name` of a field; `Patient.name[0].given[1]` of an element.
  package var path: String
  package var kind: Kind
  package var before: BSONValue?
  package var after: BSONValue?

  /// The differences of two resources, by the paths of their elements; what this program notes in them does not count.
  static func of(
    resource before: BSONFields?, _ after: BSONFields?, most: Int
  ) -> [ValueDifference] {
    let type = (after ?? before)?["resourceType"]?.text ?? ""
    var found: [ValueDifference] = []
    compare(before.map(BSONValue.document), after.map(BSONValue.document), type, most, &found)
    return found
  }

  private static let own: Set<String> = ["_written", "_fhirline", "_name"]

  private static func compare(
    _ before: BSONValue?, _ after: BSONValue?, _ path: String, _ most: Int, _ found: inout [ValueDifference]
  ) {
    guard found.count < most, before != after else { return }
    switch (before, after) {
    case (.document(let a), .document(let b)):
      // Fields that are put back into a resource stand in an order that says nothing.
      let names = Set(a.keys).union(b.keys).sorted()
      for name in names where !own.contains(name) {
        compare(a[name], b[name], "\(path).\(name)", most, &found)
      }
    case (.array(let a), .array(let b)):
      for index in 0..<max(a.count, b.count) {
        let left = index < a.count ? a[index] : nil
        let right = index < b.count ? b[index] : nil
        compare(left, right, "\(path)[\(index)]", most, &found)
      }
    case (nil, let after): found.append(ValueDifference(path: path, kind: .added, after: after))
    case (let before, nil): found.append(ValueDifference(path: path, kind: .removed, before: before))
    default: found.append(ValueDifference(path: path, kind: .changed, before: before, after: after))
    }
  }
}
