import ArgumentParser
import FHIRModel
import FHIRPipeline
import Glibc
import Memory

/// The program: arguments in, one call into FHIRPipeline, exit code out.
@main
struct Fhirline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fhirline",
    abstract: "Moves clinical data between FHIR R4 and MongoDB documents, both ways, losing nothing.",
    discussion: """
      FILE may be a file, a folder, a pattern, or - for standard input; JSON, NDJSON or XML, also gzipped.
      Exit codes: 0 done; 1 done, with findings or resources set aside; 2 could not run; 3 stopped, run it again.
      """,
    version: ProgramVersion.current,
    subcommands: [
      ValidateCommand.self, ExplainCommand.self, InitCommand.self, PlanCommand.self, ImportCommand.self,
      ExportCommand.self,
      ConvertCommand.self,
      CompareCommand.self, DoctorCommand.self, QuarantineCommand.self, TraceCommand.self,
      FhirpathCommand.self, MappingCommand.self, MeasureCommand.self,
    ])

  static func main() {
    Terminal.holdClosedStreams()
    MemoryReturn.prepare()
    Database.prepare()
    hideCredentials()
    // A reader that went away (`fhirline validate … | head`) ends writing with an error, not the process with a signal.
    signal(SIGPIPE, SIG_IGN)
    // So does a limit on the size of files (`ulimit -f`).
    signal(SIGXFSZ, SIG_IGN)
    Interruption.install()
    do {
      var command = try parseAsRoot(FhirpathCommand.shielded(Array(CommandLine.arguments.dropFirst())))
      try command.run()
      if let failure = Terminal.outputFailure { throw failure }
    } catch let status as ExitStatus.Exit {
      Glibc.exit(status.status.rawValue)
    } catch let failure as PipelineFailure where failure.code == .output && Terminal.hasLostReader {
      // It was cut short, and there is nobody to be told.
      Glibc.exit(ExitStatus.stopped.rawValue)
    } catch let failure as PipelineFailure {
      Terminal.say("fhirline: \(failure.message)")
      Glibc.exit(failure.exitStatus.rawValue)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if code == .success {
        Terminal.write(text + "\n", to: STDOUT_FILENO)
        guard let failure = Terminal.outputFailure else { Glibc.exit(0) }
        Terminal.say("fhirline: \(failure.message)")
        Glibc.exit(failure.exitStatus.rawValue)
      }
      Terminal.say(unknownCommand ?? text)
      Glibc.exit(ExitStatus.couldNotRun.rawValue)
    }
  }

  /// What to say of a first word that is no command; nil where it is one.
  private static var unknownCommand: String? {
    guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return nil }
    let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard !names.contains(word) else { return nil }
    let near = closest(to: word, among: names).map { "did you mean \($0)?" }
    return "fhirline: there is no command \(word)"
      + (near.map { ": \($0)" } ?? "; fhirline --help lists them")
  }
}

extension Fhirline {
  /// Takes passwords out of the command line that other users of the machine see (`ps`, /proc/PID/cmdline). Until here they
  /// could be seen: MONGODB_URI and --uri-file do not show them at all.
  private static func hideCredentials() {
    // The program's own copy is made when it is first asked for.
    for (number, argument) in CommandLine.arguments.enumerated() where argument.contains("mongodb") {
      guard let bytes = CommandLine.unsafeArgv[number] else { continue }
      let text = Array(argument.utf8)
      for secret in secrets(in: text) {
        for index in secret { bytes[index] = CChar(bitPattern: UInt8(ascii: "x")) }
      }
    }
  }

  /// Where `user:password` stands in a connection string (an @ that is not encoded may be of it), and a key's password.
  private static func secrets(in text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    if let start = text.firstRange(of: Array("://".utf8))?.upperBound,
      let end = text.lastIndex(of: UInt8(ascii: "@")), end > start
    {
      found.append(start..<end)
    }
    // tlsCertificateKeyFilePassword, in any case.
    let folded = text.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    for name in folded.ranges(of: Array("password=".utf8)) {
      let end = text[name.upperBound...].firstIndex(of: UInt8(ascii: "&")) ?? text.count
      found.append(name.upperBound..<end)
    }
    return found
  }
}

extension ExitStatus {
  /// Thrown by a command to end the program with a status other than `done`.
  struct Exit: Error {
    let status: ExitStatus
  }

  /// Ends the command with this status; or with the failure of an output that is not whole.
  func leave() throws {
    if let failure = Terminal.outputFailure { throw failure }
    if self != .done { throw Exit(status: self) }
  }
}
