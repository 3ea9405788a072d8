import Foundation
import Testing

@testable import FHIRMapping

/// The mappings built into the program are those of the folder `Mappings`.
///
/// With `FHIRLINE_UPDATE=1` the test writes the Swift file anew, and fails so that it is looked at.
@Suite struct BuiltInMappingsTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func `the built-in mappings equal the files`() throws {
    var swift = """
      /// The files of the folder `Mappings`, for a program that finds none of its own. A test keeps them the same.
      enum BuiltInMappings {
        static let files: [(name: String, text: String)] = [

      """
    var isSame = true
    for kind in DocumentKind.mapped {
      let name = "Mappings/\(kind.rawValue).yml"
      let text = try String(contentsOf: Self.root.appending(path: name), encoding: .utf8)
      if BuiltInMappings.files.first(where: { $0.name == name })?.text != text { isSame = false }
      let body = text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : "      " + $0 }.joined(separator: "\n")
      swift += "    (\n      \"\(name)\",\n      #\"\"\"\n\(body)\n      \"\"\"#\n    ),\n"
    }
    swift += "  ]\n}\n"
    if !isSame, ProcessInfo.processInfo.environment["FHIRLINE_UPDATE"] == "1" {
      try swift.write(
        to: Self.root.appending(path: "Sources/FHIRMapping/Plan/BuiltInMappings.swift"), atomically: true,
        encoding: .utf8)
    }
    #expect(isSame, "run FHIRLINE_UPDATE=1 swift test --filter BuiltInMappingsTests, and look at the changes")
  }

  @Test func `they compile`() throws {
    let mappings = try Lens.builtIn.get()
    #expect(mappings.plan(.patient)?.fields.count == 10)
    #expect(mappings.plan(.chart)?.root == nil)
  }
}
