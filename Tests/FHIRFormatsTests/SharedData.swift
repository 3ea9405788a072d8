import Foundation

/// The project's reference data, which is not part of the repository: tests that need it are skipped without it.
enum SharedData {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"], !path.isEmpty {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
  }()

  static let isPresent = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent("examples").path)

  /// The paths of the files of a subfolder, of folders below it too, in order.
  static func files(_ subfolder: String, _ suffixes: String...) -> [String] {
    let root = folder.appendingPathComponent(subfolder)
    let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return paths.filter { path in suffixes.contains { path.hasSuffix($0) } }.sorted()
      .map { root.appendingPathComponent($0).path }
  }

  static func bytes(_ path: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path) ?? Data())
  }
}
