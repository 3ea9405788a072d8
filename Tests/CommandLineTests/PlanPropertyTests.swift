import BSON
import Foundation
import TestSupport
import Testing

/// A plan says of every document what an import then does to it: over rounds of input that adds, changes, moves, deletes and heals, with
/// edits by the application between them, in each layout of charts.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct PlanPropertyTests {
  @Test(arguments: ["collection", "embedded", "both"], PlanPropertyTests.seeds)
  func `an import does what was planned`(layout: String, seed: UInt64) throws {
    let workspace = try Workspace()
    let config = try workspace.write(
      "pipeline.yml",
      "documents:\n  chart: \(layout)\n  mappings: \(Program.folder.appending(path: "Mappings").path)\n"
        + "import:\n  workers: 1\n")
    var input = RandomInput(seed: seed)
    for round in 1...5 {
      let files = try input.round(round, in: workspace)
      guard !files.isEmpty else { continue }
      let label: Comment = "\(layout), seed \(seed), round \(round)"
      if round > 1 { try input.edit(workspace) }
      let plan = try object(
        try run(["plan", "--format", "json", "--limit", "100000", "--config", config] + files, workspace))
      let before = try contents(workspace)
      let summary = try object(
        try run(
          ["import", "--summary", "json", "--config", config, "--quarantine", workspace.path("q")] + files,
          workspace))
      let changed = changes(from: before, to: try contents(workspace), layout)
      let planned = try fates(plan)
      for name in Set(changed.keys).union(planned.keys) {
        // A patient of whom nothing but the chart is known is inserted with it.
        let id = name.split(separator: " ").last ?? ""
        if planned[name] == nil, changed[name] == "insert", name.hasPrefix("patient "),
          planned["patient.patient_chart \(id)"] == "insert" || planned["patient_chart \(id)"] == "insert"
        {
          continue
        }
        #expect(planned[name] == changed[name], "\(label): \(name)")
      }
      let resources = try #require(plan["resources"] as? [String: Any])
      #expect(resources["loaded"] as? [String: Int] == summary["loaded"] as? [String: Int], label)
      #expect(resources["quarantined"] as? Int == summary["quarantined"] as? Int, label)
      #expect(resources["references"] as? [String: Int] == summary["references"] as? [String: Int], label)
    }
  }

  /// `FHIRLINE_RUNS` asks for more of them.
  static let seeds: ClosedRange<UInt64> = 1...UInt64(Runs.count(2))

  private func run(_ arguments: [String], _ workspace: Workspace) throws -> Program.Outcome {
    try Program.run(
      arguments + ["--no-progress"], environment: ["FHIRLINE_DATABASE": workspace.database])
  }

  private func object(_ outcome: Program.Outcome) throws -> [String: Any] {
    let value = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(value as? [String: Any], "\(outcome.errors)")
  }

  private func fates(_ plan: [String: Any]) throws -> [String: String] {
    var fates: [String: String] = [:]
    for document in try #require(plan["differences"] as? [[String: Any]]) {
      let action = document["action"] as? String ?? ""
      guard action != "unchanged" else { continue }
      fates["\(document["collection"] ?? "") \(document["id"] ?? "")"] =
        action == "insert" ? "insert" : "replace"
    }
    return fates
  }

  /// All documents, but for where they came from and the order of their fields (a field that an application set stands last, until
  /// the document is written again); charts within patients as documents of their own.
  private func contents(_ workspace: Workspace) throws -> [String: BSONFields] {
    func bare(_ document: BSONFields) -> BSONFields {
      var document = document.withoutHistory
      document.fields.sort { $0.key < $1.key }
      return document
    }
    var contents: [String: BSONFields] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      for document in try workspace.documents(in: collection) {
        var document = document
        let id = document["_id"]?.text ?? ""
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
    from before: [String: BSONFields], to after: [String: BSONFields], _ layout: String
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

/// Files of a few resources that refer to each other in all ways, in versions that go up and down.
private struct RandomInput {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  private mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(bound))
  }

  private mutating func one(_ items: [String]) -> String { items[next(items.count)] }
  private mutating func happens(_ percent: Int) -> Bool { next(100) < percent }

  private typealias Resource = [String: Any]

  private mutating func reference(_ type: String, _ ids: [String]) -> Resource {
    let id = one(ids)
    switch next(10) {
    case 0..<6: return ["reference": "\(type)/\(id)"]
    case 6..<9: return ["reference": "\(type)?identifier=http://a.org|\(type)-\(id)"]
    default: return ["reference": "http://x.org/fhir/\(type)/\(id)"]
    }
  }

  private mutating func resource(_ type: String, _ id: String, _ round: Int, _ more: Resource) -> Resource {
    var resource = more
    resource["resourceType"] = type
    resource["id"] = id
    resource["identifier"] = [["system": "http://a.org", "value": "\(type)-\(id)"]]
    if happens(60) { resource["meta"] = ["versionId": one(["1", "2", "\(round)", "\(round + 1)"])] }
    return resource
  }

  private static let patients = ["p0", "p1", "p2", "p3"]
  private static let doctors = ["d1", "d2"]
  private static let organizations = ["o1", "o2"]

  private mutating func resources(_ round: Int) -> [Resource] {
    var all: [Resource] = []
    for id in Self.patients where happens(35) {
      var more: Resource = ["name": [["family": one(["A", "B", "C"]), "given": ["X"]]]]
      if happens(50) { more["managingOrganization"] = reference("Organization", Self.organizations) }
      if happens(30) { more["generalPractitioner"] = [reference("Practitioner", Self.doctors)] }
      all.append(resource("Patient", id, round, more))
    }
    for id in Self.organizations where happens(30) {
      all.append(resource("Organization", id, round, ["name": one(["North", "South", "East"])]))
    }
    for id in Self.doctors {
      if happens(30) {
        all.append(resource("Practitioner", id, round, ["name": [["family": one(["V", "W"])]]]))
      }
      guard happens(20) else { continue }
      let doctor = reference("Practitioner", Self.doctors)
      all.append(resource("PractitionerRole", "r-" + id, round, ["practitioner": doctor]))
    }
    for number in 0..<6 where happens(40) {
      let isHeight = happens(50)
      var more: Resource = [
        "status": one(["final", "amended"]), "subject": reference("Patient", Self.patients),
        "code": ["coding": [["system": "http://loinc.org", "code": isHeight ? "8302-2" : "29463-7"]]],
        "effectiveDateTime": "2024-01-\(10 + next(18))",
        "valueQuantity": [
          "value": 1 + next(99), "system": "http://unitsofmeasure.org", "code": isHeight ? "cm" : "kg",
        ],
      ]
      if happens(30) { more["encounter"] = ["reference": "Encounter?identifier=http://a.org|Encounter-e"] }
      all.append(resource("Observation", "o\(number)", round, more))
    }
    if happens(30) {
      let more: Resource = [
        "status": "finished", "class": ["code": "AMB"], "subject": reference("Patient", Self.patients),
      ]
      all.append(resource("Encounter", "e", round, more))
    }
    if happens(30) {
      let more: Resource = [
        "status": "active", "beneficiary": reference("Patient", Self.patients), "subscriberId": "\(next(99))",
        "payor": [reference("Organization", Self.organizations)],
      ]
      all.append(resource("Coverage", "c", round, more))
    }
    for number in 0..<3 where happens(40) {
      let day = 10 + next(18)
      let actors = [reference("Patient", Self.patients), reference("Practitioner", Self.doctors)]
      let more: Resource = [
        "status": "booked", "start": "2024-02-\(day)T10:00:00Z", "end": "2024-02-\(day)T10:30:00Z",
        "participant": actors.map { ["actor": $0, "status": "accepted"] as Resource },
      ]
      all.append(resource("Appointment", "a\(number)", round, more))
    }
    if happens(10) { all.append(["resourceType": "Patient", "id": "bad", "gender": "nonsense"]) }
    return all
  }

  /// Writes the files of a round.
  mutating func round(_ round: Int, in workspace: Workspace) throws -> [String] {
    var parts = Array(repeating: [Resource](), count: 1 + next(3))
    for resource in resources(round) { parts[next(parts.count)].append(resource) }
    var files: [String] = []
    for (number, part) in parts.enumerated() {
      var deleted: String?
      if happens(25) {
        deleted = one([
          "Observation/o\(next(6))", "Appointment/a\(next(3))", "Patient/p\(next(4))", "Encounter/e",
        ])
      }
      let type =
        deleted == nil ? one(["", "batch", "transaction", "collection"]) : one(["batch", "transaction"])
      func text(_ value: Any) throws -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        return String(
          decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self)
      }
      if type.isEmpty {
        guard !part.isEmpty else { continue }
        files.append(
          try workspace.write("\(round)/\(number).ndjson", try part.map { try text($0) + "\n" }.joined()))
        continue
      }
      var entries: [Resource] = part.map { resource in
        let name = "\(resource["resourceType"] ?? "")/\(resource["id"] ?? "")"
        var entry: Resource = ["fullUrl": "http://a.org/fhir/" + name, "resource": resource]
        if type != "collection" { entry["request"] = ["method": "PUT", "url": name] }
        return entry
      }
      let isThere = entries.contains { $0["fullUrl"] as? String == "http://a.org/fhir/" + (deleted ?? "") }
      if let deleted, !isThere { entries.append(["request": ["method": "DELETE", "url": deleted]]) }
      files.append(
        try workspace.write(
          "\(round)/\(number).json", try text(["resourceType": "Bundle", "type": type, "entry": entries])))
    }
    return files
  }

  /// Changes fields as an application does.
  mutating func edit(_ workspace: Workspace) throws {
    let edits: [(String, String, BSONValue)] = [
      ("patient", "primary_phone", ["555-9999"]), ("patient", "name", "New Name"),
      ("patient_chart", "weight", .double(150)), ("appointment", "disposition", "completed"),
    ]
    for (collection, field, value) in edits where happens(30) {
      let ids = try workspace.documents(in: collection).compactMap { $0["_id"]?.text }.sorted()
      guard !ids.isEmpty else { continue }
      let change = BSONValue.document(
        BSONFields([.init("$set", .document(BSONFields([.init(field, value)])))]))
      let update = BSONFields([.init("q", ["_id": .string(one(ids))]), .init("u", change)])
      try workspace.command(["update": .string(collection), "updates": [.document(update)]])
    }
  }
}
