import BSON
import Foundation
import TestSupport
import Testing

/// Entries with `ifNoneExist` that were not made for the sake of one that MongoDB then does not take.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct KeptOutTests {
  private func create(_ number: Int, _ name: String) -> String {
    let uuid = "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"
    return #"{"fullUrl":"\#(uuid)","resource":{"resourceType":"Organization","name":"\#(name)","#
      + #""identifier":[{"system":"urn:x","value":"7"}]},"#
      + #""request":{"method":"POST","url":"Organization","ifNoneExist":"identifier=urn:x|7"}}"#
  }

  private func other(_ number: Int) -> String {
    BundleText.put(#"{"resourceType":"Location","id":"l\#(number)","name":"L"}"#, "Location/l\(number)")
  }

  @Test(arguments: ["transaction", "batch"])
  func `they are set aside with it, and one is loaded when it is gone`(type: String) throws {
    let workspace = try Workspace()
    try workspace.command(["create": "resource", "validator": ["fhir.name": ["$ne": "Bad"]]])
    let entries = [create(1, "Bad"), create(2, "Good"), create(3, "Best")]
    let files = try entries.enumerated().map { number, entry in
      try workspace.write("\(number).json", BundleText.bundle(type, [entry, other(number)]))
    }
    let first = try workspace.importFiles(files[0], files[1], files[2], status: 1)
    // The first's transaction goes with it.
    #expect(first.read == 6 && first.accounted == 6)
    #expect(first.quarantined == (type == "batch" ? 3 : 4))
    #expect(try !workspace.documents(in: "resource").contains { "\($0)".contains("Organization") })
    let aside = try workspace.read("quarantine.ndjson").split(separator: "\n")
    let keptOut = aside.filter { $0.contains("was to make the resource that both search for") }
    #expect(keptOut.count == 2)
    // As long as it is refused, so are they.
    let again = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(again.status == 1, "\(again.errors)")
    #expect(try !workspace.documents(in: "resource").contains { "\($0)".contains("Organization") })
    let left = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(left.count == aside.count)
    try workspace.write(
      "quarantine.ndjson", left.filter { !$0.contains(#""Bad""#) }.joined(separator: "\n") + "\n")
    let mended = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(mended.status == 0, "\(mended.errors)")
    let made = try workspace.documents(in: "resource").filter {
      $0["_id"]?.text?.hasPrefix("Organization/") == true
    }
    #expect(made.map { $0["fhir"]?.fields?["name"]?.text } == ["Good"])
  }
}
