import Foundation

/// The project's reference data, which is not part of it: tests that need it are skipped where it is absent.
enum SharedData {
  /// `FHIRLINE_SHARED`, or `../shared` beside the package.
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"] { return URL(filePath: path) }
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appending(path: "shared")
  }()

  static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: path).path)
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: folder.appending(path: path)))
  }

  /// The files below a folder, by their paths from the shared folder, in order.
  static func files(below path: String, suffix: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: path).path)
      .filter { $0.hasSuffix(suffix) }.sorted().map { "\(path)/\($0)" }
  }
}
