import BSON
import Foundation
import Testing

/// A patient has exactly one chart: one whom the application put in without any gets an empty one, with the first import that
/// brings the patient, and no document of the application's changes.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct NativeChartTests {
  @Test func `a patient without a chart gets one, once, and stays as it is`() throws {
    let workspace = try Workspace()
    let native: BSONFields = [
      "_id": "n1", "name": "Ada Fox", "primary_phone": ["555-0100"], "favourite_colour": "green",
    ]
    try workspace.insert([native], into: "patient")
    func causes() throws -> [String] {
      let json = try JSONSerialization.jsonObject(
        with: Data(try workspace.run("doctor", "--format", "json").output.utf8))
      let findings = (json as? [String: Any])?["findings"] as? [[String: Any]] ?? []
      return findings.compactMap { $0["cause"] as? String }
    }
    #expect(try causes() == ["patient-without-chart"])

    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    for _ in 1...2 {
      let loaded = try workspace.importFiles(workspace.path("out")).loaded
      #expect(loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
      #expect(try workspace.documents(in: "patient") == [native])
      let charts = try workspace.documents(in: "patient_chart")
      #expect(charts.count == 1 && charts.first?["_id"] == "n1")
      #expect(charts.first?.fields.contains { $0.value.elements != nil } == false)
    }
    #expect(try causes().isEmpty)
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("again")).status == 0)
    #expect(try workspace.run("compare", workspace.path("out"), workspace.path("again")).status == 0)
  }
}
