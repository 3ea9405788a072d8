import FHIRFormats
import Glibc

/// Paths as text. (Foundation's `NSString.deletingLastPathComponent` traps on a path of one character on Linux.)
enum Path {
  /// The folder that a path leads into; empty for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Which file a path leads to, whatever it is called; nil where there is none.
  struct Identity: Hashable {
    let device: UInt
    let number: UInt
  }

  static func identity(of path: String) -> Identity? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Identity(device: UInt(status.st_dev), number: UInt(status.st_ino))
  }

  /// Whether a file's name says that it is zipped.
  static func isZipped(_ name: String) -> Bool { name.lowercased().hasSuffix(".gz") }

  /// A file's name without what says that it is zipped.
  static func unzipped(_ name: String) -> String { isZipped(name) ? String(name.dropLast(3)) : name }

  /// The format that a file's name tells, zipped or not.
  static func format(of name: String) -> Format? {
    let name = unzipped(name).lowercased()
    return formats.first { name.hasSuffix($0.suffix) }?.format
  }

  /// What names of FHIR files end in.
  static let formats: [(suffix: String, format: Format)] = [
    (".json", .json), (".ndjson", .ndjson), (".jsonl", .ndjson), (".xml", .xml),
  ]

  /// Whether a folder is there.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
