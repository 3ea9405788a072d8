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

  /// Whether a folder is there.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
