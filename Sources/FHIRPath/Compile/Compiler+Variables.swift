/// Variables of an expression's own.
///
/// See https://hl7.org/fhirpath/#definevariable
extension Compiler {
  private static let reserved: Set<String> = [
    "context", "resource", "rootResource", "ucum", "sct", "loinc", "this", "index", "total",
  ]

  /// `defineVariable(name)` or `defineVariable(name, value)`: the input goes on as it is, and what follows knows the name.
  mutating func definition(
    _ arguments: [Expression], _ input: Compiled, column: Int
  ) throws(FHIRPathError) -> Compiled {
    guard case .literal(.string(let name)) = arguments[0].kind, !name.isEmpty else {
      throw FHIRPathError(
        .wrongArgument, "the name of a variable is written as a text: 'name'", column: arguments[0].column)
    }
    let isReserved = Self.reserved.contains(name) || name.hasPrefix("vs-") || name.hasPrefix("ext-")
    guard !isReserved, variables[name] == nil else {
      throw FHIRPathError(
        .wrongArgument, "there is a variable %\(name) already", column: arguments[0].column)
    }
    var operation = Operation(.call, .stream, column: column)
    operation.function = .defineVariable
    operation.a = input.operation
    // The variable's own place, and behind it that of the input, which its value may speak of.
    operation.name = try place(column: column)
    let inputPlace = try place(column: column)
    var type = input.type
    if arguments.count > 1 {
      let outer = (this, thisPlace)
      (this, thisPlace) = (input.type, inputPlace)
      let value = try scoped(arguments[1])
      (this, thisPlace) = outer
      operation.b = add(operands: [value.operation])
      operation.count = 1
      type = value.type
    }
    variables[name] = Variable(place: operation.name, type: type)
    return (add(operation), input.type)
  }

  /// A place for items that are kept while an expression is evaluated.
  mutating func place(column: Int) throws(FHIRPathError) -> UInt16 {
    guard placeCount < 4096 else {
      throw FHIRPathError(.syntax, "the expression defines too many variables", column: column)
    }
    placeCount += 1
    return placeCount - 1
  }
}
