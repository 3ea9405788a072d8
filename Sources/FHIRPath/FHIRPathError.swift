/// Why a text is no expression, cannot be used where it stands, or has no result for the data at hand.
package struct FHIRPathError: Error, Equatable, Sendable {
  package enum Code: String, Sendable {
    case syntax = "fhirpath-syntax"
    case unknownElement = "fhirpath-unknown-element"
    case unknownType = "fhirpath-unknown-type"
    case unknownFunction = "fhirpath-unknown-function"
    case unknownVariable = "fhirpath-unknown-variable"
    case wrongArgument = "fhirpath-wrong-argument"
    case notInvertible = "fhirpath-not-invertible"
    /// The expression is sound, but the data that it met are not what its functions and operators take.
    case execution = "fhirpath-execution"
    /// Nobody here knows: a value set, profile or reference that is not at hand.
    case cannotTell = "fhirpath-cannot-tell"
  }

  package let code: Code
  /// What is wrong and what was expected.
  package let message: String
  /// Where in the expression: from 1, in Unicode scalars.
  package let column: Int

  package init(_ code: Code, _ message: String, column: Int) {
    self.code = code
    self.message = message
    self.column = column
  }

  /// Whether the data are to blame, or what is known of the world, rather than the expression.
  package var isOfExecution: Bool { code == .execution || code == .cannotTell }
}

extension FHIRPathError: CustomStringConvertible {
  package var description: String { "column \(column): \(message)" }
}
