import FHIRModel

/// What is known of an expression's items before there are any.
enum StaticType: Equatable {
  /// Nothing: of a resource's contents, `resolve()`, `descendants()`.
  case unknown
  /// Elements of one of these types; more than one for a choice.
  case elements([TypeID])
  case system(SystemType)
  /// What `type()` gives.
  case typeInfo
  /// `{}`
  case nothing

  func union(_ other: StaticType) -> StaticType {
    if self == other || other == .nothing { return self }
    switch (self, other) {
    case (.nothing, _): return other
    case (.elements(let a), .elements(let b)): return .elements(a + b.filter { !a.contains($0) })
    default: return .unknown
    }
  }
}

/// A type that `is`, `as` and `ofType` name.
struct TypeTarget {
  /// `TypeID.rawValue`, or ``NodeRef/unknownType`` for a type of the language alone.
  var element: UInt16 = NodeRef.unknownType
  var system: SystemType?
}
