import Foundation
import Testing

/// What the system lets the program have: where that is too little, it says which, and ends with an exit code of its own.
@Suite struct SystemLimitTests {
  private func run(_ limits: String, _ arguments: String, _ environment: [String: String] = [:]) throws
    -> Program.Outcome
  {
    try Program.run(
      ["-c", "\(limits) && exec '\(Program.executable.path)' \(arguments)"], environment: environment,
      program: URL(filePath: "/bin/bash"))
  }

  @Test func `no room for a thread`() throws {
    // Each thread is to have a stack that is larger than all the memory that the program may have.
    let outcome = try run("ulimit -s 100000000 && ulimit -v 50000000", "validate Samples/clinic")
    #expect(outcome.status == 3, "\(outcome.errors)")
    #expect(outcome.errors.contains("the system gives no further thread"), "\(outcome.errors)")
    #expect(outcome.errors.contains("ulimit -v"), "\(outcome.errors)")
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `no descriptor for a connection`() throws {
    let workspace = try Workspace()
    let outcome = try run(
      "ulimit -n 5", "import Samples/clinic --quarantine '\(workspace.path("q"))'",
      ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("ulimit -n") && !outcome.errors.contains("tls=true"), "\(outcome.errors)")
  }
}
