package import FHIRModel
import Glibc
import Synchronization

/// The file of what could not be loaded: one JSON object a line, with the resource as it was read, where it came
/// from, and why it was set aside. It holds patient data: only its owner may read it.
package final class Quarantine: Sendable {
  private struct State {
    var descriptor: Int32 = -1
    /// Why some are not in the file: the system's number, and how many there are.
    var fault: Int32?
    var missing = 0
    var count = 0
    /// Bytes of whole lines; nil where the file is none that could be cut.
    var size: Int?
    var path: String?
  }

  private let wanted: String
  private let state = Mutex(State())

  /// Nothing is written, and no file made, before something is set aside. A file that is there already is left alone:
  /// `quarantine.ndjson` becomes `quarantine-2.ndjson`.
  package init(path: String) { wanted = path }

  /// Makes the file's folder, and makes sure before anything is loaded that the file can be written.
  package func prepare() throws {
    guard !wanted.isEmpty else { throw PipelineFailure.unnamedOutput }
    let folder = wanted.lastIndex(of: "/").map { String(wanted[...$0]) } ?? "."
    try OutputFile.makeFolder(folder)
    guard !Path.isFolder(wanted) else {
      throw PipelineFailure(.output, "\(wanted): this is a folder; a file was expected for what is set aside")
    }
    let isStream = Quarantine.isStream(wanted)
    guard access(isStream ? wanted : folder, isStream ? W_OK : W_OK | X_OK) == 0 else {
      throw PipelineFailure.unwritable("\(wanted): the quarantine file cannot be written", errno: errno)
    }
  }

  /// Whether a path is a device or a pipe, which take what is set aside as they are.
  private static func isStream(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
  }

  /// The file written, once something was set aside.
  package var path: String? { state.withLock { $0.path } }

  package var count: Int { state.withLock { $0.count } }

  /// Why the file could not be written, if so.
  package var failure: PipelineFailure? {
    state.withLock { state in
      state.fault.map { fault in
        .unwritable(
          "\(state.path ?? wanted): cannot be written; of \(Amount.of(state.count, "resource")) set aside it lacks "
            + Amount.grouped(state.missing), errno: fault)
      }
    }
  }

  /// Sets a resource aside.
  package func add(
    source: String, position: SourcePosition?, text: QuarantinedText?, issues: [Issue]
  ) {
    var members: [(String, String)] = [("source", JSONText.quoted(source))]
    members.append(("line", position.map { String($0.line) } ?? "null"))
    members.append(("column", position.map { String($0.column) } ?? "null"))
    members.append(("issues", Quarantine.reasons(issues)))
    // Less the brace behind it: the text comes last.
    let head = Array(JSONText.object(members).utf8.dropLast())
    state.withLock { state in
      state.count += 1
      if state.descriptor < 0 && state.fault == nil { create(&state) }
      guard state.descriptor >= 0 else {
        state.missing += 1
        return
      }
      if let count = Quarantine.write(head, text, to: state.descriptor) {
        state.size? += count
      } else {
        state.fault = errno
        state.missing += 1
        // Half a line would spoil the next one.
        if let size = state.size { ftruncate(state.descriptor, size) }
      }
    }
  }

  /// Bytes of a line that are written at once.
  private static let bytesPerWrite = 256 << 10

  /// Writes a line; returns how many bytes it has, or nil where that failed.
  private static func write(_ head: [UInt8], _ text: QuarantinedText?, to descriptor: Int32) -> Int? {
    var waiting = head
    var count = 0
    func flush() -> Bool {
      count += waiting.count
      defer { waiting.removeAll(keepingCapacity: true) }
      return waiting.withUnsafeBytes { Terminal.write($0, to: descriptor) }
    }
    if let text {
      waiting.append(UInt8(ascii: ","))
      let isWritten = text.forEachPiece { piece in
        waiting += piece
        return waiting.count < bytesPerWrite || flush()
      }
      guard isWritten else { return nil }
    }
    waiting += Array("}\n".utf8)
    return flush() ? count : nil
  }

  /// Findings as a quarantine file has them.
  ///
  /// - Parameter hasPlaces: whether their lines and columns are those of the source.
  static func reasons(_ issues: [Issue], hasPlaces: Bool = true) -> String {
    JSONText.array(
      issues.map { issue in
        let position = hasPlaces ? issue.position : nil
        return JSONText.object([
          ("severity", JSONText.quoted(issue.severity.rawValue)),
          ("rule", JSONText.quoted(issue.rule.code)),
          ("expression", JSONText.quoted(issue.expression)),
          ("line", position.map { String($0.line) } ?? "null"),
          ("column", position.map { String($0.column) } ?? "null"),
          ("message", JSONText.quoted(issue.message)),
        ])
      })
  }

  private func create(_ state: inout State) {
    if Quarantine.isStream(wanted) {
      state.descriptor = open(wanted, O_WRONLY | O_CLOEXEC)
      if state.descriptor < 0 { state.fault = errno }
      state.path = wanted
      return
    }
    let stem = wanted.hasSuffix(".ndjson") ? String(wanted.dropLast(7)) : wanted
    for number in 1...9999 {
      let path = number == 1 ? wanted : "\(stem)-\(number).ndjson"
      state.descriptor = open(
        path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
      if state.descriptor >= 0 {
        state.path = path
        state.size = 0
        return
      }
      if errno != EEXIST { break }
    }
    state.fault = errno
  }

  /// Ends the file.
  package func close() {
    state.withLock { state in
      if state.descriptor >= 0 { Glibc.close(state.descriptor) }
      state.descriptor = -1
    }
  }
}
