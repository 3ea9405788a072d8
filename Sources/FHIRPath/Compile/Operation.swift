/// One step of a compiled expression. What it refers to stands in the expression's lists, by number.
struct Operation {
  enum Code: UInt8 {
    // Collections
    /// `{}`
    case nothing
    case this, context, resource, rootResource
    /// The items that were put at `name`
    case variable
    /// `count` constants from `a`
    case constants
    case total
    /// `count` steps from `b`, down from the items of `a`
    case path
    /// The items of `a` if they are of the type `name`: `Patient` at the start of a path
    case root
    /// Item `b` of `a`
    case index
    /// The items of `a` that are of the type in `name` and `b`
    case `as`
    /// `count` operands from `a`
    case union
    // Single values
    case literal, position, negate, plus
    case multiply, divide, div, mod, subtract
    /// `count` operands from `a`
    case add, concatenate
    // Truth
    case and, or
    case xor, implies
    case equal, notEqual, equivalent, notEquivalent
    case less, lessOrEqual, greater, greaterOrEqual
    case `in`, contains
    case `is`
    /// `function` of the items of `a` with `count` arguments from `b`
    case call
  }

  /// What evaluating gives: decides which of the evaluator's ways is taken.
  var shape: Function.Shape
  var code: Code
  var function: Function = .empty
  /// A flag of the operation's own.
  var flag = false
  /// `NameID` or `TypeID`
  var name: UInt16 = 0
  var a: Int32 = -1
  var b: Int32 = -1
  var count: Int32 = 0
  /// Which of the expression's patterns a text is matched against, if it is known beforehand.
  var pattern: Int32 = -1
  var column: Int32

  init(_ code: Code, _ shape: Function.Shape, column: Int) {
    self.code = code
    self.shape = shape
    self.column = Int32(truncatingIfNeeded: column)
  }
}

/// A name in a path.
struct PathStep {
  /// `NameID.rawValue`; 0 for a name that no definition has.
  var name: UInt16
  /// Some type has a choice of that name, so that `valueQuantity` may stand for it.
  var isChoice: Bool
  /// The name's text among the constants.
  var text: Int32
}
