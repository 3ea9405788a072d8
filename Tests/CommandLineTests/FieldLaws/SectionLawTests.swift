import BSON
import FHIRMapping
import FHIRModel
import FHIRPath
import Foundation
import TestSupport
import Testing

/// The laws of the lens for every section that the mapping files name, with a resource of every type that may stand in it:
/// what an application does to the section itself shows in the export, or is told; what was exported comes in again and
/// changes no document.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SectionLawTests {
  private struct Trial {
    let subject: String
    let section: SectionPlan
    let type: String
    let edit: Edit

    var item: String { "\(type)/\(subject)-\(type)" }
    var words: String { "\(subject) \(section.name) \(type) \(edit.rawValue)" }
  }

  private enum Edit: String, CaseIterable {
    case takenAway, null, emptyList, text, number, itemChanged, itemTakenAway, itemAdded, strangers, bareItem,
      itemWithoutID

    /// Whether what was there is exported no longer.
    var empties: Bool {
      switch self {
      case .takenAway, .null, .emptyList, .text, .number, .itemTakenAway: true
      default: false
      }
    }

    /// Whether export is to tell of it.
    var isTold: Bool { [.text, .number, .strangers].contains(self) }
  }

  /// `FHIRLINE_RUNS` asks for those that are drawn, too.
  private static let settings =
    [DocumentKind.patient, .chart, .provider].map { LawSetting(kind: $0) }
    + (Runs.factor > 1 ? LawSetting.all.filter { $0.kind != .appointment } : [])

  @Test(arguments: settings) func `edits of sections`(_ setting: LawSetting) throws {
    let plan = try #require(try MappingSet.ofProject().plan(setting.kind))
    var trials: [Trial] = []
    for section in plan.sections {
      for member in section.members {
        for edit in Edit.allCases {
          trials.append(
            Trial(subject: "x\(trials.count)", section: section, type: member.typeName, edit: edit))
        }
      }
    }
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", setting.configuration)
    let file = try setting.file(trials.flatMap { texts($0, plan) })
    let first = try workspace.importFiles(try workspace.write(file.name, file.text), "--config", config)
    #expect(first.quarantined == 0)
    let baseline = try LawExport(of: workspace, to: "baseline")

    try apply(trials, workspace, plan, setting)
    let contents = try DatabaseContents(of: workspace)
    let export = try LawExport(of: workspace, to: "edited")
    for trial in trials { try check(trial, baseline, export) }

    let summary = try workspace.importFiles(export.folder, "--config", config)
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    for line in try DatabaseContents(of: workspace).differences(from: contents)
    where !line.hasPrefix("fhirline_run") {
      let trial = trials.first { line.contains("string(\"\(setting.documentID($0.subject))\")") }
      Issue.record("import after export: \(trial?.words ?? "nobody's"): \(line.prefix(1500))")
    }
    let second = try LawExport(of: workspace, to: "again")
    #expect(second.resources == export.resources, "export(import(export)) is another")
  }

  /// The owner, and a resource of the type; where the section is to hold more, of another type of it as well.
  private func texts(_ trial: Trial, _ plan: DocumentPlan) -> [String] {
    let owner = #"{"resourceType":"\#(plan.ownerType)","id":"\#(trial.subject)"}"#
    return [owner, text(trial, plan, id: "\(trial.subject)-\(trial.type)")]
  }

  private func text(_ trial: Trial, _ plan: DocumentPlan, id: String) -> String {
    let member = trial.section.members.first { $0.typeName == trial.type }
    return MinimalResource().json(
      trial.type, id: id,
      owner: (member?.owner.text ?? "", "\(plan.ownerType)/\(trial.subject)"))
  }

  private func apply(
    _ trials: [Trial], _ workspace: Workspace, _ plan: DocumentPlan, _ setting: LawSetting
  ) throws {
    let stored = Dictionary(
      try setting.documents(workspace, plan).map { ($0["_id"]?.text ?? "", $0) }
    ) { first, _ in first }
    let updates = try trials.map { trial -> BSONValue in
      let document = try #require(stored[setting.documentID(trial.subject)], "\(trial.words)")
      let items = try #require(document[trial.section.name]?.elements, "\(trial.words)")
      var changed = items[0].fields ?? [:]
      changed.fields.insert(.init("language", "de"), at: min(2, changed.fields.count))
      let bare = try LawExport.value(text(trial, plan, id: "\(trial.subject)-new"))
      var nameless = bare.fields ?? [:]
      nameless["id"] = nil
      let value: BSONValue? =
        switch trial.edit {
        case .takenAway: Optional.none
        case .null: .some(.null)
        case .emptyList, .itemTakenAway: .array([])
        case .text: "none"
        case .number: 5
        case .itemChanged: .array([.document(changed)] + items.dropFirst())
        case .itemAdded: .array(items + [bare])
        case .strangers: .array([.null, 5] + items + ["x", ["a": 1]])
        case .bareItem: .array([bare])
        case .itemWithoutID: .array(items + [.document(nameless)])
        }
      let path = setting.path(trial.section.name)
      let change: BSONValue =
        value.map { ["$set": .document(BSONFields([.init(path, $0)]))] }
        ?? ["$unset": .document(BSONFields([.init(path, "")]))]
      return ["q": ["_id": .string(setting.documentID(trial.subject))], "u": change]
    }
    for part in stride(from: 0, to: updates.count, by: 500) {
      try workspace.command([
        "update": .string(setting.collection(plan)),
        "updates": .array(Array(updates[part..<min(part + 500, updates.count)])),
      ])
    }
  }

  private func check(_ trial: Trial, _ baseline: LawExport, _ export: LawExport) throws {
    let before = baseline.resources[trial.subject] ?? [:]
    let after = export.resources[trial.subject] ?? [:]
    let words = trial.words
    let errors = (export.errors[trial.subject] ?? []).subtracting(baseline.errors[trial.subject] ?? [])
    #expect(errors.isEmpty, "\(words): \(errors.sorted())")
    #expect(before[trial.item] != nil, "\(words)")
    for (key, text) in before where key != trial.item {
      #expect(after[key] == text, "\(words): \(key) moved")
    }
    let now = after[trial.item]
    if trial.edit.empties || trial.edit == .bareItem {
      #expect(now == nil, "\(words): is still there")
    } else if trial.edit == .itemChanged {
      #expect(now?.contains(#""language":"de""#) == true, "\(words): \(String(describing: now))")
    } else {
      #expect(now == before[trial.item], "\(words): moved")
    }
    let isAdded = trial.edit == .itemAdded || trial.edit == .bareItem
    #expect((after["\(trial.type)/\(trial.subject)-new"] != nil) == isAdded, "\(words): \(after.keys)")
    let told = export.told[trial.subject]?.contains(trial.section.name) ?? false
    #expect(told == trial.edit.isTold, "\(words): told \(export.told[trial.subject] ?? [])")
  }
}
