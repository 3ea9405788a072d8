import BSON
import FHIRFormats
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Bundles whose files are not whole: what may be a transaction is loaded not at all, what is none as far as it came.
@Suite(.enabled(if: TestDatabase.mayRun)) struct BrokenBundleTests {
  private static let whole: [(name: String, text: String)] = [
    ("z.json", #"{"resourceType":"Organization","id":"whole","name":"N"}"#)
  ]

  private func patient(_ id: String) -> String {
    BundleText.put(#"{"resourceType":"Patient","id":"\#(id)","birthDate":"1970-01-01"}"#, "Patient/\(id)")
  }

  private func bundle(_ type: String, _ count: Int = 3) -> String {
    let entries = (0..<count).map { patient("p\($0)") }
    return BundleText.bundle(type, entries)
  }

  /// Imports a file beside one that is whole; the ids of the patients that are there then.
  private func loaded(_ name: String, _ bytes: Data, held: Int?) throws -> (Set<String>, ImportSummary.Counts)
  {
    let database = try TestDatabase()
    let files = [(name, bytes)] + BrokenBundleTests.whole.map { ($0.name, Data($0.text.utf8)) }
    let summary = try database.importFiles(files, heldBytes: held)
    #expect(try database.documents("resource")["Organization/whole"] != nil)
    let total = summary.total
    #expect(total.read == total.inserted + total.quarantined)
    // Nothing is read as new the second time.
    #expect(try database.importFiles(files, heldBytes: held).total.inserted == 0)
    return (Set(try database.documents("patient").keys), total)
  }

  @Test(arguments: [nil, 100]) func `of a transaction that is cut nothing is loaded`(held: Int?) throws {
    let text = Array(bundle("transaction").utf8)
    let first = try #require(String(decoding: text, as: UTF8.self).range(of: #","request""#))
    let start = String(decoding: text, as: UTF8.self)[..<first.upperBound].utf8.count
    for end in stride(from: start, to: text.count, by: 23) + [text.count - 1, text.count - 2] {
      let (patients, total) = try loaded("a.json", Data(text[..<end]), held: held)
      #expect(patients.isEmpty && total.inserted == 1, "cut at \(end)")
    }
  }

  @Test(arguments: [nil, 100]) func `of a batch that is cut its whole entries are loaded`(held: Int?) throws {
    for type in ["batch", "collection"] {
      let (patients, total) = try loaded("a.json", Data(bundle(type).utf8.dropLast(5)), held: held)
      #expect(patients == ["p0", "p1"] && total.quarantined == 1)
    }
  }

  @Test
  func `a Bundle that is cut before its type may be a transaction, where its entries ask for something`()
    throws
  {
    let text =
      #"{"entry":["# + patient("p") + "," + patient("q") + #"],"resourceType":"Bundle","type":"transac"#
    #expect(try loaded("a.json", Data(text.utf8), held: nil).0.isEmpty)
    let entries = #"{"entry":[{"resource":{"resourceType":"Patient","id":"p"}}],"resourceType":"Bundle","ty"#
    #expect(try loaded("a.json", Data(entries.utf8), held: nil).0 == ["p"])
  }

  @Test func `a transaction with members of its own that cannot be read is not loaded in parts`() throws {
    let text = bundle("transaction").dropLast() + #","total":01}"#
    #expect(try loaded("a.json", Data(text.utf8), held: nil).0.isEmpty)
  }

  @Test func `of a transaction in XML that is cut nothing is loaded`() throws {
    func text(_ type: String) -> String {
      #"<Bundle xmlns="http://hl7.org/fhir"><type value="\#(type)"/><entry><resource><Patient><id value="p"/></Patient>"#
        + #"</resource><request><method value="PUT"/><url value="Patient/p"/></request></entry><entry><resource>"#
    }
    #expect(try loaded("a.xml", Data(text("transaction").utf8), held: nil).0.isEmpty)
    #expect(try loaded("a.xml", Data(text("batch").utf8), held: nil).0 == ["p"])
  }

  @Test(arguments: [nil, 100])
  func `a packed Bundle that breaks off stops no import`(held: Int?) throws {
    // Of names that do not pack well, so that the cut is far behind the first entries.
    let entries = (0..<12_000).map { number in
      #"{"resource":{"resourceType":"Organization","id":"o\#(number)","name":"\#(UUID().uuidString)"},"#
        + #""request":{"method":"PUT","url":"Organization/o\#(number)"}}"#
    }
    for type in ["transaction", "batch"] {
      let packed = Array(BundleText.bundle(type, entries).utf8).withUnsafeBytes { Gzip.compress($0) }
      let database = try TestDatabase()
      let files =
        [("a.json.gz", Data(packed[..<(packed.count * 3 / 4)]))]
        + BrokenBundleTests.whole.map { ($0.name, Data($0.text.utf8)) }
      let summary = try database.importFiles(files, heldBytes: held)
      let found = try database.documents("resource")
      #expect(found["Organization/whole"] != nil && summary.unreadableFiles == 1)
      #expect(type == "transaction" ? found.count == 1 : found.count > 1000)
      #expect(summary.total.read == summary.total.inserted + summary.total.quarantined)
      #expect(type == "transaction" ? summary.total.quarantined > 1000 : summary.total.quarantined == 0)
    }
  }
}
