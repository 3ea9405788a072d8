import FHIRFormats
import FHIRModel
import Foundation

/// JSON texts by name: `y_` must be read, `n_` must be refused, `i_` may be either.
struct JSONSuite: Suite {
  let name = "json"
  let title = "JSON (nst/JSONTestSuite)"
  private let files: [URL]

  init?(_ folder: URL) throws {
    let folders = [folder.appending(path: "json"), folder.appending(path: "test_parsing")]
    guard let found = folders.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      return nil
    }
    files = try FileManager.default.contentsOfDirectory(at: found, includingPropertiesForKeys: nil)
      .filter { ["y_", "n_", "i_"].contains($0.lastPathComponent.prefix(2)) }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    if files.isEmpty { return nil }
  }

  func run(matching text: String?) -> [CaseResult] {
    files.filter { text == nil || $0.lastPathComponent.contains(text ?? "") }.map(run)
  }

  private func run(_ file: URL) -> CaseResult {
    let name = file.lastPathComponent
    let issues = (try? Data(contentsOf: file)).map { JSONSyntax.check([UInt8]($0)) } ?? []
    let isRefused = issues.contains { $0.severity == .fatal }
    let group = name.hasPrefix("y_") ? "must be read" : name.hasPrefix("n_") ? "must be refused" : "either"
    let passed = name.hasPrefix("y_") ? !isRefused : name.hasPrefix("n_") ? isRefused : true
    return CaseResult(
      id: "json/\(name)", group: group,
      checks: [.init(name: "verdict", passed: passed, why: isRefused ? "was refused" : "was read")],
      details: issues.map { "\($0.severity): \($0.message)" })
  }
}
