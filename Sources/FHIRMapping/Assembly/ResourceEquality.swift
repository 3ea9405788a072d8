import BSON

/// Whether a resource that comes again is the one that is stored, however far its references are resolved.
///
/// The same resource may come from a Bundle (`urn:uuid:…`, resolved), from an export of this database (`Patient/1`), or with its
/// references as they once came and nothing at hand to resolve them by. None of that is news; a reference that is
/// resolved now and was not before is. Nor is an id that one of the two lacks: both are stored under it. Members of an object have no
/// order: an application's own are as it wrote them.
enum ResourceEquality {
  /// - Parameters:
  ///   - skipsNames: whether names of targets that were found count for nothing: of a resource as edits have it nobody asked for them.
  ///   - asWritten: whether it counts for nothing, either, what references were found to lead to.
  static func isSame(
    stored: UnsafeRawBufferPointer, incoming: UnsafeRawBufferPointer, skipsNames: Bool = false,
    asWritten: Bool = false
  ) -> Bool {
    if stored.isSame(as: incoming) { return true }
    guard let a = try? BSONView(stored), let b = try? BSONView(incoming) else { return false }
    return (try? isSame(a, b, isRoot: true, skipsNames, asWritten)) ?? false
  }

  private static func isSame(
    _ stored: BSONView, _ incoming: BSONView, isRoot: Bool = false, isList: Bool = false, _ skipsNames: Bool,
    _ asWritten: Bool
  ) throws -> Bool {
    var a = stored.makeIterator()
    var b = incoming.makeIterator()
    // A name that is found now and was not before is news; one that is not at hand now is not gone.
    let skipsName = try skipsNames || incoming.find("_name") == nil
    let skipsID = try isRoot && (stored.find("id") == nil) != (incoming.find("id") == nil)
    while true {
      let left = try next(&a, isList: isList, isRoot: isRoot, skipsID: skipsID, skipsName: skipsName)
      let right = try next(&b, isList: isList, isRoot: isRoot, skipsID: skipsID, skipsName: skipsNames)
      guard let left, let right else { return left == nil && right == nil }
      guard left.key.elementsEqual(right.key) else { break }
      guard try isSame(left, in: stored, right, in: incoming, skipsNames, asWritten) else { return false }
    }
    // In another order: each of the one stands in the other, and there are as many.
    a = stored.makeIterator()
    b = incoming.makeIterator()
    while let left = try next(&a, isList: isList, isRoot: isRoot, skipsID: skipsID, skipsName: skipsName) {
      guard try next(&b, isList: isList, isRoot: isRoot, skipsID: skipsID, skipsName: skipsNames) != nil,
        let right = try incoming.find(BSONKey(unchecked: left.key)),
        try isSame(left, in: stored, right, in: incoming, skipsNames, asWritten)
      else { return false }
    }
    return try next(&b, isList: isList, isRoot: isRoot, skipsID: skipsID, skipsName: skipsNames) == nil
  }

  private static func isSame(
    _ left: BSONElement, in stored: BSONView, _ right: BSONElement, in incoming: BSONView, _ skipsNames: Bool,
    _ asWritten: Bool
  ) throws -> Bool {
    if left.hasKey("reference"), let mine = left.string, let theirs = right.string {
      return try isSame(reference: mine, in: stored, as: theirs, in: incoming, asWritten)
    }
    guard left.type == right.type else {
      // An application's number or date is what it is exported as.
      return RenderedScalar(left).map { $0 == RenderedScalar(right) } ?? false
    }
    if let mine = left.container, let theirs = right.container {
      return try isSame(mine, theirs, isList: left.type == .array, skipsNames, asWritten)
    }
    return left.value.elementsEqual(right.value)
  }

  private static func isSame(
    reference stored: UnsafeRawBufferPointer, in storedElement: BSONView,
    as incoming: UnsafeRawBufferPointer, in incomingElement: BSONView, _ asWritten: Bool
  ) throws -> Bool {
    if stored.elementsEqual(incoming) { return true }
    if asWritten {
      let mine = try storedElement.find("_written")?.string ?? stored
      let theirs = try incomingElement.find("_written")?.string ?? incoming
      return mine.elementsEqual(theirs)
    }
    // The stored one was resolved from the text that comes now; the reverse is a reference that heals.
    guard try incomingElement.find("_written") == nil,
      let written = try storedElement.find("_written")?.string
    else { return false }
    return written.elementsEqual(incoming)
  }

  /// The next element but for members that say nothing, texts that references came with, the resource's bookkeeping (of two that are
  /// compared the key is one), and the id where only one resource has it.
  private static func next(
    _ iterator: inout BSONIterator, isList: Bool, isRoot: Bool, skipsID: Bool, skipsName: Bool
  ) throws -> BSONElement? {
    while let element = try iterator.next() {
      if !isList, element.saysNothing { continue }
      if skipsName, element.hasKey("_name") { continue }
      if element.hasKey("_written") || skipsID && element.hasKey("id")
        || isRoot && element.hasKey("_fhirline")
      {
        continue
      }
      return element
    }
    return nil
  }
}
