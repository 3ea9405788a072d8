package import FHIRModel

/// An element of a resource, with the type that its definition gives it.
@frozen
@usableFromInline
package struct NodeRef: Hashable, Sendable {
  /// Which of the evaluator's trees: 0 is the one that evaluation began with.
  @usableFromInline package var tree: UInt16
  /// `TypeID.rawValue`, or ``unknownType``.
  @usableFromInline package var type: UInt16
  @usableFromInline package var index: UInt32

  @inlinable
  package init(tree: UInt16, type: UInt16, index: UInt32) {
    self.tree = tree
    self.type = type
    self.index = index
  }

  /// The element is not in the definitions.
  @inlinable package static var unknownType: UInt16 { 0xFFFF }

  package var typeID: TypeID? { type == NodeRef.unknownType ? nil : TypeID(rawValue: type) }
}

/// A member of a collection: what an expression gives and takes.
package enum Item: Sendable {
  case node(NodeRef)
  case boolean(Bool)
  case integer(Int64)
  case decimal(Decimal)
  case string(String)
  case temporal(Temporal)
  indirect case quantity(Quantity)
  /// What `type()` gives.
  indirect case type(namespace: String, name: String)
}

/// The types of the language itself.
///
/// See https://hl7.org/fhirpath/N1/#literals
package enum SystemType: String, CaseIterable, Sendable {
  case boolean = "Boolean"
  case string = "String"
  case integer = "Integer"
  case decimal = "Decimal"
  case date = "Date"
  case dateTime = "DateTime"
  case time = "Time"
  case quantity = "Quantity"
  case any = "Any"
}

extension Item {
  /// The type of a value that is no element.
  package var systemType: SystemType? {
    switch self {
    case .node, .type: nil
    case .boolean: .boolean
    case .integer: .integer
    case .decimal: .decimal
    case .string: .string
    case .temporal(let value):
      switch value.kind {
      case .date: .date
      case .dateTime: .dateTime
      case .time: .time
      }
    case .quantity: .quantity
    }
  }
}
