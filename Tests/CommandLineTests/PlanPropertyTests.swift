import BSON
import Foundation
import TestSupport
import Testing

/// A plan says of every document what an import then does to it: over rounds of input that adds, changes, moves, deletes and heals, with
/// edits by the application between them, in each layout of charts.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct PlanPropertyTests {
  @Test(arguments: ["collection", "embedded", "both"], PlanPropertyTests.seeds)
  func `an import does what was planned`(layout: String, seed: UInt64) throws {
    try check(layout, seed, try Workspace())
  }

  @Test(arguments: ["collection", "embedded", "both"], PlanPropertyTests.seeds)
  func `what validators and unique indexes refuse is foreseen`(layout: String, seed: UInt64) throws {
    let workspace = try Workspace()
    let chart = layout == "embedded" ? "patient_chart." : ""
    let level: BSONValue = seed.isMultiple(of: 2) ? "strict" : "moderate"
    let validators: [(String, String, BSONValue)] = [
      ("patient", "name", ["$ne": "X C"]), ("resource", "fhir.name", ["$ne": "East"]),
      (chart.isEmpty ? "patient_chart" : "patient", chart + "observations.status", ["$ne": "amended"]),
    ]
    for (collection, rules) in Dictionary(grouping: validators, by: \.0) {
      let all = rules.map { BSONValue.document(BSONFields([.init($0.1, $0.2)])) }
      try workspace.command([
        "create": .string(collection), "validator": ["$and": .array(all)], "validationLevel": level,
      ])
    }
    for (collection, fields, isSparse) in [
      ("appointment", ["patient_id", "date_of_visit"], false), ("provider", ["name"], true),
      ("patient", ["insurance_id"], true),
    ] {
      let key = BSONValue.document(BSONFields(fields.map { .init($0, 1) }))
      let index: BSONValue = ["key": key, "name": "one", "unique": true, "sparse": .bool(isSparse)]
      try workspace.command(["createIndexes": .string(collection), "indexes": [index]])
    }
    try check(layout, seed, workspace)
  }

  private func check(_ layout: String, _ seed: UInt64, _ workspace: Workspace) throws {
    let config = try workspace.write(
      "pipeline.yml",
      "documents:\n  chart: \(layout)\n  mappings: \(Program.folder.appending(path: "Mappings").path)\n"
        + "import:\n  workers: 1\n")
    var input = RandomInput(seed: seed)
    try workspace.insert([["_id": "own", "name": "Ada Okafor"]], into: "patient")
    try workspace.insert([["_id": "own", "patient_id": "own", "provider_id": "d1"]], into: "appointment")
    let planned = PlannedImport(workspace: workspace, layout: layout, config: config)
    for round in 1...5 {
      let files = try input.round(round, in: workspace)
      if round > 1 { try input.edit(workspace) }
      try planned.check(files, "\(layout), seed \(seed), round \(round)")
    }
  }

  /// `FHIRLINE_RUNS` asks for more of them.
  static let seeds: ClosedRange<UInt64> = 1...UInt64(Runs.count(2))
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

  /// What an entry asks for with a resource.
  private mutating func request(_ type: String, _ resource: inout Resource) -> Resource {
    let kind = resource["resourceType"] as? String ?? ""
    let id = resource["id"] as? String ?? ""
    var request: Resource = ["method": "PUT", "url": "\(kind)/\(id)"]
    let search = "identifier=http://a.org|\(kind)-\(id)"
    switch next(type == "history" ? 1 : 12) {
    case 0: request = ["method": "POST", "url": kind]
    case 1:
      request = ["method": "POST", "url": kind, "ifNoneExist": search]
      if happens(50) { resource["id"] = nil }
    case 2:
      request = ["method": "PUT", "url": "\(kind)?\(search)"]
      if happens(50) { resource["id"] = nil }
    case 3: request["ifMatch"] = "W/\"\(1 + next(3))\""
    case 4: request["ifNoneMatch"] = "*"
    case 5 where happens(20): request["method"] = "PATCH"
    default: break
    }
    return request
  }

  /// What is to be deleted, if anything.
  private mutating func deletion() -> Resource? {
    guard happens(40) else { return nil }
    let types = [
      ("Observation", "o", 6), ("Appointment", "a", 3), ("Patient", "p", 4), ("Organization", "o", 3),
    ]
    let (type, letter, count) = types[next(types.count)]
    let id = "\(letter)\(next(count))"
    var request: Resource = ["method": "DELETE"]
    switch next(10) {
    case 0..<5: request["url"] = "\(type)/\(id)"
    case 5, 6: request["url"] = "\(type)?identifier=http://a.org|\(type)-\(id)"
    case 7: request["url"] = one(["Patient/own", "Appointment/own", "Encounter/e", "Observation/own"])
    case 8:
      request["url"] = "\(type)/\(id)"
      request["ifMatch"] = "W/\"\(1 + next(3))\""
    default: request["url"] = one(["Patient?name=Okafor", "Coverage/c", "Practitioner/d1"])
    }
    return ["request": request]
  }

  private func text(_ value: Any) throws -> String {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    return String(
      decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self)
  }

  private mutating func bundle(_ resources: [Resource]) -> Resource {
    var type = one(["batch", "transaction", "transaction", "collection", "searchset", "history"])
    let deletions = [deletion(), deletion()].compactMap(\.self)
    if !deletions.isEmpty, ["collection", "searchset"].contains(type) { type = "batch" }
    var entries: [Resource] = []
    for var resource in resources {
      let name = "\(resource["resourceType"] ?? "")/\(resource["id"] ?? "")"
      var entry: Resource = ["fullUrl": "http://a.org/fhir/" + name]
      if !["collection", "searchset"].contains(type) { entry["request"] = request(type, &resource) }
      if type == "history" { entry["response"] = ["status": "200"] }
      if resource["id"] == nil {
        entry["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-\(100_000_000_000 + next(1000))"
      }
      entry["resource"] = resource
      entries.append(entry)
    }
    for deletion in deletions {
      var deletion = deletion
      if type == "history" {
        let url = (deletion["request"] as? Resource)?["url"] as? String ?? ""
        deletion["fullUrl"] = "http://a.org/fhir/" + url
        deletion["response"] = ["status": "204"]
      }
      entries.insert(deletion, at: next(entries.count + 1))
    }
    if happens(10) { entries.append(["request": ["method": "GET", "url": "Patient/p1"]]) }
    if happens(5) { entries.append(["request": ["method": "PUT", "url": "Patient/p1"]]) }
    var bundle: Resource = ["resourceType": "Bundle", "type": type]
    if !entries.isEmpty { bundle["entry"] = entries }
    return bundle
  }

  /// Writes the files of a round.
  mutating func round(_ round: Int, in workspace: Workspace) throws -> [String] {
    var parts = Array(repeating: [Resource](), count: 1 + next(3))
    for resource in resources(round) { parts[next(parts.count)].append(resource) }
    // What comes twice in a round has another version, maybe.
    if happens(30) { parts.append(resources(round).filter { _ in happens(20) }) }
    var files: [String] = []
    for (number, part) in parts.enumerated() {
      let name = "\(round)/\(number)"
      switch next(6) {
      case 0:
        files.append(try workspace.write(name + ".ndjson", try part.map { try text($0) + "\n" }.joined()))
      case 1:
        let bundles = part.map { bundle([$0]) }
        files.append(try workspace.write(name + ".ndjson", try bundles.map { try text($0) + "\n" }.joined()))
      case 2:
        files.append(try workspace.write(name + "/all.ndjson", try part.map { try text($0) + "\n" }.joined()))
        let deletions = (0..<3).compactMap { _ in deletion() }
        let deleted: Resource = ["resourceType": "Bundle", "type": "transaction", "entry": deletions]
        files[files.count - 1] = workspace.path(name)
        if !deletions.isEmpty { try workspace.write(name + "/gone.ndjson", try text(deleted) + "\n") }
        let manifest: Resource = [
          "transactionTime": "2026-01-01T00:00:00Z", "request": "http://a.org/fhir/$export",
          "requiresAccessToken": false, "error": [Resource](),
          "output": [["type": "Patient", "url": "http://a.org/all.ndjson"]],
          "deleted": deletions.isEmpty
            ? [Resource]() : [["type": "Bundle", "url": "http://a.org/gone.ndjson"]],
        ]
        try workspace.write(name + "/manifest.json", try text(manifest))
      default: files.append(try workspace.write(name + ".json", try text(bundle(part))))
      }
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
