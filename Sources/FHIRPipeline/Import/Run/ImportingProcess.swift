import FHIRMapping
import Foundation
import Glibc

/// The process that imports, as the note of its import tells it: the machine, and on it the process.
///
/// A process's number comes again in time, its number with the moment of its start does not before the machine restarts.
struct ImportingProcess: Equatable {
  var host: String
  /// Another after every start of the machine; empty where the system does not tell.
  var boot: String
  var number: Int32
  /// Clock ticks from the start of the machine to that of the process; empty where the system does not tell.
  var started: String

  static let current = ImportingProcess(
    host: name(), boot: bootID(), number: getpid(), started: start(of: getpid()) ?? "")

  init(host: String, boot: String, number: Int32, started: String) {
    self.host = host
    self.boot = boot
    self.number = number
    self.started = started
  }

  /// As `text` gives it; nil for other text.
  init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 4, let number = Int32(parts[2]), number > 0 else { return nil }
    self.init(host: String(parts[0]), boot: String(parts[1]), number: number, started: String(parts[3]))
  }

  var text: String { "\(host) \(boot) \(number) \(started)" }

  /// What the process calls itself when it connects to MongoDB, by which what it left there is found.
  var applicationName: String { "fhirline \(number) \(ContentDigest.text(of: text).prefix(16))" }

  /// Whether it surely runs no more. Of another machine's processes nothing is known.
  var isGone: Bool {
    let own = ImportingProcess.current
    guard host == own.host else { return false }
    if boot != own.boot { return true }
    // EPERM: it is there, and another user's.
    guard kill(number, 0) == 0 || errno == EPERM else { return true }
    guard let start = ImportingProcess.start(of: number), !started.isEmpty else { return false }
    return start != started
  }

  private static func name() -> String {
    ProcessInfo.processInfo.hostName.replacing(" ", with: "-")
  }

  private static func bootID() -> String {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
  }

  /// Field 22 of `/proc/PID/stat`; the second, the program's name, may hold anything and ends with the last `)`.
  private static func start(of number: Int32) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? String(fields[19]) : nil
  }
}
