import FHIRModel
import Synchronization

/// The servers by whose URLs entries of a run's inputs are known.
final class SeenServers: Sendable {
  struct Found: Sendable {
    /// A base of each, as it is written.
    var servers: [ServerAddress: String] = [:]
    /// The numbers of the files that have such entries.
    var files: Set<Int> = []
  }

  private struct State {
    var found = Found()
    /// What was seen before, as a rule what is seen next.
    var lastBase: [UInt8] = []
    var lastFile = -1
  }

  private let state = Mutex(State())

  func note(_ fullUrl: String?, id: String, of file: Int) {
    guard var fullUrl, fullUrl.utf8.first == UInt8(ascii: "h") else { return }
    var id = id
    fullUrl.withUTF8 { fullUrl in id.withUTF8 { note(fullUrl, id: $0, of: file) } }
  }

  /// Takes note of an entry's `fullUrl`, if its server calls the resource by the id that it has.
  func note(_ fullUrl: UnsafeBufferPointer<UInt8>, id: UnsafeBufferPointer<UInt8>, of file: Int) {
    guard let length = ServerURL.baseLength(of: fullUrl), fullUrl.count > id.count,
      fullUrl[(fullUrl.count - id.count)...].elementsEqual(id)
    else { return }
    let base = UnsafeBufferPointer(rebasing: fullUrl[..<length])
    state.withLock { state in
      let isKnown = state.lastBase.elementsEqual(base)
      if isKnown, state.lastFile == file { return }
      guard isKnown || ServerURL(String(decoding: fullUrl, as: UTF8.self)) != nil else { return }
      state.lastBase = Array(base)
      state.lastFile = file
      let text = String(decoding: base, as: UTF8.self)
      let address = ServerAddress(text)
      guard address != .own else { return }
      let known = state.found.servers[address]
      guard known != nil || state.found.servers.count < ServerBases.most else { return }
      state.found.files.insert(file)
      // The same whoever was first.
      if known.map({ text < $0 }) ?? true { state.found.servers[address] = text }
    }
  }

  func take() -> Found { state.withLock { $0.found } }
}
