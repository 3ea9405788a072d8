import BSON

/// Numbers of a document's pages, as a note has them: those of one stretch after the other.
struct PageNumbers: Equatable {
  private(set) var ranges: [ClosedRange<Int>] = []

  /// - Parameter numbers: in their order.
  init(_ numbers: some Sequence<Int>) {
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
  }

  /// nil where that is none.
  init?(_ stored: BSONView) throws {
    var isSound = true
    try stored.forEachElement { element in
      guard let first = try element.document?.find("first")?.integer,
        let last = try element.document?.find("last")?.integer, 1 < first, first <= last, last < 1 << 31
      else { return isSound = false }
      ranges.append(Int(first)...Int(last))
    }
    guard isSound else { return nil }
  }

  var value: BSONValue {
    .array(
      ranges.map { ["first": .int64(Int64($0.lowerBound)), "last": .int64(Int64($0.upperBound))] })
  }

  /// The number in a page's `_id`; nil where it is no further page of the document.
  static func number(of page: String, in document: String) -> Int? {
    guard page.hasPrefix(document), page.dropFirst(document.count).first == "#" else { return nil }
    return Int(page.dropFirst(document.count + 1))
  }
}
