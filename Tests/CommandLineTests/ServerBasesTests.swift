import BSON
import Foundation
import TestSupport
import Testing

/// Absolute URLs by which servers name their resources: documents do not keep them, and references by them find their targets.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ServerBasesTests {
  private static let base = "https://ehr.example.org/fhir"
  private static let patient = #"{"resourceType":"Patient","id":"p1","name":[{"family":"Li"}]}"#
  private static let other = #"{"resourceType":"Patient","id":"p2","name":[{"family":"Wu"}]}"#
  private static let doctor = #"{"resourceType":"Practitioner","id":"d1","name":[{"family":"House"}]}"#
  private static let group = #"{"resourceType":"Organization","id":"o1","name":"North"}"#

  private static func observation(_ id: String, of patient: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"subject":{"reference":"\#(patient)"}}"#
  }

  private static func bundle(_ entries: [(url: String, resource: String)]) -> String {
    BundleText.bundle(
      "collection", entries.map { #"{"fullUrl":"\#($0.url)","resource":\#($0.resource)}"# })
  }

  private func load(_ text: String, _ name: String, into workspace: Workspace, _ source: String = "") throws
    -> Workspace.Summary
  {
    let config = try workspace.write(
      "c.yml", source.isEmpty ? "documents:\n  chart: collection\n" : "import:\n  source: \(source)\n")
    return try workspace.importFiles(try workspace.write(name, text), "--config", config)
  }

  /// All documents, without what tells where they came from.
  private func documents(_ workspace: Workspace) throws -> [String: BSONFields] {
    var all: [String: BSONFields] = [:]
    for collection in ["patient", "patient_chart", "provider", "resource"] {
      for document in try workspace.documents(in: collection) {
        all["\(collection) \(document["_id"] ?? .null)"] = document.withoutHistory
      }
    }
    return all
  }

  @Test(arguments: ["json", "xml"], ["", "north"])
  func `an export with a base of its own changes no document when it comes again`(
    format: String, source: String
  ) throws {
    let workspace = try Workspace()
    let lines = [
      Self.patient, Self.doctor, Self.group, Self.observation("w1", of: "Patient/p1"),
      #"{"resourceType":"Location","id":"l1","name":"Here","managingOrganization":{"reference":"Organization/o1"}}"#,
    ]
    _ = try load(lines.joined(separator: "\n"), "in.ndjson", into: workspace, source)
    let before = try DatabaseContents(of: workspace)
    let out = workspace.path("out." + format)
    let exported = try workspace.run(
      "export", "--quiet", "--format", "bundle", "--base-url", Self.base, "--out", out)
    #expect(exported.status == 0, "\(exported.errors)")
    let text = try workspace.read("out." + format)
    #expect(text.contains(Self.base + "/Patient/p1"))
    let summary = try load(text, "again." + format, into: workspace, source)
    #expect(summary.loaded == .init(inserted: 0, replaced: 0, unchanged: 5))
    let after = try DatabaseContents(of: workspace)
    #expect(after.differences(from: before) == ["fhirline_bases: this collection is new, with 1 documents"])
    _ = try load(text, "again." + format, into: workspace, source)
    #expect(try DatabaseContents(of: workspace).differences(from: after) == [])
    // Whoever refers to it by that URL finds it.
    let named = Self.observation("w2", of: Self.base + "/Patient/p1")
    let resolved = try load(named, "named.json", into: workspace, source)
    #expect(resolved.references == .init(resolved: 1, unresolved: 0))
    let id = (source.isEmpty ? "" : "north.") + "p1"
    #expect(try workspace.document(id, in: "patient_chart")["observations"]?.elements?.count == 2)
  }

  @Test func `whatever comes first, references by a server's URL find their targets`() throws {
    let steps: [(name: String, text: String)] = [
      (
        "refers.ndjson",
        [
          Self.observation("w1", of: Self.base + "/Patient/p1"),
          Self.observation("w2", of: Self.base + "/Patient/p2"),
          Self.observation("w3", of: Self.base + "/Patient/p3"),
          Self.observation("w4", of: "https://other.example.org/fhir/Patient/p1"),
        ].joined(separator: "\n")
      ),
      ("bundle.json", Self.bundle([(Self.base + "/Patient/p1", Self.patient)])),
      ("people.ndjson", [Self.other, Self.doctor].joined(separator: "\n")),
    ]
    var expected: [String: BSONFields]?
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let workspace = try Workspace()
      for step in order { _ = try load(steps[step].text, steps[step].name, into: workspace) }
      let found = try documents(workspace)
      #expect(
        found.keys.sorted() == [
          #"patient string("p1")"#, #"patient string("p2")"#, #"patient_chart string("p1")"#,
          #"patient_chart string("p2")"#, #"provider string("d1")"#, #"resource string("Observation/w3")"#,
          #"resource string("Observation/w4")"#,
        ], "\(order)")
      if let expected {
        for (key, document) in expected { #expect(found[key] == document, "\(order): \(key)") }
      }
      expected = expected ?? found
    }
    // And all at once, in a folder.
    let workspace = try Workspace()
    for step in steps { try workspace.write("all/" + step.name, step.text) }
    _ = try workspace.importFiles(workspace.path("all"))
    #expect(try documents(workspace) == expected)
  }

  @Test func `a URL that its resource's type and id do not make is kept`() throws {
    let workspace = try Workspace()
    let url = "https://ehr.example.org/people/17"
    _ = try load(Self.bundle([(url, Self.patient)]), "in.json", into: workspace)
    #expect(try workspace.document("p1", in: "patient")["_fhirline"]?.fields?["names"] == [.string(url)])
    let summary = try load(Self.observation("w1", of: url), "w.json", into: workspace)
    #expect(summary.references.resolved == 1)
    #expect(try workspace.documents(in: "fhirline_bases").isEmpty)
  }
}
