import BSON
import DocumentStore
import TestSupport
import Testing

/// An organization that is deleted and comes again is, in the end, one that was replaced: documents that show its name show the new one.
@Suite(.enabled(if: TestDatabase.mayRun)) struct DeletedOrganizationTests {
  private static let patients = (0..<3).map { number in
    #"{"resourceType":"Patient","id":"p\#(number)","managingOrganization":{"reference":"Organization/o\#(number / 2)"}}"#
  }

  private static func organization(_ id: String, _ name: String) -> String {
    #"{"resourceType":"Organization","id":"\#(id)","name":"\#(name)"}"#
  }

  private static func bundle(_ entries: [String], isTransaction: Bool = false) -> String {
    BundleText.bundle(isTransaction ? "transaction" : "batch", entries)
  }

  private static func put(_ resource: String, _ url: String) -> String { BundleText.put(resource, url) }

  /// The patients' documents, without where they were read.
  private func patients(_ database: TestDatabase) throws -> [String: BSONFields] {
    try database.documents("patient").mapValues(\.withoutHistory)
  }

  private func expected() throws -> [String: BSONFields] {
    let database = try TestDatabase()
    let first = [Self.organization("o0", "North"), Self.organization("o1", "East")]
    _ = try database.importFiles([("a.ndjson", (first + Self.patients).joined(separator: "\n"))])
    _ = try database.importFiles([("b.ndjson", Self.organization("o0", "South"))])
    return try patients(database)
  }

  private func loaded(others: Bool) throws -> TestDatabase {
    let database = try TestDatabase()
    var first = [Self.organization("o0", "North")] + Self.patients
    if others { first.append(Self.organization("o1", "East")) }
    _ = try database.importFiles([("a.ndjson", first.joined(separator: "\n"))])
    return database
  }

  /// - Parameter others: whether another organization stays.
  @Test(arguments: [true, false], [true, false])
  func `patients show the name under which it comes again`(isTransaction: Bool, others: Bool) throws {
    let database = try loaded(others: others)
    guard !isTransaction || database.store.server.hasTransactions else { return }
    let deletion = Self.bundle([BundleText.delete("Organization/o0")], isTransaction: isTransaction)
    for _ in 0..<2 { _ = try database.importFiles([("d.json", deletion)]) }
    #expect(try database.documents("resource")["Organization/o0"] == nil)
    #expect(try database.documents("patient")["p0"]?["medical_group"]?.text == "North")
    _ = try database.importFiles([("b.ndjson", Self.organization("o0", "South"))])
    if !others { _ = try database.importFiles([("c.ndjson", Self.organization("o1", "East"))]) }
    let expected = try expected()
    #expect(try patients(database) == expected)
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  @Test func `what was not healed when an import broke off is healed by the next`() throws {
    let database = try loaded(others: true)
    _ = try database.importFiles([("d.json", Self.bundle([BundleText.delete("Organization/o0")]))])
    let before = try database.documents("patient").values.map { try BSONDocument($0) }
    let notes = try database.documents("fhirline_waiting").values.map { try BSONDocument($0) }
    _ = try database.importFiles([("b.ndjson", Self.organization("o0", "South"))])
    try database.store.withConnection { connection in
      _ = try connection.replace(before, in: "patient", upsert: false)
      _ = try connection.insert(notes, into: "fhirline_waiting")
      let cut = WriteOperation.update(
        filter: ["_id": 3],
        try BSONDocument(["$unset": ["finished": ""], "$set": ["process": "vm 0 1 1"]]), upsert: false,
        many: false)
      #expect(try connection.write([cut], in: "fhirline_run").matched == 1)
    }
    _ = try database.importFiles([("other.ndjson", Self.organization("o0", "South"))])
    let expected = try expected()
    #expect(try patients(database) == expected)
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  @Test func `one that comes without a name is waited for until it has one`() throws {
    let database = try loaded(others: true)
    _ = try database.importFiles([("d.json", Self.bundle([BundleText.delete("Organization/o0")]))])
    _ = try database.importFiles([("b.ndjson", #"{"resourceType":"Organization","id":"o0","active":true}"#)])
    _ = try database.importFiles([("c.ndjson", Self.organization("o0", "South"))])
    let expected = try expected()
    #expect(try patients(database) == expected)
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  @Test func `a patient who comes between and finds nobody shows the name as well`() throws {
    let database = try loaded(others: true)
    _ = try database.importFiles([("d.json", Self.bundle([BundleText.delete("Organization/o0")]))])
    _ = try database.importFiles([("p.ndjson", Self.patients[0])])
    _ = try database.importFiles([("b.ndjson", Self.organization("o0", "South"))])
    let expected = try expected()
    #expect(try patients(database) == expected)
    #expect(try database.documents("fhirline_waiting").isEmpty)
  }

  @Test func `one that comes and goes in one run leaves no name that stays`() throws {
    let database = try TestDatabase()
    let entries =
      [Self.put(Self.organization("o0", "North"), "Organization/o0")]
      + Self.patients.enumerated().map { Self.put($1, "Patient/p\($0)") }
      + [Self.put(Self.organization("o1", "East"), "Organization/o1"), BundleText.delete("Organization/o0")]
    for _ in 0..<2 { _ = try database.importFiles([("a.json", Self.bundle(entries))]) }
    #expect(try database.documents("resource")["Organization/o0"] == nil)
    _ = try database.importFiles([("b.ndjson", Self.organization("o0", "South"))])
    for (id, document) in try patients(database) {
      #expect(document["medical_group"]?.text == (id == "p2" ? "East" : "South"), "\(id)")
    }
  }
}
