import Foundation

/// A file that people write, which is read whole.
enum TextFile {
  /// - Parameter code: what kind of mistake it is that it cannot be read.
  static func read(_ path: String, _ code: PipelineFailure.Code) throws -> String {
    if Path.isFolder(path) { throw PipelineFailure(code, "\(path): this is a folder; a file was expected") }
    guard access(path, R_OK) == 0 else {
      throw PipelineFailure(code, "\(path): this file cannot be read: \(String(cString: strerror(errno)))")
    }
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(validating: data, as: UTF8.self)
    else { throw PipelineFailure(code, "\(path): this file cannot be read as UTF-8 text") }
    return text
  }
}
