/// A mistake in a mapping file: where it stands, what is wrong, what was expected.
package struct MappingError: Error, Equatable, Sendable {
  package enum Code: String, Sendable {
    case unreadable = "mapping-unreadable"
    case syntax = "mapping-syntax"
    case unknownKey = "mapping-unknown-key"
    case missingKey = "mapping-missing-key"
    case wrongValue = "mapping-wrong-value"
    case unknownTransform = "mapping-unknown-transform"
    case path = "mapping-path"
    case type = "mapping-type"
    case notInvertible = "mapping-not-invertible"
    case conflict = "mapping-conflict"
    case missingFile = "mapping-missing-file"
  }

  package let code: Code
  package let message: String
  package let file: String
  /// From 1; 0 where the mistake is the file as a whole.
  package let line: Int
  package let column: Int

  package init(_ code: Code, _ message: String, file: String, line: Int = 0, column: Int = 0) {
    self.code = code
    self.message = message
    self.file = file
    self.line = line
    self.column = column
  }
}

extension MappingError: CustomStringConvertible {
  package var description: String {
    line > 0 ? "\(file):\(line):\(column): error: \(message)" : "\(file): error: \(message)"
  }
}

/// Where something stands in a mapping file.
package struct MappingPlace: Equatable, Sendable {
  package let file: String
  package let line: Int
  package let column: Int

  package func error(_ code: MappingError.Code, _ message: String) -> MappingError {
    MappingError(code, message, file: file, line: line, column: column)
  }
}
