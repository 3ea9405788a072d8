import BSON
import Foundation
import Testing

/// Bundles that come again: what of them is stored is told by its hash, and not checked once more.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct StoredBundleTests {
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
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"coding":[{"system":"http://example.org/none","code":"x"}]},"#
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
    try StoredBundleTests.collections.map { name in
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
}
