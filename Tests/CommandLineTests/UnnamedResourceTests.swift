import BSON
import Foundation
import Testing

/// Resources that came without an id: what references name them by stands in the `fullUrl` of their Bundle alone.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct UnnamedResourceTests {
  private static let bundle =
    #"{"resourceType":"Bundle","type":"transaction","entry":["#
    + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","resource":{"resourceType":"Patient","name":[{"family":"Ü\n\"x\""}]},"#
    + #""request":{"method":"POST","url":"Patient"}},"#
    + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002","resource":{"resourceType":"Observation","status":"final","#
    + #""code":{"text":"a"},"subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001"}},"#
    + #""request":{"method":"POST","url":"Observation"}},"#
    + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f003","resource":{"resourceType":"Observation","status":"final","#
    + #""code":{"text":"a"},"subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001"}},"#
    + #""request":{"method":"POST","url":"Observation"}},"#
    + #"{"fullUrl":"urn:uuid:0B6F8C4E-8D1F-4F6B-9A51-6C3AD3F7F004","resource":{"resourceType":"Practitioner","identifier":[{"value":"7"}]},"#
    + #""request":{"method":"POST","url":"Practitioner"}},"#
    + #"{"fullUrl":"urn:oid:1.2.3","resource":{"resourceType":"Organization","name":"o","contained":[{"resourceType":"Endpoint","id":"e","#
    + #""status":"active","connectionType":{"code":"c"},"payloadType":[{"text":"t"}],"address":"http://a.example.org"}],"#
    + ##""endpoint":[{"reference":"#e"}]},"request":{"method":"POST","url":"Organization"}},"##
    + #"{"fullUrl":"https://a.example.org/Location/loc.1","resource":{"resourceType":"Location","name":"l"},"#
    + #""request":{"method":"PUT","url":"Location/loc.1"}},"#
    + #"{"resource":{"resourceType":"Medication","identifier":[{"system":"urn:x","value":"m|1"}]},"#
    + #""request":{"method":"POST","url":"Medication"}},"#
    + #"{"resource":{"resourceType":"Substance","code":{"text":"é\t"}},"request":{"method":"POST","url":"Substance"}}]}"#

  @Test(arguments: ["json", "xml"])
  func `in a Bundle exported as they were written they are what they are, and edited ones as well`(
    format: String
  ) throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.json", UnnamedResourceTests.bundle)
    #expect(try workspace.importFiles(file).loaded.inserted == 8)
    let before = try DatabaseContents(of: workspace)
    let out = try export(workspace, format)
    let compared = try workspace.run("compare", file, out)
    #expect(compared.output == "8 resources equal, 0 different, 0 only in the first, 0 only in the second\n")
    #expect(try workspace.importFiles(out).loaded == .init(inserted: 0, replaced: 0, unchanged: 8))
    #expect(try DatabaseContents(of: workspace).differences(from: before) == [])
    // The Location's entry is as faulty as it came.
    let validated = try workspace.run("validate", out)
    let faults = (validated.output + validated.errors).split(separator: "\n").filter {
      $0.contains(": error: ")
    }
    #expect(faults.allSatisfy { $0.contains("[bundle-entry]") } && faults.count == 1, "\(faults)")

    try workspace.set(
      "name", to: "Another", of: "0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001", in: "patient")
    let edited = try DatabaseContents(of: workspace)
    #expect(
      try workspace.importFiles(try export(workspace, format)).loaded
        == .init(inserted: 0, replaced: 0, unchanged: 8))
    #expect(try DatabaseContents(of: workspace).differences(from: edited) == [])
  }

  /// Exports with references as they were written; gives the path of what was written.
  private func export(_ workspace: Workspace, _ format: String) throws -> String {
    let out = workspace.path("out-\(UUID().uuidString).\(format)")
    let exported = try workspace.run(
      "export", "--quiet", "--references", "original", "--out", out, "--format", "bundle")
    #expect(exported.status == 0, "\(exported.errors)")
    return out
  }

  @Test(arguments: ["", "north"])
  func `in lines and files exported as they were written they are as they came, and known again`(
    source: String
  ) throws {
    let workspace = try Workspace()
    let config = try workspace.write(
      "c.yml", source.isEmpty ? "documents:\n  chart: collection\n" : "import:\n  source: \(source)\n")
    func load(_ path: String, into workspace: Workspace) throws -> Workspace.Summary {
      let outcome = try workspace.run("import", path, "--config", config, "--quiet", "--summary", "json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    }
    let file = try workspace.write("in.json", UnnamedResourceTests.bundle)
    _ = try load(file, into: workspace)
    for isEdited in [false, true] {
      let id = (source.isEmpty ? "" : source + ".") + "0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001"
      if isEdited { try workspace.set("name", to: "Another", of: .string(id), in: "patient") }
      let before = try DatabaseContents(of: workspace)
      for format in ["ndjson", "json", "xml"] {
        let out = workspace.path("out-\(format)-\(isEdited)")
        let exported = try workspace.run(
          "export", "--quiet", "--references", "original", "--out", out, "--format", format, "--config",
          config)
        #expect(exported.status == 0, "\(exported.errors)")
        if !isEdited { #expect(try workspace.run("compare", file, out).status == 0) }
        #expect(
          try load(out, into: workspace).loaded == .init(inserted: 0, replaced: 0, unchanged: 8), "\(format)")
        #expect(try DatabaseContents(of: workspace).differences(from: before) == [], "\(format)")
        guard !isEdited else { continue }
        // Elsewhere they are the same, too.
        let elsewhere = try Workspace()
        #expect(try load(out, into: elsewhere).loaded.inserted == 8)
        #expect(try DatabaseContents(of: elsewhere).ids == before.ids, "\(format)")
      }
    }
  }

  @Test func `a line is known by its manifest as long as it is the one that was exported`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("in.json", UnnamedResourceTests.bundle))
    let out = workspace.path("out-ndjson")
    let exported = try workspace.run("export", "--quiet", "--references", "original", "--out", out)
    #expect(exported.status == 0, "\(exported.errors)")
    let patient = try workspace.read("out-ndjson/Patient.ndjson")
    let other = #"{"resourceType":"Patient","name":[{"family":"Other"}]}"#
    try workspace.write("out-ndjson/Patient.ndjson", other + "\n" + patient)
    let summary = try workspace.importFiles(workspace.path("out-ndjson"))
    #expect(summary.loaded == .init(inserted: 2, replaced: 0, unchanged: 7))
    #expect(try workspace.documents(in: "patient").count == 3)
    // A stream has no manifest, and says so.
    let stream = try workspace.run(
      "export", "--quiet", "--references", "original", "--out", "-", "--report", workspace.path("r"))
    #expect(stream.status == 0)
    #expect(try workspace.read("r").split(separator: "\n").count { $0.contains(#""field":"id""#) } == 10)
  }

  @Test func `lines exported as they were written are resources of their file's type`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("in.json", UnnamedResourceTests.bundle))
    let out = workspace.path("out-ndjson")
    _ = try workspace.run("export", "--quiet", "--references", "original", "--out", out)
    let lines = try workspace.read("out-ndjson/Observation.ndjson").split(separator: "\n")
    #expect(
      lines.count == 2
        && lines.allSatisfy { $0.contains(#""resourceType":"Observation""#) && !$0.contains(#""id""#) })
  }
}
