import BSON
import Foundation
import TestSupport
import Testing

@testable import FHIRMapping

/// Whole databases that never came from FHIR, drawn at random, through the program: what they export is valid, each field is in it or
/// told, it comes in again and changes nothing, and makes an empty database export the same; the doctor mends what it mends once.
///
/// `FHIRLINE_RUNS=20` draws twenty times as many, `FHIRLINE_SEED=7` begins with another, `FHIRLINE_PATIENTS=500` makes them larger.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct DriftedDatabaseTests {
  private let mappings: MappingSet

  init() throws { mappings = try .ofProject() }

  private static let size =
    ProcessInfo.processInfo.environment["FHIRLINE_PATIENTS"].flatMap { Int($0) } ?? 24
  private static let seeds = Runs.seeds(1).map { SeededGenerator.seed &* 1_000 &+ UInt64($0) }

  @Test(arguments: DriftedDatabase.Layout.allCases, seeds)
  func `a drifted database keeps the laws`(_ layout: DriftedDatabase.Layout, _ seed: UInt64) throws {
    let label = "\(layout), seed \(seed)"
    let drifted = DriftedDatabase(seed: seed, layout: layout, size: Self.size)
    let workspace = try Workspace()
    for (kind, documents) in drifted.documents { try workspace.insert(documents, into: kind.rawValue) }
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout.rawValue)\n")
    let options = ["--config", config]

    let drafted = try DriftedExport(of: workspace, to: "drafted", label, options)
    try repair(workspace, options, label)
    let export = try DriftedExport(of: workspace, to: "first", label, options)
    checkSame(drafted, export, "\(label): after --fix")
    for error in try export.errors() { Issue.record("\(label): invalid: \(error)") }
    checkCarriage(of: drifted, in: export, label)
    #expect(export.resources.count > Self.size, "\(label)")

    // What was exported comes in again.
    let before = try DatabaseContents(of: workspace)
    let plan = try workspace.run(["plan", export.folder, "--format", "json", "--no-progress"] + options)
    let importing = ["import", export.folder, "--no-progress"] + options
    let summary = try imported(workspace, importing, label)
    let differences = try DriftedDatabase.contentDifferences(of: workspace, from: before, layout)
    for line in differences { Issue.record("\(label): import after export: \(line.prefix(1000))") }
    #expect(summary.loaded.unchanged == summary.read, "\(label): \(summary)")
    #expect(
      plan.output.contains(#""unchanged":\#(summary.loaded.unchanged)}"#),
      "\(label): \(plan.output.prefix(300))")
    let again = try DriftedExport(of: workspace, to: "again", label, options)
    try DriftedExport.checkSameBytes(export, again, "\(label): exported again")

    // An empty database.
    let fresh = try Workspace()
    let freshSummary = try imported(fresh, importing, label)
    #expect(freshSummary.loaded.inserted == freshSummary.read, "\(label): \(freshSummary)")
    let other = try DriftedExport(of: fresh, to: "fresh", label, options)
    let compared = try Program.run(["compare", export.folder, other.folder])
    #expect(compared.status == 0, "\(label): through an empty database: \(compared.output.prefix(2000))")
  }

  /// The doctor looks, mends, and has nothing to mend then.
  private func repair(_ workspace: Workspace, _ options: [String], _ label: String) throws {
    for arguments in [["doctor", "--quiet"], ["doctor", "--fix", "--quiet"]] {
      let outcome = try workspace.run(arguments + options)
      #expect((0...1).contains(outcome.status), "\(label): \(outcome.errors)")
    }
    let repaired = try DatabaseContents(of: workspace)
    let second = try workspace.run(["doctor", "--fix", "--quiet"] + options)
    #expect((0...1).contains(second.status), "\(label): \(second.errors)")
    #expect(!second.output.contains("– repaired"), "\(label): \(second.output)")
    for line in try DatabaseContents(of: workspace).differences(from: repaired) {
      Issue.record("\(label): the second --fix: \(line.prefix(1000))")
    }
  }

  private func checkSame(_ a: DriftedExport, _ b: DriftedExport, _ label: String) {
    for key in Set(a.resources.keys).union(b.resources.keys).sorted()
    where a.resources[key] != b.resources[key] {
      Issue.record(
        "\(label): \(key): \(a.resources[key] ?? "not there") is \(b.resources[key] ?? "not there")")
    }
  }

  private func imported(_ workspace: Workspace, _ arguments: [String], _ label: String) throws
    -> Workspace.Summary
  {
    let outcome = try workspace.run(
      arguments + ["--summary", "json", "--quarantine", workspace.path("q.ndjson")])
    #expect(
      outcome.status == 0,
      "\(label): \(outcome.errors) \((try? workspace.read("q.ndjson"))?.prefix(3000) ?? "")")
    return try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
  }

  // MARK: Carriage

  /// Every field of every document is in what was exported of it, or told.
  private func checkCarriage(of drifted: DriftedDatabase, in export: DriftedExport, _ label: String) {
    for (kind, documents) in drifted.documents {
      for document in documents {
        let name = name(document, kind, drifted)
        check(document, kind, name, about: subject(document, kind, name, drifted), in: export, label)
        if kind == .patient, let chart = document["patient_chart"]?.fields {
          if export.told.contains(.init(document: "patient", id: name, field: "patient_chart")) { continue }
          check(chart, .chart, name, about: "Patient/" + DocumentID.fhirID(name), in: export, label)
        }
      }
    }
  }

  private func check(
    _ document: BSONFields, _ kind: DocumentKind, _ name: String, about subject: String,
    in export: DriftedExport,
    _ label: String
  ) {
    guard let plan = mappings.plan(kind) else { return }
    let said = export.said[subject] ?? CarriedTexts()
    for field in document.fields where !["_id", "patient_chart"].contains(field.key) {
      let isTold = export.told.contains(.init(document: kind.rawValue, id: name, field: field.key))
      if isTold || kind == .chart && field.key == "patient_id" { continue }
      let place = "\(label): \(kind) \(name) \(field.key): \(field.value)"
      if let known = plan.fields.first(where: { $0.name == field.key }) {
        if known.derived != nil { continue }
        if known.transform is ReferenceTransform {
          checkReference(field.value, known, said, place)
        } else {
          let missing = said.missing(from: field.value)
          #expect(missing.isEmpty, "\(place) is neither carried nor told: \(missing)")
        }
      } else if plan.sections.contains(where: { $0.name == field.key }) {
        for item in field.value.elements ?? [] {
          let mark = (item.fields?["code"] ?? item.fields?["vaccineCode"])?.fields?["text"]
          #expect(mark.map { export.all.missing(from: $0).isEmpty } ?? false, "\(place): \(item) is not told")
        }
      } else if field.value != .null {
        Issue.record("\(place) is not told")
      }
    }
  }

  private func checkReference(_ value: BSONValue, _ field: FieldPlan, _ said: CarriedTexts, _ place: String) {
    let named = (value.elements ?? [value]).filter { $0 != .null && $0.trimmed != "" }
    if named.isEmpty || value == [:] { return }
    // By its text, or as one who has a twin.
    let names = named.flatMap {
      [StoredID.text(of: $0), $0.extendedJSON, "_id: " + StoredID.text(of: $0)].map { DocumentID.fhirID($0) }
    }
    #expect(names.contains { said.texts.contains($0) }, "\(place) is neither carried nor told")
  }

  /// What a document goes by.
  private func name(_ document: BSONFields, _ kind: DocumentKind, _ drifted: DriftedDatabase) -> String {
    let id = document["_id"] ?? .null
    let text = StoredID.text(of: id)
    // A chart goes by its patient's name.
    let kinds = kind == .chart ? [.chart, .patient] : [kind]
    let hasTwin = kinds.contains { kind in
      let documents = drifted.documents[kind] ?? []
      return id.text == nil && documents.contains { $0["_id"] == id }
        && documents.contains { $0["_id"] == .string(text) }
    }
    return hasTwin ? (id.extendedJSON == text ? "_id: " + text : id.extendedJSON) : text
  }

  /// The resource that a document's resources are about.
  private func subject(
    _ document: BSONFields, _ kind: DocumentKind, _ name: String, _ drifted: DriftedDatabase
  ) -> String {
    guard kind == .chart else {
      return (mappings.plan(kind)?.root?.name ?? "") + "/" + DocumentID.fhirID(name)
    }
    let owner = document["patient_id"] ?? document["_id"] ?? .null
    let patient = drifted.documents[.patient]?.first { $0["_id"] == owner }
    let id = patient.map { self.name($0, .patient, drifted) } ?? StoredID.text(of: owner)
    return "Patient/" + DocumentID.fhirID(id)
  }
}

extension BSONValue {
  fileprivate var trimmed: BSONValue {
    text.map { .string(String($0.drop { $0.isWhitespace })) } ?? self
  }
}
