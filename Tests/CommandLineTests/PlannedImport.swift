import BSON
import FHIRMapping
import Foundation
import TestSupport
import Testing

/// Imports that are planned first: the plan says of every document what the import then does to it, and counts as it does.
struct PlannedImport {
  let workspace: Workspace
  let layout: String
  let config: String

  /// Plans files, imports them, and compares; returns what the import said.
  @discardableResult
  func check(_ files: [String], _ label: Comment) throws -> Program.Outcome {
    let before = try contents()
    let planning = try run(["plan", "--format", "json", "--limit", "100000", "--config", config] + files)
    let plan = try object(planning)
    #expect(try contents() == before, label)
    let importing = try run(
      ["import", "--summary", "json", "--config", config, "--quarantine", workspace.path("q")] + files)
    let changed = changes(from: before, to: try contents())
    let planned = try fates(plan)
    for name in Set(changed.keys).union(planned.keys) {
      // A patient of whom nothing but the chart is known is inserted with it, and goes with it.
      let id = name.split(separator: " ").last ?? ""
      if planned[name] == nil, name.hasPrefix("patient "),
        let chart = planned["patient.patient_chart \(id)"] ?? planned["patient_chart \(id)"],
        chart == changed[name]
      {
        continue
      }
      #expect(planned[name] == changed[name], "\(label): \(name)")
    }
    let counted = PlannedImport.numbers(try object(importing))
    let foreseen = PlannedImport.numbers(try #require(plan["resources"] as? [String: Any]))
    for name in Set(counted.keys).union(foreseen.keys) where name != "seconds" {
      if name == "issues.warning", let planned = foreseen[name], let told = counted[name] {
        // An import does not look again at what is stored as it comes; a plan does.
        #expect(planned.intValue >= told.intValue, "\(label): \(name)")
      } else {
        #expect(foreseen[name] == counted[name], "\(label): \(name)")
      }
    }
    if importing.status == 1 { #expect(planning.status == 1, label) }
    return importing
  }

  private func run(_ arguments: [String]) throws -> Program.Outcome {
    try Program.run(
      arguments + ["--no-progress"], environment: ["FHIRLINE_DATABASE": workspace.database])
  }

  private func object(_ outcome: Program.Outcome) throws -> [String: Any] {
    let value = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(value as? [String: Any], "\(outcome.errors)")
  }

  /// What a summary counts: `types.Patient.loaded.inserted`.
  private static func numbers(_ summary: [String: Any], _ path: String = "") -> [String: NSNumber] {
    var numbers: [String: NSNumber] = [:]
    for (name, value) in summary {
      numbers[path + name] = value as? NSNumber
      guard let members = value as? [String: Any] else { continue }
      numbers.merge(PlannedImport.numbers(members, path + name + ".")) { first, _ in first }
    }
    return numbers
  }

  private func fates(_ plan: [String: Any]) throws -> [String: String] {
    var fates: [String: String] = [:]
    for document in try #require(plan["differences"] as? [[String: Any]]) {
      let action = document["action"] as? String ?? ""
      guard action != "unchanged", action != "refused" else { continue }
      fates["\(document["collection"] ?? "") \(document["id"] ?? "")"] =
        action == "insert" ? "insert" : "replace"
    }
    return fates
  }

  /// All documents, but for where they came from and the order of their fields (a field that an application set stands last, until
  /// the document is written again); charts within patients as documents of their own.
  private func contents() throws -> [String: String] {
    // As texts: what is no number is not itself.
    func bare(_ document: BSONFields) -> String {
      var document = document.withoutHistory
      document.fields.sort { $0.key < $1.key }
      return BSONValue.document(document).extendedJSON
    }
    var contents: [String: String] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      for document in try workspace.documents(in: collection) {
        var document = document
        let id = StoredID.text(of: document["_id"] ?? .null)
        if collection == "patient", let chart = document["patient_chart"]?.fields {
          contents["patient.patient_chart \(id)"] = bare(chart)
          document.fields.removeAll { $0.key == "patient_chart" }
        }
        contents["\(collection) \(id)"] = bare(document)
      }
    }
    return contents
  }

  private func changes(
    from before: [String: String], to after: [String: String]
  ) -> [String: String] {
    var changes: [String: String] = [:]
    for name in Set(before.keys).union(after.keys) where before[name] != after[name] {
      // A copy follows the chart.
      if layout == "both", name.hasPrefix("patient.") { continue }
      changes[name] = before[name] == nil ? "insert" : "replace"
    }
    return changes
  }
}
