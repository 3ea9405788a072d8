import Foundation
import Testing

/// What README and the demo tell people to type works as written, and what they point to is there.
@Suite struct DocumentationTests {
  static let pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "Samples/README.md"]

  @Test(.enabled(if: Workspace.hasMongoDB), arguments: ["README.md", "scripts/demo.sh"])
  func `commands run as written`(page: String) throws {
    let workspace = try Workspace()
    for name in ["Samples", "Mappings", "pipeline.yml"] {
      try FileManager.default.createSymbolicLink(
        at: workspace.folder.appending(path: name), withDestinationURL: Program.folder.appending(path: name))
    }
    var count = 0
    for command in try commands(in: page) {
      let outcome = try Program.run(
        command, environment: ["FHIRLINE_DATABASE": workspace.database], in: workspace.folder)
      // Only what is made to be wrong has findings.
      let isBroken = command.contains { $0.hasPrefix("Samples/broken") }
      #expect(outcome.status == (isBroken ? 1 : 0), "\(command): \(outcome.output)\(outcome.errors)")
      count += 1
    }
    #expect(count >= 3)
  }

  /// Lines of examples that begin with the program's name: up to a comment, or the words behind a wide gap.
  private func commands(in page: String) throws -> [[String]] {
    try text(of: page).split(separator: "\n").compactMap { line in
      guard
        line.hasPrefix("    fhirline ") || line.hasPrefix("  fhirline ") || line.hasPrefix("run fhirline ")
      else { return nil }
      let words = line.drop { $0 == " " }.replacing("run fhirline", with: "fhirline").replacing(
        "\"$out/", with: "out/"
      )
      .replacing("\"", with: "").components(separatedBy: "   ")[0].components(separatedBy: " || ")[0]
      let arguments = words.split(separator: "#")[0].split(separator: " ").dropFirst().map(String.init)
      return arguments.contains { $0.hasPrefix("YOUR") } || arguments.first == "compare" ? nil : arguments
    }
  }

  @Test func `the table of commands is the program's`() throws {
    let help = try Program.run(["--help"]).output
    let readme = try text(of: "README.md")
    for command in ["validate", "explain", "fhirpath", "import", "export", "convert", "compare", "mapping"] {
      #expect(help.contains("  \(command) ") && readme.contains("| `fhirline \(command)"))
      let own = try Program.run([command, "--help"])
      #expect(own.status == 0 && own.output.contains("USAGE: fhirline \(command)"))
    }
  }

  @Test(arguments: pages) func `links lead somewhere`(page: String) throws {
    let folder = Program.folder.appending(path: page).deletingLastPathComponent()
    for match in try text(of: page).matches(of: /\]\(([^)#]+)[^)]*\)/) where !match.1.hasPrefix("http") {
      let target = folder.appending(path: String(match.1)).path
      #expect(FileManager.default.fileExists(atPath: target), "\(page): \(match.1)")
    }
  }

  @Test(arguments: pages) func `verbs of make are there`(page: String) throws {
    let makefile = try text(of: "Makefile")
    let verbs = try text(of: page).matches(of: /(?m)(?:^    |`)make ([a-z-]+)/).map { String($0.1) }
    for verb in verbs { #expect(makefile.contains("\n\(verb):"), "\(page): make \(verb)") }
    if page == "README.md" { #expect(verbs.contains("demo") && verbs.contains("test")) }
  }

  private func text(of page: String) throws -> String {
    String(decoding: try Data(contentsOf: Program.folder.appending(path: page)), as: UTF8.self)
  }
}
