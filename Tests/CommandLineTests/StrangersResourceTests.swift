import BSON
import Foundation
import Testing

/// A resource in a patient's document that names another patient: it exports as the other's, which the doctor and the export tell, and goes
/// to the other's document when that is imported, as it would in an empty database. It is never in both, nor in none.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct StrangersResourceTests {
  private static func observation(_ id: String?, of patient: String?, _ value: String = "v") -> BSONValue {
    var fields: BSONFields = ["resourceType": "Observation"]
    if let id { fields["id"] = .string(id) }
    fields["status"] = "final"
    fields["code"] = ["text": "x"]
    if let patient { fields["subject"] = ["reference": .string("Patient/" + patient)] }
    fields["valueString"] = .string(value)
    return .document(fields)
  }

  private func causes(_ workspace: Workspace, _ config: String) throws -> [String] {
    let json = try JSONSerialization.jsonObject(
      with: Data(try workspace.run("doctor", "--format", "json", "--config", config).output.utf8))
    let findings = (json as? [String: Any])?["findings"] as? [[String: Any]] ?? []
    return findings.flatMap { finding -> [String] in
      guard let cause = finding["cause"] as? String,
        cause == "strangers-resource" || cause == "repeated-resource"
      else { return [] }
      return Array(repeating: cause, count: finding["count"] as? Int ?? 0)
    }
  }

  /// Each patient's observations, by what they say.
  private func observations(_ workspace: Workspace, _ layout: String) throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    for document in try workspace.documents(in: layout == "embedded" ? "patient" : "patient_chart") {
      let chart = layout == "embedded" ? document["patient_chart"]?.fields : document
      let items = chart?["observations"]?.elements ?? []
      found[document["_id"]?.text ?? ""] = items.compactMap { $0.fields?["valueString"]?.text }.sorted()
    }
    return found
  }

  private func expectMoved(_ workspace: Workspace, _ config: String, _ layout: String, _ moved: Int) throws {
    #expect(try causes(workspace, config) == Array(repeating: "strangers-resource", count: moved))
    let export = try workspace.run("export", "--out", workspace.path("first"), "--config", config)
    #expect(export.status == 0)
    #expect(export.errors.contains("names somebody else than in whose document it stands"))
    let plan = try workspace.run("plan", workspace.path("first"), "--config", config).output
    #expect(plan.components(separatedBy: "leaves, for its home is another document now").count == moved + 1)
    let loaded = try workspace.importFiles(workspace.path("first"), "--config", config).loaded
    #expect(loaded.inserted == moved && loaded.replaced == 0)
    #expect(
      try observations(workspace, layout) == ["p1": ["own"], "p2": ["a", "b"].suffix(moved) + ["other"]])
    #expect(try causes(workspace, config).isEmpty)
    let before = try DatabaseContents(of: workspace)
    #expect(try workspace.importFiles(workspace.path("first"), "--config", config).loaded.inserted == 0)
    #expect(try DatabaseContents(of: workspace).differences(from: before).isEmpty)
    #expect(
      try workspace.run("export", "--quiet", "--out", workspace.path("second"), "--config", config).status
        == 0)
    #expect(try workspace.run("compare", workspace.path("first"), workspace.path("second")).status == 0)
  }

  /// - Parameter layout: of the charts.
  @Test(arguments: ["collection", "embedded"])
  func `what an application put into a chart goes to the patient whom it names`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let charts: [BSONFields] = [
      [
        "mood": "calm",
        "observations": [
          Self.observation("o1", of: "p2", "a"), Self.observation(nil, of: "p2", "b"),
          Self.observation("o3", of: nil, "own"),
        ],
      ], ["observations": [Self.observation("o4", of: "p2", "other")]],
    ]
    var patients: [BSONFields] = [["_id": "p1", "name": "Ann Li"], ["_id": "p2", "name": "Bob Wu"]]
    if layout == "embedded" {
      for number in patients.indices { patients[number]["patient_chart"] = .document(charts[number]) }
    } else {
      try workspace.insert(
        zip(["p1", "p2"], charts).map { id, chart in BSONFields([.init("_id", .string(id))] + chart.fields) },
        into: "patient_chart")
    }
    try workspace.insert(patients, into: "patient")
    try expectMoved(workspace, config, layout, 2)
    let first = try workspace.document("p1", in: layout == "embedded" ? "patient" : "patient_chart")
    let chart = layout == "embedded" ? try #require(first["patient_chart"]?.fields) : first
    // What was the application's own is that, and all else is in it.
    #expect(chart["mood"] == "calm" && chart["_fhirline"] == nil)
  }

  @Test(arguments: ["collection", "both"])
  func `what an application changed in a chart goes to the patient whom it names`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    func line(_ id: String, of patient: String, _ value: String) throws -> String {
      Self.observation(id, of: patient, value).extendedJSON
    }
    let lines = [
      #"{"resourceType":"Patient","id":"p1"}"#, #"{"resourceType":"Patient","id":"p2"}"#,
      try line("o1", of: "p1", "b"), try line("o3", of: "p1", "own"), try line("o4", of: "p2", "other"),
    ]
    let file = try workspace.write("first.ndjson", lines.joined(separator: "\n"))
    #expect(try workspace.importFiles(file, "--config", config).loaded.inserted == 5)
    try workspace.command([
      "update": "patient_chart",
      "updates": [
        [
          "q": ["_id": "p1"], "u": ["$set": ["observations.0.subject.reference": "Patient/p2"]],
        ]
      ],
    ])
    try expectMoved(workspace, config, layout, 1)
  }

  @Test func `a resource that only its Bundle names leaves the patient whose it no longer is`() throws {
    let workspace = try Workspace()
    func bundle(of patient: String, version: Int) throws -> String {
      try workspace.write(
        "\(version).json",
        #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","#
          + #""resource":{"resourceType":"Observation","meta":{"versionId":"\#(version)"},"status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/\#(patient)"},"valueString":"v"}}]}"#)
    }
    _ = try workspace.importFiles(
      workspace.write(
        "people.ndjson",
        #"{"resourceType":"Patient","id":"p1"}"# + "\n" + #"{"resourceType":"Patient","id":"p2"}"#))
    _ = try workspace.importFiles(bundle(of: "p1", version: 1))
    _ = try workspace.importFiles(bundle(of: "p2", version: 2))
    #expect(try observations(workspace, "collection").filter { !$0.value.isEmpty } == ["p2": ["v"]])
  }

  /// What `_id`s of patients and charts are, where they are no texts.
  enum Key: CaseIterable {
    case objectID, int64, compound
    /// Charts have `_id`s of their own, and say whose they are.
    case chartsOwn

    func id(_ number: UInt8) -> BSONValue {
      switch self {
      case .objectID, .chartsOwn: .objectID([0x64, 0xB0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number])
      case .int64: .int64(9_000_000_000 + Int64(number))
      case .compound: ["site": "a/b", "number": .int32(Int32(number))]
      }
    }
  }

  /// - Parameter comesAgain: whether a later version of the resource comes; else an application put it where it does not belong.
  @Test(arguments: ["collection", "embedded", "both"], Key.allCases)
  func `whatever the ids of the documents, a resource leaves the one for the other`(
    layout: String, key: Key
  ) throws {
    for comesAgain in [false, true] {
      let workspace = try Workspace()
      let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
      let people = [key.id(1), key.id(2)]
      try workspace.insert(
        zip(people, ["Ann Li", "Bob Wu"]).map { ["_id": $0, "name": .string($1)] }, into: "patient")
      // What others call them.
      _ = try workspace.run("export", "--quiet", "--out", workspace.path("names"), "--config", config)
      let lines = try workspace.read("names/Patient.ndjson").split(separator: "\n")
      let names = try ["Ann", "Bob"].map { name -> String in
        let line = try #require(lines.first { $0.contains(name) })
        let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(json?["id"] as? String)
      }
      let charts: [BSONFields] = [
        [
          "mood": "calm",
          "observations": [
            Self.observation("o1", of: names[comesAgain ? 0 : 1], "moves"),
            Self.observation("o3", of: nil, "own"),
          ],
        ], ["observations": [Self.observation("o4", of: names[1], "other")]],
      ]
      for (number, id) in people.enumerated() {
        if layout == "embedded" {
          let chart = BSONValue.document(charts[number])
          try workspace.set("patient_chart", to: chart, of: id, in: "patient")
        } else if key == .chartsOwn {
          var chart: BSONFields = ["_id": key.id(UInt8(number) + 10), "patient_id": id]
          for field in charts[number].fields { chart[field.key] = field.value }
          try workspace.insert([chart], into: "patient_chart")
        } else {
          try workspace.insert(
            [BSONFields([.init("_id", id)] + charts[number].fields)], into: "patient_chart")
        }
      }
      let input: String
      if comesAgain {
        let line =
          #"{"resourceType":"Observation","id":"o1","meta":{"versionId":"2"},"status":"final","code":{"text":"x"},"subject":"#
          + #"{"reference":"Patient/\#(names[1])"},"valueString":"moves"}"#
        input = try workspace.write("o1.ndjson", line)
      } else {
        _ = try workspace.run("export", "--quiet", "--out", workspace.path("first"), "--config", config)
        input = workspace.path("first")
      }
      let label: Comment = "\(comesAgain)"
      let plan = try workspace.run("plan", input, "--config", config).output
      #expect(
        plan.components(separatedBy: "leaves, for its home is another document now").count == 2, label)
      for run in 1...2 {
        let loaded = try workspace.importFiles(input, "--config", config).loaded
        #expect(loaded.inserted == (run == 1 ? 1 : 0), label)
        let places =
          layout == "collection"
          ? ["patient_chart"] : layout == "both" ? ["patient_chart", "patient"] : ["patient"]
        for place in places {
          var found: [String: [String]] = [:]
          for document in try workspace.documents(in: place) {
            guard let chart = place == "patient" ? document["patient_chart"]?.fields : document else {
              continue
            }
            let whose = key == .chartsOwn && place == "patient_chart" ? chart["patient_id"] : document["_id"]
            let items = chart["observations"]?.elements ?? []
            found["\(whose ?? .null)", default: []] += items.compactMap { $0.fields?["valueString"]?.text }
              .sorted()
            if whose == people[0] { #expect(chart["mood"] == "calm", label) }
          }
          var expected = ["\(people[0])": ["own"], "\(people[1])": ["moves", "other"]]
          // What nothing came for has no copy yet.
          if layout == "both", place == "patient", found["\(people[0])"] == nil {
            expected["\(people[0])"] = nil
          }
          #expect(found == expected, "\(comesAgain) \(place) \(run)")
        }
      }
      #expect(try causes(workspace, config).isEmpty, label)
    }
  }

  @Test(arguments: ["collection", "embedded", "both"], [Key.objectID, .int64, .compound])
  func `what is deleted is found in whatever chart`(layout: String, key: Key) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    try workspace.insert([["_id": key.id(1), "name": "Ann Li"]], into: "patient")
    _ = try workspace.run("export", "--quiet", "--out", workspace.path("names"), "--config", config)
    let line = try workspace.read("names/Patient.ndjson")
    let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let name = try #require(json?["id"] as? String)
    let text = ["o1", "o2"].map { Self.observation($0, of: name, $0).extendedJSON }
    let file = try workspace.write("in.ndjson", text.joined(separator: "\n"))
    #expect(try workspace.importFiles(file, "--config", config).loaded.inserted == 2)
    let deletion = try workspace.write(
      "gone.json",
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Observation/o1"}}]}"#
    )
    _ = try workspace.importFiles(deletion, "--config", config)
    for place in layout == "both"
      ? ["patient_chart", "patient"] : [layout == "embedded" ? "patient" : "patient_chart"]
    {
      let documents = try workspace.documents(in: place)
      let charts = place == "patient" ? documents.compactMap { $0["patient_chart"]?.fields } : documents
      let left = charts.flatMap { $0["observations"]?.elements ?? [] }
      #expect(left.compactMap { $0.fields?["valueString"]?.text } == ["o2"], "\(place)")
    }
  }
}
