import BSON
import TestSupport
import Testing

/// What an application does to a section's order says nothing: the items count by their keys where all else about them is alike.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ReorderedSectionTests {
  private static func observation(_ id: String, _ pounds: Int) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","#
      + #""category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"#
      + #""code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/p"},"#
      + #""effectiveDateTime":"2024-05-01","valueQuantity":{"value":\#(pounds),"unit":"lb","#
      + #""system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#
  }

  private static let lines = [
    #"{"resourceType":"Patient","id":"p"}"#, observation("a", 100), observation("b", 120),
  ]

  @Test func `an edited field goes to the item that the next import takes it from`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(
      try workspace.write("in.ndjson", Self.lines.joined(separator: "\n") + "\n"))
    #expect(try workspace.document("p", in: "patient_chart")["weight"] == .double(120))
    let items = try #require(try workspace.document("p", in: "patient_chart")["observations"]?.elements)
    try workspace.set("observations", to: .array(items.reversed()), of: "p", in: "patient_chart")
    try workspace.set("weight", to: .double(150), of: "p", in: "patient_chart")
    let exported = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson").output
    let back = try workspace.write("back.ndjson", exported)
    #expect(try workspace.importFiles(back).loaded == .init(inserted: 0, replaced: 0, unchanged: 3))
    let fresh = try Workspace()
    _ = try fresh.importFiles(try fresh.write("back.ndjson", exported))
    #expect(try fresh.document("p", in: "patient_chart")["weight"] == .double(150))
    #expect(exported.contains(#""value":100"#))
  }
}
