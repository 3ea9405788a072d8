package import BSON
import FHIRModel

/// What a document's field and a resource's element make of each other.
///
/// The laws that every transform keeps, and tests check: what `write` gives, `read` reads as the same value; and
/// `write(read(element), over: element)` leaves the element as it is.
protocol FieldTransform: Sendable {
  /// The name in mapping files.
  static var name: String { get }
  /// The types of element it stands on; empty for the whole resource.
  static var types: [String] { get }

  init(_ arguments: TransformArguments) throws(MappingError)

  /// The BSON type that import writes.
  var shape: FieldShape { get }
  /// Tells apart two fields on one element that never mean the same item of it.
  var discriminator: String? { get }

  /// The field's value for an element; nil where the element says none.
  func read(_ element: BSONValue) -> BSONValue?
  /// The element that says a value, made from the one that is there, if any.
  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue?
  /// The value that is meant by what a document holds, drift and all.
  func accept(_ stored: BSONValue) -> AcceptedValue
  /// What the items of a list mean beside the values that are there: one that an application writes otherwise than FHIR does, and
  /// that means the same, is that value.
  func meant(by items: [BSONValue], beside values: @autoclosure () -> [BSONValue]) -> [BSONValue]
  /// In words, what value and element make of each other.
  var words: TransformWords { get }
  /// Values as import writes them, to try a mapping with.
  var samples: [BSONValue] { get }
}

extension FieldTransform {
  var discriminator: String? { nil }
  func meant(by items: [BSONValue], beside values: @autoclosure () -> [BSONValue]) -> [BSONValue] { items }
}

/// The BSON type of a field.
package enum FieldShape: Sendable, Hashable {
  case string, number, date
  case strings
}

/// How a stored value was understood.
enum AcceptedValue: Equatable {
  case value(BSONValue)
  /// Understood, with a doubt that the user should know.
  case doubtful(BSONValue, String)
  /// Nothing is there: null, or an empty text.
  case absent
  case refused(String)
}

/// The arguments of a transform, as the mapping file gives them.
struct TransformArguments {
  /// What stands behind the transform's name; nil where the name stands alone.
  let node: MappingNode?
  /// Where the transform is named.
  let place: MappingNode
  /// The type of the element at the path's end.
  let elementType: String
  /// The codes of which the element must have one, where the definitions list them.
  var codes: Set<String>?

  func values(allowed: [String], required: [String] = []) throws(MappingError) -> [String: MappingNode] {
    guard let node else {
      if let missing = required.first {
        throw place.error(.missingKey, "this transform needs the argument \(missing)")
      }
      return [:]
    }
    return try node.values(allowed: allowed, required: required)
  }

  func expectNone(of name: String) throws(MappingError) {
    if let node { throw node.error(.wrongValue, "the transform \(name) takes no arguments") }
  }
}

/// Every transform that a mapping file can name.
enum TransformTable {
  static let all: [any FieldTransform.Type] = [
    TextTransform.self, PhoneTransform.self, NPITransform.self, DateTransform.self, CodeTransform.self,
    QuantityTransform.self, BloodPressureTransform.self, HumanNameTransform.self, AddressTransform.self,
    ConceptTransform.self, LanguageTransform.self, CodingTransform.self, ReferenceTransform.self,
    AttachmentTextTransform.self, ICD10Transform.self,
  ]

  static func make(
    _ node: MappingNode, elementType: String, codes: Set<String>? = nil
  ) throws(MappingError) -> any FieldTransform {
    let name: MappingNode
    var arguments: MappingNode?
    if node.isMapping {
      let entries = try node.entries()
      guard entries.count == 1, let entry = entries.first else {
        throw node.error(.wrongValue, "expected one transform with its arguments")
      }
      name = entry.key
      arguments = entry.value
    } else {
      name = node
    }
    let text = try name.string()
    guard let type = all.first(where: { $0.name == text }) else {
      throw name.error(
        .unknownTransform,
        "there is no transform \(text): \(MappingNode.expected(text, among: all.map { $0.name }))")
    }
    guard type.types.contains(elementType) else {
      throw name.error(
        .type,
        "the transform \(text) stands on \(type.types.joined(separator: ", ")); the path leads to \(elementType)"
      )
    }
    return try type.init(
      TransformArguments(node: arguments, place: name, elementType: elementType, codes: codes))
  }
}

extension BSONValue {
  /// The member of a document.
  subscript(member: String) -> BSONValue? { fields?[member] }

  /// A text as it stands, if it is more than white space.
  var saying: BSONValue? {
    guard trimmedText != nil else { return Optional.none }
    return self
  }

  /// The text of a string, without white space around it; nil where nothing is left.
  var trimmedText: String? {
    guard let text else { return nil }
    // Nearly every text is ASCII at both ends, and has nothing to trim.
    if let first = text.utf8.first, let last = text.utf8.last, (0x21...0x7E).contains(first),
      (0x21...0x7E).contains(last)
    {
      return text
    }
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return nil }
    return String(scalars[first...last])
  }

  /// A number of any BSON type.
  var number: Double? {
    switch self {
    case .int32(let value): Double(value)
    case .int64(let value): Double(value)
    case .double(let value): value
    case .decimal128(let value): Double(value.canonicalText)
    case .binary(BinarySubtype.token, let bytes): Double(String(decoding: bytes, as: UTF8.self))
    default: nil
    }
  }

  /// The items of a list; a value that is no list is a list of one.
  var listItems: [BSONValue] {
    switch self {
    case .array(let items): items
    case .null: []
    default: [self]
    }
  }

  /// A document of the members that are there.
  static func object(_ members: [(String, BSONValue?)]) -> BSONValue {
    .document(BSONFields(members.compactMap { name, value in value.map { BSONFields.Field(name, $0) } }))
  }

  /// A number as the resource's BSON writes it.
  package static func number(text: String) -> BSONValue {
    var text = text
    if let integer = text.withUTF8({ JSONNumber.canonicalInteger($0) }) {
      return Int32(exactly: integer).map { .int32($0) } ?? .int64(integer)
    }
    if let decimal = Decimal128(exactly: text) { return .decimal128(decimal) }
    return .binary(subtype: BinarySubtype.token, [UInt8](text.utf8))
  }
}
