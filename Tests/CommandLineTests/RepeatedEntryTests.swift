import BSON
import Foundation
import TestSupport
import Testing

/// Entries of a transaction that change one resource: nobody can tell which of them counts.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct RepeatedEntryTests {
  private static func patient(_ birthDate: String, _ more: String = "") -> String {
    #"{"resourceType":"Patient","id":"p","birthDate":"\#(birthDate)"\#(more)}"#
  }

  private static let number = #","identifier":[{"system":"urn:x","value":"7"}]"#
  private static let other = BundleText.put(
    #"{"resourceType":"Organization","id":"o","name":"N"}"#, "Organization/o")

  private static func entry(
    _ method: String, _ url: String, _ resource: String, _ more: String = ""
  ) -> String {
    #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","resource":\#(resource),"#
      + #""request":{"method":"\#(method)","url":"\#(url)"\#(more)}}"#
  }

  /// Two entries that name one resource, and how many resources they have.
  static let pairs: [(String, [String], resources: Int)] = [
    (
      "two PUTs",
      [
        BundleText.put(patient("1970-01-01"), "Patient/p"),
        BundleText.put(patient("1971-01-01"), "Patient/p"),
      ], 2
    ),
    (
      "a PUT and a DELETE",
      [BundleText.put(patient("1970-01-01"), "Patient/p"), BundleText.delete("Patient/p")], 1
    ),
    (
      "a DELETE, and a PUT of a section's resource",
      [
        BundleText.delete("http://example.org/fhir/Observation/w"),
        BundleText.put(
          #"{"resourceType":"Observation","id":"w","status":"final","code":{"text":"x"}}"#, "Observation/w"),
      ], 1
    ),
    ("two DELETEs", [BundleText.delete("Patient/p"), BundleText.delete("Patient/p")], 0),
    (
      "two POSTs with one fullUrl",
      ["1970-01-01", "1971-01-01"].map {
        entry("POST", "Patient", #"{"resourceType":"Patient","birthDate":"\#($0)"}"#)
      }, 2
    ),
    (
      "a POST, and a PUT with a search that finds it",
      [
        BundleText.put(patient("1970-01-01", number), "Patient/p"),
        entry(
          "PUT", "Patient?identifier=urn:x|7",
          #"{"resourceType":"Patient","birthDate":"1971-01-01"\#(number)}"#),
      ], 2
    ),
  ]

  @Test(arguments: pairs.indices)
  func `a transaction that names a resource twice is set aside whole, with both entries named`(
    _ index: Int
  ) throws {
    let (name, entries, resources) = Self.pairs[index]
    let workspace = try Workspace()
    let lines = ([Self.other] + entries).joined(separator: ",\n")
    let file = try workspace.write(
      "t.json", "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[\n\(lines)]}")
    let planned = try workspace.run("plan", file)
    #expect(planned.status == 1, "\(name): \(planned.errors)")
    let outcome = try workspace.run("import", file, "--quarantine", workspace.path("quarantine.ndjson"))
    #expect(outcome.status == 1, "\(name): \(outcome.errors)")
    for said in [planned.errors, outcome.errors] {
      #expect(said.contains("t.json:3:1: set aside"), "\(name): \(said)")
      for line in [3, 4] {
        #expect(
          said.contains("names the resource that the entry at line \(line), column 1, names as well"),
          "\(name)")
      }
    }
    for collection in ["patient", "patient_chart", "resource"] {
      #expect(try workspace.documents(in: collection).isEmpty, "\(name): \(collection)")
    }
    let aside = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(aside.count == 3, "\(name)")
    #expect(aside.count { $0.contains(#""rule":"transaction-twice""#) } == 2, "\(name)")
    // In the same words it is refused again; one entry less, and it is loaded as one.
    let again = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(again.status == 1, "\(name): \(again.errors)")
    #expect(try workspace.documents(in: "resource").isEmpty, "\(name)")
    let left = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(left.count == 3, "\(name)")
    try workspace.write("quarantine.ndjson", left.dropLast().joined(separator: "\n") + "\n")
    let mended = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(mended.status == 0, "\(name): \(mended.errors)")
    #expect(try workspace.documents(in: "resource").count >= 1, "\(name)")
    // A batch has an order.
    let batch = try Workspace()
    let asBatch = try batch.write("b.json", BundleText.bundle("batch", [Self.other] + entries))
    let summary = try batch.importFiles(asBatch)
    #expect(summary.read == resources + 1 && summary.quarantined == 0, "\(name)")
  }

  @Test func `entries that only ask for a resource do not change it`() throws {
    let workspace = try Workspace()
    let search = #","ifNoneExist":"identifier=urn:x|7""#
    func made(_ number: Int, _ birthDate: String) -> String {
      Self.entry(
        "POST", "Patient", #"{"resourceType":"Patient","birthDate":"\#(birthDate)"\#(Self.number)}"#, search
      ).replacing("f001", with: "f00\(number)")
    }
    let file = try workspace.write(
      "t.json",
      BundleText.bundle(
        "transaction",
        [
          made(1, "1970-01-01"), made(2, "1971-01-01"),
          #"{"request":{"method":"GET","url":"Organization/o"}}"#, Self.other,
          #"{"request":{"method":"GET","url":"Organization/o"}}"#,
        ]))
    for inserted in [2, 0] {
      let summary = try workspace.importFiles(file)
      #expect(summary.loaded.inserted == inserted && summary.loaded.unchanged == 3 - inserted)
    }
  }

  @Test func `what a refused transaction wants deleted is deleted when it is replayed`() throws {
    let workspace = try Workspace()
    let stored = try workspace.write("s.json", #"{"resourceType":"Organization","id":"gone","name":"N"}"#)
    _ = try workspace.importFiles(stored)
    let file = try workspace.write(
      "t.json",
      BundleText.bundle(
        "transaction",
        [
          BundleText.delete("Organization/gone"), Self.other,
          BundleText.put(Self.patient("1970-01-01", #","gender":"none""#), "Patient/p"),
        ]))
    #expect(try workspace.importFiles(file, status: 1).quarantined == 2)
    #expect(try workspace.documents(in: "resource").map { $0["_id"]?.text } == ["Organization/gone"])
    try workspace.write(
      "quarantine.ndjson", try workspace.read("quarantine.ndjson").replacing("none", with: "male"))
    let replay = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try workspace.documents(in: "resource").map { $0["_id"]?.text } == ["Organization/o"])
    #expect(try workspace.documents(in: "patient").count == 1)
  }
}
