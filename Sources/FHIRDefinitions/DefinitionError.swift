/// Why definitions could not be read or compiled: which package, which file in it, and what is wrong.
package struct DefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The package's file or folder cannot be opened or read.
    case unreadable = "package-unreadable"
    /// What was read is no FHIR package: no `package` folder in it.
    case notAPackage = "package-form"
    /// The archive is cut off or fails its checksums.
    case damaged = "package-damaged"
    /// A limit on files or bytes is passed.
    case tooLarge = "package-too-large"
    /// A file of the archive would lie outside of it.
    case unsafePath = "package-unsafe-path"
    /// A file in the package is no JSON, or not the resource it claims to be.
    case malformed = "definition-malformed"
    /// Packages are written for different versions of FHIR.
    case wrongVersion = "package-fhir-version"
    /// A definition refers to another that no package has.
    case missing = "definition-missing"
    /// The definitions do not fit into a table's 16-bit numbers.
    case tableFull = "definition-table-full"
  }

  package let code: Code
  /// The package's path, or its name and version once they are known.
  package let package: String
  /// The file within the package, where there is one.
  package let file: String?
  package let message: String

  package init(_ code: Code, package: String, file: String? = nil, _ message: String) {
    self.code = code
    self.package = package
    self.file = file
    self.message = message
  }

  package var description: String {
    "\(package)\(file.map { ": " + $0 } ?? ""): \(message) [\(code.rawValue)]"
  }
}
