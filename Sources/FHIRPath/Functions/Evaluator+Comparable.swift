import FHIRModel

extension Evaluator {
  /// Whether two quantities can be compared, as their units measure the same.
  func comparable(_ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let a = try single(Int(operation.a), focus), let b = try single(argument(0, operation), focus)
    else {
      return nil
    }
    guard case .quantity(let x)? = plain(a), case .quantity(let y)? = plain(b) else { return false }
    return x.isComparable(with: y) ?? false
  }
}
