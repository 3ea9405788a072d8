import BSON
import Foundation
import Testing

/// Telehealth Encounters as appointments, where pipeline.yml asks for it.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct EncounterAppointmentTests {
  private static let lines = [
    #"{"resourceType":"Patient","id":"p"}"#,
    #"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}]}"#,
    #"{"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"VR"},"subject":{"reference":"Patient/p"},"participant":[{"individual":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"}}],"period":{"start":"2024-03-01T09:00:00-05:00","end":"2024-03-01T09:20:00-05:00"}}"#,
    #"{"resourceType":"Encounter","id":"e2","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"2024-04-01T09:00:00-05:00"}}"#,
    #"{"resourceType":"Appointment","id":"a","status":"booked","start":"2024-02-01T09:00:00Z","end":"2024-02-01T09:30:00Z","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"}]}"#,
  ]

  private func run(_ workspace: Workspace, _ arguments: String...) throws -> Program.Outcome {
    try Program.run(
      arguments + ["--config", workspace.path("pipeline.yml"), "--quiet"],
      environment: ["FHIRLINE_DATABASE": workspace.database])
  }

  @Test(arguments: [0, 3]) func `they become appointments, and are not exported as such`(_ shift: Int) throws
  {
    let workspace = try Workspace()
    try workspace.write("pipeline.yml", "documents:\n  appointments_from_encounters: [VR]\n")
    let lines = Array(Self.lines[shift...] + Self.lines[..<shift])
    let all = try workspace.write("all.ndjson", lines.joined(separator: "\n") + "\n")
    // In one run, or line by line: the practitioner may come after the encounter.
    let files =
      shift == 0
      ? [all]
      : try lines.enumerated().map { try workspace.write("\($0.offset).ndjson", $0.element + "\n") }
    for file in files {
      let outcome = try run(workspace, "import", file, "--quarantine", workspace.path("q"))
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let derived = try workspace.document("encounter-e1", in: "appointment")
    #expect(derived["patient_id"] == "p")
    #expect(derived["provider_id"] == "d")
    #expect(derived["date_of_visit"] == .date(1_709_301_600_000))
    #expect(derived["disposition"] == "completed")
    #expect(derived["_fhirline"]?.fields?["key"] == "DerivedAppointment/encounter-e1")
    #expect(try workspace.documents(in: "appointment").count == 2)
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a", "encounter-e1"])
    #expect(try workspace.document("p", in: "patient_chart")["last_appointment_id"] == "encounter-e1")
    #expect(try workspace.document("d", in: "provider")["appointments"] == ["encounter-e1"])
    let out = try run(workspace, "export", "--out", workspace.path("out"), "--references", "original")
    #expect(out.status == 0, "\(out.errors)")
    let compared = try Program.run(["compare", all, workspace.path("out")])
    #expect(compared.status == 0, "\(compared.output)")
  }

  @Test func `twice is once, and what is read is accounted for`() throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  appointments_from_encounters: [VR]\n")
    let all = try workspace.write("all.ndjson", Self.lines.joined(separator: "\n") + "\n")
    for number in 0..<2 {
      let outcome = try Program.run(
        [
          "import", all, "--config", config, "--summary", "json", "--no-progress", "--quarantine",
          workspace.path("q"),
        ],
        environment: ["FHIRLINE_DATABASE": workspace.database])
      let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
      #expect(summary.read == summary.accounted && summary.quarantined == 0, "\(summary)")
      #expect(number == 0 || summary.loaded.unchanged == summary.read, "\(summary)")
    }
  }

  @Test func `unless asked for, they do not`() throws {
    let workspace = try Workspace()
    let all = try workspace.write("all.ndjson", Self.lines.joined(separator: "\n") + "\n")
    _ = try workspace.importFiles(all)
    #expect(try workspace.documents(in: "appointment").count == 1)
  }
}
