import Glibc

/// A file being written through a buffer; readable by its owner only, as it holds patient data.
final class OutputFile {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private(set) var byteCount = 0

  /// - Parameter path: `-` is standard output.
  init(path: String) throws {
    self.path = path
    descriptor =
      path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw OutputFile.failure(path) }
    buffer.reserveCapacity(1 << 18)
  }

  deinit {
    if path != "-" { close(descriptor) }
  }

  func write(_ bytes: ArraySlice<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 18 { try flush() }
  }

  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 18 { try flush() }
  }

  func flush() throws {
    let whole = buffer.withUnsafeBytes { Terminal.write($0, to: descriptor) }
    guard whole else { throw OutputFile.failure(path) }
    byteCount += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  private static func failure(_ path: String) -> PipelineFailure {
    PipelineFailure(.output, "\(path): cannot be written: \(String(cString: strerror(errno)))")
  }

  /// Makes a folder (and those above it) that only its owner may enter, unless it is there.
  static func makeFolder(_ path: String) throws {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made.hasSuffix("/") ? part : "/" + part
      if mkdir(made, 0o700) == 0 { continue }
      guard errno == EEXIST else {
        throw PipelineFailure(
          .output, "\(made): this folder cannot be made: \(String(cString: strerror(errno)))")
      }
      var status = stat()
      if stat(made, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
        throw PipelineFailure(.output, "\(made): this is a file; a folder was expected")
      }
    }
  }
}
