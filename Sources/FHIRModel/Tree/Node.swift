// Types that hot loops of other modules touch are `@usableFromInline package`: the members of a type that is merely
// `package` are never inlined across modules, `@inlinable` or not, and generic code over it (OptionSet's) is not
// specialised. Reading costs more than twice the time without.

/// The number of an element name: below ``unknown`` one of the definition table's, above it one of the tree's own.
@frozen
@usableFromInline
package struct NameID: RawRepresentable, Hashable, Sendable {
  @usableFromInline package let rawValue: UInt16

  @inlinable
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The empty name, borne by the root of a tree.
  @inlinable package static var root: NameID { NameID(rawValue: 0) }

  /// Names from here on are not in the definition table: their text stands in `ResourceTree.unknownNames`.
  @inlinable package static var unknown: UInt16 { 0x8000 }

  @inlinable
  package var isUnknown: Bool { rawValue >= NameID.unknown }
}

/// One element of a resource: 24 bytes in the arena of a ``ResourceTree``.
///
/// Nodes stand in pre-order: the children of node `i` begin at `i + 1`, and the next sibling of `i` is `nodes[i].end`.
/// An element that repeats is a run of nodes of one name. A primitive's value and the extensions on it (JSON's
/// `birthDate` and `_birthDate`, XML's attribute and child elements) are one node: value in the text, extensions as children.
@frozen
@usableFromInline
package struct Node: Sendable {
  @usableFromInline package var name: NameID
  @usableFromInline package var flags: NodeFlags
  /// Where the value's text begins in `ResourceTree.text`; of a resource, its type's name.
  @usableFromInline package var textStart: UInt32
  /// Length of the value's text in bytes, quotes left out.
  @usableFromInline package var textLength: UInt32
  /// Index one past the last node below this one.
  @usableFromInline package var end: UInt32
  /// Where the element begins: a byte offset into the source chunk, or a line; see `ResourceTree.position(of:)`.
  @usableFromInline package var position: UInt32
  /// The column, where `position` is a line; else 0.
  @usableFromInline package var column: UInt32

  @inlinable
  package init(
    name: NameID, flags: NodeFlags, textStart: UInt32 = 0, textLength: UInt32 = 0, end: UInt32 = 0,
    position: UInt32 = 0, column: UInt32 = 0
  ) {
    self.name = name
    self.flags = flags
    self.textStart = textStart
    self.textLength = textLength
    self.end = end
    self.position = position
    self.column = column
  }
}

/// What sort of value the source wrote for an element.
///
/// JSON says what it means (`string`, `number`, …); XML does not, and its values are `.text`. Which of them is due
/// is the definition's to say, and validation's to check.
@frozen
@usableFromInline
package enum ValueKind: UInt16, Sendable {
  /// An element with children only, or a primitive that has extensions and no value.
  case none = 0
  case string = 1
  case number = 2
  case boolean = 3
  /// A JSON `null` that no extension explains. Never valid FHIR; kept so that it can be reported and written back.
  case null = 4
  /// An XML attribute's value: text whose type is the definition's.
  case text = 5
  /// A resource: `contained`, `entry.resource`, or the root. Its type's name is the node's text.
  case resource = 6
  /// An empty JSON array. Never valid FHIR.
  case emptyArray = 7
  /// A JSON array inside an array; its items are the node's children. Never valid FHIR.
  case array = 8
}

/// A node's value kind and marks, in 16 bits.
@frozen
@usableFromInline
package struct NodeFlags: OptionSet, Hashable, Sendable {
  @usableFromInline package let rawValue: UInt16

  @inlinable
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  @inlinable
  package init(_ kind: ValueKind) { rawValue = kind.rawValue }

  /// The element was an item of a JSON array.
  @inlinable package static var item: NodeFlags { NodeFlags(rawValue: 1 << 4) }
  /// The text holds JSON escapes (`\n`, `\u00e9`): decode before use.
  @inlinable package static var escaped: NodeFlags { NodeFlags(rawValue: 1 << 5) }
  /// JSON wrote this name already in the same object (not as an item of the same array).
  @inlinable package static var duplicate: NodeFlags { NodeFlags(rawValue: 1 << 6) }
  /// JSON wrote a companion (`_name`) for this element.
  @inlinable package static var companion: NodeFlags { NodeFlags(rawValue: 1 << 7) }
  /// XML wrote this as an attribute other than `value` (id, url).
  @inlinable package static var attribute: NodeFlags { NodeFlags(rawValue: 1 << 8) }
  /// The text is a narrative's XHTML, markup and all.
  @inlinable package static var xhtml: NodeFlags { NodeFlags(rawValue: 1 << 9) }
  /// The source wrote a value; `textLength` may still be 0 (an empty string).
  @inlinable package static var hasValue: NodeFlags { NodeFlags(rawValue: 1 << 10) }

  @inlinable
  package var kind: ValueKind {
    // Every node is built with a kind's raw value in the low four bits, and no mark reaches them.
    get { ValueKind(rawValue: rawValue & 0xF).unsafelyUnwrapped }
    set { self = NodeFlags(rawValue: rawValue & ~0xF | newValue.rawValue) }
  }
}
