/// Why a text is no expression, or none that can be used where it stands. Always the writer's mistake, never the data's.
package struct FHIRPathError: Error, Equatable, Sendable {
  package enum Code: String, Sendable {
    case syntax = "fhirpath-syntax"
    case unknownElement = "fhirpath-unknown-element"
    case unknownType = "fhirpath-unknown-type"
    case unknownFunction = "fhirpath-unknown-function"
    case wrongArgument = "fhirpath-wrong-argument"
    case notInvertible = "fhirpath-not-invertible"
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
}

extension FHIRPathError: CustomStringConvertible {
  package var description: String { "column \(column): \(message)" }
}
