import BSON
import FHIRModel

/// What JSON says for a scalar of BSON: a resource that an application wrote has the types that it likes.
struct RenderedScalar: Equatable {
  let text: String
  let kind: ValueKind

  /// nil for what JSON has no value for.
  init?(_ element: BSONElement) {
    let rendered: (String?, ValueKind) =
      switch element.type {
      case .string: (element.text, .string)
      case .bool: (element.bool == true ? "true" : "false", .boolean)
      case .int32: (String(element.int32 ?? 0), .number)
      case .int64: (String(element.int64 ?? 0), .number)
      case .decimal128: (element.decimal128?.canonicalText, .number)
      case .double: (element.double.flatMap { JSONNumber.text(of: $0) }, .number)
      case .date: (element.date.map { Instant(milliseconds: $0).text }, .string)
      case .binary: (element.binary.map { Base64.encode($0.bytes) }, .string)
      case .objectID: (Hexadecimal.text(element.value), .string)
      default: (nil, .null)
      }
    guard let text = rendered.0 else { return nil }
    self.text = text
    kind = rendered.1
  }
}

extension BSONElement {
  /// Whether a member of an object is one that FHIR would leave out: it is empty, or JSON has no value for it, or that is so of all
  /// in it.
  var saysNothing: Bool {
    var said: UnsafeRawPointer?
    return saysNothing(butFor: &said)
  }

  /// - Parameter said: where a value stands that says something. Of what holds the one that was found last nothing is looked at; else
  ///   it becomes the one that is found.
  @inline(__always)
  func saysNothing(butFor said: inout UnsafeRawPointer?) -> Bool {
    switch type {
    case .null, .undefined: return true
    case .array, .document: return holdsNothing(butFor: &said)
    // Its length, and the zero behind it.
    case .string where value.count == 5: return true
    case .double where hasNoJSON, .decimal128 where hasNoJSON: return true
    case .regex, .dbPointer, .javascript, .javascriptWithScope, .symbol, .timestamp, .minKey, .maxKey:
      return true
    default:
      said = value.baseAddress
      return false
    }
  }

  /// Whether JSON has no value for it, though it is one: a number that is none, an infinity, a regular expression.
  var hasNoJSON: Bool {
    switch type {
    case .string, .bool, .int32, .int64, .date, .binary, .objectID, .null, .undefined, .document, .array:
      false
    case .double: double?.isFinite == false
    case .decimal128: decimal128?.isFinite == false
    default: true
    }
  }

  /// How many values it holds for which JSON has none.
  var countOfNoJSON: Int {
    guard var members = container?.makeIterator() else { return hasNoJSON ? 1 : 0 }
    var count = 0
    while let member = try? members.next() { count += member.countOfNoJSON }
    return count
  }

  /// The same of an object or a list.
  private func holdsNothing(butFor said: inout UnsafeRawPointer?) -> Bool {
    if let said, let start = value.baseAddress, said >= start, said < start + value.count { return false }
    var members = container?.makeIterator()
    while let member = try? members?.next() {
      if !member.saysNothing(butFor: &said) { return false }
    }
    return true
  }
}
