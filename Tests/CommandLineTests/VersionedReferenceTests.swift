import BSON
import Foundation
import Testing

/// References that name a version of their target, relative and absolute.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct VersionedReferenceTests {
  private static let base = "https://ehr.example/fhir/"

  private static func observation(_ id: String, _ subject: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"\#(subject)"}}"#
  }

  private static let absolute = observation("o1", base + "Patient/p/_history/4")
  private static let relative = observation("o2", "Patient/p/_history/4")
  private static let unversioned = observation("o3", base + "Patient/p")
  private static let lines = [absolute, relative, unversioned].joined(separator: "\n") + "\n"

  private static let patient = """
    {"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"\(base)Patient/p",
      "resource":{"resourceType":"Patient","id":"p","meta":{"versionId":"4"}}}]}
    """

  @Test(arguments: [["lines", "bundle"], ["bundle", "lines"]], [true, false])
  func `they lead to the resource, and the version stays`(order: [String], together: Bool) throws {
    let workspace = try Workspace()
    let files = [
      "lines": try workspace.write("lines.ndjson", Self.lines),
      "bundle": try workspace.write("bundle.json", Self.patient),
    ]
    let inputs = order.compactMap { files[$0] }
    if together {
      _ = try workspace.importFiles(inputs[0], inputs[1])
    } else {
      for input in inputs { _ = try workspace.importFiles(input) }
    }
    #expect(try workspace.document("p", in: "patient_chart")["observations"]?.elements?.count == 3)
    let resolved = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson").output
    for (id, subject) in [
      ("o1", "Patient/p/_history/4"), ("o2", "Patient/p/_history/4"), ("o3", "Patient/p"),
    ] { #expect(resolved.contains(Self.observation(id, subject) + "\n"), "\(resolved)") }
    let original = try workspace.run(
      "export", "--quiet", "--out", "-", "--format", "ndjson", "--references", "original"
    ).output
    for line in [Self.absolute, Self.relative, Self.unversioned] {
      #expect(original.contains(line + "\n"), "\(original)")
    }
    for (name, text) in [("resolved", resolved), ("original", original)] {
      let again = try workspace.importFiles(try workspace.write(name + ".ndjson", text))
      #expect(again.loaded == .init(inserted: 0, replaced: 0, unchanged: 4), "\(name)")
    }
    #expect(try workspace.importFiles(inputs[0], inputs[1]).loaded.unchanged == 4)
  }

  @Test func `a resource of nobody's chart is a patient's whose version it names`() throws {
    let workspace = try Workspace()
    let claim =
      #"{"resourceType":"Claim","id":"c","status":"active","type":{"text":"x"},"use":"claim","#
      + #""patient":{"reference":"Patient/p/_history/4"},"created":"2020-01-01","provider":{"display":"x"},"priority":{"text":"x"},"#
      + #""insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}]}"#
    let other = claim.replacing(#""id":"c""#, with: #""id":"d""#).replacing(
      "Patient/p/", with: "Patient/p-2/")
    _ = try workspace.importFiles(try workspace.write("in.ndjson", claim + "\n" + other + "\n"))
    let exported = try workspace.run("export", "--quiet", "--out", "-", "--patient", "p").output
    #expect(exported == claim + "\n")
  }

  @Test func `resources without an id are not one for the version that their fullUrl names`() throws {
    let workspace = try Workspace()
    let entries = ["a", "b"].map {
      #"{"fullUrl":"\#(Self.base)Patient/\#($0)/_history/1","resource":{"resourceType":"Patient"}}"#
    }
    let file = try workspace.write(
      "in.json",
      #"{"resourceType":"Bundle","type":"collection","entry":["# + entries.joined(separator: ",") + "]}")
    _ = try workspace.importFiles(file)
    #expect(Set(try workspace.documents(in: "patient").map { $0["_id"]?.text }) == ["a", "b"])
  }
}
