import BSON
import Foundation
import TestSupport
import Testing

/// What refers to resources that are set aside, and what those refer to.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SetAsideTargetTests {
  private static let identifier = #""identifier":[{"system":"urn:x","value":"7"}]"#

  private static func patient(_ gender: String) -> String {
    #"{"resourceType":"Patient","id":"p",\#(identifier),"gender":"\#(gender)"}"#
  }

  /// Of whom a business identifier alone tells.
  private static let observation =
    #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"#
    + #""subject":{"identifier":{"system":"urn:x","value":"7"}}}"#

  private static func entry(_ resource: String, _ type: String) -> String {
    #"{"resource":\#(resource),"request":{"method":"POST","url":"\#(type)"}}"#
  }

  private static let inputs: [(name: String, text: String)] = [
    ("lines.ndjson", patient("M") + "\n" + observation + "\n"),
    (
      "batch.json",
      BundleText.bundle("batch", [entry(observation, "Observation"), entry(patient("M"), "Patient")])
    ),
    (
      // The patient is sound, and another entry of the transaction is not.
      "transaction.ndjson",
      BundleText.bundle(
        "transaction",
        [entry(patient("male"), "Patient"), entry(#"{"resourceType":"Basic"}"#, "Basic")])
        + "\n" + observation + "\n"
    ),
  ]

  @Test(arguments: 0..<3)
  func `who is set aside is nobody whom an identifier alone could mean, until a replay`(number: Int) throws {
    let workspace = try Workspace()
    let input = Self.inputs[number]
    let file = try workspace.write(input.name, input.text)
    for isFirst in [true, false] {
      let summary = try workspace.importFiles(file, status: 1)
      #expect(summary.loaded == .init(inserted: isFirst ? 1 : 0, replaced: 0, unchanged: isFirst ? 0 : 1))
      #expect(try workspace.documents(in: "patient_chart").isEmpty)
      #expect(try workspace.document("Observation/o", in: "resource")["fhir"] != nil)
    }
    let exported = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson").output
    #expect(exported == Self.observation + "\n")
    let back = try workspace.write("back.ndjson", exported)
    #expect(try workspace.importFiles(back).loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    // What was wrong is mended.
    try workspace.write("mended.ndjson", Self.patient("male") + "\n")
    _ = try workspace.importFiles(workspace.path("mended.ndjson"))
    #expect(try workspace.documents(in: "resource").isEmpty)
    #expect(try workspace.document("p", in: "patient_chart")["observations"]?.elements?.count == 1)
    #expect(try workspace.importFiles(back).loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    // Of whom an earlier version is there, that is meant.
    let summary = try workspace.importFiles(file, status: 1)
    #expect(summary.loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    #expect(try workspace.document("p", in: "patient_chart")["observations"]?.elements?.count == 1)
  }

  /// In one file or in several, where the sound one is first or last.
  @Test(arguments: [
    ["M", "male", nil], ["male", "M", nil], ["M|male", nil], ["M", nil, "M|male"], ["M", nil, "M"],
  ])
  func `of several versions one that is sound is enough`(files: [String?]) throws {
    let workspace = try Workspace()
    let folder = workspace.path("in")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (number, file) in files.enumerated() {
      let lines = file?.split(separator: "|").map { Self.patient(String($0)) } ?? [Self.observation]
      try workspace.write("in/\(number).ndjson", lines.joined(separator: "\n"))
    }
    _ = try workspace.importFiles(folder, status: 1)
    let isThere = files.contains { $0?.contains("male") == true }
    let chart = try workspace.documents(in: "patient_chart").first
    #expect(chart?["observations"]?.elements?.count == (isThere ? 1 : nil))
    #expect(try workspace.documents(in: "resource").isEmpty == isThere)
  }

  @Test(arguments: ["one.json", "lines.ndjson"])
  func `what a transaction refers to is not waited for if it is set aside`(name: String) throws {
    let workspace = try Workspace()
    let waiting =
      #"{"resourceType":"Observation","id":"w","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient?identifier=urn:x|7"}}"#
    func text(_ gender: String) -> String {
      BundleText.bundle(
        "transaction",
        [
          Self.entry(waiting, "Observation"),
          Self.entry(#"{"resourceType":"Patient","id":"q","gender":"\#(gender)"}"#, "Patient"),
        ])
    }
    let refused = try workspace.importFiles(try workspace.write(name, text("M")), status: 1)
    #expect(refused.references == .init(resolved: 0, unresolved: 0))
    #expect(try workspace.documents(in: "fhirline_waiting").isEmpty)
    let loaded = try workspace.importFiles(try workspace.write(name, text("male")))
    #expect(loaded.references == .init(resolved: 0, unresolved: 1))
    #expect(try workspace.documents(in: "fhirline_waiting").count == 1)
  }
}
