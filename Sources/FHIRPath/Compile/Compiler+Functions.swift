import FHIRModel
import Patterns

/// See https://hl7.org/fhirpath/N1/#functions
extension Compiler {
  mutating func call(
    _ name: String, on focus: Expression?, _ arguments: [Expression], column: Int
  ) throws(FHIRPathError) -> Compiled {
    guard let function = Function.named[name] else {
      let near = Function.named.keys.sorted().first { $0.lowercased() == name.lowercased() }
      throw FHIRPathError(
        .unknownFunction, "there is no function \(name)()" + (near.map { ": did you mean \($0)()?" } ?? ""),
        column: column)
    }
    let signature = function.signature
    guard (signature.minimum...signature.maximum).contains(arguments.count) else {
      let expected =
        signature.minimum == signature.maximum
        ? "\(signature.minimum)" : "\(signature.minimum) to \(signature.maximum)"
      throw FHIRPathError(
        .wrongArgument, "\(name)() takes \(expected) argument\(expected == "1" ? "" : "s")", column: column)
    }
    let outerVariables = variables.count
    var input: Compiled
    if let focus {
      input = try compiled(focus)
    } else {
      input = (addThis(column: column), this)
    }
    switch function {
    case .is: return try typed(.is, input, try specifier(arguments[0]), column: column)
    case .as: return try typed(.as, input, try specifier(arguments[0]), column: column)
    case .ofType:
      return try typed(.as, input, try specifier(arguments[0]), column: column, isFilter: true)
    case .defineVariable: return try definition(arguments, input, column: column)
    default: break
    }
    try check(function, signature, input.type, column: column)

    var list: [Int32] = []
    var types: [StaticType] = []
    for (index, argument) in arguments.enumerated() {
      let isPerItem = index < 8 && signature.perItem & 1 << UInt8(index) != 0
      let outer = (this, thisPlace)
      // Where there is no explicit input, `iif` speaks of `$this` itself.
      // What `repeat` has found it looks into again, whatever its type.
      if isPerItem { (this, thisPlace) = (function == .repeat ? .unknown : input.type, nil) }
      let part = try scoped(function == .sort ? sortKey(argument) : argument)
      (this, thisPlace) = outer
      list.append(part.operation)
      types.append(part.type)
    }
    if function == .iif { try checkCriterion(types[0], arguments[0]) }
    var operation = Operation(.call, signature.shape, column: column)
    operation.function = function
    operation.count = Int32(list.count)
    if variables.count > outerVariables, signature.perItem == 0, !list.isEmpty {
      // Arguments may speak of what the input defines, so that the input comes before them, and is kept.
      operation.flag = true
      operation.name = try place(column: column)
      list.append(input.operation)
      input.operation = add(variableAt: operation.name, column: column)
    }
    operation.a = input.operation
    operation.b = add(operands: list)
    if function == .sort {
      // Which keys go downwards: bits from the lowest.
      for (index, argument) in arguments.enumerated() where descends(argument) {
        operation.name |= 1 << UInt16(index)
      }
    }
    if let first = arguments.first { try compilePattern(function, first, into: &operation) }
    return (add(operation), result(of: function, input: input.type, arguments: types))
  }

  private func descends(_ key: Expression) -> Bool {
    if case .polarity(true, _) = key.kind { return true }
    return false
  }

  /// What a key of `sort` is taken from: `-family` sorts downwards by `family`.
  private func sortKey(_ key: Expression) -> Expression {
    if case .polarity(true, let operand) = key.kind { return operand }
    return key
  }

  /// A pattern that is written in the expression is compiled with it, so that a mistake in it shows at once.
  private mutating func compilePattern(
    _ function: Function, _ argument: Expression, into operation: inout Operation
  ) throws(FHIRPathError) {
    switch function {
    case .matches, .matchesFull, .replaceMatches: break
    default: return
    }
    guard case .literal(.string(let text)) = argument.kind else { return }
    do throws(PatternError) {
      patterns.append(try Pattern(text))
    } catch {
      throw FHIRPathError(
        .wrongArgument, "the pattern cannot be used: \(error.message)", column: argument.column)
    }
    operation.pattern = Int32(patterns.count - 1)
  }

  private func checkCriterion(_ type: StaticType, _ criterion: Expression) throws(FHIRPathError) {
    let isTruth: Bool
    switch type {
    case .unknown, .nothing, .system(.boolean): isTruth = true
    case .elements(let types):
      isTruth = types.contains { schema.table.name(of: $0) == "boolean" || schema.isOpen($0) }
    default: isTruth = false
    }
    guard isTruth else {
      throw FHIRPathError(
        .wrongArgument, "iif() decides by true or false, which this is not", column: criterion.column)
    }
  }

  /// Finds calls that cannot have a result whatever the data are.
  private func check(
    _ function: Function, _ signature: Function.Signature, _ input: StaticType, column: Int
  ) throws(FHIRPathError) {
    guard signature.wantsText else { return }
    let isText: Bool
    switch input {
    case .elements(let types): isText = types.contains { schema.isPrimitive($0) || schema.isOpen($0) }
    case .unknown, .nothing, .system(.string), .system(.any): isText = true
    case .system, .typeInfo: isText = false
    }
    guard isText else {
      throw FHIRPathError(
        .wrongArgument, "\(function.rawValue)() is for texts, and this is \(describe(input))", column: column)
    }
  }

  private func describe(_ type: StaticType) -> String {
    switch type {
    case .elements(let types):
      "of type " + types.prefix(3).map { schema.table.name(of: $0) }.joined(separator: " or ")
    case .system(let type): "a System.\(type.rawValue)"
    default: "of another type"
    }
  }

  /// What a function's items are, as far as that follows from its input.
  private func result(of function: Function, input: StaticType, arguments: [StaticType]) -> StaticType {
    switch function {
    case .where, .single, .first, .last, .tail, .skip, .take, .intersect, .exclude, .distinct, .trace, .sort,
      .checkModifiers:
      return input
    case .select: return arguments[0]
    case .union, .combine: return input.union(arguments[0])
    case .iif: return arguments.count > 2 ? arguments[1].union(arguments[2]) : arguments[1]
    case .extension:
      return schema.table.typeID("Extension").map { .elements([$0]) } ?? .unknown
    case .elementDefinition:
      return schema.table.typeID("ElementDefinition").map { .elements([$0]) } ?? .unknown
    case .repeat, .children, .descendants, .resolve, .slice, .aggregate, .getValue, .sum,
      .min, .max, .avg:
      return .unknown
    case .type: return .typeInfo
    case .toInteger, .count, .indexOf, .lastIndexOf, .length, .precision: return .system(.integer)
    case .toDecimal, .sqrt, .exp, .ln, .log: return .system(.decimal)
    case .toDate, .today: return .system(.date)
    case .toDateTime, .now: return .system(.dateTime)
    case .toTime, .timeOfDay: return .system(.time)
    case .toQuantity: return .system(.quantity)
    case .toBoolean: return .system(.boolean)
    case .toString, .substring, .upper, .lower, .replace, .replaceMatches, .toChars, .encode, .decode,
      .escape,
      .unescape, .trim, .split, .join:
      return .system(.string)
    default: return function.signature.shape == .boolean ? .system(.boolean) : .unknown
    }
  }
}
