internal import CDefinitions
internal import FHIRModel

/// What namespace an element was written in.
enum XMLNamespace: UInt8 {
  /// FHIR's, or the one that the document's root stands in for it.
  case fhir
  case xhtml
  /// No namespace, in a document that has one.
  case none
  case foreign

  static let fhirURI = "http://hl7.org/fhir"
  static let xhtmlURI = "http://www.w3.org/1999/xhtml"
  static let schemaInstanceURI = "http://www.w3.org/2001/XMLSchema-instance"
}

/// An element that is open while a document is read.
struct XMLFrame {
  enum Kind: UInt8 {
    case element
    /// `contained`, `entry.resource`, `parameter.resource`: waits for the element that names the resource's type.
    case wrapper
    /// The element inside a wrapper; it shares the wrapper's node.
    case resource
    /// The document's root.
    case root
  }

  var kind: Kind
  var namespace: XMLNamespace
  /// A wrapper already holds a resource.
  var isFilled = false
  /// Children of one name may stand apart: put them together at the end.
  var isScattered = false
  /// Text was reported already.
  var hasText = false
  /// Index of its definition in the table's elements; -1 if unknown.
  var element: Int32 = -1
  /// The element's name and its place among its namesakes that stand next to it.
  var name: NameID
  var ordinal: UInt32 = 0
  /// The node; a wrapper's and its resource's are one.
  var node: Int
  /// TypeID of the content; DEFINITION_NONE if unknown.
  var type: UInt16
  /// Name and definition order of the last child, to check the order.
  var lastChild: NameID = .root
  var lastOrder: Int32 = -1
  var lastOrdinal: UInt32 = 0

  init(_ kind: Kind, name: NameID, node: Int, type: TypeID?, namespace: XMLNamespace) {
    self.kind = kind
    self.name = name
    self.node = node
    self.type = type?.rawValue ?? UInt16(DEFINITION_NONE)
    self.namespace = namespace
  }

  @inline(__always)
  var typeID: TypeID? { type == UInt16(DEFINITION_NONE) ? nil : TypeID(rawValue: type) }
}

extension NodeFlags {
  // Made of raw values: a set literal of a type of another module is put together anew each time.

  /// A value that XML wrote.
  @inline(__always)
  static var xmlValue: NodeFlags {
    NodeFlags(rawValue: ValueKind.text.rawValue | NodeFlags.hasValue.rawValue)
  }
  /// An attribute that is no value.
  @inline(__always)
  static var xmlAttribute: NodeFlags { NodeFlags(rawValue: xmlValue.rawValue | NodeFlags.attribute.rawValue) }
  /// A narrative's markup.
  @inline(__always)
  static var xmlNarrative: NodeFlags { NodeFlags(rawValue: xmlValue.rawValue | NodeFlags.xhtml.rawValue) }
}
