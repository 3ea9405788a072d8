/// Variables of an expression's own.
///
/// See https://hl7.org/fhirpath/#definevariable
extension Evaluator {
  func defined(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    let input = try collect(Int(operation.a), focus)
    keep(input, at: operation.name + 1)
    keep(operation.count > 0 ? try collect(argument(0, operation), focus) : input, at: operation.name)
    for item in input where try !body(item) { return false }
    return true
  }

  /// Evaluates the input of a call whose arguments may speak of variables that it defines.
  func keepInput(of operation: Operation, _ focus: borrowing Focus) throws {
    keep(try collect(argument(Int(operation.count), operation), focus), at: operation.name)
  }

  func items(at place: UInt16) -> [Item] {
    Int(place) < variables.count ? variables[Int(place)] : []
  }

  private func keep(_ items: [Item], at place: UInt16) {
    while variables.count <= Int(place) { variables.append([]) }
    variables[Int(place)] = items
  }
}
