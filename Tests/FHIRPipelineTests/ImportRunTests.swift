import BSON
import FHIRMapping
import FHIRPipeline
import Foundation
import Testing

@Suite(.enabled(if: TestDatabase.mayRun)) struct ImportRunTests {
  private func bundle(_ resources: String...) -> String {
    let entries = resources.map { #"{"resource":\#($0)}"# }.joined(separator: ",")
    return #"{"resourceType":"Bundle","type":"collection","entry":[\#(entries)]}"#
  }

  private func observation(_ id: String, _ text: String = "x") -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"\#(text)"},"#
      + #""subject":{"reference":"Patient/p"}}"#
  }

  @Test func `two Bundles of one patient in one run make one chart`() throws {
    let database = try TestDatabase()
    let patient = #"{"resourceType":"Patient","id":"p","birthDate":"1970-01-01"}"#
    let files = [
      ("1.json", bundle(patient, observation("a"), observation("b", "first"))),
      ("2.json", bundle(patient, observation("b", "second"), observation("c"))),
    ]
    let summary = try database.importFiles(files)
    #expect(summary.total.read == 6)
    #expect(summary.total.accounted == 6)
    #expect(summary.total.inserted == 4)
    let charts = try database.documents("patient_chart")
    #expect(charts.count == 1)
    let items = charts["p"]?["observations"]?.elements ?? []
    #expect(items.map { $0.fields?["id"]?.text } == ["a", "b", "c"])
    #expect(items[1].fields?["code"]?.fields?["text"] == "second")
    #expect(try database.documents("patient").count == 1)
    let again = try database.importFiles(files)
    #expect(again.total.unchanged == 6)
    #expect(try database.documents("patient_chart") == charts)
  }

  @Test func `a resource that no document can hold is set aside, and all else is loaded`() throws {
    let database = try TestDatabase()
    let data = String(repeating: "QUJD", count: 15_000_000 / 4)
    var lines = (0..<200).map { observation("o\($0)") }
    lines.insert(#"{"resourceType":"Patient","id":"p"}"#, at: 0)
    lines.insert(
      #"{"resourceType":"Binary","id":"big","contentType":"text/plain","data":"\#(data)"}"#, at: 100)
    lines.append(#"{"resourceType":"Binary","id":"small","contentType":"text/plain","data":"QUJD"}"#)
    let summary = try database.importFiles([("all.ndjson", lines.joined(separator: "\n"))])
    #expect(summary.total.read == 203)
    #expect(summary.total.inserted == 202)
    #expect(summary.types["Binary"]?.quarantined == 1)
    #expect(summary.total.accounted == summary.total.read)
    let quarantine = try String(
      contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
    #expect(quarantine.hasPrefix(#"{"source":"#) && quarantine.contains("too large"))
    #expect(try database.documents("patient_chart")["p"]?["observations"]?.elements?.count == 200)
    #expect(try database.documents("resource").keys.sorted() == ["Binary/small"])
  }
}
