import BSON
import Foundation
import TestSupport
import Testing

@testable import FHIRMapping

/// The laws of the lens over sequences: whatever comes, is edited, goes and comes again, and in whatever order, a database exports
/// what a model kept beside it says.
///
/// `FHIRLINE_RUNS=20` draws twenty times as many sequences, `FHIRLINE_SEED=7` begins with another, `FHIRLINE_STEPS=40` makes them longer.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct LawSequenceTests {
  private static let seeds = Runs.seeds(1).map { SeededGenerator.seed &* 1_000 &+ UInt64($0) }
  private static let steps =
    ProcessInfo.processInfo.environment["FHIRLINE_STEPS"].flatMap { Int($0) } ?? 10

  @Test(arguments: DriftedDatabase.Layout.allCases, seeds)
  func `a sequence of imports, edits and repairs keeps the laws`(
    _ layout: DriftedDatabase.Layout, _ seed: UInt64
  ) throws {
    var sequence = try LawSequence(layout, seed)
    for number in 1...Self.steps { try sequence.step(number) }
    try sequence.finish()
  }
}

/// A database, what was done to it, and what is known of it.
private struct LawSequence {
  private let workspace: Workspace
  private let layout: DriftedDatabase.Layout
  private let config: String
  private let seed: UInt64
  /// What exports are asked for.
  private let exporting: [String]
  private var input: SequenceInput
  private var model: SequenceModel
  private var arrivals: [SequenceArrival] = []
  /// What was set aside, and is there to be replayed.
  private var quarantined: (file: String, arrival: SequenceArrival)?
  private var exportCount = 0
  private var natives: [BSONValue] = []
  private var label = ""

  init(_ layout: DriftedDatabase.Layout, _ seed: UInt64) throws {
    workspace = try Workspace()
    self.layout = layout
    self.seed = seed
    config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout.rawValue)\n")
    // Whom a search finds changes with what comes: what was written does not.
    exporting = ["--config", config] + (seed % 2 == 0 ? ["--references", "original"] : [])
    input = SequenceInput(
      seed: seed &* 31 &+ UInt64(layout.rawValue.utf8.count), searches: seed % 2 == 0)
    model = SequenceModel(mappings: try .ofProject())
  }

  mutating func step(_ number: Int) throws {
    let kind = number == 1 ? 0 : Int.random(in: 0..<100, using: &input.random)
    label = "\(layout), seed \(seed), step \(number)"
    switch kind {
    case 0..<25: try arrive(try input.arrival(model.imported, in: workspace), "news")
    case 25..<35:
      // What an application's edit made a document of its own is not deleted: RefusedDeletionTests tell of it.
      if let earlier = input.one(arrivals), !earlier.deleted.contains(where: model.isNative) {
        try arrive(earlier, "again")
      }
    case 35..<70: try edit()
    case 70..<80: try insert()
    case 80..<90: try reimport()
    case 90..<95: try repair()
    default: try replay()
    }
  }

  /// At the end all is valid, and stays as it is when it comes again.
  mutating func finish() throws {
    label = "\(layout), seed \(seed), end"
    let (export, _) = try exported()
    for error in try export.errors() { Issue.record("\(label): invalid: \(error)") }
    try reimport()
  }

  // MARK: Exports

  private mutating func exported() throws -> (DriftedExport, [String: BSONValue]) {
    exportCount += 1
    let export = try DriftedExport(of: workspace, to: "out\(exportCount)", label, exporting)
    return (export, try export.resources.mapValues { try LawExport.value($0) })
  }

  // MARK: Imports

  private mutating func arrive(_ arrival: SequenceArrival, _ words: String) throws {
    label += ", import of \(words) (\(arrival.files.map { $0.split(separator: "/").last ?? "" }))"
    let before = model
    let isWhole = arrival.isTransaction && !arrival.bad.isEmpty
    let present = arrival.deleted.filter { model.values[$0] != nil }
    let changes = isWhole ? [:] : model.take(arrival.resources, deleting: present)
    let file = workspace.path("q")
    try? FileManager.default.removeItem(atPath: file)
    let planned = PlannedImport(workspace: workspace, layout: layout.rawValue, config: config)
    let outcome = try planned.check(arrival.files, "\(label)")
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(summary.read == summary.accounted, "\(label): \(summary)")
    let expected = isWhole ? arrival.resources.count + arrival.bad.count : arrival.bad.count
    #expect(
      summary.quarantined == expected,
      "\(label): \(summary) \((try? workspace.read("q"))?.prefix(2000) ?? "")")
    #expect(outcome.status == (expected == 0 ? 0 : 1), "\(label): \(outcome.errors)")
    func count(_ change: SequenceModel.Change) -> Int { changes.values.count { $0 == change } }
    if !isWhole {
      #expect(summary.loaded.inserted == count(.inserted) + count(.moved), "\(label): \(summary) \(changes)")
      // Of whoever comes unchanged the document is another where it shows an organization's former name.
      let most = count(.replaced) + SequenceModel.followers(arrival.resources, changes).count
      #expect(
        (count(.replaced)...most).contains(summary.loaded.replaced), "\(label): \(outcome.output) \(changes)")
    }
    try compare(before, changes)
    arrivals.append(arrival)
    if !arrival.bad.isEmpty {
      let kept = workspace.path("quarantine\(exportCount).ndjson")
      try FileManager.default.moveItem(atPath: file, toPath: kept)
      quarantined = (kept, arrival)
    }
    if input.chance(40) {
      label += " and again"
      try changesNothing(arrival.files, expected: expected)
    }
  }

  private mutating func compare(_ before: SequenceModel, _ changes: [String: SequenceModel.Change]) throws {
    let (_, exports) = try exported()
    let documents = try documents()
    model.imported(
      from: before, changes, exports: exports, fields: { owner, name in documents[owner]?[name] }, label)
  }

  /// What was imported comes again.
  private mutating func changesNothing(_ files: [String], expected: Int) throws {
    let before = try DatabaseContents(of: workspace)
    let outcome = try run(
      ["import", "--summary", "json", "--no-progress", "--quarantine", workspace.path("q2")] + files)
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(
      summary.loaded.unchanged + summary.quarantined == summary.read && summary.quarantined == expected,
      "\(label): \(summary)")
    let differences = try DatabaseContents(of: workspace).differences(from: before).filter {
      !$0.hasPrefix("fhirline_")
    }
    for line in differences { Issue.record("\(label): \(line.prefix(1000))") }
  }

  /// What is exported comes in again. Lists of appointments may follow what the application made of these, once.
  private mutating func reimport() throws {
    label += ", export and import"
    let (export, values) = try exported()
    model.unmoved(values, label)
    guard !values.isEmpty else { return }
    let derived = model.mappings.plans.values.flatMap(\.fields).filter { $0.derived != nil }.map(\.name)
    for isFirst in [true, false] {
      let before = try DatabaseContents(of: workspace)
      let outcome = try run(
        ["import", export.folder, "--summary", "json", "--no-progress", "--quarantine", workspace.path("q3")])
      #expect(outcome.status == 0, "\(label): \(outcome.errors)")
      let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
      #expect(summary.loaded.unchanged == summary.read, "\(label): \(summary)")
      for line in try DriftedDatabase.contentDifferences(of: workspace, from: before, layout) {
        let follows = (derived + ["_fhirline"]).contains {
          line.contains(": \($0) was ") || line.contains(": patient_chart.\($0) was ")
        }
        if !isFirst || !follows { Issue.record("\(label): \(isFirst ? "" : "again: ")\(line.prefix(1500))") }
      }
      let (again, _) = try exported()
      try DriftedExport.checkSameBytes(export, again, label)
    }
  }

  private mutating func replay() throws {
    guard let (file, arrival) = quarantined else { return }
    quarantined = nil
    label += ", replay of \(file.split(separator: "/").last ?? "")"
    let text = try String(contentsOfFile: file, encoding: .utf8).replacing("unheard-of", with: "other")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try run(["quarantine", "replay", "--file", file, "--summary", "json"])
    #expect(outcome.status == 0, "\(label): \(outcome.errors)")
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    let mended = try arrival.bad.map {
      try SequenceResource($0.replacing("unheard-of", with: "other"), version: nil)
    }
    let before = model
    let resources = (arrival.isTransaction ? arrival.resources : []) + mended
    let deleted = arrival.isTransaction ? arrival.deleted.filter { model.values[$0] != nil } : []
    let changes = model.take(resources, deleting: deleted)
    #expect(summary.read == resources.count && summary.read == summary.accounted, "\(label): \(summary)")
    try compare(before, changes)
  }

  // MARK: The application

  private func run(_ arguments: [String]) throws -> Program.Outcome {
    try workspace.run(arguments + ["--config", config])
  }

  private func setting(_ kind: DocumentKind) -> LawSetting { LawSetting(kind: kind, layout: layout.rawValue) }

  /// All documents that have fields.
  private func documents() throws -> [SequenceModel.Owner: BSONFields] {
    var found: [SequenceModel.Owner: BSONFields] = [:]
    for kind in DocumentKind.mapped {
      guard let plan = model.mappings.plan(kind) else { continue }
      for document in try setting(kind).documents(workspace, plan) {
        found[.init(kind: kind, id: StoredID.text(of: document["_id"] ?? .null))] = document
      }
    }
    return found
  }

  /// A field of a document is written, taken away, or gets one more.
  private mutating func edit() throws {
    let documents = try documents()
    guard let kind = input.one(DocumentKind.mapped), let plan = model.mappings.plan(kind),
      let owner = input.one(documents.keys.filter { $0.kind == kind }.sorted { $0.id < $1.id }),
      let document = documents[owner], let field = input.one(plan.fields.filter { $0.derived == nil })
    else { return }
    let edits = LawEdit.all(of: field, now: document[field.name]).filter {
      if case .refused = $0.meaning { false } else { true }
    }
    guard let edit = input.one(edits) else { return }
    label += ", \(kind) \(owner.id) \(field.name): \(edit.name)"
    let path = setting(kind).path(field.name)
    let change: BSONValue =
      edit.stored.map { ["$set": .document(BSONFields([.init(path, $0)]))] }
      ?? ["$unset": .document(BSONFields([.init(path, "")]))]
    let update: BSONValue = ["q": ["_id": document["_id"] ?? .null], "u": change]
    try workspace.command(["update": .string(setting(kind).collection(plan)), "updates": [update]])
    let (export, values) = try exported()
    let isSeen = model.edited(owner, field, edit.stored, exports: values, label)
    let isTold = export.told.contains { $0.field == field.name }
    // One text may say more of a date than another: what counts is what FHIR has of both.
    func element(_ stored: BSONValue?) -> BSONValue? {
      let value = field.understand(stored, isImported: false).value
      return value.map { field.transform?.write($0, over: nil) ?? $0 }
    }
    let isSame = element(document[field.name]) == element(edit.stored)
    if case .value = edit.meaning, !isTold, !isSame {
      #expect(
        isSeen,
        "\(label): \(edit.stored?.extendedJSON ?? "") after \(document[field.name]?.extendedJSON ?? "") is not seen"
      )
    }
  }

  /// Documents that never came from FHIR.
  private mutating func insert() throws {
    let number = natives.count
    let id: BSONValue = input.chance(30) ? .int32(Int32(1_000 + number)) : .string("n\(number)")
    natives.append(id)
    label += ", a patient \(StoredID.text(of: id)) of the application's"
    var drift = DriftGenerator(seed: input.random.next())
    func document(_ kind: DocumentKind, _ id: BSONValue?) -> BSONFields {
      var fields = drift.document(kind)
      fields["_id"] = id
      // As they follow from the visit.
      let visit = BSONValue.string("visit\(number)")
      fields["appointments"] = kind == .patient || kind == .provider ? [visit] : Optional.none
      fields["last_appointment_id"] = kind == .chart ? visit : Optional.none
      fields["last_appointment"] = kind == .provider ? visit : Optional.none
      return fields
    }
    var patient = document(.patient, id)
    if layout == .embedded {
      patient["patient_chart"] = .document(document(.chart, nil))
    } else {
      try workspace.insert([document(.chart, id)], into: "patient_chart")
    }
    try workspace.insert([patient], into: "patient")
    var visit = document(.appointment, .string("visit\(number)"))
    visit["patient_id"] = id
    visit["provider_id"] = .string("doctor\(number)")
    try workspace.insert([document(.provider, .string("doctor\(number)"))], into: "provider")
    try workspace.insert([visit], into: "appointment")
    let (_, values) = try exported()
    model.inserted([StoredID.text(of: id), "visit\(number)", "doctor\(number)"], exports: values, label)
  }

  private mutating func repair() throws {
    label += ", doctor --fix"
    let outcome = try run(["doctor", "--fix", "--quiet"])
    #expect((0...1).contains(outcome.status), "\(label): \(outcome.errors)")
    let repaired = try DatabaseContents(of: workspace)
    let second = try run(["doctor", "--fix", "--quiet"])
    #expect(!second.output.contains("– repaired"), "\(label): \(second.output)")
    for line in try DatabaseContents(of: workspace).differences(from: repaired) {
      Issue.record("\(label): the second --fix: \(line.prefix(1000))")
    }
    let (_, values) = try exported()
    model.unmoved(values, label)
  }
}
