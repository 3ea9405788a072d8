import Foundation
import Synchronization

/// A stretch of wire between a client and a server that can be cut: what a lost connection is to the client.
///
/// It listens on a loopback port of its own and passes everything on, until it is cut; then every connection breaks and
/// no new one is taken.
final class SeverableWire: Sendable {
  let port: UInt16
  private let listener: Int32
  private let state = Mutex(State())

  private struct State {
    var sockets: [Int32] = []
    var isCut = false
    var bytesLeft = Int.max
  }

  struct Failure: Error {
    let call: String
  }

  init(to serverPort: UInt16) throws {
    (listener, port) = try Self.boundSocket()
    guard listen(listener, 64) == 0 else { throw Failure(call: "listen") }
    Thread.detachNewThread { self.accept(serverPort) }
  }

  /// Cuts the wire now.
  func cut() {
    state.withLock { state in
      state.isCut = true
      for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  /// Cuts the wire when so many more bytes have gone to the server.
  func cut(afterBytes bytes: Int) { state.withLock { $0.bytesLeft = bytes } }

  private func accept(_ serverPort: UInt16) {
    while true {
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { break }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let isUp = Self.withLoopback(port: serverPort) { connect(server, $0, $1) } == 0
      let isKept = state.withLock { state in
        guard isUp, !state.isCut else { return false }
        state.sockets += [client, server]
        return true
      }
      guard isKept else {
        close(client)
        close(server)
        continue
      }
      Thread.detachNewThread { self.pass(from: client, to: server, isUpstream: true) }
      Thread.detachNewThread { self.pass(from: server, to: client, isUpstream: false) }
    }
    close(listener)
  }

  private func pass(from source: Int32, to target: Int32, isUpstream: Bool) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      if isUpstream {
        let isSpent = state.withLock { state in
          state.bytesLeft -= count
          return state.bytesLeft < 0
        }
        if isSpent { return cut() }
      }
      var sent = 0
      while sent < count {
        let step = buffer.withUnsafeBytes {
          send(target, $0.baseAddress.unsafelyUnwrapped + sent, count - sent, Int32(MSG_NOSIGNAL))
        }
        guard step > 0 else { return shut(source, target) }
        sent += step
      }
    }
    shut(source, target)
  }

  private func shut(_ sockets: Int32...) {
    for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private static func withLoopback(
    port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func boundSocket() throws -> (socket: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0, withLoopback(port: 0, { bind(descriptor, $0, $1) }) == 0 else {
      throw Failure(call: "bind")
    }
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let named = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard named == 0 else { throw Failure(call: "getsockname") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }
}
