import BSON
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Bundles too large to be held: loaded as they come by all workers, they give what held ones give.
@Suite(.enabled(if: TestDatabase.mayRun)) struct LargeBundleTests {
  /// Who has an id, and who has none but a `fullUrl`.
  private func entry(_ resource: String, _ url: String, method: String = "PUT") -> String {
    let fullUrl = url.hasPrefix("urn:") ? url : "http://example.org/" + url
    return
      #"{"fullUrl":"\#(fullUrl)","resource":\#(resource),"request":{"method":"\#(method)","url":"\#(url)"}}"#
  }

  private static func uuid(_ number: Int) -> String {
    "urn:uuid:00000000-0000-4000-8000-\(100_000_000_000 + number)"
  }

  /// Twelve patients with all that a chart, a provider and appointments are made of; entries refer to those behind them.
  ///
  /// - Parameter repeats: whether some come twice, as in a transaction they may not.
  private func entries(text: String = "y", bad: Bool = false, repeats: Bool = false) -> [String] {
    var entries: [String] = []
    for number in 0..<12 {
      let patient = LargeBundleTests.uuid(number)
      let id = patient.dropFirst(9)
      for item in 0..<12 {
        let status = bad && number == 7 && item == 7 ? "done" : "final"
        let value = number == 3 && item == 3 ? text : "y"
        entries.append(
          entry(
            #"{"resourceType":"Observation","status":"\#(status)","code":{"text":"x"},"subject":{"reference":"\#(patient)"},"valueString":"\#(value)"}"#,
            LargeBundleTests.uuid(1000 + number * 100 + item), method: "POST"))
      }
      entries.append(
        entry(
          #"{"resourceType":"Coverage","id":"c\#(number)","status":"active","beneficiary":{"reference":"\#(patient)"},"payor":[{"reference":"Organization?identifier=http://example.org/payers|\#(number % 3)"}]}"#,
          "Coverage/c\(number)"))
      entries.append(
        entry(
          #"{"resourceType":"Appointment","id":"a\#(number)","status":"booked","start":"2024-01-01T10:00:00Z","end":"2024-01-01T10:30:00Z","participant":[{"actor":{"reference":"\#(patient)"},"status":"accepted"},{"actor":{"reference":"Practitioner/d\#(number % 2)"},"status":"accepted"}]}"#,
          "Appointment/a\(number)"))
      entries.append(
        entry(
          #"{"resourceType":"Patient","id":"\#(id)","birthDate":"1970-01-0\#(1 + number % 9)"}"#,
          patient))
    }
    for number in 0..<2 {
      // An NPI whose check digit is wrong: a warning of the first import.
      entries.append(
        entry(
          #"{"resourceType":"Practitioner","id":"d\#(number)","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567890"}]}"#,
          "Practitioner/d\(number)"))
      entries.append(
        entry(
          #"{"resourceType":"PractitionerRole","id":"r\#(number)","practitioner":{"reference":"Practitioner/d\#(number)"},"specialty":[{"text":"S"}]}"#,
          "PractitionerRole/r\(number)"))
    }
    for number in 0..<3 {
      entries.append(
        entry(
          #"{"resourceType":"Organization","id":"o\#(number)","identifier":[{"system":"http://example.org/payers","value":"\#(number)"}],"name":"N\#(number)"}"#,
          "Organization/o\(number)"))
    }
    guard repeats else { return entries }
    // What comes twice, and in two versions.
    entries.append(entries[0])
    entries.append(entry(#"{"resourceType":"Organization","id":"o1","name":"later"}"#, "Organization/o1"))
    return entries
  }

  private func other() -> (String, String) {
    (
      "b.json",
      BundleText.bundle(
        "batch",
        [
          entry(#"{"resourceType":"Practitioner","id":"d1","active":true}"#, "Practitioner/d1"),
          entry(
            #"{"resourceType":"Observation","id":"more","status":"final","code":{"text":"z"},"subject":{"reference":"Patient/\#(LargeBundleTests.uuid(2).dropFirst(9))"}}"#,
            "Observation/more"),
        ])
    )
  }

  private let heldBytes = 20_000

  /// All documents but for whether they were made in one step.
  private func contents(_ database: TestDatabase) throws -> [String: [String: BSONFields]] {
    var found: [String: [String: BSONFields]] = [:]
    for name in ["patient", "patient_chart", "provider", "appointment", "resource", "fhirline_waiting"] {
      found[name] = try database.documents(name).mapValues { $0.without(bookkeeping: "input") }
    }
    return found
  }

  @Test(arguments: ["transaction", "batch", "collection", "history"], [true, false])
  func `it gives what a held one gives, and changes nothing when it comes again`(type: String, isAlone: Bool)
    throws
  {
    func files(_ text: String = "y") -> [(String, String)] {
      let entries = entries(text: text, repeats: type != "transaction")
      return [("a.json", BundleText.bundle(type, entries))] + (isAlone ? [] : [other()])
    }
    let (large, held) = (try TestDatabase(), try TestDatabase())
    let first = try large.importFiles(files(), heldBytes: heldBytes)
    let same = try held.importFiles(files())
    #expect(first.total == same.total && first.references == same.references && first.total.quarantined == 0)
    #expect(first.warnings == same.warnings)
    let loaded = try contents(held)
    #expect(try contents(large) == loaded)
    #expect(loaded["patient"]?.count == 12 && loaded["appointment"]?.count == 12)

    let again = try large.importFiles(files(), heldBytes: heldBytes)
    #expect(again.total.unchanged == first.total.read && again.total.read == first.total.read)
    #expect(try contents(large) == loaded)

    // One observation is another.
    let changed = try large.importFiles(files("other"), heldBytes: heldBytes)
    let expected = try held.importFiles(files("other"))
    #expect(changed.total == expected.total && changed.total.replaced == 1)
    #expect(try contents(large) == contents(held))
  }

  @Test
  func `a large transaction that comes again is not checked again, and one with a fault is refused whole`()
    throws
  {
    let database = try TestDatabase()
    let good = [("a.json", BundleText.bundle("transaction", entries()))]
    let first = try database.importFiles(good, heldBytes: heldBytes)
    #expect(first.warnings > 0)
    let again = try database.importFiles(good, heldBytes: heldBytes)
    #expect(again.warnings == 0)
    let before = try contents(database)
    let bad = [("a.json", BundleText.bundle("transaction", entries(text: "other", bad: true)))]
    let refused = try database.importFiles(bad, heldBytes: heldBytes)
    #expect(refused.total.quarantined == refused.total.read && refused.total.read == first.total.read)
    #expect(try contents(database) == before)
  }

  @Test(arguments: [true, false])
  func `a large transaction that names a resource twice is refused whole, though all of it is stored`(
    asks: Bool
  ) throws {
    let database = try TestDatabase()
    var all = entries(repeats: true)
    if asks {
      // What looks for resources that are there is read once more.
      all.insert(
        entry(
          #"{"resourceType":"Organization","identifier":[{"value":"q"}],"name":"Q"}"#,
          LargeBundleTests.uuid(5000), method: "POST"
        ).replacing(#""method":"POST""#, with: #""method":"POST","ifNoneExist":"identifier=q""#), at: 0)
    }
    _ = try database.importFiles([("b.json", BundleText.bundle("batch", all))])
    let before = try contents(database)
    let refused = try database.importFiles(
      [("a.json", BundleText.bundle("transaction", all))], heldBytes: heldBytes)
    #expect(refused.total.quarantined == refused.total.read && refused.total.read == all.count)
    let aside = try String(contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
    #expect(aside.split(separator: "\n").count { $0.contains("transaction-twice") } == 4)
    #expect(try contents(database) == before)
  }

  @Test func `of a large file of lines each Bundle stands for itself`() throws {
    let refused = BundleText.bundle(
      "transaction",
      [
        entry(#"{"resourceType":"Organization","id":"q","name":"Q"}"#, "Organization/q"),
        entry(#"{"resourceType":"Organization","id":"w","name":7}"#, "Organization/w"),
      ])
    let lines = [BundleText.bundle("transaction", entries()), other().1, refused]
    let files = [("a.ndjson", lines.map { $0.replacing("\n", with: "") }.joined(separator: "\n") + "\n")]
    let (large, held) = (try TestDatabase(), try TestDatabase())
    let first = try large.importFiles(files, heldBytes: heldBytes)
    let same = try held.importFiles(files)
    #expect(first.total == same.total && first.references == same.references)
    #expect(first.total.quarantined == 2 && first.references.unresolved == 0)
    #expect(try contents(large) == contents(held))
    let again = try large.importFiles(files, heldBytes: heldBytes)
    #expect(again.total.unchanged == first.total.read - 2)
  }

  @Test func `a history has its newest versions first, whichever worker takes them`() throws {
    func version(_ number: Int) -> String {
      entry(
        #"{"resourceType":"Organization","id":"o\#(number % 40)","name":"version \#(number / 40)"}"#,
        "Organization/o\(number % 40)")
    }
    let text = BundleText.bundle("history", (0..<400).reversed().map(version))
    let database = try TestDatabase()
    _ = try database.importFiles([("a.json", text)], heldBytes: heldBytes)
    let found = try database.documents("resource")
    #expect(found.count == 40)
    #expect(found.values.allSatisfy { $0["fhir"]?.fields?["name"] == "version 9" })
  }
}
