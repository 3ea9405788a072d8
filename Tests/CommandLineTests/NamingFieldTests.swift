import BSON
import Foundation
import Testing

/// Whom conditional references mean: the documents whose fields say so now, also those that never came from FHIR.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct NamingFieldTests {
  private static let npi = "http://hl7.org/fhir/sid/us-npi"

  /// A Bundle as Synthea writes it, which names a provider by their NPI.
  private func visit(_ npi: String, _ number: Int = 1) -> String {
    let patient = "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"
    let doctor = "Practitioner?identifier=\(Self.npi)|\(npi)"
    func entry(_ resource: String, _ type: String, _ url: String) -> String {
      #"{"fullUrl":"\#(url)","resource":\#(resource),"request":{"method":"POST","url":"\#(type)"}}"#
    }
    let entries = [
      entry(#"{"resourceType":"Patient","id":"p\#(number)"}"#, "Patient", patient),
      entry(
        #"{"resourceType":"Appointment","id":"a\#(number)","status":"booked","start":"2024-03-01T09:00:00Z","end":"2024-03-01T09:30:00Z","participant":[{"actor":{"reference":"\#(patient)"},"status":"accepted"},{"actor":{"reference":"\#(doctor)"},"status":"accepted"}]}"#,
        "Appointment", "urn:uuid:1b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"),
    ]
    return #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#
  }

  private static let natives: [BSONValue] = ["doc1", 77, "Dr. house"]

  @Test(arguments: natives.indices) func `a provider of the application's own`(_ index: Int) throws {
    let id = Self.natives[index]
    let workspace = try Workspace()
    let npi: BSONValue = index == 1 ? 1_234_567_893 : "1234567893"
    try workspace.insert([["_id": id, "npi": npi, "name": "Dr. X"]], into: "provider")
    let file = try workspace.write("b.json", visit("1234567893"))
    let summary = try workspace.importFiles(file)
    #expect(summary.references.unresolved == 0, "\(summary)")
    let providers = try workspace.documents(in: "provider")
    #expect(providers.count == 1 && providers[0]["_id"] == id && providers[0]["npi"] == npi)
    #expect(providers[0]["appointments"] == ["a1"])
    let doctor = try workspace.run("doctor", "--no-progress")
    #expect(!doctor.output.contains("one-sided") && !doctor.output.contains("dangling"), "\(doctor.output)")
    // Nothing of it is news the second time, nor as it was exported.
    let before = try DatabaseContents(of: workspace)
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    #expect(try !workspace.read("out/Appointment.ndjson").contains("identifier="))
    for input in [file, workspace.path("out")] {
      _ = try workspace.importFiles(input)
      let changes = try DatabaseContents(of: workspace).differences(from: before)
      #expect(changes.allSatisfy { $0.hasPrefix("fhirline_run") }, "\(changes)")
    }
  }

  @Test func `an NPI that the application changed names its provider, and the old one nobody`() throws {
    let workspace = try Workspace()
    let practitioner =
      #"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"\#(Self.npi)","value":"1234567893"}]}"#
    _ = try workspace.importFiles(try workspace.write("d.ndjson", practitioner))
    try workspace.set("npi", to: "1992999825", of: "d", in: "provider")
    let new = try workspace.importFiles(try workspace.write("new.json", visit("1992999825", 1)))
    #expect(new.references.unresolved == 0)
    let old = try workspace.importFiles(try workspace.write("old.json", visit("1234567893", 2)))
    #expect(old.references.unresolved == 1)
    #expect(try workspace.document("a1", in: "appointment")["provider_id"] == "d")
    #expect(try workspace.document("a2", in: "appointment")["provider_id"] == nil)
    #expect(try workspace.document("d", in: "provider")["appointments"] == ["a1"])
  }

  @Test func `a source's references mean nobody of another source`() throws {
    let workspace = try Workspace()
    let practitioner =
      #"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"\#(Self.npi)","value":"1234567893"},{"system":"urn:staff","value":"1"}]}"#
    let file = try workspace.write("d.ndjson", practitioner)
    let (south, north) = (
      try workspace.write("south.yml", "import:\n  source: south\n"),
      try workspace.write("north.yml", "import:\n  source: north\n")
    )
    _ = try workspace.importFiles(file, "--config", south)
    let visits = [
      visit("1234567893", 1), visit("1234567893", 2).replacing(Self.npi + "|1234567893", with: "urn:staff|1"),
    ]
    for (number, text) in visits.enumerated() {
      let bundle = try workspace.write("\(number).json", text)
      #expect(try workspace.importFiles(bundle, "--config", north).references.unresolved == 1)
    }
    #expect(try workspace.documents(in: "provider").map { $0["_id"] } == ["south.d"])
    _ = try workspace.importFiles(file, "--config", north)
    let provider = try workspace.document("north.d", in: "provider")
    #expect(provider["appointments"] == ["north.a1", "north.a2"])
  }

  @Test(arguments: ["", "north"], [true, false])
  func `a Bundle that was exported changes nothing, with ids or without`(_ source: String, _ hasIDs: Bool)
    throws
  {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", source.isEmpty ? "" : "import:\n  source: \(source)\n")
    func entry(_ type: String, _ number: Int, _ members: String) -> String {
      let id = "2b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"
      let own = hasIDs ? #""id":"\#(id)","# : ""
      return
        #"{"fullUrl":"urn:uuid:\#(id)","resource":{"resourceType":"\#(type)",\#(own)\#(members)},"request":{"method":"POST","url":"\#(type)"}}"#
    }
    let entries = [
      entry("Organization", 1, #""name":"North""#), entry("Patient", 2, #""gender":"female""#),
      entry("Practitioner", 3, #""gender":"male""#),
      entry(
        "Observation", 4,
        #""status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:2b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002"}"#
      ),
    ]
    let file = try workspace.write(
      "b.json",
      #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#)
    _ = try workspace.importFiles(file, "--config", config)
    let before = try DatabaseContents(of: workspace)
    for references in ["resolved", "original"] {
      let out = workspace.path(references + ".json")
      let export = try workspace.run(
        "export", "--quiet", "--format", "bundle", "--references", references, "--out", out)
      #expect(export.status == 0, "\(export.errors)")
      #expect(try workspace.importFiles(out, "--config", config).loaded.unchanged == 4)
      let changes = try DatabaseContents(of: workspace).differences(from: before)
      #expect(changes.allSatisfy { $0.hasPrefix("fhirline_run") }, "\(references): \(changes)")
    }
  }
}
