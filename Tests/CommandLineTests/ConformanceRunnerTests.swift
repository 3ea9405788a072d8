import Foundation
import Testing

/// The runner of conformance suites, on a small suite of its own in the layout of the public repository.
@Suite struct `The conformance runner` {
  private static let runner = Program.executable.deletingLastPathComponent().appending(path: "conformance")

  private static let good = #"{"resourceType": "Patient", "active": true}"#
  private static let bad = #"{"resourceType": "Patient", "name": [{"family": "Okafor"}], "active": "yes"}"#

  private static func outcome(_ issues: String) -> String {
    #"{"resourceType": "OperationOutcome", "issue": [\#(issues)]}"#
  }

  private static func error(_ expression: String) -> String {
    #"{"severity": "error", "code": "invalid", "expression": ["\#(expression)"], "details": {"text": "wrong"}}"#
  }

  /// A definition that asks for a birth date.
  private static let profile = #"""
    {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "draft",
     "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
     "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
     "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]}}
    """#

  private func run(_ manifest: String, failures: String = "", _ more: String...) throws -> Program.Outcome {
    let workspace = try Workspace()
    try workspace.write("suite/validator/manifest.json", manifest)
    try workspace.write("suite/validator/good.json", Self.good)
    try workspace.write("suite/validator/bad.json", Self.bad)
    try workspace.write("suite/validator/profiles/p.json", Self.profile)
    try workspace.write(
      "suite/validator/outcomes/java/R4.bad-base.json", Self.outcome(Self.error("Patient.active")))
    try workspace.write("expected.txt", failures)
    return try Program.run(
      [workspace.path("suite"), "--expected", workspace.path("expected.txt")] + more, program: Self.runner)
  }

  @Test func `a list of cases, their outcomes in files and in place`() throws {
    let outcome = try run(
      #"""
      {"documentation": {}, "test-cases": [
        {"name": "good", "file": "good.json", "version": "4.0", "java": {"outcome": \#(Self.outcome(""))},
         "profile": {"source": "profiles/p.json", "java": {"outcome": \#(Self.outcome(Self.error("Patient")))}}},
        {"name": "bad", "file": "bad.json", "version": "4.0.1", "module": "json", "java": "java/R4.bad-base.json"},
        {"name": "named", "file": "bad.json", "version": "4.0", "java": {"outcome": "java/R4.bad-base.json"}},
        {"name": "other release", "file": "bad.json", "version": "5.0", "java": "java/R4.bad-base.json"},
        {"name": "left out", "file": "bad.json", "version": "4.0", "use-test": false, "java": {"errorCount": 7}},
        {"name": "needs a package", "file": "bad.json", "version": "4.0", "packages": ["org.example.nowhere#9.9"],
         "java": {"errorCount": 7}}]}
      """#)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains(/validator all verdict +4 of 4/))
    #expect(outcome.output.contains(/validator all expressions +3 of 3/))
    #expect(outcome.output.contains(/validator module json verdict +1 of 1/))
  }

  @Test func `cases by their files, with numbers of errors`() throws {
    let outcome = try run(
      #"""
      {"test-cases": {
        "good.json": {"version": "4.0", "java": {"errorCount": 0}},
        "bad.json": {"version": "4.0", "java": {"errorCount": 1, "error-locations": ["Patient.active"]}}}}
      """#)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains(/validator all verdict +2 of 2/))
    #expect(outcome.output.contains(/validator all expressions +1 of 1/))
  }

  @Test func `an unexpected failure fails, and so does an unexpected pass`() throws {
    let manifest =
      #"{"test-cases": [{"name": "bad", "file": "bad.json", "version": "4.0", "java": {"errorCount": 0}}]}"#
    #expect(try run(manifest).status == 1)
    #expect(try run(manifest, failures: "validator/bad/base verdict  # a reason\n").status == 0)
    let passing = manifest.replacing("0}", with: "1}").replacing(
      "errorCount\": 1}", with: "errorCount\": 1, \"error-locations\": [\"Patient.active\"]}")
    let outcome = try run(passing, failures: "validator/bad/base verdict  # a reason\n")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("unexpected pass"))
  }
}
