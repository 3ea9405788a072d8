import Glibc

/// Where a report goes: a file of the user's, or standard output.
final class ReportSink {
  private let file: OutputFile
  private var failure: (any Error)?

  /// - Parameter path: nil is standard output.
  init(path: String?) throws { file = try OutputFile(path: path ?? "-") }

  /// Whether somebody reads what is written while it is.
  var isStream: Bool { file.isStream }

  func write(_ text: String) {
    guard failure == nil else { return }
    do { try file.write(text) } catch { failure = error }
  }

  /// Hands on what was written. Whoever watches standard output sees findings as they come.
  func flush() {
    guard failure == nil else { return }
    do { try file.flush() } catch { failure = error }
  }

  /// Throws what went wrong while writing a file; standard output's troubles are the terminal's to tell.
  func close(isFile: Bool) throws {
    guard isFile else { return flush() }
    if let failure { throw failure }
    try file.finish()
  }
}
