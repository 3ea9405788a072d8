import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Bulk files that the database knows already: their documents are compared before they are put together.
@Suite(.enabled(if: TestDatabase.mayRun)) struct ReimportTests {
  private func patients(_ numbers: Range<Int>, city: String = "Peoria") -> String {
    numbers.map {
      #"{"resourceType":"Patient","id":"p\#($0)","birthDate":"1970-01-01","address":[{"city":"\#(city)"}]}"#
    }.joined(separator: "\n") + "\n"
  }

  private func observations(of numbers: Range<Int>, value: (Int, Int) -> String) -> String {
    (0..<5).flatMap { item in
      numbers.map { number in
        #"{"resourceType":"Observation","id":"o\#(number)-\#(item)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/p\#(number)"},"valueString":"\#(value(number, item))"}"#
      }
    }.joined(separator: "\n") + "\n"
  }

  /// Not loaded: its status is none of FHIR's.
  private let broken =
    #"{"resourceType":"Observation","id":"bad","status":"done","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}"#
    + "\n"

  private func check(_ summary: ImportSummary, _ inserted: Int, _ replaced: Int, _ unchanged: Int) {
    let total = summary.total
    #expect(total.inserted == inserted)
    #expect(total.replaced == replaced)
    #expect(total.unchanged == unchanged)
    #expect(total.quarantined == 1)
    let accounted = total.accounted
    #expect(total.read == accounted)
  }

  /// The documents without what tells of the imports they came by.
  private func documents(_ database: TestDatabase) throws -> [String: BSONFields] {
    var all: [String: BSONFields] = [:]
    for collection in ["patient", "patient_chart"] {
      for (id, fields) in try database.documents(collection) {
        all[collection + "/" + id] = fields.withoutHistory
      }
    }
    return all
  }

  @Test func `only what changed is replaced, and every resource is counted once`() throws {
    let database = try TestDatabase()
    let old = observations(of: 0..<20) { "\($0) \($1)" }
    let first = [("patients.ndjson", patients(0..<20)), ("observations.ndjson", old + broken)]
    check(try database.importFiles(first), 120, 0, 0)
    let before = try documents(database)
    check(try database.importFiles(first), 0, 0, 120)
    #expect(try documents(database) == before)

    // One observation of p3 is another, p20 is new, p7 moved.
    let new = observations(of: 0..<21) { $0 == 3 && $1 == 2 ? "new" : "\($0) \($1)" }
    let people = patients(0..<7) + patients(7..<8, city: "Galva") + patients(8..<21)
    let second = [("patients.ndjson", people), ("observations.ndjson", new + broken)]
    check(try database.importFiles(second), 6, 2, 118)
    let fresh = try TestDatabase()
    check(try fresh.importFiles(second), 126, 0, 0)
    let expected = try documents(fresh)
    #expect(try documents(database) == expected)
    check(try database.importFiles(second), 0, 0, 126)
  }

  @Test func `a resource that comes twice is the later one, as in a first import`() throws {
    let database = try TestDatabase()
    let files = [
      ("patients.ndjson", patients(0..<3)),
      ("a.ndjson", observations(of: 0..<3) { _, _ in "old" } + broken),
      ("b.ndjson", observations(of: 1..<2) { _, _ in "new" }),
    ]
    check(try database.importFiles(files), 18, 5, 0)
    let before = try documents(database)
    let again = try database.importFiles(files)
    #expect(again.total.inserted == 0)
    let total = again.total
    let accounted = total.accounted
    #expect(total.read == accounted)
    #expect(try documents(database) == before)
  }

  @Test func `of versions that tell no time the last counts, also where the same come in another order`()
    throws
  {
    let database = try TestDatabase()
    let old = observations(of: 0..<3) { _, _ in "old" }
    let new = observations(of: 0..<3) { _, _ in "new" }
    func files(_ first: String, _ second: String) -> [(String, String)] {
      [("patients.ndjson", patients(0..<3)), ("a.ndjson", first + broken), ("b.ndjson", second)]
    }
    for (first, second) in [(old, new), (old, new), (new, old), (new, old), (old, new)] {
      _ = try database.importFiles(files(first, second))
      let fresh = try TestDatabase()
      _ = try fresh.importFiles(files(first, second))
      let expected = try documents(fresh)
      #expect(try documents(database) == expected)
    }
  }

  @Test func `a document that is gone, or whose reference has another target, is not taken for made`() throws
  {
    let database = try TestDatabase()
    let coverage =
      #"{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/p0"},"#
      + #""payor":[{"reference":"Organization?identifier=urn:x|7"}]}"#
    func organization(_ id: String) -> (String, String) {
      (
        "o.ndjson",
        #"{"resourceType":"Organization","id":"\#(id)","identifier":[{"system":"urn:x","value":"7"}]}"#
      )
    }
    let files = [("p.ndjson", patients(0..<2) + coverage)]
    _ = try database.importFiles(files + [organization("one")])
    let before = try documents(database)
    _ = try database.store.withConnection { try $0.delete(ids: ["p1"], from: "patient") }
    let again = try database.importFiles(files + [organization("one")])
    #expect(again.total.inserted == 1 && again.total.unchanged == 3)
    #expect(try documents(database) == before)
    // Another one is called that now.
    let fresh = try TestDatabase()
    _ = try fresh.importFiles(files + [organization("two")])
    _ = try database.store.withConnection { try $0.delete(ids: ["Organization/one"], from: "resource") }
    _ = try database.importFiles(files + [organization("two")])
    let expected = try documents(fresh)
    #expect(try documents(database) == expected)
  }

  @Test func `an import that changes nothing leaves what waits as it is, so that it heals later`() throws {
    let database = try TestDatabase()
    let waiting = [
      (
        "p.ndjson",
        #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization?identifier=urn:x|7"}}"#
      )
    ]
    #expect(try database.importFiles(waiting).references.unresolved == 1)
    let notes = try database.documents("fhirline_waiting")
    #expect(!notes.isEmpty)
    let again = try database.importFiles(waiting)
    #expect(again.total.unchanged == 1)
    #expect(try database.documents("fhirline_waiting") == notes)
    let target =
      #"{"resourceType":"Organization","id":"o","identifier":[{"system":"urn:x","value":"7"}],"name":"Galva"}"#
    #expect(try database.importFiles([("o.ndjson", target)]).references.healed > 0)
    #expect(try database.documents("patient")["p"]?["medical_group"]?.text == "Galva")
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  @Test func `what an import loaded that was cut short before it healed, one that changes nothing heals`()
    throws
  {
    let database = try TestDatabase()
    let waiting =
      #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization?identifier=urn:x|7"}}"#
    let target =
      #"{"resourceType":"Organization","id":"o","identifier":[{"system":"urn:x","value":"7"}],"name":"Galva"}"#
    _ = try database.importFiles([("p.ndjson", waiting)])
    let patient = try database.documents("patient").values.map { try BSONDocument($0) }
    let notes = try database.documents("fhirline_waiting").values.map { try BSONDocument($0) }
    _ = try database.importFiles([("o.ndjson", target)])
    let healed = try database.documents("patient")
    try database.store.withConnection { connection in
      _ = try connection.replace(patient, in: "patient", upsert: false)
      _ = try connection.insert(notes, into: "fhirline_waiting")
      let cut = WriteOperation.update(
        filter: ["_id": 2],
        try BSONDocument(["$unset": ["finished": ""], "$set": ["process": "vm 0 1 1"]]), upsert: false,
        many: false)
      #expect(try connection.write([cut], in: "fhirline_run").matched == 1)
    }
    let again = try database.importFiles([("other.ndjson", target)])
    #expect(again.total.unchanged == 1 && again.references.healed > 0)
    #expect(try database.documents("patient") == healed)
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  // MARK: What the run itself deletes

  /// A resource of each kind that a run brings and deletes.
  @Test(arguments: [true, false])
  func `what a later entry deletes is not made and deleted again each time`(isHistory: Bool) throws {
    func put(_ type: String, _ id: String, _ more: String) -> String {
      BundleText.put(#"{"resourceType":"\#(type)","id":"\#(id)"\#(more)}"#, "\(type)/\(id)")
    }
    let observation =
      #","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"},"valueString":"y""#
    var entries = [
      put("Patient", "p", ""), put("Patient", "q", ""), put("Observation", "o", observation),
      put("Organization", "k", #","name":"N""#), put("Observation", "w", observation),
      BundleText.delete("Observation/o"), BundleText.delete("Patient/q"),
      BundleText.delete("Organization/k"),
      // What comes back stays.
      BundleText.delete("Observation/w"), put("Observation", "w", observation),
    ]
    if isHistory {
      entries = entries.reversed().map { String($0.dropLast()) + #","response":{"status":"200"}}"# }
    }
    let file = [("a.json", BundleText.bundle(isHistory ? "history" : "batch", entries))]
    let database = try TestDatabase()
    let first = try database.importFiles(file)
    #expect(first.total.read == 6 && first.total.quarantined == 0)
    #expect(first.total.inserted + first.total.unchanged + first.total.replaced == 6 && first.deleted == 0)
    #expect(Set(try database.documents("patient").keys) == ["p"])
    #expect(Set(try database.documents("patient_chart").keys) == ["p"])
    #expect(try database.documents("resource").isEmpty)
    let changes = try database.changes {
      let again = try database.importFiles(file)
      #expect(again.total.unchanged == 6 && again.deleted == 0)
    }
    if let changes { #expect(changes.allSatisfy { $0 == "fhirline_run" }, "\(changes)") }
    // What was there before goes.
    let stored = [("s.json", BundleText.bundle("batch", [put("Organization", "k", #","name":"M""#)]))]
    _ = try database.importFiles(stored)
    #expect(try database.importFiles(file).deleted == 1)
    #expect(try database.documents("resource").isEmpty)
  }

  @Test func `a transaction that is refused deletes nothing, and what it wanted deleted is loaded`() throws {
    let database = try TestDatabase()
    let organization = BundleText.put(
      #"{"resourceType":"Organization","id":"k","name":"N"}"#, "Organization/k")
    let bad = BundleText.put(#"{"resourceType":"Patient","id":"p","gender":"none"}"#, "Patient/p")
    let summary = try database.importFiles([
      ("a.json", BundleText.bundle("batch", [organization])),
      ("b.json", BundleText.bundle("transaction", [bad, BundleText.delete("Organization/k")])),
      (
        "c.json",
        BundleText.bundle(
          "batch", [#"{"request":{"method":"DELETE","url":"Organization/k","unknown":"x"}}"#])
      ),
    ])
    #expect(summary.total.inserted == 1 && summary.deleted == 0)
    #expect(Set(try database.documents("resource").keys) == ["Organization/k"])
  }
}
