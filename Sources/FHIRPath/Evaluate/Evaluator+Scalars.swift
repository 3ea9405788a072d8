import FHIRModel

/// Operations that give one value or none.
extension Evaluator {
  func scalar(_ index: Int, _ focus: borrowing Focus) throws -> Item? {
    let operation = operations[index]
    switch operation.code {
    case .literal: return constants[Int(operation.a)]
    case .position: return .integer(Int64(focus.index))
    case .plus, .negate:
      guard let item = try single(Int(operation.a), focus) else { return nil }
      return try polarity(item, isNegative: operation.code == .negate, index)
    case .multiply, .divide, .div, .mod, .subtract:
      guard let left = try single(Int(operation.a), focus), let right = try single(Int(operation.b), focus)
      else { return nil }
      return try arithmetic(operation.code, left, right, index)
    case .add:
      guard var sum = try single(Int(operands[Int(operation.a)]), focus) else { return nil }
      for operand in 1..<Int(operation.count) {
        guard let next = try single(Int(operands[Int(operation.a) + operand]), focus),
          let result = try arithmetic(.add, sum, next, index)
        else { return nil }
        sum = result
      }
      return sum
    case .concatenate:
      var joined = ""
      for operand in 0..<Int(operation.count) {
        joined += try text(Int(operands[Int(operation.a) + operand]), focus, for: index) ?? ""
      }
      return .string(joined)
    case .call: return try scalarOfCall(index, operation, focus)
    default: preconditionFailure("an operation of another shape")
    }
  }

  private func scalarOfCall(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    let input = Int(operation.a)
    if operation.flag { try keepInput(of: operation, focus) }
    switch operation.function {
    case .count:
      var count: Int64 = 0
      _ = try each(input, focus) { _ in
        count += 1
        return true
      }
      return .integer(count)
    case .toBoolean, .toInteger, .toDate, .toDateTime, .toDecimal, .toString, .toTime, .toQuantity:
      guard let item = try single(input, focus) else { return nil }
      return try converted(item, operation, index, focus)
    case .indexOf, .lastIndexOf, .substring, .upper, .lower, .replace, .replaceMatches, .length, .encode,
      .decode, .escape, .unescape, .trim, .join:
      return try textOfCall(index, operation, focus)
    case .abs, .ceiling, .exp, .floor, .ln, .log, .power, .round, .sqrt, .truncate:
      return try math(index, operation, focus)
    case .sum, .min, .max, .avg: return try aggregated(index, operation, focus)
    case .now: return .temporal(now().now)
    case .today: return .temporal(now().today)
    case .timeOfDay: return .temporal(now().timeOfDay)
    case .getValue:
      guard let item = try single(input, focus) else { return nil }
      if case .node(let node) = item { return value(of: node) }
      return item
    case .lowBoundary, .highBoundary, .precision: return try boundary(index, operation, focus)
    default: preconditionFailure("a function of another shape")
    }
  }

  /// One moment for a whole evaluation.
  private func now() -> Instant {
    if let instant { return instant }
    let taken = Instant.now()
    instant = taken
    return taken
  }

  /// What `type()` says: `FHIR.Patient`, `System.String`.
  package func typeName(of item: Item) -> (namespace: String, name: String) {
    switch item {
    case .node(let node):
      return ("FHIR", node.typeID.map { table.name(of: $0) } ?? "Element")
    case .type: return ("System", "TypeInfo")
    default: return ("System", item.systemType?.rawValue ?? SystemType.any.rawValue)
    }
  }

  // MARK: Arithmetic

  private func polarity(_ item: Item, isNegative: Bool, _ index: Int) throws -> Item? {
    switch plain(item) {
    case .integer(let value)?: return isNegative ? integers(.subtract, 0, value) : .integer(value)
    case .decimal(let value)?: return isNegative ? value.negated.map { .decimal($0) } : .decimal(value)
    case .quantity(let value)?: return isNegative ? value.negated.map { .quantity($0) } : .quantity(value)
    default: throw failure(index, "only a number or quantity has a sign, and this is \(describe(item))")
    }
  }

  func arithmetic(_ code: Operation.Code, _ left: Item, _ right: Item, _ index: Int) throws -> Item? {
    guard let a = plain(left), let b = plain(right) else {
      if case .node(let node) = left, grammar(node) != 0 { return nil }
      if case .node(let node) = right, grammar(node) != 0 { return nil }
      throw failure(index, "\(describe(left)) and \(describe(right)) cannot be calculated with")
    }
    switch (a, b) {
    case (.integer(let x), .integer(let y)) where code != .divide: return integers(code, x, y)
    case (.integer(let x), .integer(let y)): return decimals(code, Decimal(x), Decimal(y))
    case (.integer(let x), .decimal(let y)): return decimals(code, Decimal(x), y)
    case (.decimal(let x), .integer(let y)): return decimals(code, x, Decimal(y))
    case (.decimal(let x), .decimal(let y)): return decimals(code, x, y)
    case (.string(let x), .string(let y)) where code == .add: return .string(x + y)
    case (.temporal(let x), .quantity(let y)) where code == .add || code == .subtract:
      return try shift(x, by: y, isEarlier: code == .subtract, index)
    default: break
    }
    if let x = asQuantity(a), let y = asQuantity(b), isQuantity(a) || isQuantity(b),
      let result = quantities(code, x, y)
    {
      return result.map { .quantity($0) }
    }
    throw failure(index, "\(describe(left)) and \(describe(right)) cannot be calculated with")
  }

  private func isQuantity(_ item: Item) -> Bool {
    if case .quantity = item { return true }
    return false
  }

  private func asQuantity(_ item: Item) -> Quantity? {
    switch item {
    case .quantity(let value): value
    case .integer(let value): Quantity(value: Decimal(value), unit: Quantity.unity)
    case .decimal(let value): Quantity(value: value, unit: Quantity.unity)
    default: nil
    }
  }

  /// Nil for an operation that quantities do not have.
  private func quantities(_ code: Operation.Code, _ x: Quantity, _ y: Quantity) -> Quantity?? {
    switch code {
    case .add: .some(x.adding(y))
    case .subtract: .some(y.negated.flatMap { x.adding($0) })
    case .multiply: .some(x.multiplied(by: y))
    case .divide: .some(x.divided(by: y))
    default: nil
    }
  }

  private func integers(_ code: Operation.Code, _ x: Int64, _ y: Int64) -> Item? {
    let (value, overflowed): (Int64, Bool)
    switch code {
    case .add: (value, overflowed) = x.addingReportingOverflow(y)
    case .subtract: (value, overflowed) = x.subtractingReportingOverflow(y)
    case .multiply: (value, overflowed) = x.multipliedReportingOverflow(by: y)
    case .div: (value, overflowed) = x.dividedReportingOverflow(by: y)
    default: (value, overflowed) = x.remainderReportingOverflow(dividingBy: y)
    }
    // An Integer has 32 bits, and what is beyond them is no result (https://hl7.org/fhirpath/N1/#math).
    return overflowed ? nil : Int32(exactly: value).map { .integer(Int64($0)) }
  }

  private func decimals(_ code: Operation.Code, _ x: Decimal, _ y: Decimal) -> Item? {
    switch code {
    case .add: x.adding(y).map { .decimal($0) }
    case .subtract: x.subtracting(y).map { .decimal($0) }
    case .multiply: x.multiplied(by: y).map { .decimal($0) }
    case .divide: x.divided(by: y).map { .decimal($0) }
    case .div: x.quotient(dividingBy: y)?.integer.map { .integer($0) }
    default: x.remainder(dividingBy: y).map { .decimal($0) }
    }
  }

  /// See https://hl7.org/fhirpath/N1/#datetime-arithmetic
  private func shift(_ value: Temporal, by amount: Quantity, isEarlier: Bool, _ index: Int) throws -> Item? {
    // The words are accepted between quotes too. What is no fixed part of the calendar, as UCUM's year, is not.
    guard
      let unit = amount.calendar ?? CalendarUnit(sameAsUCUM: amount.unit) ?? CalendarUnit(word: amount.unit)
    else {
      throw failure(
        index, "a date takes years, months, weeks, days, hours, minutes, seconds, or milliseconds")
    }
    let signed = isEarlier ? amount.value.negated : amount.value
    return signed.flatMap { value.adding($0, unit) }.map { .temporal($0) }
  }
}
