import Foundation
import Synchronization

/// Ports of this machine that nobody listens on, and that nobody gets by chance.
package enum UnusedPort {
  private static let given = Mutex<Set<UInt16>>([])

  package struct Missing: Error {}

  /// Below those that the system gives to whoever connects to something: one of those might be taken again before a server has it,
  /// or while it is down.
  private static let range: Range<UInt16> = {
    let text = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
    let lowest = text?.split(whereSeparator: \.isWhitespace).first.flatMap { UInt16($0) } ?? 32_768
    return lowest > 16_000 ? 10_000..<min(lowest, 27_000) : 61_000..<65_000
  }()

  /// A port that is given to no other test of this process.
  package static func choose() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = UInt16.random(in: range)
      if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
    }
    throw Missing()
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
