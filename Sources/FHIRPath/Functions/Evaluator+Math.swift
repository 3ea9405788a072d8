import FHIRModel

/// See https://hl7.org/fhirpath/N1/#math
extension Evaluator {
  func math(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    guard let item = try single(Int(operation.a), focus) else { return nil }
    let value = plain(item)
    if case .quantity(let quantity)? = value { return try math(quantity, index, operation, focus) }
    guard let value, let number = decimal(value) else {
      if value == nil, case .node(let node) = item, grammar(node) != 0 { return nil }
      throw failure(index, "\(operation.function.rawValue)() is for numbers, and this is \(describe(item))")
    }
    var isInteger = false
    if case .integer = value { isInteger = true }
    func whole(_ rounding: Decimal.Rounding) -> Item? {
      number.rounded(to: 0, rounding).integer.map { .integer($0) }
    }
    switch operation.function {
    case .abs:
      guard let positive = number.isNegative ? number.negated : number else { return nil }
      return isInteger ? positive.integer.map { .integer($0) } : .decimal(positive)
    case .ceiling: return whole(.up)
    case .floor: return whole(.down)
    case .truncate: return whole(.towardZero)
    case .round: return try digits(operation, focus, index).map { .decimal(number.rounded(to: $0)) }
    case .exp: return number.exponential.map { .decimal($0) }
    case .ln: return number.naturalLogarithm.map { .decimal($0) }
    case .sqrt: return number.squareRoot.map { .decimal($0) }
    default: break
    }
    guard let argument = try single(argument(0, operation), focus).flatMap({ plain($0) }) else { return nil }
    guard let other = decimal(argument) else {
      throw failure(index, "\(operation.function.rawValue)() takes a number")
    }
    if operation.function == .log { return number.logarithm(base: other).map { .decimal($0) } }
    guard let power = number.power(other) else { return nil }
    if isInteger, case .integer = argument, !other.isNegative {
      return power.integer.flatMap { Int32(exactly: $0) }.map { .integer(Int64($0)) }
    }
    return .decimal(power)
  }

  func decimal(_ value: Item) -> Decimal? {
    switch value {
    case .integer(let value): Decimal(value)
    case .decimal(let value): value
    default: nil
    }
  }

  private func digits(_ operation: Operation, _ focus: borrowing Focus, _ index: Int) throws -> Int? {
    guard operation.count > 0 else { return 0 }
    guard let digits = try integer(argument(0, operation), focus) else { return nil }
    guard digits >= 0 else { throw failure(index, "a precision is zero or more") }
    return digits
  }

  private func math(
    _ quantity: Quantity, _ index: Int, _ operation: Operation, _ focus: borrowing Focus
  ) throws -> Item? {
    let value = quantity.value
    let result: Decimal?
    switch operation.function {
    case .abs: result = value.isNegative ? value.negated : value
    case .ceiling: result = value.rounded(to: 0, .up)
    case .floor: result = value.rounded(to: 0, .down)
    case .truncate: result = value.rounded(to: 0, .towardZero)
    case .round: result = try digits(operation, focus, index).map { value.rounded(to: $0) }
    default: throw failure(index, "\(operation.function.rawValue)() is for numbers, and this is a quantity")
    }
    return result.map { .quantity(quantity.with(value: $0)) }
  }

  // MARK: Aggregates

  func aggregated(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    var result: Item?
    var count: Int64 = 0
    _ = try each(Int(operation.a), focus) { item in
      count += 1
      guard let known = result else {
        result = plain(item)
        return true
      }
      switch operation.function {
      case .min: if try order(item, known, index) ?? 0 < 0 { result = plain(item) }
      case .max: if try order(item, known, index) ?? 0 > 0 { result = plain(item) }
      default: result = try arithmetic(.add, known, item, index)
      }
      return result != nil
    }
    guard let result else { return operation.function == .sum && count == 0 ? .integer(0) : nil }
    return operation.function == .avg ? try arithmetic(.divide, result, .integer(count), index) : result
  }
}
