import BSON
import Foundation
import Testing

/// Inputs that come again: what of them is stored is told by its hash, and not checked once more.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct StoredInputTests {
  /// A patient with two observations, one of a unit that deserves a warning, and a practitioner whom other Bundles may name too.
  private func bundle(_ type: String, _ patient: String, value: String = "72", gender: String = "female")
    -> String
  {
    #"{"resourceType":"Bundle","type":"\#(type)","entry":["#
      + [
        #"{"resourceType":"Patient","id":"\#(patient)","gender":"\#(gender)"}"#,
        #"{"resourceType":"Practitioner","id":"doc","name":[{"family":"Ng"}]}"#,
        observation("\(patient)-a", patient, value), observation("\(patient)-b", patient, "80"),
        #"{"resourceType":"Claim","id":"\#(patient)-c","status":"active","use":"claim","created":"2024-01-01","priority":{"text":"x"},"#
          + #""type":{"text":"x"},"patient":{"reference":"Patient/\#(patient)"},"provider":{"reference":"Practitioner/doc"},"#
          + #""insurance":[{"sequence":1,"focal":true,"coverage":{"display":"none"}}]}"#,
      ].enumerated().map {
        #"{"fullUrl":"http://example.org/\#(patient)/\#($0.offset)","resource":\#($0.element),"#
          + #""request":{"method":"POST","url":"X"}}"#
      }.joined(separator: ",") + "]}"
  }

  private func observation(_ id: String, _ patient: String, _ value: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"nonesuch"}]}],"code":{"coding":[{"system":"http://example.org/none","code":"x"}]},"#
      + #""subject":{"reference":"Patient/\#(patient)"},"valueQuantity":{"value":\#(value),"unit":"/min"}}"#
  }

  private struct Issues: Decodable {
    struct Counts: Decodable { var error: Int; var warning: Int }
    var issues: Counts
  }

  private func run(_ workspace: Workspace, _ files: [String], status: Int32 = 0) throws -> (
    Workspace.Summary, Issues.Counts
  ) {
    let outcome = try Program.run(
      ["import"] + files + [
        "--summary", "json", "--no-progress", "--quarantine", workspace.path("q.ndjson"),
      ],
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)")
    let data = Data(outcome.output.utf8)
    let decoder = JSONDecoder()
    return (
      try decoder.decode(Workspace.Summary.self, from: data),
      try decoder.decode(Issues.self, from: data).issues
    )
  }

  private static let collections = ["patient", "patient_chart", "provider", "resource"]

  private func content(_ workspace: Workspace) throws -> [[BSONFields]] {
    try StoredInputTests.collections.map { name in
      try workspace.documents(in: name).sorted { $0["_id"]?.text ?? "" < $1["_id"]?.text ?? "" }
    }
  }

  @Test(arguments: ["batch", "transaction"])
  func `a Bundle that comes again changes nothing and is not checked again`(type: String) throws {
    let workspace = try Workspace()
    let files = try ["p", "q", "r"].map { try workspace.write("\($0).json", bundle(type, $0)) }
    let (first, found) = try run(workspace, files)
    #expect(first.read == 15 && first.accounted == 15)
    #expect(found.warning > 0)
    let before = try content(workspace)
    let (second, again) = try run(workspace, files)
    #expect(second.read == 15 && second.loaded.unchanged == 15)
    #expect(again.warning < found.warning)
    #expect(try content(workspace) == before)
    // Loaded by other rules, it is checked.
    try workspace.set("rules", to: "others", of: .int32(1), in: "fhirline_run")
    let (third, checked) = try run(workspace, files)
    #expect(third.loaded.unchanged == 15)
    #expect(checked.warning == found.warning)
  }

  @Test(arguments: ["batch", "transaction"])
  func `of a Bundle that changed, what changed is replaced, as in a database that was never loaded before`(
    type: String
  ) throws {
    let workspace = try Workspace()
    let other = try Workspace()
    _ = try run(
      workspace,
      [try workspace.write("p.json", bundle(type, "p")), try workspace.write("q.json", bundle(type, "q"))])
    let files = [
      try workspace.write("p.json", bundle(type, "p", value: "73")),
      try workspace.write("q.json", bundle(type, "q")),
    ]
    let (second, _) = try run(workspace, files)
    #expect(second.read == 10 && second.accounted == 10)
    #expect(second.loaded.replaced == 1 && second.loaded.inserted == 0)
    _ = try run(other, files)
    let hashes = { (workspace: Workspace) in
      try content(workspace).map { $0.map { $0["_fhirline"]?.fields?["hash"] } }
    }
    #expect(try hashes(workspace) == hashes(other))
  }

  @Test(arguments: ["batch", "transaction"])
  func `what is wrong in a Bundle is set aside each time it comes`(type: String) throws {
    let workspace = try Workspace()
    let good = try workspace.write("p.json", bundle(type, "p"))
    _ = try run(workspace, [good])
    // The patient alone is another, and wrong.
    let bad = try workspace.write("bad.json", bundle(type, "p", gender: "unheard-of"))
    for _ in 1...2 {
      let (summary, issues) = try run(workspace, [bad], status: 1)
      #expect(summary.read == 5 && summary.accounted == 5)
      #expect(summary.quarantined == (type == "batch" ? 1 : 5))
      #expect(issues.error == 1)
    }
    let (again, _) = try run(workspace, [good])
    #expect(again.loaded.unchanged == 5)
  }

  // MARK: Bulk files

  /// Patients with an observation and a claim each, in files by type; `change` gets each line.
  private func bulk(_ workspace: Workspace, change: (String) -> String = { $0 }) throws -> [String] {
    let patients = ["p", "q", "r"]
    let lines = [
      "Patient": patients.map { #"{"resourceType":"Patient","id":"\#($0)","gender":"female"}"# },
      "Observation": patients.flatMap {
        [observation("\($0)-a", $0, "72"), observation("\($0)-b", $0, "80")]
      },
      "Basic": patients.map { #"{"resourceType":"Basic","id":"\#($0)-x","code":{"text":"x"}}"# },
    ]
    return try lines.map { type, lines in
      try workspace.write("\(type).ndjson", lines.map(change).joined(separator: "\n") + "\n")
    }.sorted()
  }

  @Test func `bulk files that come again change nothing and are not checked again`() throws {
    let workspace = try Workspace()
    let files = try bulk(workspace)
    let (first, found) = try run(workspace, files)
    #expect(first.loaded.inserted == 12 && found.warning > 0)
    let before = try content(workspace)
    let (second, again) = try run(workspace, files)
    #expect(second.read == 12 && second.loaded.unchanged == 12)
    #expect(again.warning == 0)
    #expect(try content(workspace) == before)
    try workspace.set("rules", to: "others", of: .int32(1), in: "fhirline_run")
    let (third, checked) = try run(workspace, files)
    #expect(third.loaded.unchanged == 12 && checked.warning == found.warning)
  }

  @Test func `of bulk files that changed, what changed is checked and replaced`() throws {
    let workspace = try Workspace()
    _ = try run(workspace, try bulk(workspace))
    let files = try bulk(workspace) { line in
      line.contains(#""id":"p-a""#)
        ? line.replacing("72", with: "73")
        : line.contains(#""id":"q-x""#)
          ? line.replacing(#""text":"x""#, with: #""text":"y""#)
          // An observation that is wrong, and a patient.
          : line.contains(#""id":"q-b""#)
            ? line.replacing("final", with: "unheard-of")
            : line.contains(#""id":"r","#) ? line.replacing("female", with: "unheard-of") : line
    }
    for replaced in [2, 0] {
      let (summary, issues) = try run(workspace, files, status: 1)
      #expect(summary.read == 12 && summary.accounted == 12)
      #expect(summary.quarantined == 2 && issues.error == 2)
      #expect(summary.loaded.replaced == replaced && summary.loaded.inserted == 0)
    }
    let set = try workspace.read("q.ndjson").split(separator: "\n")
    #expect(set.count == 2 && set.allSatisfy { $0.contains("binding-required") && $0.contains("unheard-of") })
    // As in a database that had the good versions first, and was never compared.
    let other = try Workspace()
    _ = try run(other, try bulk(other))
    try other.set("rules", to: "others", of: .int32(1), in: "fhirline_run")
    _ = try run(other, files, status: 1)
    let hashes = { (workspace: Workspace) in
      try content(workspace).map { $0.map { $0["_fhirline"]?.fields?["hash"] } }
    }
    #expect(try hashes(workspace) == hashes(other))
  }

  @Test func `a wrong version beside the stored one is set aside each time`() throws {
    let workspace = try Workspace()
    let files = try bulk(workspace)
    let wrong = try workspace.write(
      "A.ndjson", observation("p-a", "p", "72").replacing("final", with: "unheard-of") + "\n")
    for round in 1...3 {
      let (summary, issues) = try run(workspace, [wrong] + files, status: 1)
      #expect(summary.read == 13 && summary.accounted == 13, "\(round)")
      #expect(summary.quarantined == 1 && issues.error == 1, "\(round)")
    }
  }

  @Test func `of two versions whose patient nobody knows the later counts, and comes again as it is`() throws
  {
    let workspace = try Workspace()
    func version(_ value: String) -> String {
      observation("x", "p", value).replacing(
        "Patient/p", with: "Patient?identifier=http://example.org/mrn|nobody")
    }
    let patient = try workspace.write("p.ndjson", #"{"resourceType":"Patient","id":"p"}"# + "\n")
    let files = [
      try workspace.write("1.ndjson", version("1") + "\n"), patient,
      try workspace.write(
        "2.json",
        #"{"resourceType":"Bundle","type":"collection","entry":["#
          + #"{"fullUrl":"http://example.org/Observation/x","resource":\#(version("2"))},"#
          + #"{"fullUrl":"http://example.org/Patient/p","resource":{"resourceType":"Patient","id":"p"}}]}"#),
    ]
    _ = try run(workspace, [patient])
    for round in 1...3 {
      let (summary, _) = try run(workspace, files)
      #expect(summary.read == 4 && summary.accounted == 4, "\(round)")
      #expect(round == 1 || summary.loaded.unchanged == 4, "\(round)")
      let stored = try workspace.document("Observation/x", in: "resource")["fhir"]?.fields
      #expect(stored?["valueQuantity"]?.fields?["value"] == .int32(2), "\(round)")
    }
  }

  @Test func `lines that cannot be read are told each time`() throws {
    let workspace = try Workspace()
    let files =
      try bulk(workspace) + [workspace.write("Z.ndjson", #"{"resourceType":"Observation","id":"# + "\n")]
    for round in 1...2 {
      let (summary, _) = try run(workspace, files, status: 1)
      #expect(summary.read == 13 && summary.quarantined == 1 && summary.accounted == 13, "\(round)")
    }
  }
}
