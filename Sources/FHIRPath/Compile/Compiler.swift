import CDefinitions
import FHIRModel
import Patterns

/// Turns an expression into operations, each checked against what is known of the items that it takes.
struct Compiler {
  let schema: Schema
  let options: CompiledExpression.Options
  /// What `%context` is.
  let contextType: StaticType
  let resourceType: StaticType

  var operations: [Operation] = []
  var operands: [Int32] = []
  var steps: [PathStep] = []
  var constants: [Item] = []
  var patterns: [Pattern] = []
  private var texts: [String: Int32] = [:]

  /// What a name at the start of a path belongs to.
  var this: StaticType
  /// Where the items are that `$this` stands for, where it is a whole collection.
  var thisPlace: UInt16?
  /// What `defineVariable()` has defined for what follows.
  var variables: [String: Variable] = [:]
  var placeCount: UInt16 = 0

  struct Variable {
    let place: UInt16
    let type: StaticType
  }

  typealias Compiled = (operation: Int32, type: StaticType)

  init(schema: Schema, options: CompiledExpression.Options, context: TypeID?, resource: TypeID?) {
    self.schema = schema
    self.options = options
    let type = context.map { StaticType.elements([$0]) } ?? .unknown
    contextType = type
    this = type
    if let resource {
      resourceType = .elements([resource])
    } else if let context, schema.isResource(context) {
      resourceType = type
    } else {
      resourceType = .unknown
    }
  }

  mutating func compile(_ expression: Expression) throws(FHIRPathError) -> Int {
    Int(try compiled(expression).operation)
  }

  // MARK: Parts

  mutating func add(_ operation: Operation) -> Int32 {
    operations.append(operation)
    return Int32(operations.count - 1)
  }

  mutating func add(constant: Item) -> Int32 {
    constants.append(constant)
    return Int32(constants.count - 1)
  }

  mutating func add(operands list: [Int32]) -> Int32 {
    let first = Int32(operands.count)
    operands += list
    return first
  }

  private mutating func add(text: String) -> Int32 {
    if let known = texts[text] { return known }
    let index = add(constant: .string(text))
    texts[text] = index
    return index
  }

  /// An operation over these operands, kept in a list.
  mutating func add(
    _ code: Operation.Code, _ shape: Function.Shape, operands list: [Int32], column: Int
  ) -> Int32 {
    var operation = Operation(code, shape, column: column)
    operation.a = add(operands: list)
    operation.count = Int32(list.count)
    return add(operation)
  }

  /// Compiles an expression whose variables are its own.
  mutating func scoped(_ expression: Expression) throws(FHIRPathError) -> Compiled {
    let outer = variables
    defer { variables = outer }
    return try compiled(expression)
  }

  mutating func addThis(column: Int) -> Int32 {
    guard let thisPlace else { return add(Operation(.this, .stream, column: column)) }
    return add(variableAt: thisPlace, column: column)
  }

  mutating func add(variableAt place: UInt16, column: Int) -> Int32 {
    var operation = Operation(.variable, .stream, column: column)
    operation.name = place
    return add(operation)
  }

  mutating func compiled(_ expression: Expression) throws(FHIRPathError) -> Compiled {
    let column = expression.column
    switch expression.kind {
    case .this: return (addThis(column: column), this)
    case .position: return (add(Operation(.position, .scalar, column: column)), .system(.integer))
    case .total: return (add(Operation(.total, .stream, column: column)), .unknown)
    case .literal(.integer(let value)) where value > Int(Int32.max):
      throw FHIRPathError(.syntax, "an integer has at most 31 bits", column: column)
    case .literal(let literal): return add(literal: literal, column: column)
    case .variable(let name): return try variable(name, column: column)
    case .member(let focus, let name): return try member(name, of: focus, column: column)
    case .index(let focus, let index):
      let focus = try compiled(focus)
      var operation = Operation(.index, .stream, column: column)
      operation.a = focus.operation
      operation.b = try scoped(index).operation
      return (add(operation), focus.type)
    case .call(let focus, let name, let arguments):
      return try call(name, on: focus, arguments, column: column)
    case .polarity(let isNegative, let operand): return try polarity(isNegative, operand, column: column)
    case .binary(let found, let left, let right): return try binary(found, left, right, column: column)
    case .chain(let found, let operands): return try chain(found, operands, column: column)
    case .type(let found, let operand, let specifier):
      let operand = try compiled(operand)
      return try typed(found, operand, specifier, column: column)
    }
  }

  // MARK: Values

  static func item(_ literal: Expression.Literal) -> Item? {
    switch literal {
    case .string(let text): .string(text)
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(Int64(value))
    case .decimal(let value): .decimal(value)
    case .temporal(let value): .temporal(value)
    case .quantity(let value): .quantity(value)
    case .empty: nil
    }
  }

  mutating func add(literal: Expression.Literal, column: Int) -> Compiled {
    guard let item = Compiler.item(literal) else {
      return (add(Operation(.nothing, .stream, column: column)), .nothing)
    }
    return add(item, column: column)
  }

  mutating func add(_ item: Item, column: Int) -> Compiled {
    var operation = Operation(.literal, .scalar, column: column)
    operation.a = add(constant: item)
    return (add(operation), item.systemType.map { .system($0) } ?? .unknown)
  }

  /// See https://hl7.org/fhirpath/N1/#environment-variables and https://hl7.org/fhir/R4/fhirpath.html#variables
  private mutating func variable(_ name: String, column: Int) throws(FHIRPathError) -> Compiled {
    if let known = variables[name] { return (add(variableAt: known.place, column: column), known.type) }
    switch name {
    case "context": return (add(Operation(.context, .stream, column: column)), contextType)
    case "resource": return (add(Operation(.resource, .stream, column: column)), resourceType)
    case "rootResource": return (add(Operation(.rootResource, .stream, column: column)), .unknown)
    case "ucum": return add(.string("http://unitsofmeasure.org"), column: column)
    case "sct": return add(.string("http://snomed.info/sct"), column: column)
    case "loinc": return add(.string("http://loinc.org"), column: column)
    case _ where name.hasPrefix("vs-"):
      return add(.string("http://hl7.org/fhir/ValueSet/" + name.dropFirst(3)), column: column)
    case _ where name.hasPrefix("ext-"):
      return add(.string("http://hl7.org/fhir/StructureDefinition/" + name.dropFirst(4)), column: column)
    default:
      throw FHIRPathError(
        .unknownVariable,
        "there is no variable %\(name): expected %context, %resource, %rootResource, %ucum, %sct, %loinc, "
          + "%vs-…, %ext-…, or one that defineVariable() defines before it", column: column)
    }
  }

  // MARK: Paths

  private mutating func member(
    _ name: String, of focus: Expression?, column: Int
  ) throws(FHIRPathError) -> Compiled {
    guard let focus else { return try firstMember(name, column: column) }
    let base = try compiled(focus)
    let type = try type(of: name, in: base.type, column: column)
    return (add(step: name, to: base.operation, column: column), type)
  }

  /// A name at the start of a path: an element of `$this`, or its type's name.
  private mutating func firstMember(_ name: String, column: Int) throws(FHIRPathError) -> Compiled {
    if let id = schema.table.typeID(name), !isElement(name, of: this) {
      // `Patient.name` from a Patient or, with unknown types, from anything that turns out to be one.
      let isMeant: Bool
      switch this {
      case .elements(let types): isMeant = types.contains { isSelf($0, id) }
      // `id` and `code` are types too, but elements is what they are meant as.
      case .unknown: isMeant = !schema.isPrimitive(id)
      default: isMeant = false
      }
      if isMeant {
        var operation = Operation(.root, .stream, column: column)
        operation.name = id.rawValue
        return (add(operation), .elements([narrowed(to: id)]))
      }
    }
    let type = try type(of: name, in: this, column: column)
    let base = addThis(column: column)
    return (add(step: name, to: base, column: column), type)
  }

  private func isElement(_ name: String, of type: StaticType) -> Bool {
    guard case .elements(let types) = type else { return false }
    return types.contains { schema.element(name, of: $0) != nil }
  }

  private func isSelf(_ type: TypeID, _ named: TypeID) -> Bool {
    schema.table.isSubtype(type, of: named)
      || (schema.isOpen(type) && schema.table.isSubtype(named, of: type))
  }

  /// `Resource` at the start of a path from a Patient is a Patient.
  private func narrowed(to named: TypeID) -> TypeID {
    if case .elements(let types) = this, types.count == 1, schema.table.isSubtype(types[0], of: named) {
      return types[0]
    }
    return named
  }

  private mutating func add(step name: String, to base: Int32, column: Int) -> Int32 {
    let id = schema.table.nameID(name)
    let step = PathStep(
      name: id?.rawValue ?? 0, isChoice: id.map { schema.isChoice($0) } ?? false, text: add(text: name))
    // Steps of one path stand side by side, so that the evaluator walks them without coming back here.
    let last = Int(base)
    if operations[last].code == .path, Int(operations[last].b) + Int(operations[last].count) == steps.count,
      last == operations.count - 1
    {
      steps.append(step)
      operations[last].count += 1
      operations[last].column = Int32(truncatingIfNeeded: column)
      return base
    }
    var operation = Operation(.path, .stream, column: column)
    operation.a = base
    operation.b = Int32(steps.count)
    operation.count = 1
    steps.append(step)
    return add(operation)
  }

  /// The type of an element, by name; an error where no type that may stand there has it.
  func type(of name: String, in owner: StaticType, column: Int) throws(FHIRPathError) -> StaticType {
    switch owner {
    case .unknown, .nothing: return .unknown
    case .typeInfo: return .system(.string)
    case .system(.quantity): return .unknown
    case .system(let type):
      if options.contains(.unknownElementsAreEmpty) { return .nothing }
      throw FHIRPathError(.unknownElement, "a \(type.rawValue) has no element \(name)", column: column)
    case .elements(let types):
      var found: StaticType = .nothing
      for type in types {
        if let element = schema.element(name, of: type) {
          let refs = schema.table.typeRefs(of: element).map { TypeID(rawValue: $0.type) }
          found = found.union(refs.contains { schema.isOpen($0) } ? .unknown : .elements(refs))
        } else if schema.isOpen(type) {
          found = .unknown
        }
        if found == .unknown { return .unknown }
      }
      if found == .nothing {
        if options.contains(.unknownElementsAreEmpty) { return .unknown }
        throw FHIRPathError(
          .unknownElement, schema.describeUnknown(name, of: types[0]), column: column)
      }
      return found
    }
  }
}
