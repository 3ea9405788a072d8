package import FHIRModel
import Glibc
import Synchronization

/// The file of what could not be loaded: one JSON object a line, with the resource as it was read, where it came
/// from, and why it was set aside. It holds patient data: only its owner may read it.
package final class Quarantine: Sendable {
  private struct State {
    var descriptor: Int32 = -1
    var failure: String?
    var count = 0
    var path: String?
  }

  private let wanted: String
  private let state = Mutex(State())

  /// Nothing is written, and no file made, before something is set aside. A file that is there already is left alone:
  /// `quarantine.ndjson` becomes `quarantine-2.ndjson`.
  package init(path: String) { wanted = path }

  /// Makes the file's folder, and makes sure before anything is loaded that the file can be written.
  package func prepare() throws {
    let folder = wanted.lastIndex(of: "/").map { String(wanted[...$0]) } ?? "."
    try OutputFile.makeFolder(folder)
    guard access(folder, W_OK | X_OK) == 0 else {
      throw PipelineFailure(
        .output, "\(wanted): the quarantine file cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// The file written, once something was set aside.
  package var path: String? { state.withLock { $0.path } }

  package var count: Int { state.withLock { $0.count } }

  /// Why the file could not be written, if so.
  package var failure: String? { state.withLock { $0.failure } }

  /// Sets a resource aside.
  ///
  /// - Parameters:
  ///   - resource: the resource's JSON, or nil when what was read is no JSON; then `raw` is kept as a string.
  ///   - raw: bytes as they were read.
  package func add(
    source: String, position: SourcePosition?, resource: String?, raw: String?, issues: [Issue]
  ) {
    var members: [(String, String)] = [("source", JSONText.quoted(source))]
    members.append(("line", position.map { String($0.line) } ?? "null"))
    members.append(("column", position.map { String($0.column) } ?? "null"))
    members.append(("issues", Quarantine.reasons(issues)))
    if let resource { members.append(("resource", resource)) }
    if let raw { members.append(("raw", JSONText.quoted(raw))) }
    let line = JSONText.object(members) + "\n"
    state.withLock { state in
      state.count += 1
      if state.descriptor < 0 && state.failure == nil { create(&state) }
      guard state.descriptor >= 0 else { return }
      if !Terminal.write(line, to: state.descriptor) {
        state.failure = "\(state.path ?? wanted): cannot be written: \(String(cString: strerror(errno)))"
      }
    }
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
    let stem = wanted.hasSuffix(".ndjson") ? String(wanted.dropLast(7)) : wanted
    for number in 1...9999 {
      let path = number == 1 ? wanted : "\(stem)-\(number).ndjson"
      state.descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
      if state.descriptor >= 0 {
        state.path = path
        return
      }
      if errno != EEXIST { break }
    }
    state.failure = "\(wanted): cannot be written: \(String(cString: strerror(errno)))"
  }

  /// Ends the file.
  package func close() {
    state.withLock { state in
      if state.descriptor >= 0 { Glibc.close(state.descriptor) }
      state.descriptor = -1
    }
  }
}
