import BSON
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// DELETE entries that search for what is to go: they mean what was there before their Bundle.
@Suite(.enabled(if: TestDatabase.mayRun)) struct SearchedDeletionTests {
  private func number(_ value: String) -> String { #""identifier":[{"system":"urn:x","value":"\#(value)"}]"# }

  private func patient(_ id: String, _ value: String = "7") -> String {
    BundleText.put(#"{"resourceType":"Patient","id":"\#(id)",\#(number(value))}"#, "Patient/\(id)")
  }

  private func observation(_ id: String, of patient: String, _ value: String = "7") -> String {
    BundleText.put(
      #"{"resourceType":"Observation","id":"\#(id)",\#(number(value)),"status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/\#(patient)"},"valueString":"y"}"#, "Observation/\(id)")
  }

  private let filler = (0..<60).map {
    BundleText.put(#"{"resourceType":"Organization","id":"f\#($0)","name":"N"}"#, "Organization/f\($0)")
  }

  private static let contents = ["patient", "patient_chart", "provider", "resource"]

  private func ids(_ database: TestDatabase, _ collection: String) throws -> Set<String> {
    Set(try database.documents(collection).keys.filter { !$0.hasPrefix("Organization/f") })
  }

  private func items(_ database: TestDatabase, _ patient: String) throws -> [String] {
    let chart = try database.documents("patient_chart")[patient]
    return (chart?["observations"]?.elements ?? []).compactMap { $0.fields?["id"]?.text }
  }

  @Test(arguments: ["transaction", "batch"], [nil, 2000])
  func `a Bundle replaces what it searches for, in whatever order it says so`(type: String, heldBytes: Int?)
    throws
  {
    let searches = ["Patient?identifier=urn:x|7", "Observation?identifier=urn:x%7C7"].map(BundleText.delete)
    let made = [patient("new"), observation("o-new", of: "new")]
    for entries in [searches + filler + made, made + filler + searches] {
      for isAlone in [true, false] {
        let database = try TestDatabase()
        _ = try database.importFiles([
          ("0.json", BundleText.bundle("batch", [patient("old"), observation("o-old", of: "old")]))
        ])
        let files =
          [("1.json", BundleText.bundle(type, entries))]
          + (isAlone ? [] : [("2.json", BundleText.bundle(type, [patient("else", "8")]))])
        var first: [String: [String: String]] = [:]
        for deleted in [2, 0, 0] {
          let summary = try database.importFiles(files, heldBytes: heldBytes)
          #expect(summary.deleted == deleted && summary.total.quarantined == 0, "\(entries.first ?? "")")
          #expect(try ids(database, "patient") == (isAlone ? ["new"] : ["new", "else"]))
          #expect(try items(database, "new") == ["o-new"])
          let now = try Dictionary(
            uniqueKeysWithValues: Self.contents.map { ($0, try database.documents($0).mapValues { "\($0)" }) }
          )
          if first.isEmpty { first = now }
          #expect(now == first)
        }
      }
    }
  }

  @Test(arguments: ["transaction", "batch"])
  func `a search that finds several deletes none of them, and is set aside`(type: String) throws {
    let stored = BundleText.bundle(
      "batch", [patient("a"), patient("b"), observation("o1", of: "a", "8"), observation("o2", of: "b", "8")])
    for search in ["Patient?identifier=urn:x|7", "Observation?identifier=urn:x|8"] {
      let database = try TestDatabase()
      _ = try database.importFiles([("0.json", stored)])
      let entries = [BundleText.delete(search), patient("c", "9")]
      let summary = try database.importFiles([("1.json", BundleText.bundle(type, entries))])
      #expect(summary.deleted == 0 && summary.errors == 1)
      #expect(try ids(database, "patient") == (type == "batch" ? ["a", "b", "c"] : ["a", "b"]))
      #expect(try items(database, "a") == ["o1"] && items(database, "b") == ["o2"])
      let aside = try String(
        contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
      #expect(aside.contains("the search finds several resources of this type"))
      #expect(aside.contains(#""url":"\#(search)""#))
    }
  }

  @Test func `a search by id names the resource, one that finds nothing harms nobody`() throws {
    let database = try TestDatabase()
    _ = try database.importFiles([
      ("0.json", BundleText.bundle("batch", [patient("a"), patient("b"), observation("o", of: "b")]))
    ])
    let entries = [
      "Patient?_id=a", "http://example.org/fhir/Observation?_id=o", "Patient?identifier=urn:x|none",
      "Observation?identifier=urn:x|none", "Patient?_id=none",
    ].map(BundleText.delete)
    let summary = try database.importFiles([("1.json", BundleText.bundle("transaction", entries))])
    #expect(summary.deleted == 2 && summary.errors == 0)
    #expect(try ids(database, "patient") == ["b"])
    #expect(try items(database, "b").isEmpty)
  }

  @Test(arguments: ["transaction", "batch"])
  func `what other inputs have counts by their order`(type: String) throws {
    for (isEarlier, value) in [(true, "7"), (false, "7"), (false, "8")] {
      let database = try TestDatabase()
      _ = try database.importFiles([("0.json", BundleText.bundle("batch", [patient("old", value)]))])
      let other = BundleText.bundle(type, [patient("other"), observation("o", of: "other")])
      let deletions = BundleText.bundle(
        type,
        ["Patient?identifier=urn:x|7", "Observation?identifier=urn:x|7"].map(BundleText.delete))
      let files =
        isEarlier ? [("1.json", other), ("2.json", deletions)] : [("1.json", deletions), ("2.json", other)]
      for number in 0..<2 {
        let summary = try database.importFiles(files)
        let patients = try ids(database, "patient")
        if isEarlier {
          // Two patients have the number then: which is meant cannot be told.
          #expect(patients == ["old", "other"])
          #expect(summary.errors == 1)
          #expect(try items(database, "other").isEmpty)
        } else {
          #expect(patients == (value == "7" ? ["other"] : ["old", "other"]))
          #expect(try items(database, "other") == ["o"])
          #expect(summary.deleted == (number == 0 && value == "7" ? 1 : 0))
        }
      }
    }
  }
}
