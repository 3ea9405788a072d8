import Glibc

/// Temporary files that only their owner can read, and that vanish with the process, however that ends: they have no name.
package enum UnnamedFile {
  /// The system's folder for temporary files.
  static var systemFolder: String {
    guard let named = getenv("TMPDIR"), named.pointee != 0 else { return "/tmp" }
    return String(cString: named)
  }

  /// Makes one where `folder` is; nil where the system does not let it, whose reason is in `errno` then.
  ///
  /// Whoever takes the descriptor closes it.
  package static func open(in folder: String) -> Int32? {
    var template = Array((folder + "/fhirline-XXXXXX").utf8CString)
    // mkstemp gives the file the mode 0600.
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return nil }
    unlink(template)
    return descriptor
  }
}
