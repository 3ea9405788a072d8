import Foundation
import Synchronization
import Testing

/// A stretch of wire between the program and a server, with a loopback port of its own: it counts what goes to the server, and
/// fails as a test tells it to.
final class Wire: Sendable {
  let port: UInt16
  private let listener: Int32
  private let server: UInt16
  private let state = Mutex(State())

  private struct State {
    var sockets: Set<Int32> = []
    var isClosed = false
    /// Connections end, and no new one is taken.
    var isCut = false
    /// Nothing passes, and nobody is told.
    var isStill = false
    var sent = 0
    /// How many more bytes go to the server before everything is held.
    var left = Int.max
  }

  /// - Parameter server: the port of a server on this machine.
  init(to server: UInt16) throws {
    self.server = server
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Wire.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = listener
    let isListening = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(bound, $0, length) == 0 && getsockname(bound, $0, &length) == 0
      }
    }
    try #require(isListening && listen(listener, 64) == 0)
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { self.accept() }
  }

  deinit { close() }

  /// The port of the server that `make test` starts; nil where MONGODB_URI names one that a wire cannot be laid to.
  static let testServer: UInt16? = {
    let uri = ProcessInfo.processInfo.environment["MONGODB_URI"] ?? ""
    guard let match = uri.firstMatch(of: /^mongodb:\/\/127\.0\.0\.1:([0-9]+)\//) else { return nil }
    return UInt16(match.1)
  }()

  /// Connects through the wire, and to nobody else that the server may name.
  var uri: String { "mongodb://127.0.0.1:\(port)/?directConnection=true" }

  /// Bytes that have gone to the server.
  var sent: Int { state.withLock { $0.sent } }

  /// Lets so many more bytes go to the server, and holds back all that would follow, in the midst of a message or not.
  func hold(afterBytes count: Int) { state.withLock { $0.left = count } }

  var isHolding: Bool { state.withLock { $0.left <= 0 } }

  /// Lets what was held go on, as what a dead program's machine still had to send does.
  func release() { state.withLock { $0.left = Int.max } }

  /// Ends all connections and takes no new one, for so long.
  func cut(seconds: Double) {
    state.withLock { state in
      state.isCut = true
      for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }
    Thread.sleep(forTimeInterval: seconds)
    state.withLock { $0.isCut = false }
  }

  /// Lets nothing through for so long; connections stay.
  func stall(seconds: Double) {
    state.withLock { $0.isStill = true }
    Thread.sleep(forTimeInterval: seconds)
    state.withLock { $0.isStill = false }
  }

  /// Ends the wire for good; threads that wait for its connections would keep it else.
  func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
      return !state.isClosed
    }
    if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
  }

  private func accept() {
    while true {
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { break }
      guard !state.withLock({ $0.isCut || $0.isClosed }) else {
        Foundation.close(client)
        continue
      }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = Wire.loopback(self.server)
      let isUp = withUnsafePointer(to: &address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isUp else {
        Foundation.close(client)
        Foundation.close(server)
        continue
      }
      state.withLock { $0.sockets.formUnion([client, server]) }
      let pair = Pair(client: client, server: server)
      Thread.detachNewThread { self.pass(pair, isUpstream: true) }
      Thread.detachNewThread { self.pass(pair, isUpstream: false) }
    }
    Foundation.close(listener)
  }

  /// Two sockets, closed when neither direction uses them any more: a number that is free is soon another's.
  private final class Pair: Sendable {
    let client: Int32
    let server: Int32
    private let directions = Mutex(2)

    init(client: Int32, server: Int32) {
      self.client = client
      self.server = server
    }

    /// Whether nobody else is left.
    func leave() -> Bool {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
      return directions.withLock {
        $0 -= 1
        return $0 == 0
      }
    }
  }

  private func pass(_ pair: Pair, isUpstream: Bool) {
    let (source, target) = isUpstream ? (pair.client, pair.server) : (pair.server, pair.client)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    passing: while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      var sent = 0
      while sent < count {
        let room = room(for: count - sent, isUpstream: isUpstream)
        guard room >= 0 else { break passing }
        guard room > 0 else {
          usleep(1000)
          continue
        }
        let step = buffer.withUnsafeBytes {
          $0.baseAddress.map { send(target, $0 + sent, room, Int32(MSG_NOSIGNAL)) } ?? -1
        }
        guard step > 0 else { break passing }
        sent += step
      }
    }
    guard pair.leave() else { return }
    state.withLock { $0.sockets.subtract([pair.client, pair.server]) }
    Foundation.close(pair.client)
    Foundation.close(pair.server)
  }

  /// How many bytes may pass now; less than none where the wire has ended.
  private func room(for count: Int, isUpstream: Bool) -> Int {
    state.withLock { state in
      if state.isClosed { return -1 }
      if state.isStill { return 0 }
      guard isUpstream else { return count }
      let room = min(count, max(0, state.left))
      state.sent += room
      if state.left != Int.max { state.left -= room }
      return room
    }
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
