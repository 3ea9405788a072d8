import CDefinitions
import FHIRModel

extension InvertiblePath {
  /// Turns an expression into steps, each checked against the type that the step before it leads to.
  struct Compiler {
    let table: DefinitionTable
    var steps: [Step] = []
    /// A choice (`value[x]`) whose type has not been chosen yet, as the error it is unless `ofType` follows.
    var openChoice: FHIRPathError?
    private var choice: (owner: TypeID, name: String)?

    init(table: DefinitionTable) { self.table = table }

    /// Adds the steps of an expression; returns the type at its end.
    mutating func add(_ expression: Expression, root: TypeID) throws(FHIRPathError) -> TypeID {
      switch expression.kind {
      case .this: return root
      case .member(nil, let name):
        if name == table.name(of: root) { return root }
        return try addChild(name, of: root, column: expression.column)
      case .member(let focus?, let name):
        let type = try add(focus, root: root)
        return try addChild(name, of: type, column: expression.column)
      case .index(let focus, let index):
        let type = try add(focus, root: root)
        guard case .literal(.integer(let number)) = index.kind else {
          throw FHIRPathError(.wrongArgument, "an index must be a number, such as [0]", column: index.column)
        }
        try addStep(.index(number), column: expression.column)
        return type
      case .call(let focus, let function, let arguments):
        let type = if let focus { try add(focus, root: root) } else { root }
        return try addCall(function, arguments, on: type, column: expression.column)
      default:
        throw FHIRPathError(
          .notInvertible, "a value or comparison has no place to write to: expected a path to an element",
          column: expression.column)
      }
    }

    private mutating func addStep(_ step: Step, column: Int) throws(FHIRPathError) {
      if let openChoice { throw openChoice }
      guard !steps.isEmpty else {
        throw FHIRPathError(.notInvertible, "a path begins with the name of an element", column: column)
      }
      steps.append(step)
    }

    private mutating func addChild(_ name: String, of type: TypeID, column: Int) throws(FHIRPathError)
      -> TypeID
    {
      if let openChoice { throw openChoice }
      let child = try child(name, of: type, column: column)
      if let child {
        steps.append(.child(child))
        return child.type
      }
      choice = (type, name)
      openChoice = FHIRPathError(
        .notInvertible,
        "\(name) may be of several types: choose one with .ofType(…): \(choices(name, of: type))",
        column: column)
      return type
    }

    /// The child of a name; nil for a choice, which has no name of its own.
    private func child(_ name: String, of type: TypeID, column: Int) throws(FHIRPathError) -> Child? {
      let elements = table.elements(of: type)
      guard let element = elements.first(where: { table.string(of: NameID(rawValue: $0.name)) == name })
      else {
        throw FHIRPathError(
          .unknownElement, Schema.of(table).describeUnknown(name, of: type), column: column)
      }
      if element.flags & UInt16(ELEMENT_CHOICE) != 0 { return nil }
      return makeChild(element, table.typeRefs[Int(element.first_type_ref)])
    }

    private func makeChild(_ element: definition_element, _ ref: definition_type_ref) -> Child {
      let id = NameID(rawValue: ref.json_name)
      let type = TypeID(rawValue: ref.type)
      return Child(
        name: table.string(of: id), id: id, type: type, repeats: element.max > 1,
        isPrimitive: table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue))
    }

    private func choices(_ name: String, of type: TypeID) -> String {
      guard
        let element = table.elements(of: type).first(where: {
          table.string(of: NameID(rawValue: $0.name)) == name
        })
      else { return "" }
      let refs = table.typeRefs[
        Int(element.first_type_ref)..<Int(element.first_type_ref) + Int(element.type_ref_count)]
      return refs.prefix(6).map { table.name(of: TypeID(rawValue: $0.type)) }.joined(separator: ", ")
    }

    private mutating func addCall(
      _ function: String, _ arguments: [Expression], on type: TypeID, column: Int
    ) throws(FHIRPathError) -> TypeID {
      switch function {
      case "first":
        try expectArguments(0, arguments, of: function, column: column)
        try addStep(.index(0), column: column)
        return type
      case "ofType":
        try expectArguments(1, arguments, of: function, column: column)
        return try choose(arguments[0])
      case "where":
        try expectArguments(1, arguments, of: function, column: column)
        var conditions: [Condition] = []
        try addConditions(arguments[0], of: type, to: &conditions)
        try addStep(.filter(conditions), column: column)
        return type
      case "extension":
        try expectArguments(1, arguments, of: function, column: column)
        guard case .literal(.string(let url)) = arguments[0].kind else {
          throw FHIRPathError(.wrongArgument, "extension('url') wants a text", column: arguments[0].column)
        }
        let owner = try addChild("extension", of: type, column: column)
        if let child = try child("url", of: owner, column: column) {
          steps.append(.filter([Condition(path: [child], value: .string(url))]))
        }
        return owner
      default:
        throw FHIRPathError(
          .unknownFunction,
          "\(function)() cannot be used in a mapping: expected where, first, ofType, or extension",
          column: column)
      }
    }

    private func expectArguments(
      _ count: Int, _ arguments: [Expression], of function: String, column: Int
    ) throws(FHIRPathError) {
      guard arguments.count == count else {
        throw FHIRPathError(
          .wrongArgument, "\(function)() takes \(count) argument\(count == 1 ? "" : "s")", column: column)
      }
    }

    private mutating func choose(_ argument: Expression) throws(FHIRPathError) -> TypeID {
      guard let choice, openChoice != nil else {
        throw FHIRPathError(
          .notInvertible, "ofType() stands behind an element that may be of several types",
          column: argument.column)
      }
      guard case .member(nil, let name) = argument.kind, let chosen = table.typeID(name) else {
        throw FHIRPathError(.unknownType, "ofType() wants the name of a type of R4", column: argument.column)
      }
      for element in table.elements(of: choice.owner)
      where table.string(of: NameID(rawValue: element.name)) == choice.name {
        for index in 0..<Int(element.type_ref_count) {
          let ref = table.typeRefs[Int(element.first_type_ref) + index]
          guard ref.type == chosen.rawValue else { continue }
          let child = makeChild(element, ref)
          steps.append(.child(child))
          openChoice = nil
          self.choice = nil
          return child.type
        }
      }
      throw FHIRPathError(
        .unknownType,
        "\(choice.name) cannot be of type \(name): expected \(choices(choice.name, of: choice.owner))",
        column: argument.column)
    }

    private func addConditions(
      _ expression: Expression, of type: TypeID, to conditions: inout [Condition]
    ) throws(FHIRPathError) {
      switch expression.kind {
      case .chain(.and, let operands):
        for operand in operands { try addConditions(operand, of: type, to: &conditions) }
      case .binary(.equal, let left, let right):
        let value = try value(right)
        var inner = Compiler(table: table)
        _ = try inner.add(left, root: type)
        if let choice = inner.openChoice { throw choice }
        var path: [Child] = []
        for step in inner.steps {
          guard case .child(let child) = step else {
            throw FHIRPathError(
              .notInvertible, "the left side of '=' may name children only", column: left.column)
          }
          path.append(child)
        }
        guard let last = path.last, last.isPrimitive else {
          throw FHIRPathError(.notInvertible, "only a primitive can equal a value", column: left.column)
        }
        try check(value, fits: last, column: right.column)
        conditions.append(Condition(path: path, value: value))
      default:
        throw FHIRPathError(
          .notInvertible, "where() takes conditions of the form child = 'text', joined by 'and'",
          column: expression.column)
      }
    }

    private func value(_ expression: Expression) throws(FHIRPathError) -> Value {
      switch expression.kind {
      case .literal(.string(let text)): return .string(text)
      case .literal(.boolean(let value)): return .boolean(value)
      case .literal(.integer(let value)): return .integer(value)
      default:
        throw FHIRPathError(
          .notInvertible, "the right side of '=' must be a text, a number, true, or false",
          column: expression.column)
      }
    }

    private func check(_ value: Value, fits child: Child, column: Int) throws(FHIRPathError) {
      let isBoolean = table[child.type].grammar == UInt8(GRAMMAR_BOOLEAN.rawValue)
      let fits =
        switch value {
        case .boolean: isBoolean
        case .integer, .string: !isBoolean
        }
      guard fits else {
        throw FHIRPathError(
          .wrongArgument, "\(child.name) is of type \(table.name(of: child.type)), which this value is not",
          column: column)
      }
    }
  }
}
