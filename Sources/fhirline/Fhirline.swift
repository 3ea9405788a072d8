import ArgumentParser
import FHIRPipeline
import Glibc

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
    MemoryReturn.prepare()
    // A reader that went away (`fhirline validate … | head`) ends writing with an error, not the process with a signal.
    signal(SIGPIPE, SIG_IGN)
    Interruption.install()
    do {
      var command = try parseAsRoot(FhirpathCommand.shielded(Array(CommandLine.arguments.dropFirst())))
      try command.run()
      if let failure = Terminal.outputFailure { throw failure }
    } catch let status as ExitStatus.Exit {
      Glibc.exit(status.status.rawValue)
    } catch let failure as PipelineFailure {
      Terminal.say("fhirline: \(failure.message)")
      Glibc.exit(failure.exitStatus.rawValue)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if code == .success {
        Terminal.write(text + "\n", to: STDOUT_FILENO)
        Glibc.exit(0)
      }
      Terminal.say(text)
      Glibc.exit(ExitStatus.couldNotRun.rawValue)
    }
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
