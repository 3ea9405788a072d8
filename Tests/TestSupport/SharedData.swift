package import Foundation

/// The project's reference data, which is not part of the repository: tests that need it are skipped without it.
package enum SharedData {
  /// `FHIRLINE_SHARED`, or `../shared` beside the package.
  package static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"], !path.isEmpty {
      return URL(filePath: path, directoryHint: .isDirectory)
    }
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appending(path: "shared", directoryHint: .isDirectory)
  }()

  package static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: path).path)
  }

  /// The files below a subfolder, in order: their paths from there.
  package static func names(below subfolder: String, _ suffixes: [String]) -> [String] {
    let root = folder.appending(path: subfolder)
    let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return names.filter { name in suffixes.contains { name.hasSuffix($0) } }.sorted()
  }

  /// The same files: where they are.
  package static func files(_ subfolder: String, _ suffixes: String...) -> [String] {
    names(below: subfolder, suffixes).map { folder.appending(path: subfolder).appending(path: $0).path }
  }

  /// What a file of the folder holds.
  package static func bytes(of path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: folder.appending(path: path)))
  }
}
