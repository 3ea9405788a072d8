package import FHIRModel

/// A path that can be walked both ways: to read what stands at its end, and to put something there.
///
/// The invertible subset of FHIRPath: children, `where(child = 'text' and …)`, `first()`, `[n]`, `ofType(T)` behind a
/// choice, and `extension('url')`. Every step was checked against the definitions when the path was compiled.
package struct InvertiblePath: Equatable, Sendable {
  package enum Step: Equatable, Sendable {
    case child(Child)
    /// Keeps the elements that meet every condition; putting makes one that does.
    case filter([Condition])
    /// `first()` is `[0]`.
    case index(Int)
  }

  /// One element below another.
  package struct Child: Equatable, Sendable {
    /// The name as JSON and XML write it: `valueQuantity`.
    package let name: String
    package let id: NameID
    /// The type of what stands there.
    package let type: TypeID
    /// The element may repeat: JSON writes an array.
    package let repeats: Bool
    package let isPrimitive: Bool
  }

  /// `path = literal` within `where`.
  package struct Condition: Equatable, Sendable {
    package let path: [Child]
    package let value: Value
  }

  /// What an element can be compared with.
  package enum Value: Equatable, Sendable {
    case string(String)
    case boolean(Bool)
    case integer(Int)
  }

  /// A child with what chooses among its repetitions.
  package struct Segment: Equatable, Sendable {
    package let child: Child
    package var conditions: [Condition] = []
    package var index: Int?
  }

  /// The type that the path starts from.
  package let root: TypeID
  package let steps: [Step]
  /// The steps by the children they begin with.
  package let segments: [Segment]
  /// The expression as it was written.
  package let text: String

  /// The last element that the path names; nil for a path of no steps.
  package var target: Child? {
    for step in steps.reversed() { if case .child(let child) = step { return child } }
    return nil
  }

  /// Whether there may be more than one element at the path's end.
  package var isMany: Bool {
    var many = false
    for step in steps {
      switch step {
      case .child(let child): many = many || child.repeats
      case .filter: break
      case .index: many = false
      }
    }
    return many
  }

  /// Compiles a path that starts from a type; `Patient.name` and `name` mean the same from Patient.
  package init(_ text: String, from root: String, table: DefinitionTable = .r4) throws(FHIRPathError) {
    guard let type = table.typeID(root) else {
      throw FHIRPathError(.unknownType, "R4 has no type \(root)", column: 1)
    }
    try self.init(text, from: type, table: table)
  }

  package init(_ text: String, from root: TypeID, table: DefinitionTable = .r4) throws(FHIRPathError) {
    var compiler = Compiler(table: table)
    let expression = try Expression(parsing: text)
    _ = try compiler.add(expression, root: root)
    if let choice = compiler.openChoice { throw choice }
    self.root = root
    self.text = text
    steps = compiler.steps
    segments = InvertiblePath.segments(of: compiler.steps)
  }

  private static func segments(of steps: [Step]) -> [Segment] {
    var segments: [Segment] = []
    for step in steps {
      switch step {
      case .child(let child): segments.append(Segment(child: child))
      // A path begins with a child, so that there is one to filter.
      case .filter(let conditions): segments[segments.count - 1].conditions += conditions
      case .index(let index): segments[segments.count - 1].index = index
      }
    }
    return segments
  }
}
