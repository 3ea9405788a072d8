import Glibc
import Synchronization

/// What the standard streams can show, and the one place that writes to them.
package enum Terminal {
  /// Whether words for people may be coloured: standard error is a terminal and NO_COLOR is unset.
  package static let colours: Bool =
    isatty(STDERR_FILENO) == 1 && getenv("NO_COLOR") == nil && term != "dumb"

  /// Whether findings on standard output may be coloured.
  package static let outputColours: Bool =
    isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil && term != "dumb"

  package static let showsProgressBar: Bool = isatty(STDERR_FILENO) == 1 && term != "dumb"

  private static var term: String { getenv("TERM").map { String(cString: $0) } ?? "" }

  /// Takes the numbers of standard streams that are closed (`2>&-`, some services), before a file or a connection gets one of
  /// them and words for people are written into it. To write to such an output, or to read such an input, fails all the same.
  package static func holdClosedStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      // The least number that is free is this one. Open the wrong way round: reading from an output and writing to the input.
      _ = open("/dev/null", (stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
    }
  }

  private static let outputFault = Atomic<Int32>(0)

  /// Whether who read standard output wanted no more of it.
  package static var hasLostReader: Bool { outputFault.load(ordering: .relaxed) == EPIPE }

  /// Ends what a command does for standard output alone, once nobody reads that any more.
  package static func checkReader() throws(PipelineFailure) {
    if hasLostReader { throw .unwritable("standard output: cannot be written", errno: EPIPE) }
  }

  /// Why standard output did not take all that was written to it; nil too where its reader wanted no more.
  package static var outputFailure: PipelineFailure? {
    let fault = outputFault.load(ordering: .relaxed)
    guard fault != 0, !hasLostReader else { return nil }
    return .unwritable("standard output: cannot be written", errno: fault)
  }

  /// Writes all of the text to a file descriptor; false when nobody reads it any more.
  @discardableResult
  package static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  @discardableResult
  package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      // count > 0: has a base
      let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if count < 0 {
        if errno == EINTR { continue }
        if descriptor == STDOUT_FILENO { outputFault.store(errno, ordering: .relaxed) }
        return false
      }
      written += count
    }
    return true
  }

  /// A line for people, on standard error.
  package static func say(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  package static func styled(_ text: String, _ style: Style, when enabled: Bool) -> String {
    enabled ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  package enum Style: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }
}
