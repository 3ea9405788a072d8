import Foundation
import Glibc
import Synchronization

/// Watches how much memory a process has resident at most.
///
/// What the system tells at its end counts what its parent had when it was started as well, and this program holds a gigabyte of
/// documents at times. So the kernel is asked for the process's own peak, every few milliseconds, as long as it runs.
final class MemoryWatch: Sendable {
  private let peak = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)

  init(_ process: pid_t) {
    Thread.detachNewThread { [self] in
      while !isOver.load(ordering: .relaxed) {
        let seen = MemoryWatch.peak(of: process)
        _ = peak.max(seen, ordering: .relaxed)
        usleep(5_000)
      }
    }
  }

  /// Bytes; call it when the process has ended.
  func end() -> Int {
    isOver.store(true, ordering: .relaxed)
    return peak.load(ordering: .relaxed)
  }

  /// `VmHWM` of a process; 0 once it has ended.
  private static func peak(of process: pid_t) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = Int(line.split(separator: " ").dropFirst().first ?? "")
    else { return 0 }
    return kilobytes * 1024
  }
}
