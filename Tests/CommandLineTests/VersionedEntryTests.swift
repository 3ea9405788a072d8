import BSON
import Foundation
import TestSupport
import Testing

/// Entries of Bundles that are for a certain version of a resource: `ifMatch` and `ifNoneMatch`.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct VersionedEntryTests {
  private func patient(_ version: String?, _ birthDate: String) -> String {
    let meta = version.map { #""meta":{"versionId":"\#($0)"},"# } ?? ""
    return #"{"resourceType":"Patient","id":"p",\#(meta)"birthDate":"\#(birthDate)"}"#
  }

  private func observation(_ version: String?, _ value: String) -> String {
    let meta = version.map { #""meta":{"versionId":"\#($0)"},"# } ?? ""
    return #"{"resourceType":"Observation","id":"w",\#(meta)"status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p"},"valueString":"\#(value)"}"#
  }

  private func put(_ resource: String, _ url: String, _ condition: String) -> String {
    String(BundleText.put(resource, url).dropLast(2)) + ",\n\(condition)}}"
  }

  private func put(_ patient: String, _ condition: String) -> String { put(patient, "Patient/p", condition) }

  private func delete(_ url: String, _ condition: String) -> String {
    String(BundleText.delete(url).dropLast(2)) + ",\n\(condition)}}"
  }

  private let other = BundleText.put(
    #"{"resourceType":"Organization","id":"o","name":"N"}"#, "Organization/o")

  private func match(_ version: String) -> String { #""ifMatch":"W/\"\#(version)\"""# }
  private let new = #""ifNoneMatch":"*""#

  /// Of a document of the patient.
  private func birthDate(_ workspace: Workspace) throws -> BSONValue? {
    try workspace.document("p", in: "patient")["date_of_birth"]
  }

  private func values(_ workspace: Workspace) throws -> [String?] {
    try workspace.document("p", in: "patient_chart")["observations"]?.elements?.map {
      $0.fields?["valueString"]?.text
    } ?? []
  }

  private func plan(_ workspace: Workspace, _ files: [String]) throws -> (status: Int32, [String: Any]) {
    let outcome = try Program.run(
      ["plan", "--no-progress", "--format", "json"] + files,
      environment: ["FHIRLINE_DATABASE": workspace.database])
    let planned = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    return (outcome.status, try #require(planned?["resources"] as? [String: Any]))
  }

  /// Imports as a plan foresees it.
  private func importAsPlanned(
    _ workspace: Workspace, _ files: [String], status: Int32 = 0
  ) throws -> (summary: Workspace.Summary, said: String) {
    let before = try DatabaseContents(of: workspace)
    let (planned, resources) = try plan(workspace, files)
    #expect(try DatabaseContents(of: workspace).differences(from: before) == [])
    #expect(planned == status)
    let outcome = try Program.run(
      ["import"] + files + [
        "--summary", "json", "--no-progress", "--quarantine", workspace.path("quarantine.ndjson"),
      ],
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)")
    let done = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(done.read == done.accounted)
    #expect(
      resources["loaded"] as? [String: Int] == [
        "inserted": done.loaded.inserted, "replaced": done.loaded.replaced,
        "unchanged": done.loaded.unchanged,
      ])
    return (done, outcome.errors)
  }

  // MARK: ifMatch

  @Test(arguments: ["transaction", "batch"])
  func `the version that is named is replaced, and again nothing is`(type: String) throws {
    let workspace = try Workspace()
    let first = try workspace.write(
      "1.ndjson", patient("2", "1970-01-01") + "\n" + observation("7", "first") + "\n")
    _ = try workspace.importFiles(first)
    // One says the version that the server made of it, the other that which it was made of.
    let file = try workspace.write(
      "2.json",
      BundleText.bundle(
        type,
        [
          put(patient("3", "1971-01-01"), match("2")), other,
          put(observation("7", "second"), "Observation/w", #""ifMatch":"\"6\", W/\"7\"""#),
        ]))
    let done = try importAsPlanned(workspace, [file]).summary
    #expect(done.loaded.replaced == 2 && done.loaded.inserted == 1)
    #expect(try birthDate(workspace) == .date(31_536_000_000))
    #expect(try values(workspace) == ["second"])
    let again = try importAsPlanned(workspace, [file]).summary
    #expect(again.loaded.unchanged == 3)
  }

  @Test(arguments: ["transaction", "batch"], ["3", nil])
  func `another version stays as it is, and the entry is set aside`(type: String, stored: String?) throws {
    let workspace = try Workspace()
    let first = try workspace.write(
      "1.ndjson", patient(stored, "1970-01-01") + "\n" + observation(stored, "first") + "\n")
    _ = try workspace.importFiles(first)
    let before = try workspace.documents(in: "patient") + workspace.documents(in: "patient_chart")
    let file = try workspace.write(
      "2.json",
      BundleText.bundle(
        type,
        [
          put(patient("2", "1971-01-01"), match("2")), other,
          put(observation(nil, "second"), "Observation/w", match("2")),
        ]))
    let (done, said) = try importAsPlanned(workspace, [file], status: 1)
    #expect(done.quarantined == (type == "batch" ? 2 : 3))
    #expect(said.contains("2.json:2:1: set aside: Bundle.entry[0].request.ifMatch"), "\(said)")
    #expect(said.contains(stored == nil ? "says none (meta.versionId)" : "is for another version"))
    #expect(
      try workspace.documents(in: "patient") + workspace.documents(in: "patient_chart") == before)
    #expect(try workspace.documents(in: "resource").count == (type == "batch" ? 1 : 0))
    // Without its condition it is replayed.
    let aside = try workspace.read("quarantine.ndjson")
    #expect(aside.contains(#""rule":"version-conflict""#))
    let again = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(again.status == 1)
    #expect(
      try workspace.read("quarantine.ndjson").split(separator: "\n").count == (type == "batch" ? 2 : 3))
    try workspace.write(
      "quarantine.ndjson",
      aside.replacing(/, *"ifMatch":"W\/\\"2\\""/, with: "").replacing(
        #""versionId":"2""#, with: #""versionId":"4""#))
    let replay = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try birthDate(workspace) == .date(31_536_000_000))
    #expect(try values(workspace) == ["second"])
  }

  @Test func `what is not there cannot be overwritten`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "b.json", BundleText.bundle("transaction", [put(patient("3", "1970-01-01"), match("2"))]))
    for inserted in [1, 0] {
      #expect(try importAsPlanned(workspace, [file]).summary.loaded.inserted == inserted)
    }
    let any = try workspace.write(
      "c.json",
      BundleText.bundle(
        "batch",
        [
          put(patient("4", "1972-01-01"), #""ifMatch":"*""#),
          put(observation(nil, "x"), "Observation/w", #""ifMatch":"*""#),
        ]))
    let done = try importAsPlanned(workspace, [any], status: 1).summary
    #expect(done.loaded.replaced == 1 && done.quarantined == 1)
  }

  @Test func `a version that was replaced since is no conflict when it comes again, an edit of it is`() throws
  {
    let workspace = try Workspace()
    let second = try workspace.write(
      "2.json", BundleText.bundle("transaction", [put(patient("2", "1970-01-01"), match("1"))]))
    let third = try workspace.write(
      "3.json", BundleText.bundle("transaction", [put(patient("3", "1971-01-01"), match("2"))]))
    _ = try importAsPlanned(workspace, [second])
    _ = try importAsPlanned(workspace, [third])
    #expect(try importAsPlanned(workspace, [second]).summary.loaded.unchanged == 1)
    let edit = try workspace.write(
      "e.json", BundleText.bundle("transaction", [put(patient("2", "1979-01-01"), match("2"))]))
    #expect(try importAsPlanned(workspace, [edit], status: 1).summary.quarantined == 1)
    #expect(try birthDate(workspace) == .date(31_536_000_000))
  }

  // MARK: ifNoneMatch

  @Test(arguments: ["transaction", "batch"])
  func `what is only to be made is made once, and is no conflict with itself`(type: String) throws {
    let workspace = try Workspace()
    let entries = [
      put(patient(nil, "1970-01-01"), new), put(observation(nil, "first"), "Observation/w", new), other,
    ]
    let file = try workspace.write("a.json", BundleText.bundle(type, entries))
    #expect(try importAsPlanned(workspace, [file]).summary.loaded.inserted == 3)
    // What an application edits is no other version.
    try workspace.set("date_of_birth", to: .date(86_400_000), of: "p", in: "patient")
    #expect(try importAsPlanned(workspace, [file]).summary.loaded.unchanged == 3)
    let changed = try workspace.write(
      "b.json",
      BundleText.bundle(
        type,
        [
          put(patient(nil, "1970-01-01"), new), put(observation(nil, "second"), "Observation/w", new),
          BundleText.put(#"{"resourceType":"Organization","id":"k","name":"K"}"#, "Organization/k"),
        ]))
    let (done, said) = try importAsPlanned(workspace, [changed], status: 1)
    #expect(done.quarantined == (type == "batch" ? 1 : 3))
    #expect(said.contains("Bundle.entry[1].request.ifNoneMatch"), "\(said)")
    #expect(try values(workspace) == ["first"])
    #expect(try workspace.documents(in: "resource").count == (type == "batch" ? 2 : 1))
  }

  // MARK: Deletions

  @Test(arguments: ["transaction", "batch"])
  func `the version that is named is deleted, another stays`(type: String) throws {
    let workspace = try Workspace()
    let stored = try workspace.write(
      "1.ndjson", patient("2", "1970-01-01") + "\n" + observation("7", "first") + "\n")
    _ = try workspace.importFiles(stored)
    func file(_ version: String) throws -> String {
      try workspace.write(
        "d\(version).json", BundleText.bundle(type, [other, delete("Observation/w", match(version))]))
    }
    let (_, said) = try importAsPlanned(workspace, [file("6")], status: 1)
    #expect(said.contains("Bundle.entry[1].request.ifMatch"), "\(said)")
    #expect(try values(workspace) == ["first"])
    let aside = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(aside.count == (type == "batch" ? 1 : 2))
    // There it is tried again.
    try workspace.write(
      "quarantine.ndjson", try workspace.read("quarantine.ndjson").replacing(#"W/\"6\""#, with: #"W/\"7\""#))
    let replay = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try values(workspace) == [])
    // What is gone is no conflict.
    for version in ["6", "7"] { _ = try importAsPlanned(workspace, [file(version)]) }
  }

  // MARK: One after another

  /// A resource's life in several Bundles: made, changed twice, deleted, and made again.
  private func life(_ workspace: Workspace, hasVersions: Bool) throws -> [String] {
    func version(_ number: Int) -> String? { hasVersions ? "\(number)" : nil }
    let entries = [
      [put(patient(version(1), "1971-01-01"), new)],
      [put(observation(version(1), "first"), "Observation/w", new), other],
      hasVersions
        ? [
          put(patient("2", "1972-01-01"), match("1")),
          put(observation("2", "second"), "Observation/w", match("1")),
        ] : [BundleText.put(patient(nil, "1972-01-01"), "Patient/p")],
      hasVersions
        ? [put(patient("3", "1973-01-01"), match("2"))]
        : [BundleText.put(patient(nil, "1973-01-01"), "Patient/p")],
      [delete("Observation/w", hasVersions ? match("2") : #""ifMatch":"*""#)],
      [put(observation(version(4), "fourth"), "Observation/w", new)],
    ]
    return try entries.enumerated().map { number, entries in
      try workspace.write(
        "\(number).json", BundleText.bundle(number.isMultiple(of: 2) ? "transaction" : "batch", entries))
    }
  }

  @Test(arguments: [true, false])
  func `Bundles that follow each other are one after another in one import, and again, and after any of them`(
    hasVersions: Bool
  ) throws {
    let all = try Workspace()
    let files = try life(all, hasVersions: hasVersions)
    let first = try importAsPlanned(all, files).summary
    #expect(first.quarantined == 0)
    #expect(try birthDate(all) == .date(94_694_400_000))
    #expect(try values(all) == ["fourth"])
    let loaded = try all.documents(in: "patient_chart")
    for _ in 0..<2 {
      let again = try all.importFiles(files[0], files[1], files[2], files[3], files[4], files[5])
      #expect(again.quarantined == 0 && again.loaded.inserted == 0 && again.loaded.replaced == 0)
    }
    for count in 1..<files.count {
      let workspace = try Workspace()
      // As if the import had been killed when it had come so far.
      _ = try Program.run(
        ["import", "--no-progress"] + files.prefix(count),
        environment: ["FHIRLINE_DATABASE": workspace.database])
      _ = try importAsPlanned(workspace, files)
      #expect(try birthDate(workspace) == .date(94_694_400_000), "\(count)")
      #expect(try values(workspace) == ["fourth"], "\(count)")
    }
    #expect(try all.documents(in: "patient_chart") == loaded)
  }

  @Test func `of a transaction that is set aside no version counts`() throws {
    let workspace = try Workspace()
    let stored = try workspace.write(
      "0.ndjson", patient("1", "1970-01-01") + "\n" + observation("1", "first") + "\n")
    _ = try workspace.importFiles(stored)
    let refused = try workspace.write(
      "1.json",
      BundleText.bundle(
        "transaction",
        [
          put(patient("2", "1971-01-01"), match("1")),
          put(observation("9", "x"), "Observation/w", match("8")),
        ]))
    let after = try workspace.write(
      "2.json", BundleText.bundle("transaction", [put(patient("3", "1972-01-01"), match("2"))]))
    #expect(try importAsPlanned(workspace, [refused, after], status: 1).summary.quarantined == 3)
    #expect(try birthDate(workspace) == .date(0))
  }

  @Test func `what a history's entries asked for was granted when they were made`() throws {
    let workspace = try Workspace()
    let response = #","response":{"status":"200"}}"#
    let entries = [
      put(patient("3", "1973-01-01"), match("2")), put(patient("2", "1972-01-01"), match("1")),
      put(patient("1", "1971-01-01"), new),
    ].map { String($0.dropLast()) + response }
    let file = try workspace.write("h.json", BundleText.bundle("history", entries))
    let stored = try workspace.write("0.json", patient("1", "1970-01-01"))
    _ = try workspace.importFiles(stored)
    let done = try importAsPlanned(workspace, [file]).summary
    #expect(done.quarantined == 0)
    #expect(try birthDate(workspace) == .date(94_694_400_000))
  }
}
