import BSON
import Foundation
import TestSupport
import Testing

@testable import FHIRMapping

/// How the documents of a law's test came into their database, and how they stand there.
struct LawSetting: Sendable, CustomTestStringConvertible {
  /// What an import reads.
  enum Form: String, CaseIterable, Sendable {
    case lines, transaction, batch
  }

  let kind: DocumentKind
  var seed: UInt64 = 1
  var source = ""
  /// `documents.chart`
  var layout = "collection"
  /// Whether charts outgrow their pages.
  var hasPages = false
  var form = Form.lines

  var testDescription: String {
    "\(kind.rawValue), seed \(seed), \(layout)\(hasPages ? " with pages" : ""), \(form), source '\(source)'"
  }

  /// Some of all, and with `FHIRLINE_RUNS` any.
  static let all: [LawSetting] =
    [
      LawSetting(kind: .patient, layout: "embedded", form: .batch),
      LawSetting(kind: .patient, source: "north"),
      LawSetting(kind: .chart),
      LawSetting(kind: .chart, source: "north", layout: "both", hasPages: true, form: .transaction),
      LawSetting(kind: .chart, layout: "embedded", hasPages: true),
      LawSetting(kind: .provider, form: .transaction),
      LawSetting(kind: .provider, source: "north"),
      LawSetting(kind: .appointment, layout: "both", form: .batch),
    ] + (1..<Runs.factor).flatMap { seed in DocumentKind.mapped.map { drawn($0, seed: UInt64(seed + 1)) } }

  private static func drawn(_ kind: DocumentKind, seed: UInt64) -> LawSetting {
    var random = SeededGenerator(seed: seed)
    // What an application writes into an appointment is an `_id`, which has the source in it.
    let sources = kind == .appointment ? [""] : ["", "north"]
    return LawSetting(
      kind: kind, seed: seed, source: sources.randomElement(using: &random) ?? "",
      layout: ["collection", "embedded", "both"].randomElement(using: &random) ?? "",
      hasPages: Bool.random(using: &random), form: Form.allCases.randomElement(using: &random) ?? .lines)
  }

  var configuration: String {
    "documents:\n  chart: \(layout)\n" + (hasPages ? "  chart_page_bytes: 10000\n" : "")
      + (source.isEmpty ? "" : "import:\n  source: \(source)\n")
  }

  /// Resources as a file of the form.
  func file(_ resources: [String]) throws -> (name: String, text: String) {
    guard form != .lines else { return ("source.ndjson", resources.joined(separator: "\n")) }
    let entries = try resources.map { text in
      let resource = try LawExport.value(text)
      let key = (resource["resourceType"]?.text ?? "") + "/" + (resource["id"]?.text ?? "")
      return
        #"{"fullUrl":"http://example.org/fhir/\#(key)","resource":\#(text),"request":{"method":"PUT","url":"\#(key)"}}"#
    }
    return (
      "source.json",
      #"{"resourceType":"Bundle","type":"\#(form)","entry":[\#(entries.joined(separator: ",\n"))]}"#
    )
  }

  // MARK: Documents

  private var isEmbedded: Bool { kind == .chart && layout == "embedded" }
  func documentID(_ id: String) -> String { source.isEmpty ? id : source + "." + id }
  /// The collection in which the documents stand, whatever the mapping calls their own.
  func collection(_ plan: DocumentPlan) -> String {
    isEmbedded ? DocumentKind.patient.rawValue : plan.collection
  }
  /// Where a field stands in the collection's documents.
  func path(_ field: String) -> String { isEmbedded ? DocumentKind.chart.rawValue + "." + field : field }

  /// First pages, in whatever order.
  func documents(_ workspace: Workspace, _ plan: DocumentPlan) throws -> [BSONFields] {
    try workspace.documents(in: collection(plan)).compactMap { document in
      guard isEmbedded else { return document["page"] == nil ? document : nil }
      guard var chart = document[DocumentKind.chart.rawValue]?.fields else { return nil }
      chart["_id"] = document["_id"]
      return chart
    }
  }
}

extension MappingSet {
  /// Those of the project.
  static func ofProject() throws -> MappingSet {
    try load(directory: Program.folder.appending(path: "Mappings").path)
  }
}
