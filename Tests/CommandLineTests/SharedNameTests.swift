import BSON
import Foundation
import TestSupport
import Testing

/// Names that several resources go by: every SMART Health Card calls its patient `resource:0`.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SharedNameTests {
  private let workspace: Workspace
  private let options: [String]
  private let layout: String

  /// A card of a patient with so many immunizations, whose ids their Bundle does not tell.
  private static func card(_ number: Int, immunizations: Int = 2) -> String {
    let day = String(format: "%04d-01-01", 1950 + number)
    let given = (0..<immunizations).map { index in
      #"{"fullUrl":"resource:\#(index + 1)","resource":{"resourceType":"Immunization","status":"completed","#
        + #""vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"207"}]},"patient":{"reference":"resource:0"},"#
        + #""occurrenceDateTime":"2021-01-01","lotNumber":"\#(number)-\#(index)"}}"#
    }
    let patient =
      #"{"fullUrl":"resource:0","resource":{"resourceType":"Patient","name":[{"family":"F\#(number)"}],"birthDate":"\#(day)"}}"#
    return #"{"resourceType":"Bundle","type":"collection","entry":["#
      + ([patient] + given).joined(separator: ",") + "]}"
  }

  init() throws { try self.init(layout: "collection") }

  private init(layout: String) throws {
    self.layout = layout
    workspace = try Workspace()
    options = [
      "--config",
      try workspace.write(
        "pipeline.yml", "documents:\n  chart: \(layout)\n  chart_page_entries: 100\n"),
    ]
  }

  private func contents() throws -> [String: [BSONFields]] {
    var contents: [String: [BSONFields]] = [:]
    for name in ["patient", "patient_chart", "resource", "fhirline_waiting"] {
      contents[name] = try workspace.documents(in: name).sorted {
        ($0["_id"]?.text ?? "") < ($1["_id"]?.text ?? "")
      }
    }
    return contents
  }

  private func load(_ cards: [String]) throws {
    for (number, card) in cards.enumerated() {
      _ = try workspace.importFiles(
        workspace.write("card-\(number).json", card), options[0], options[1])
    }
  }

  @Test(arguments: ["collection", "embedded", "both"], ["ndjson", "bundle"])
  func `an export with references as they came changes nothing when it comes in again`(
    layout: String, format: String
  ) throws {
    let scene = try SharedNameTests(layout: layout)
    let workspace = scene.workspace
    try scene.load([Self.card(1), Self.card(2), Self.card(3, immunizations: 250)])
    let before = try scene.contents()
    #expect(before["resource"]?.isEmpty == true)
    let out = workspace.path(format == "ndjson" ? "out" : "out.json")
    let exported = try workspace.run(
      ["export", "--out", out, "--format", format, "--references", "original", "--quiet"] + scene.options)
    #expect(exported.status == 0, "\(exported.errors)")
    let text = try workspace.read(format == "ndjson" ? "out/Immunization.ndjson" : "out.json")
    #expect(text.ranges(of: #""reference":"resource:0""#).count == 254)
    try PlannedImport(workspace: workspace, layout: layout, config: scene.options[1]).check(
      [out], "\(layout)")
    #expect(try scene.contents() == before)
    let again = try workspace.importFiles(out, scene.options[0], scene.options[1])
    #expect(again.loaded.unchanged == 257 && again.references.unresolved == 0)
    #expect(try scene.contents() == before)
  }

  @Test func `who says something else of somebody of that name is nobody's`() throws {
    try load([Self.card(1), Self.card(2)])
    let other =
      #"{"resourceType":"Immunization","id":"new","status":"completed","vaccineCode":{"text":"x"},"#
      + #""patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-01-01"}"#
    let summary = try workspace.importFiles(
      workspace.write("other.ndjson", other), options[0], options[1])
    #expect(summary.references.unresolved == 1)
    #expect(try workspace.documents(in: "resource").count == 1)
    let charts = try workspace.documents(in: "patient_chart")
    #expect(charts.allSatisfy { $0["immunizations"]?.elements?.count == 2 })
  }

  @Test func `another version of what stands there stays there`() throws {
    let lines = { (lot: String) in
      #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"resource:0","resource":{"resourceType":"Patient","id":"\#(lot)"}},"#
        + #"{"fullUrl":"resource:1","resource":{"resourceType":"Immunization","id":"i\#(lot)","status":"completed","vaccineCode":{"text":"x"},"#
        + #""patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-01-01"}}]}"#
    }
    try load([lines("a"), lines("b")])
    let newer =
      #"{"resourceType":"Immunization","id":"ia","status":"not-done","vaccineCode":{"text":"x"},"#
      + #""patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-01-01"}"#
    let summary = try workspace.importFiles(
      workspace.write("newer.ndjson", newer), options[0], options[1])
    #expect(summary.loaded.replaced == 1)
    let chart = try workspace.document("a", in: "patient_chart")
    #expect(chart["immunizations"]?.elements?.first?.fields?["status"] == "not-done")
    #expect(try workspace.documents(in: "resource").isEmpty)
  }
}
