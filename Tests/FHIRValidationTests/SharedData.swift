import TestSupport

extension SharedData {
  static func bytes(_ path: String) throws -> [UInt8] { try bytes(of: path) }

  /// The files below a folder, by their paths from the shared folder, in order.
  static func files(below path: String, suffix: String) throws -> [String] {
    names(below: path, [suffix]).map { "\(path)/\($0)" }
  }
}
