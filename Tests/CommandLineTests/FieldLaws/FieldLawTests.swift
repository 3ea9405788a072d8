import BSON
import FHIRPath
import TestSupport
import Testing

@testable import FHIRMapping

/// The laws of the lens through the program and a database, for every field that the mapping files name: whatever an
/// application does to it shows in the export, or is told, and nothing else moves; what was exported comes in again and
/// changes no document; and is exported as it was.
///
/// `FHIRLINE_RUNS=20` tries twenty times as much.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct FieldLawTests {
  private let mappings: MappingSet

  init() throws { mappings = try .ofProject() }

  /// One edit of one field of one document.
  private struct Trial {
    let subject: String
    let field: FieldPlan
    let edit: LawEdit
    /// The document as it was.
    let before: BSONFields

    var words: String { "\(subject) \(field.name) \(edit.name)" }
  }

  @Test(arguments: LawSetting.all)
  func `edits of documents that were imported`(_ setting: LawSetting) throws {
    let plan = try #require(mappings.plan(setting.kind))
    let workspace = try Workspace()
    var subjects = LawSubjects(seed: setting.seed)
    let ids = (0..<count(plan)).map { "x\($0)" }
    let texts = LawSubjects.shared + ids.flatMap { subjects.resources(setting, $0) }
    let config = try workspace.write("pipeline.yml", setting.configuration)
    let file = try setting.file(texts)
    let source = try workspace.write(file.name, file.text)
    let summary = try workspace.importFiles(source, "--config", config)
    #expect(summary.quarantined == 0 && summary.loaded.inserted == summary.read)
    let after = try check(workspace, plan, config, setting, isImported: true)
    // The source again: an edit outlives what says nothing new.
    let again = try workspace.importFiles(source, "--config", config)
    #expect(again.loaded.unchanged == again.read, "\(again)")
    let moved = try DatabaseContents(of: workspace).differences(from: after).filter(isNews)
    #expect(moved.isEmpty, "the source again: \(moved.prefix(20).joined(separator: "\n"))")
  }

  @Test(arguments: DocumentKind.mapped, Runs.seeds(1))
  func `edits of documents that never came from FHIR`(_ kind: DocumentKind, _ seed: Int) throws {
    let plan = try #require(mappings.plan(kind))
    let workspace = try Workspace()
    var subjects = LawSubjects(seed: UInt64(seed))
    var documents: [BSONFields] = []
    for number in 0..<count(plan) {
      // Ids are texts, and now and then whole numbers.
      let id: BSONValue = number % 5 == 4 ? .int32(Int32(100_000 + number)) : .string("x\(number)")
      documents.append(native(plan, id, &subjects))
    }
    try workspace.insert(documents, into: plan.collection)
    // A patient has a chart, and a chart a patient.
    let others = documents.map { ["_id": $0["_id"] ?? .null] as BSONFields }
    if kind == .chart { try workspace.insert(others, into: "patient") }
    if kind == .patient { try workspace.insert(others, into: "patient_chart") }
    if kind == .appointment {
      let shared = LawSubjects.shared.joined(separator: "\n")
      _ = try workspace.importFiles(try workspace.write("shared.ndjson", shared))
    }
    _ = try check(
      workspace, plan, try workspace.write("pipeline.yml", ""), LawSetting(kind: kind), isImported: false)
  }

  /// A document with some of its fields.
  private func native(_ plan: DocumentPlan, _ id: BSONValue, _ subjects: inout LawSubjects) -> BSONFields {
    var fields: BSONFields = ["_id": id]
    for field in plan.fields where subjects.chance(50) {
      guard let samples = field.transform?.samples, let value = samples.randomElement(using: &subjects.random)
      else { continue }
      fields[field.name] = field.isList ? .array([value]) : value
    }
    return fields
  }

  /// Enough documents for all edits of all fields.
  private func count(_ plan: DocumentPlan) -> Int {
    plan.fields.reduce(0) { $0 + LawEdit.all(of: $1, now: nil).count + 3 }
  }

  private func isContent(_ line: String) -> Bool { !line.hasPrefix("fhirline_run") }

  /// Lists of appointments, and copies of charts, follow an appointment that was edited: they are derived, and no edit of theirs was
  /// lost.
  private func isNews(_ line: String) -> Bool {
    guard isContent(line) else { return false }
    if line.hasSuffix("with 0 documents") { return false }
    let bystanders = LawSubjects.bystanders.flatMap { [$0, "north." + $0] }.map { "\(BSONValue.string($0)):" }
    guard bystanders.contains(where: { line.contains(" " + $0) }) else { return true }
    let derived =
      mappings.plans.values.flatMap(\.fields).filter { $0.derived != nil }.map(\.name)
      + ["_fhirline", DocumentKind.chart.rawValue]
    return !line.contains(": patient_chart.") && !derived.contains { line.contains(": \($0) was ") }
  }

  // MARK: Laws

  /// Edits every document of a kind, each in another way, and holds the database against the laws.
  private func check(
    _ workspace: Workspace, _ plan: DocumentPlan, _ config: String, _ setting: LawSetting, isImported: Bool
  ) throws -> DatabaseContents {
    let baseline = try LawExport(of: workspace, to: "baseline")
    let old = try imported(baseline, plan)
    let trials = try trials(workspace, plan, setting)
    try apply(trials, workspace, plan, setting)
    let contents = try DatabaseContents(of: workspace)

    let export = try LawExport(of: workspace, to: "edited")
    let new = try imported(export, plan)
    for trial in trials { try checkExport(trial, plan, baseline, export, old, new, isImported) }

    // What was exported comes in again.
    let summary = try workspace.importFiles(export.folder, "--config", config)
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    let words = Dictionary(
      trials.map { ("\(setting.collection(plan)) \($0.before["_id"] ?? .null)", $0.words) }
    ) {
      a, _ in a
    }
    for line in try DatabaseContents(of: workspace).differences(from: contents) where isNews(line) {
      let subject = words[String(line.prefix { $0 != ":" })] ?? "nobody's"
      Issue.record("import after export: \(subject): \(line.prefix(1500))")
    }
    let settled = try DatabaseContents(of: workspace)
    _ = try workspace.importFiles(export.folder, "--config", config)
    let unsettled = try DatabaseContents(of: workspace).differences(from: settled).filter(isContent)
    #expect(unsettled.isEmpty, "a second import: \(unsettled.prefix(20).joined(separator: "\n"))")
    let second = try LawExport(of: workspace, to: "again")
    #expect(second.resources == export.resources, "export(import(export)) is another")
    return try DatabaseContents(of: workspace)
  }

  /// The documents that an export becomes in an empty database, by subject.
  private func imported(_ export: LawExport, _ plan: DocumentPlan) throws -> [String: BSONFields] {
    let fresh = try Workspace()
    let summary = try fresh.importFiles(export.folder)
    #expect(summary.quarantined == 0 && summary.loaded.inserted == summary.read)
    return Dictionary(
      try fresh.documents(in: plan.collection).map { (LawExport.subject($0["_id"]?.text ?? ""), $0) }
    ) { first, _ in first }
  }

  private func trials(
    _ workspace: Workspace, _ plan: DocumentPlan, _ setting: LawSetting
  ) throws -> [Trial] {
    // In whatever order they were written, the trials are the same.
    let stored = try setting.documents(workspace, plan).filter {
      !LawSubjects.bystanders.contains($0["_id"]?.text?.replacing("north.", with: "") ?? "")
    }.sorted { "\($0["_id"] ?? .null)" < "\($1["_id"] ?? .null)" }
    var next = stored.makeIterator()
    var trials: [Trial] = []
    for field in plan.fields where field.derived == nil {
      var number = 0
      while true {
        guard let document = next.next() else {
          Issue.record("too few documents")
          return trials
        }
        let edits = LawEdit.all(of: field, now: document[field.name])
        guard number < edits.count else { break }
        // Without the source's prefix, as it is exported.
        let own = document["_id"]?.text.map { String($0.split(separator: ".").last ?? "") }
        let id = own ?? document["_id"]?.integer.map { String($0) } ?? ""
        trials.append(Trial(subject: id, field: field, edit: edits[number], before: document))
        number += 1
      }
    }
    return trials
  }

  private func apply(
    _ trials: [Trial], _ workspace: Workspace, _ plan: DocumentPlan, _ setting: LawSetting
  ) throws {
    let updates = trials.map { trial -> BSONValue in
      let path = setting.path(trial.field.name)
      let change: BSONValue =
        trial.edit.stored.map { ["$set": .document(BSONFields([.init(path, $0)]))] }
        ?? ["$unset": .document(BSONFields([.init(path, "")]))]
      return ["q": ["_id": trial.before["_id"] ?? .null], "u": change]
    }
    let reply = try workspace.command([
      "update": .string(setting.collection(plan)), "updates": .array(updates),
    ])
    #expect(reply["n"]?.integer == Int64(trials.count))
  }

  private func checkExport(
    _ trial: Trial, _ plan: DocumentPlan, _ baseline: LawExport, _ export: LawExport,
    _ old: [String: BSONFields], _ new: [String: BSONFields], _ isImported: Bool
  ) throws {
    let (field, subject) = (trial.field, trial.subject)
    let words = trial.words
    let told = export.told[subject] ?? []
    let isTold = told.contains(field.name)
    let before = baseline.resources[subject] ?? [:]
    let after = export.resources[subject] ?? [:]

    let errors = (export.errors[subject] ?? []).subtracting(baseline.errors[subject] ?? [])
    #expect(errors.isEmpty, "\(words): \(errors.sorted()) \(after)")
    if !isImported {
      #expect(export.errors[subject] == nil, "\(words): \(export.errors[subject] ?? []) \(after)")
    }

    // Nothing else moved.
    let moves = LawMoves(field: field, kind: plan.kind)
    for (key, text) in before {
      guard let now = after[key] else {
        let isMade = text.contains("document-field")
        #expect(
          isMade && field.sources.contains { key.hasPrefix($0.typeName + "/") }, "\(words): \(key) went")
        continue
      }
      if now == text { continue }
      #expect(
        moves.areOwn(try LawExport.value(text), try LawExport.value(now)),
        "\(words): in \(key) more moved\n\(text)\n\(now)")
    }
    for key in after.keys where before[key] == nil {
      #expect(
        field.sources.contains { key.hasPrefix($0.typeName + "/") && $0.template != nil },
        "\(words): \(key) came")
    }

    // The field says what is meant.
    let now = new[subject]?[field.name]
    switch trial.edit.meaning {
    case .value(let values):
      let isSaid = values.contains { isSame($0, now, field) }
      #expect(isSaid || isTold, "\(words): expected \(values), is \(String(describing: now)) \(after)")
    case .nothing:
      let isGone = now == nil || hasShadow(field, plan)
      #expect(isGone || isTold, "\(words): is \(String(describing: now)) \(after)")
    case .refused:
      #expect(isTold, "\(words): not told")
      // What R4 cannot do without gets a value that is told.
      let isKept =
        now == nil || now == old[subject]?[field.name] || field.transform is CodeTransform
        || hasShadow(field, plan) || field.sources.contains { $0.targetName != nil }
      #expect(isKept, "\(words): \(String(describing: now))")
    }
    for other in plan.fields where other.name != field.name && other.derived == nil {
      if isShadow(other, of: field) || isShadow(field, of: other) || told.contains(other.name) { continue }
      #expect(
        new[subject]?[other.name] == old[subject]?[other.name],
        "\(words) moved \(other.name) from \(String(describing: old[subject]?[other.name])) to \(String(describing: new[subject]?[other.name]))"
      )
    }
  }

  /// Whether other elements speak where the field's own is gone.
  private func hasShadow(_ field: FieldPlan, _ plan: DocumentPlan) -> Bool {
    plan.fields.contains { isShadow(field, of: $0) || isShadow($0, of: field) }
  }

  /// Whether a field is read from another's element where its own has nothing.
  private func isShadow(_ other: FieldPlan, of field: FieldPlan) -> Bool {
    other.sources.contains { source in
      source.alternative.map { path in field.sources.contains { $0.path.text == path.text } } ?? false
    }
  }

  /// Lists that stand in several resources have the order of these, and each item once.
  private func isSame(_ a: BSONValue?, _ b: BSONValue?, _ field: FieldPlan) -> Bool {
    guard field.rootSource == nil, let mine = a?.elements, let theirs = b?.elements else { return a == b }
    return Set(mine.compactMap(\.text)) == Set(theirs.compactMap(\.text))
  }
}
