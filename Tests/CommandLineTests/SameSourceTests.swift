import BSON
import Foundation
import Testing

/// The same input again, though it is written otherwise, or though somebody took out what it brought.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SameSourceTests {
  private static let patient =
    #"<Patient xmlns="http://hl7.org/fhir"><id value="p1"/><name><family value="Li"/><given value="Ann"/></name></Patient>"#
  private static let observation =
    #"<Observation xmlns="http://hl7.org/fhir"><id value="w1"/><text><status value="generated"/>"#
    + #"<div xmlns="http://www.w3.org/1999/xhtml"><p>A <b>note</b>.</p></div></text><status value="final"/>"#
    + #"<code><text value="x"/></code><subject><reference value="Patient/p1"/></subject><valueString value="v"/></Observation>"#

  private static func bundle(_ resources: [String]) -> String {
    #"<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>"#
      + resources.map { "<entry><resource>\($0)</resource></entry>" }.joined() + "</Bundle>"
  }

  @Test func `comments and processing instructions of XML are no data`() throws {
    let plain = Self.bundle([Self.patient, Self.observation])
    // Between any two elements outside of the narrative, and around all.
    let between = "<!-- p1, Li -->\n<?render fast?>"
    let parts = plain.components(separatedBy: "<div")
    let rest = try #require(parts.last).components(separatedBy: "</div>")
    func commented(_ text: String) -> String { text.replacing("><", with: ">" + between + "<") }
    let noted =
      between + commented(parts[0]) + "<div" + rest[0] + "</div>" + commented(rest[1]) + between
    let workspace = try Workspace()
    for (texts, name) in [([plain, noted], "plain first"), ([noted, plain], "noted first")] {
      let workspace = try Workspace()
      let path = "a.xml"
      #expect(
        try workspace.importFiles(try workspace.write(path, texts[0])).loaded
          == .init(inserted: 2, replaced: 0, unchanged: 0))
      let before = try DatabaseContents(of: workspace)
      #expect(
        try workspace.importFiles(try workspace.write(path, texts[1])).loaded
          == .init(inserted: 0, replaced: 0, unchanged: 2), "\(name)")
      #expect(try DatabaseContents(of: workspace).differences(from: before) == [], "\(name)")
    }
    let files = [try workspace.write("plain.xml", plain), try workspace.write("noted.xml", noted)]
    #expect(try workspace.run("compare", files[0], files[1]).status == 0)
  }

  private static func weight(_ id: String, version: Int = 1) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","meta":{"versionId":"\#(version)"},"status":"final","#
      + #""code":{"text":"x"},"subject":{"reference":"Patient/p1"},"valueInteger":\#(version)}"#
  }

  /// As docs/mappings.md says.
  @Test func `what was taken out of a section is out until its chart gets news, and the doctor tells`() throws
  {
    let workspace = try Workspace()
    let person = #"{"resourceType":"Patient","id":"p1"}"#
    let lines = [person, Self.weight("w1"), Self.weight("w2")]
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    _ = try workspace.importFiles(file)
    func ids() throws -> [String?] {
      try workspace.document("p1", in: "patient_chart")["observations"]?.elements?.map {
        $0.fields?["id"]?.text
      } ?? []
    }
    let items = try workspace.document("p1", in: "patient_chart")["observations"]?.elements ?? []
    try workspace.set("observations", to: .array([items[1]]), of: "p1", in: "patient_chart")
    let doctor = try workspace.run("doctor", "--quiet")
    #expect(doctor.output.contains("[hash-mismatch]"), "\(doctor.output)")
    let again = try workspace.importFiles(file)
    #expect(again.loaded == .init(inserted: 0, replaced: 0, unchanged: 3))
    #expect(try ids() == ["w2"])
    // News that does not have it leaves it out; what has it brings it back.
    _ = try workspace.importFiles(try workspace.write("news.ndjson", Self.weight("w3")))
    #expect(try ids() == ["w2", "w3"])
    let back = try workspace.importFiles(file)
    #expect(back.loaded == .init(inserted: 1, replaced: 0, unchanged: 2))
    #expect(try ids() == ["w1", "w2", "w3"])
    #expect(try workspace.run("doctor", "--quiet").output.isEmpty)
  }
}
