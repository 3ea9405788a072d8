import Foundation

/// A file that people write, which is read whole; it may be a pipe too (`--config <(…)`).
package enum TextFile {
  /// - Parameter code: what kind of mistake it is that it cannot be read.
  package static func read(_ path: String, _ code: PipelineFailure.Code) throws -> String {
    if Path.isFolder(path) { throw PipelineFailure(code, "\(path): this is a folder; a file was expected") }
    guard access(path, R_OK) == 0 else {
      throw PipelineFailure(code, "\(path): this file cannot be read: \(String(cString: strerror(errno)))")
    }
    guard let file = FileHandle(forReadingAtPath: path),
      let text = String(validating: try file.readToEnd() ?? Data(), as: UTF8.self)
    else { throw PipelineFailure(code, "\(path): this file cannot be read as UTF-8 text") }
    return text
  }
}
