import FHIRModel

/// See https://hl7.org/fhirpath/N1/#operations
extension Compiler {
  mutating func polarity(
    _ isNegative: Bool, _ operand: Expression, column: Int
  ) throws(FHIRPathError) -> Compiled {
    // The least of all integers is no integer before its sign is.
    if isNegative, case .literal(.integer(let value)) = operand.kind, value > Int(Int32.max) {
      return add(.integer(-Int64(value)), column: column)
    }
    let operand = try compiled(operand)
    var operation = Operation(isNegative ? .negate : .plus, .scalar, column: column)
    operation.a = operand.operation
    return (add(operation), operand.type)
  }

  mutating func binary(
    _ found: Expression.Operator, _ left: Expression, _ right: Expression, column: Int
  ) throws(FHIRPathError) -> Compiled {
    let left = try scoped(left)
    let right = try scoped(right)
    let code: Operation.Code
    var shape = Function.Shape.boolean
    switch found {
    case .multiply: (code, shape) = (.multiply, .scalar)
    case .divide: (code, shape) = (.divide, .scalar)
    case .div: (code, shape) = (.div, .scalar)
    case .mod: (code, shape) = (.mod, .scalar)
    case .subtract: (code, shape) = (.subtract, .scalar)
    case .less: code = .less
    case .lessOrEqual: code = .lessOrEqual
    case .greater: code = .greater
    case .greaterOrEqual: code = .greaterOrEqual
    case .equal: code = .equal
    case .notEqual: code = .notEqual
    case .equivalent: code = .equivalent
    case .notEquivalent: code = .notEquivalent
    case .in: code = .in
    case .contains: code = .contains
    case .xor: code = .xor
    case .implies: code = .implies
    case .is, .as, .and, .or, .union, .concatenate, .add:
      preconditionFailure("the parser makes these chains or type operators")
    }
    var operation = Operation(code, shape, column: column)
    operation.a = left.operation
    operation.b = right.operation
    if code == .in || code == .contains {
      operation.flag = isFixed(code == .in ? operation.b : operation.a)
    }
    if shape == .boolean { return (add(operation), .system(.boolean)) }
    switch found {
    case .div where left.type == .system(.integer) && right.type == .system(.integer):
      return (add(operation), .system(.integer))
    case .subtract, .multiply, .mod:
      return (add(operation), left.type == right.type ? left.type : .unknown)
    default: return (add(operation), .unknown)
    }
  }

  /// Whether a collection is worth keeping for a whole evaluation, and the same for every `$this`.
  private func isFixed(_ collection: Int32) -> Bool {
    let operation = operations[Int(collection)]
    return operation.shape == .stream && operation.code != .constants && operation.code != .nothing
      && !dependsOnFocus(collection)
  }

  private func dependsOnFocus(_ index: Int32) -> Bool {
    guard index >= 0 else { return false }
    let operation = operations[Int(index)]
    func anyOperand(from first: Int32) -> Bool {
      operands[Int(first)..<Int(first + operation.count)].contains { dependsOnFocus($0) }
    }
    switch operation.code {
    case .this, .position, .total, .root, .variable: return true
    case .nothing, .context, .resource, .rootResource, .constants, .literal: return false
    case .path, .as, .is, .negate, .plus: return dependsOnFocus(operation.a)
    case .union, .add, .concatenate, .and, .or: return anyOperand(from: operation.a)
    case .call: return dependsOnFocus(operation.a) || anyOperand(from: operation.b)
    default: return dependsOnFocus(operation.a) || dependsOnFocus(operation.b)
    }
  }

  mutating func chain(
    _ found: Expression.Operator, _ operands: [Expression], column: Int
  ) throws(FHIRPathError) -> Compiled {
    if found == .union, let constants = constants(operands) {
      return add(constants: constants, column: column)
    }
    var list: [Int32] = []
    var type: StaticType = .nothing
    for operand in operands {
      let part = try scoped(operand)
      list.append(part.operation)
      type = type.union(part.type)
    }
    switch found {
    case .and: return (add(.and, .boolean, operands: list, column: column), .system(.boolean))
    case .or: return (add(.or, .boolean, operands: list, column: column), .system(.boolean))
    case .concatenate:
      return (add(.concatenate, .scalar, operands: list, column: column), .system(.string))
    case .union: return (add(.union, .stream, operands: list, column: column), type)
    default: return (add(.add, .scalar, operands: list, column: column), type)
    }
  }

  /// The items of `'a' | 'b' | …`, when it is made of texts or whole numbers only: what invariants compare codes with.
  private func constants(_ operands: [Expression]) -> [Item]? {
    var items: [Item] = []
    for operand in operands {
      guard case .literal(let literal) = operand.kind, let item = Compiler.item(literal) else { return nil }
      switch item {
      case .string, .integer, .boolean: items.append(item)
      default: return nil
      }
    }
    return items
  }

  private mutating func add(constants items: [Item], column: Int) -> Compiled {
    var operation = Operation(.constants, .stream, column: column)
    var set = ItemSet()
    var type: StaticType = .nothing
    operation.a = Int32(constants.count)
    for item in items {
      type = type.union(item.systemType.map { .system($0) } ?? .unknown)
      if set.insertConstant(item) { constants.append(item) }
    }
    operation.count = Int32(constants.count) - operation.a
    return (add(operation), type)
  }

  // MARK: Types

  /// See https://hl7.org/fhirpath/N1/#types
  func target(_ specifier: Expression.TypeSpecifier) throws(FHIRPathError) -> TypeTarget {
    var target = TypeTarget()
    if specifier.namespace != "System", specifier.namespace == nil || specifier.namespace == "FHIR",
      let id = schema.table.typeID(specifier.name)
    {
      target.element = id.rawValue
    }
    if specifier.namespace == nil || specifier.namespace == "System" {
      target.system = SystemType(rawValue: specifier.name)
    }
    guard target.element != NodeRef.unknownType || target.system != nil else {
      let name = (specifier.namespace.map { $0 + "." } ?? "") + specifier.name
      throw FHIRPathError(
        .unknownType, "\(name) is no type of R4 or of FHIRPath", column: specifier.column)
    }
    return target
  }

  mutating func typed(
    _ found: Expression.Operator, _ operand: Compiled, _ specifier: Expression.TypeSpecifier, column: Int,
    isFilter: Bool = false
  ) throws(FHIRPathError) -> Compiled {
    let target = try target(specifier)
    var operation = Operation(
      found == .is ? .is : .as, found == .is ? .boolean : .stream, column: column)
    operation.a = operand.operation
    operation.name = target.element
    operation.b = target.system.flatMap { SystemType.allCases.firstIndex(of: $0) }.map { Int32($0) } ?? -1
    operation.flag = isFilter || options.contains(.asFilters)
    if found == .is { return (add(operation), .system(.boolean)) }
    let type: StaticType
    if target.element != NodeRef.unknownType {
      let id = TypeID(rawValue: target.element)
      type = schema.isOpen(id) ? .unknown : .elements([id])
    } else {
      type = target.system.map { .system($0) } ?? .unknown
    }
    return (add(operation), type)
  }

  /// The type that stands as an argument: `ofType(FHIR.Patient)`.
  func specifier(_ argument: Expression) throws(FHIRPathError) -> Expression.TypeSpecifier {
    switch argument.kind {
    case .member(nil, let name):
      return Expression.TypeSpecifier(namespace: nil, name: name, column: argument.column)
    case .member(let focus?, let name):
      if case .member(nil, let namespace) = focus.kind {
        return Expression.TypeSpecifier(namespace: namespace, name: name, column: focus.column)
      }
    default: break
    }
    throw FHIRPathError(.wrongArgument, "expected the name of a type", column: argument.column)
  }
}
