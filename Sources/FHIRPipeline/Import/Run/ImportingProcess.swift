import FHIRMapping
import Foundation
import Glibc

/// The process that imports, as the note of its import tells it: the machine, and on it the process.
///
/// A process's number comes again in time, its number with the moment of its start does not before the machine restarts.
struct ImportingProcess: Equatable {
  /// The machine's name; in a container, where processes have numbers of their own, what tells it from others of that name besides.
  var host: String
  /// Another after every start of the machine; empty where the system does not tell.
  var boot: String
  var number: Int32
  /// Clock ticks from the start of the machine to that of the process; empty where the system does not tell.
  var started: String

  static let current = ImportingProcess(
    host: name(), boot: bootID(), number: getpid(), started: start(of: getpid()) ?? "")

  /// A process of this machine; nil where there is none of that number, or the system does not tell.
  static func running(_ number: Int32) -> ImportingProcess? {
    start(of: number).map {
      ImportingProcess(host: current.host, boot: current.boot, number: number, started: $0)
    }
  }

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
  var applicationName: String {
    "\(ImportingProcess.program) \(number) \(ContentDigest.text(of: text).prefix(16)) \(machine)"
  }

  /// What the names of all such processes begin with.
  static let program = "fhirline"

  /// Stands for the machine since its start.
  private var machine: String { String(ContentDigest.text(of: host + " " + boot).prefix(8)) }

  /// Whether a process of that name ran on this machine, and surely runs no more.
  static func isGone(applicationName name: String) -> Bool {
    let parts = name.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == program, parts[3] == current.machine, let number = Int32(parts[1]),
      number > 0
    else { return false }
    guard kill(number, 0) == 0 || errno == EPERM else { return true }
    guard let process = running(number) else { return false }
    return isDead(number) || process.applicationName != name
  }

  /// Whether it is another machine's, or another container's: whether it runs only it can tell (``RunHeartbeat``).
  var isElsewhere: Bool { host != ImportingProcess.current.host }

  /// Whether it surely runs no more. Of another machine's processes nothing is known, nor of another container's, but for those that
  /// this one had before it was started anew.
  var isGone: Bool {
    let own = ImportingProcess.current
    guard host == own.host else { return isOfEarlierStart(ofContainer: own) }
    if boot != own.boot { return true }
    // EPERM: it is there, and another user's.
    guard kill(number, 0) == 0 || errno == EPERM else { return true }
    guard let start = ImportingProcess.start(of: number), !started.isEmpty else { return false }
    return start != started || ImportingProcess.isDead(number)
  }

  /// Whether it ran in the very container that another runs in, before that was started anew: its processes have numbers of their own
  /// since then, and those that it had are gone.
  ///
  /// A container that was given no name has the first twelve digits of its id for one, which no other container has. Another name
  /// may be that of several at once, and tells nothing.
  func isOfEarlierStart(ofContainer other: ImportingProcess) -> Bool {
    guard let container, container == other.container else { return false }
    return host != other.host || boot != other.boot
  }

  private var container: Substring? {
    let parts = host.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 12,
      parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return parts[0]
  }

  private static func name() -> String {
    let name = ProcessInfo.processInfo.hostName.replacing(" ", with: "-")
    let numbers = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    // The machine's own processes; see https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
    guard let numbers, numbers != "pid:[4026531836]" else { return name }
    return name + "/" + numbers.filter(\.isNumber)
  }

  private static func bootID() -> String {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
  }

  private static func start(of number: Int32) -> String? {
    let fields = fields(of: number)
    return fields.count > 19 ? fields[19] : nil
  }

  /// Whether nothing is left of a process but its number, which nobody has asked after: in a container there may be nobody who does.
  private static func isDead(_ number: Int32) -> Bool {
    fields(of: number).first.map { $0 == "Z" || $0 == "X" } ?? false
  }

  /// `/proc/PID/stat` from its third field; the second, the program's name, may hold anything and ends with the last `)`.
  private static func fields(of number: Int32) -> [String] {
    guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return [] }
    return text[text.index(after: end)...].split(separator: " ").map(String.init)
  }
}
