import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct ImportTests {
  @Test func `samples load, and again change nothing`() throws {
    let workspace = try Workspace()
    let first = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    #expect(first.read > 50)
    #expect(first.loaded.inserted == first.read)
    #expect(first.quarantined == 0)
    #expect(first.references.unresolved == 0)
    let second = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    #expect(second.loaded.unchanged == first.read)
    #expect(second.accounted == second.read)
  }

  /// What is under way when the program ends, the server does some time afterwards: somebody who looks at once sees a database
  /// that goes on changing.
  @Test func `an import makes no collections but those that it writes into`() throws {
    let workspace = try Workspace()
    let patient = #"{"resourceType":"Patient","id":"p","name":[{"family":"Bee"}]}"#
    let file = try workspace.write("p.json", patient)
    _ = try workspace.importFiles(file)
    #expect(try DatabaseContents(of: workspace).names == ["fhirline_run", "patient", "patient_chart"])
    // Of the same again nothing is written, of a later version one document.
    _ = try workspace.importFiles(file)
    try workspace.write("p.json", patient.replacing("Bee", with: "Dee"))
    _ = try workspace.importFiles(file)
    #expect(try DatabaseContents(of: workspace).names == ["fhirline_run", "patient", "patient_chart"])
  }

  @Test func `one worker and two load the same`() throws {
    let one = try Workspace()
    let two = try Workspace()
    for (workspace, workers) in [(one, "1"), (two, "2")] {
      #expect(
        try workspace.run("import", "Samples/clinic", "Samples/bulk", "--workers", workers, "--quiet").status
          == 0)
      let export = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
      #expect(export.status == 0, "\(export.errors)")
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: one.path("out"))
    where name != "manifest.json" {
      #expect(try one.read("out/" + name) == two.read("out/" + name))
    }
  }

  @Test func `a bad resource is set aside with its reason, and the rest is loaded`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "mixed.ndjson",
      """
      {"resourceType":"Patient","id":"good","gender":"female"}
      {"resourceType":"Patient","id":"bad","gender":"unheard-of"}
      {"resourceType":"Patient","id":
      {"resourceType":"Patient","id":"good2"}

      """)
    let summary = try workspace.importFiles(file, status: 1)
    #expect(summary.read == 4)
    #expect(summary.loaded.inserted == 2)
    #expect(summary.quarantined == 2)
    let lines = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("binding-required") && lines[0].contains("\"line\":2"))
    #expect(lines[1].contains("json-syntax") && lines[1].contains("\"line\":3"))
    let mode = try FileManager.default.attributesOfItem(atPath: workspace.path("quarantine.ndjson"))[
      .posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
  }

  @Test func `an earlier quarantine file is not overwritten`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "bad.json", #"{"resourceType":"Patient","id":"bad","gender":"unheard-of"}"#)
    _ = try workspace.importFiles(file, status: 1)
    let before = try workspace.read("quarantine.ndjson")
    _ = try workspace.importFiles(file, status: 1)
    #expect(try workspace.read("quarantine.ndjson") == before)
    #expect(FileManager.default.fileExists(atPath: workspace.path("quarantine-2.ndjson")))
  }

  @Test func `resources that come later join the chart that is there`() throws {
    let workspace = try Workspace()
    let observation = { (id: String, value: String) in
      #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/p"},"valueQuantity":{"value":\#(value)}}"#
    }
    let first = try workspace.write(
      "first.ndjson", #"{"resourceType":"Patient","id":"p"}"# + "\n" + observation("a", "1.0") + "\n")
    let second = try workspace.write(
      "second.ndjson", observation("b", "2.50") + "\n" + observation("a", "1.00") + "\n")
    _ = try workspace.importFiles(first)
    let summary = try workspace.importFiles(second)
    #expect(summary.loaded == .init(inserted: 1, replaced: 1, unchanged: 0))
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    let lines = try workspace.read("out/Observation.ndjson")
    #expect(lines.contains("\"value\":1.00") && lines.contains("\"value\":2.50"))
    #expect(try workspace.read("out/Patient.ndjson").contains("\"id\":\"p\""))
  }

  @Test func `an older version does not overwrite a newer one`() throws {
    let workspace = try Workspace()
    func patient(_ updated: String, _ gender: String) -> String {
      #"{"resourceType":"Patient","id":"p","meta":{"lastUpdated":"\#(updated)"},"gender":"\#(gender)"}"#
    }
    _ = try workspace.importFiles(
      try workspace.write("new.json", patient("2024-05-02T00:00:00+02:00", "female")))
    let summary = try workspace.importFiles(
      try workspace.write("old.json", patient("2024-05-01T21:59:59.999Z", "male")))
    #expect(summary.loaded.unchanged == 1)
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    #expect(try workspace.read("out/Patient.ndjson").contains("female"))
  }

  @Test func `references of a run are found in any order of its files`() throws {
    let workspace = try Workspace()
    try workspace.write(
      "a-bundle.json",
      #"{"resourceType":"Bundle","type":"transaction","entry":["#
        + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","resource":{"resourceType":"Encounter","id":"e","#
        + #""status":"finished","class":{"code":"AMB"},"subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002"},"#
        + #""participant":[{"individual":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"}}]},"#
        + #""request":{"method":"POST","url":"Encounter"}},"#
        + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002","resource":{"resourceType":"Patient","id":"p"},"#
        + #""request":{"method":"POST","url":"Patient"}}]}"#)
    try workspace.write(
      "z-practitioner.ndjson",
      #"{"resourceType":"Practitioner","id":"dr","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}]}"#
        + "\n")
    let summary = try workspace.importFiles(workspace.folder.path)
    #expect(summary.references == .init(resolved: 2, unresolved: 0))
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    let encounter = try workspace.read("out/Encounter.ndjson")
    #expect(encounter.contains("\"Patient/p\"") && encounter.contains("\"Practitioner/dr\""))
    _ = try workspace.run(
      "export", "--out", workspace.path("original"), "--references", "original", "--quiet")
    let original = try workspace.read("original/Encounter.ndjson")
    #expect(original.contains("urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002"))
    #expect(original.contains("Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"))
  }

  @Test func `a reference heals when its target arrives in a later run`() throws {
    let workspace = try Workspace()
    let encounter = try workspace.write(
      "e.json",
      #"{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"#
        + #""serviceProvider":{"reference":"Organization?identifier=https://example.org/ids|77"}}"#)
    let organization = try workspace.write(
      "o.json",
      #"{"resourceType":"Organization","id":"o","identifier":[{"system":"https://example.org/ids","value":"77"}],"name":"x"}"#
    )
    let first = try workspace.importFiles(encounter)
    #expect(first.references == .init(resolved: 0, unresolved: 1))
    _ = try workspace.run("export", "--out", workspace.path("before"), "--quiet")
    #expect(try workspace.read("before/Encounter.ndjson").contains("Organization?identifier="))
    _ = try workspace.importFiles(organization)
    _ = try workspace.run("export", "--out", workspace.path("after"), "--quiet")
    #expect(try workspace.read("after/Encounter.ndjson").contains("\"Organization/o\""))
  }

  @Test func `standard input is an input`() throws {
    let workspace = try Workspace()
    let outcome = try workspace.run(
      "import", "-", "--summary", "json", "--quiet",
      input: Data(#"{"resourceType":"Patient","id":"p"}"#.utf8))
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("\"inserted\":1"))
  }

  @Test func `of several forms of a resource in one run the last counts, in every run`() throws {
    let workspace = try Workspace()
    for (name, text) in [("1", "one"), ("2", "two"), ("3", "three")] {
      try workspace.write("in/\(name).json", #"{"resourceType":"Organization","id":"o","name":"\#(text)"}"#)
      try workspace.write(
        "in/b\(name).json",
        #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"https://x.org/Patient/p","resource":"#
          + #"{"resourceType":"Patient","id":"p","language":"\#(text == "two" ? "en" : "de")"}}]}"#)
    }
    let first = try workspace.importFiles(workspace.path("in"))
    #expect(first.accounted == 6)
    let second = try workspace.importFiles(workspace.path("in"))
    #expect(second.loaded.unchanged == 6)
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    #expect(try workspace.read("out/Organization.ndjson").contains("three"))
    #expect(try workspace.read("out/Patient.ndjson").contains("de"))
  }

  @Test(arguments: ["resolved", "original"]) func `importing what was exported changes no document`(
    references: String
  ) throws {
    let workspace = try Workspace()
    let first = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--references", references, "--quiet").status == 0)
    let second = try workspace.importFiles(out)
    #expect(second.loaded == .init(inserted: 0, replaced: 0, unchanged: first.read))
    let again = workspace.path("again")
    #expect(try workspace.run("export", "--out", again, "--references", "original", "--quiet").status == 0)
    try FileManager.default.createDirectory(atPath: workspace.path("in"), withIntermediateDirectories: true)
    for name in ["clinic", "bulk"] {
      try FileManager.default.copyItem(
        atPath: Program.folder.appending(path: "Samples/\(name)").path, toPath: workspace.path("in/\(name)"))
    }
    let comparison = try workspace.run("compare", workspace.path("in"), again)
    #expect(comparison.status == 0, "\(comparison.output)")
  }

  @Test func `a Bundle that is itself an entry is kept whole, there and back`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "in/responses.json",
      #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"https://x.org/Bundle/b","resource":"#
        + #"{"resourceType":"Bundle","id":"b","type":"searchset","entry":[{"fullUrl":"https://x.org/Patient/p","resource":"#
        + #"{"resourceType":"Patient","id":"p"}}]}}]}"#)
    let first = try workspace.importFiles(file)
    #expect(first.read == 1)
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    let second = try workspace.importFiles(workspace.path("out"))
    #expect(second.loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    #expect(try workspace.run("compare", workspace.path("in"), workspace.path("out")).status == 0)
  }

  @Test func `entries that hold nothing to be loaded are said`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "answers.json",
      #"{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201"}},{"response":{"status":"400"}}]}"#
    )
    let outcome = try workspace.run("import", file)
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("2 entries of Bundles hold no resource"), "\(outcome.errors)")
    #expect(try workspace.run("import", file, "--summary", "json").output.contains(#""idleEntries":2,"#))
  }
}
