import FHIRModel

/// Three-valued logic: true, false, and nil for an empty collection.
///
/// See https://hl7.org/fhirpath/N1/#boolean-logic
extension Evaluator {
  func truth(_ index: Int, _ focus: borrowing Focus) throws -> Bool? {
    let operation = operations[index]
    switch operation.code {
    case .and:
      var result: Bool? = true
      for operand in 0..<Int(operation.count) {
        switch try truth(Int(operands[Int(operation.a) + operand]), focus) {
        case false?: return false
        case nil: result = nil
        case true?: break
        }
      }
      return result
    case .or:
      var result: Bool? = false
      for operand in 0..<Int(operation.count) {
        switch try truth(Int(operands[Int(operation.a) + operand]), focus) {
        case true?: return true
        case nil: result = nil
        case false?: break
        }
      }
      return result
    case .xor:
      guard let left = try truth(Int(operation.a), focus), let right = try truth(Int(operation.b), focus)
      else { return nil }
      return left != right
    case .implies:
      let left = try truth(Int(operation.a), focus)
      if left == false { return true }
      let right = try truth(Int(operation.b), focus)
      if right == true { return true }
      return left == true ? right : nil
    case .equal: return try equality(operation, focus)
    case .notEqual: return try equality(operation, focus).map { !$0 }
    case .equivalent: return try equivalence(operation, focus)
    case .notEquivalent: return try !equivalence(operation, focus)
    case .less: return try order(index, operation, focus).map { $0 < 0 }
    case .lessOrEqual: return try order(index, operation, focus).map { $0 <= 0 }
    case .greater: return try order(index, operation, focus).map { $0 > 0 }
    case .greaterOrEqual: return try order(index, operation, focus).map { $0 >= 0 }
    case .in:
      return try membership(of: Int(operation.a), in: Int(operation.b), isFixed: operation.flag, focus)
    case .contains:
      return try membership(of: Int(operation.b), in: Int(operation.a), isFixed: operation.flag, focus)
    case .is:
      guard let item = try single(Int(operation.a), focus) else { return nil }
      return isOfType(item, operation, exactly: false)
    case .call where operation.shape == .boolean: return try truthOfCall(index, operation, focus)
    default:
      return try single(index, focus).map { truth(of: $0) }
    }
  }

  /// A single item where true or false is wanted: a Boolean is itself, anything else is true because it is there.
  func truth(of item: Item) -> Bool {
    switch item {
    case .boolean(let value): return value
    case .node(let node):
      if case .boolean(let value)? = value(of: node) { return value }
      return true
    default: return true
    }
  }

  /// Whether an operation gives anything.
  func exists(_ index: Int, _ focus: borrowing Focus) throws -> Bool {
    switch operations[index].shape {
    case .boolean: return try truth(index, focus) != nil
    case .scalar: return try scalar(index, focus) != nil
    case .stream: return try !each(index, focus) { _ in false }
    }
  }

  /// - Parameter isFixed: the collection is the same for every `$this`: it is gathered once for an evaluation, so that
  ///   what asks for many items (dom-3) takes no longer than it must.
  func membership(
    of element: Int, in collection: Int, isFixed: Bool, _ focus: borrowing Focus
  ) throws -> Bool? {
    guard let item = try single(element, focus) else { return nil }
    if isFixed {
      if fixedSets[collection] == nil {
        var set = ItemSet()
        _ = try each(collection, focus) { try insert($0, into: &set) }
        fixedSets[collection] = set
      }
      return try fixedSets[collection]?.contains(hash: hash(item)) { try areEqual($0, item) == true }
    }
    return try !each(collection, focus) { try areEqual($0, item) != true }
  }

  // MARK: Functions

  private func truthOfCall(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    let input = Int(operation.a)
    if operation.flag { try keepInput(of: operation, focus) }
    switch operation.function {
    case .exists:
      guard operation.count > 0 else { return try exists(input, focus) }
      let criterion = argument(0, operation)
      var position = 0
      return try !each(input, focus) { item in
        defer { position += 1 }
        return try truth(criterion, Focus(this: item, index: position)) != true
      }
    case .empty: return try !exists(input, focus)
    case .all:
      let criterion = argument(0, operation)
      var position = 0
      return try each(input, focus) { item in
        defer { position += 1 }
        return try truth(criterion, Focus(this: item, index: position)) == true
      }
    case .not: return try truth(input, focus).map { !$0 }
    case .allTrue: return try each(input, focus) { try boolean($0, index) }
    case .allFalse: return try each(input, focus) { try !boolean($0, index) }
    case .anyTrue: return try !each(input, focus) { try !boolean($0, index) }
    case .anyFalse: return try !each(input, focus) { try boolean($0, index) }
    case .subsetOf: return try isSubset(input, of: argument(0, operation), focus)
    case .supersetOf: return try isSubset(argument(0, operation), of: input, focus)
    case .isDistinct:
      var set = ItemSet()
      return try each(input, focus) { item in
        try set.insert(item, hash: hash(item)) { try areEqual($0, item) == true }
      }
    case .hasValue:
      var count = 0
      var found: Item?
      _ = try each(input, focus) { item in
        count += 1
        found = item
        return count < 2
      }
      guard count == 1, let found else { return false }
      if case .node(let node) = found { return hasValue(node) }
      return true
    case .contains, .startsWith, .endsWith: return try textTest(index, operation, focus)
    case .matches, .matchesFull: return try matches(index, operation, focus)
    case .convertsToBoolean, .convertsToInteger, .convertsToDate, .convertsToDateTime, .convertsToDecimal,
      .convertsToString, .convertsToTime, .convertsToQuantity:
      guard let item = try single(input, focus) else { return nil }
      return try converted(item, operation, index, focus) != nil
    case .comparable: return try comparable(operation, focus)
    case .htmlChecks:
      return try each(input, focus) { item in
        guard case .node(let node) = item else { return true }
        let element = treeNode(node)
        return ask { $0.passesHTMLChecks(element) } ?? true
      }
    case .conformsTo: return try conforms(index, operation, focus)
    case .memberOf: return try isMember(index, operation, focus)
    case .subsumes, .subsumedBy: return try subsumes(index, operation, focus)
    default: preconditionFailure("a function of another shape")
    }
  }

  @inline(__always)
  func argument(_ number: Int, _ operation: Operation) -> Int {
    Int(operands[Int(operation.b) + number])
  }

  private func boolean(_ item: Item, _ index: Int) throws -> Bool {
    switch item {
    case .boolean(let value): return value
    case .node(let node):
      if case .boolean(let value)? = value(of: node) { return value }
    default: break
    }
    throw failure(index, "\(operations[index].function.rawValue)() is for true and false only")
  }

  private func isSubset(_ part: Int, of whole: Int, _ focus: borrowing Focus) throws -> Bool {
    var set = ItemSet()
    _ = try each(whole, focus) { try insert($0, into: &set) }
    return try each(part, focus) { item in
      try set.contains(hash: hash(item)) { try areEqual($0, item) == true }
    }
  }
}
