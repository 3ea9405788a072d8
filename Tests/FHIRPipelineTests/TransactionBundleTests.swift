import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Transaction Bundles are all or nothing: whatever they share with other inputs, whatever they delete, however large they are.
@Suite(.enabled(if: TestDatabase.mayRun)) struct TransactionBundleTests {
  private func patient(_ id: String) -> String {
    BundleText.put(#"{"resourceType":"Patient","id":"\#(id)","birthDate":"1970-01-01"}"#, "Patient/\(id)")
  }

  private func observation(_ id: String, of patient: String, status: String = "final", text: String = "y")
    -> String
  {
    BundleText.put(
      #"{"resourceType":"Observation","id":"\#(id)","status":"\#(status)","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/\#(patient)"},"valueString":"\#(text)"}"#, "Observation/\(id)")
  }

  private func organization(_ id: String, name: String = "N") -> String {
    BundleText.put(#"{"resourceType":"Organization","id":"\#(id)","name":"\#(name)"}"#, "Organization/\(id)")
  }

  private func appointment(_ id: String, of patient: String, with provider: String) -> String {
    func participant(_ reference: String) -> String {
      #"{"actor":{"reference":"\#(reference)"},"status":"accepted"}"#
    }
    return BundleText.put(
      #"{"resourceType":"Appointment","id":"\#(id)","status":"booked","start":"2024-01-01T10:00:00Z","#
        + #""end":"2024-01-01T10:30:00Z","participant":["#
        + [participant("Patient/\(patient)"), participant("Practitioner/\(provider)")].joined(separator: ",")
        + "]}", "Appointment/\(id)")
  }

  private func items(_ database: TestDatabase, _ patient: String) throws -> [String] {
    let chart = try database.documents("patient_chart")
    return chart.filter { $0.key == patient || $0.key.hasPrefix(patient + "#") }.values
      .flatMap { $0["observations"]?.elements ?? [] }.compactMap { $0.fields?["id"]?.text }.sorted()
  }

  private func refuse(_ collection: String, _ validator: BSONFields, in database: TestDatabase) throws {
    try database.store.withConnection { connection in
      try connection.createCollection(collection, options: ["validator": .document(validator)])
    }
  }

  @Test func `a transaction that MongoDB refuses deletes nothing`() throws {
    let database = try TestDatabase()
    try refuse("resource", ["fhir.name": ["$ne": "bad"]], in: database)
    let before = [organization("o"), patient("p"), observation("o1", of: "p")]
    _ = try database.importFiles([("a.json", BundleText.bundle("batch", before))])
    let refused = BundleText.bundle(
      "transaction",
      [
        BundleText.delete("Organization/o"), BundleText.delete("Observation/o1"), observation("o2", of: "p"),
        organization("k", name: "bad"),
      ])
    let other = BundleText.bundle("transaction", [BundleText.delete("Patient/nobody"), patient("q")])
    let summary = try database.importFiles([("b.json", refused), ("c.json", other)])
    #expect(summary.deleted == 0)
    #expect(summary.total.quarantined >= 1)
    #expect(Set(try database.documents("resource").keys) == ["Organization/o"])
    #expect(try items(database, "p").contains("o1"))
    #expect(Set(try database.documents("patient").keys) == ["p", "q"])
  }

  @Test func `of many small transactions only those that MongoDB refuses are set aside, each whole`() throws {
    let database = try TestDatabase()
    try refuse("resource", ["fhir.name": ["$ne": "bad"]], in: database)
    let refused: Set = [7, 50, 51, 119]
    let files = (0..<120).map { number in
      let name = refused.contains(number) ? "bad" : "N\(number)"
      let entries = [patient("p\(number)"), organization("o\(number)", name: name)]
      return ("\(number).json", BundleText.bundle("transaction", entries))
    }
    let summary = try database.importFiles(files)
    #expect(summary.total.read == 240 && summary.total.inserted == 232 && summary.total.quarantined == 8)
    let kept = Set((0..<120).filter { !refused.contains($0) })
    #expect(Set(try database.documents("patient").keys) == Set(kept.map { "p\($0)" }))
    #expect(Set(try database.documents("resource").keys) == Set(kept.map { "Organization/o\($0)" }))
    let again = try database.importFiles(files)
    #expect(again.total.unchanged == 232 && again.total.quarantined == 8 && again.total.inserted == 0)
  }

  @Test func `a transaction deletes and writes in one document`() throws {
    let database = try TestDatabase()
    let before = [patient("p")] + (1...40).map { observation("o\($0)", of: "p") }
    _ = try database.importFiles([("a.json", BundleText.bundle("batch", before))], pageBytes: 3000)
    let change = BundleText.bundle(
      "transaction",
      [
        BundleText.delete("Observation/o7"), BundleText.delete("Observation/o8"), patient("p"),
        observation("new", of: "p"),
      ])
    for round in 0..<2 {
      let summary = try database.importFiles(
        [
          ("b.json", change),
          ("c.json", BundleText.bundle("transaction", [patient("q"), organization("o")])),
        ],
        pageBytes: 3000)
      #expect(summary.deleted == (round == 0 ? 2 : 0))
      #expect(summary.total.read == summary.total.inserted + summary.total.unchanged)
      let expected = (1...40).filter { $0 != 7 && $0 != 8 }.map { "o\($0)" } + ["new"]
      #expect(try items(database, "p") == expected.sorted())
    }
    // The patient goes with the chart, in whatever order the two are taken.
    let end = BundleText.bundle(
      "transaction",
      [BundleText.delete("Patient/q"), BundleText.delete("Organization/o"), organization("other")])
    #expect(try database.importFiles([("d.json", end), ("e.json", patientFile)]).deleted == 2)
    #expect(Set(try database.documents("patient").keys) == ["p", "alone"])
    #expect(Set(try database.documents("resource").keys) == ["Organization/other"])
    #expect(try database.documents("patient_chart")["q"] == nil)
  }

  private let patientFile = #"{"resourceType":"Patient","id":"alone"}"#

  @Test func `what was deleted and comes later in the run stays`() throws {
    let database = try TestDatabase()
    let files = [
      (
        "1.ndjson",
        #"{"resourceType":"Observation","id":"early","status":"final","code":{"text":"x"}}"# + "\n"
      ),
      (
        "2.json",
        BundleText.bundle(
          "transaction",
          [BundleText.delete("Observation/early"), BundleText.delete("Observation/late"), patient("p")])
      ),
      ("3.json", BundleText.bundle("transaction", [patient("q"), observation("late", of: "q")])),
    ]
    for _ in 0..<2 {
      _ = try database.importFiles(files)
      #expect(try items(database, "q") == ["late"])
      #expect(try database.documents("resource").isEmpty)
    }
  }

  @Test func `documents that others may share belong to the transaction`() throws {
    let database = try TestDatabase()
    try refuse("provider", ["fhir.gender": ["$ne": "male"]], in: database)
    func doctor(_ id: String, _ gender: String) -> String {
      BundleText.put(
        #"{"resourceType":"Practitioner","id":"\#(id)","gender":"\#(gender)"}"#, "Practitioner/\(id)")
    }
    let refused = BundleText.bundle(
      "transaction", [patient("p"), doctor("him", "male"), appointment("a1", of: "p", with: "him")])
    let taken = BundleText.bundle(
      "transaction", [patient("q"), doctor("her", "female"), appointment("a2", of: "q", with: "her")])
    let summary = try database.importFiles([("a.json", refused), ("b.json", taken)])
    #expect(summary.total.inserted == 3 && summary.total.quarantined == 3)
    #expect(Set(try database.documents("patient").keys) == ["q"])
    #expect(Set(try database.documents("patient_chart").keys) == ["q"])
    #expect(Set(try database.documents("appointment").keys) == ["a2"])
    let providers = try database.documents("provider")
    #expect(Array(providers.keys) == ["her"])
    #expect(providers["her"]?["appointments"]?.elements == ["a2"])
  }

  @Test func `many transactions list their appointments in one provider`() throws {
    let database = try TestDatabase()
    let doctor = BundleText.put(#"{"resourceType":"Practitioner","id":"d"}"#, "Practitioner/d")
    // Each has the doctor, too: the same from all of them.
    let files = (0..<30).map { number in
      (
        "\(number).json",
        BundleText.bundle(
          "transaction",
          [doctor, patient("p\(number)"), appointment("a\(number)", of: "p\(number)", with: "d")])
      )
    }
    let summary = try database.importFiles(files)
    #expect(summary.total.quarantined == 0)
    #expect(summary.total.read == 90)
    let listed = try database.documents("provider")["d"]?["appointments"]?.elements ?? []
    #expect(Set(listed.compactMap(\.text)) == Set((0..<30).map { "a\($0)" }))
    let again = try database.importFiles(files)
    #expect(again.total.unchanged == again.total.read)
  }

  // MARK: Large ones

  private func large(_ count: Int, last: String? = nil) -> [String] {
    [patient("p"), organization("o")] + (0..<count).map { observation("o\($0)", of: "p") }
      + (last.map { [$0] } ?? [])
  }

  @Test func `a transaction too large to be held is all or nothing, too`() throws {
    let other = BundleText.bundle("transaction", [patient("q")])
    let good = BundleText.bundle("transaction", large(200, last: BundleText.delete("Organization/gone")))
    let bad = BundleText.bundle("transaction", large(200, last: observation("bad", of: "p", status: "done")))
    for files in [[("a.json", bad), ("b.json", other)], [("a.json", bad)]] {
      let database = try TestDatabase()
      let summary = try database.importFiles(files, heldBytes: 5000)
      #expect(summary.total.quarantined == 203)
      #expect(summary.total.read == 202 + files.count)
      #expect(Set(try database.documents("patient").keys) == (files.count == 2 ? ["q"] : []))
      #expect(try database.documents("resource").isEmpty)
      let file = try String(contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
      #expect(file.split(separator: "\n").count == 203)
    }
    let database = try TestDatabase()
    _ = try database.importFiles([("0.json", BundleText.bundle("batch", [organization("gone")]))])
    let summary = try database.importFiles([("a.json", good), ("b.json", other)], heldBytes: 5000)
    #expect(summary.total.inserted == 203 && summary.deleted == 1)
    #expect(try items(database, "p").count == 200)
    let again = try database.importFiles([("a.json", good), ("b.json", other)], heldBytes: 5000)
    #expect(again.total.unchanged == 203)
    // The same as if it had been held.
    let small = try TestDatabase()
    _ = try small.importFiles([("0.json", BundleText.bundle("batch", [organization("gone")]))])
    _ = try small.importFiles([("a.json", good), ("b.json", other)])
    for collection in ["patient", "patient_chart", "resource"] {
      #expect(try small.documents(collection) == database.documents(collection))
    }
  }

  @Test func `a large transaction that MongoDB refuses one document of leaves nothing behind`() throws {
    let database = try TestDatabase()
    try refuse("resource", ["fhir.name": ["$ne": "bad"]], in: database)
    let refused = BundleText.bundle("transaction", large(200, last: organization("k", name: "bad")))
    let summary = try database.importFiles(
      [("a.json", refused), ("b.json", BundleText.bundle("transaction", [patient("q")]))], heldBytes: 5000)
    #expect(summary.total.quarantined == 203 && summary.total.inserted == 1)
    #expect(Set(try database.documents("patient").keys) == ["q"])
    #expect(Set(try database.documents("patient_chart").keys) == ["q"])
    #expect(try database.documents("resource").isEmpty)
  }

  @Test func `a Bundle too large to be held finds what its entries refer to`() throws {
    // Behind the resources that refer to it, by a name of the Bundle's own.
    let uuid = "urn:uuid:0c9b1f0e-1111-4222-8333-444455556666"
    var entries = (0..<100).map { number in
      #"{"fullUrl":"urn:uuid:1c9b1f0e-1111-4222-8333-4444555\#(10000 + number)","resource":{"resourceType":"Observation","#
        + #""status":"final","code":{"text":"x"},"subject":{"reference":"\#(uuid)"},"valueString":"\#(number)"}}"#
    }
    entries.append(#"{"fullUrl":"\#(uuid)","resource":{"resourceType":"Patient","birthDate":"1970-01-01"}}"#)
    let collection = BundleText.bundle("collection", entries)
    var found: [[String: BSONFields]] = []
    for held in [1000, 16 << 20] {
      let database = try TestDatabase()
      let files = [("a.json", collection), ("b.json", patientFile)]
      let summary = try database.importFiles(files, heldBytes: held)
      #expect(summary.total.inserted == 102 && summary.references.resolved == 100)
      #expect(try database.importFiles(files, heldBytes: held).total.unchanged == 102)
      found.append(try database.documents("patient_chart"))
    }
    #expect(found[0] == found[1])
    #expect(found[0]["0c9b1f0e-1111-4222-8333-444455556666"]?["observations"]?.elements?.count == 100)
  }
}
