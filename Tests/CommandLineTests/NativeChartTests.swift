import BSON
import Foundation
import Testing

/// A patient has exactly one chart, wherever the application keeps it.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct NativeChartTests {
  /// Where an application keeps charts.
  enum Place: CaseIterable {
    case patient
    /// Within the patient, with an `_id` of its own, as object mappers give one to whatever they store.
    case patientWithID
    case collection
  }

  @Test(arguments: ["collection", "embedded", "both"], Place.allCases)
  func `a chart that an import adds to goes where charts are to be, with all that is in it`(
    _ layout: String, _ place: Place
  ) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    var chart: BSONFields = ["weight": 150.5, "notes": "hello", "mood": ["calm"]]
    if place == .patientWithID { chart["_id"] = "5f1e0a3b9c" }
    try workspace.insert(
      [
        place != .collection
          ? ["_id": 7, "name": "Ada Fox", "patient_chart": .document(chart)] : ["_id": 7, "name": "Ada Fox"]
      ],
      into: "patient")
    if place == .collection {
      try workspace.insert([BSONFields([.init("_id", 7)] + chart.fields)], into: "patient_chart")
    }
    func isOne(_ label: Comment) throws {
      let within = try workspace.documents(in: "patient").compactMap { $0["patient_chart"]?.fields }
      let own = try workspace.documents(in: "patient_chart")
      #expect(within.count == (layout == "collection" ? 0 : 1), label)
      #expect(own.count == (layout == "embedded" ? 0 : 1), label)
      for chart in within + own {
        #expect(chart["weight"] == .double(150.5) && chart["notes"] == "hello", label)
        #expect(chart["mood"] == ["calm"] && chart["conditions"]?.elements?.count == 1, label)
      }
    }
    // What was exported is no news: nothing moves.
    let untouched = try DatabaseContents(of: workspace)
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("native")).status == 0)
    for file in ["Observation", "DocumentReference"] {
      #expect(try workspace.read("native/\(file).ndjson").contains(#""subject":{"reference":"Patient/7"}"#))
    }
    #expect(try workspace.importFiles(workspace.path("native"), "--config", config).loaded.inserted == 0)
    let moved = try DatabaseContents(of: workspace).differences(from: untouched)
    // A copy is due where both are wanted.
    let isCopyDue = layout == "both" && place == .collection
    #expect(isCopyDue || !moved.contains { $0.hasPrefix("patient") && $0.contains("7") }, "\(moved)")

    let condition = try workspace.write(
      "c.ndjson",
      #"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/7"},"code":{"text":"tired"}}"#)
    let plan = try workspace.run("plan", condition, "--config", config, "--format", "json")
    #expect(!plan.output.contains(#""fate":"insert""#), "\(plan.output)")
    #expect(try workspace.importFiles(condition, "--config", config).loaded.inserted == 1)
    try isOne("imported")
    #expect(try workspace.importFiles(condition, "--config", config).loaded.unchanged == 1)
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    let again = try workspace.importFiles(workspace.path("out"), "--config", config)
    #expect(again.loaded == .init(inserted: 0, replaced: 0, unchanged: 4), "\(again)")
    try isOne("imported again")
    let doctor = try workspace.run("doctor", "--config", config)
    #expect(!doctor.output.contains("patient-with"), "\(doctor.output)")
  }

  @Test func `a resource that an application keeps in another list stays there, once`() throws {
    let workspace = try Workspace()
    let chart: BSONFields = [
      "_id": "p",
      "observations": [
        [
          "resourceType": "Condition", "id": "c", "subject": ["reference": "Patient/p"],
          "code": ["text": "x"],
        ]
      ],
      "problems": [["resourceType": "Immunization", "id": "i", "status": "completed"]],
    ]
    try workspace.insert([["_id": "p"]], into: "patient")
    try workspace.insert([chart], into: "patient_chart")
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    let condition = workspace.path("out/Condition.ndjson")
    #expect(try workspace.importFiles(condition).loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    #expect(try workspace.documents(in: "patient_chart") == [chart])
    // Another version of it takes its place.
    let later = try workspace.write(
      "later.ndjson",
      #"{"resourceType":"Condition","id":"c","meta":{"versionId":"2"},"subject":{"reference":"Patient/p"},"code":{"text":"y"}}"#
    )
    #expect(try workspace.importFiles(later).loaded == .init(inserted: 0, replaced: 1, unchanged: 0))
    let stored = try workspace.document("p", in: "patient_chart")
    #expect(stored["conditions"] == nil && stored["observations"]?.elements?.count == 1)
    #expect(try workspace.importFiles(later).loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
  }

  @Test func `what an application keeps in a section's place is not overwritten`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "a"], ["_id": "b"], ["_id": "c"], ["_id": "d"]], into: "patient")
    let own: [BSONFields] = [
      ["_id": "a", "allergies": ["Penicillin"]], ["_id": "b", "allergies": [["name": "Penicillin"]]],
      ["_id": "c", "allergies": .null], ["_id": "d", "allergies": []],
    ]
    try workspace.insert(own, into: "patient_chart")
    let lines = ["a", "b", "c", "d"].map {
      #"{"resourceType":"AllergyIntolerance","id":"i\#($0)","patient":{"reference":"Patient/\#($0)"},"#
        + #""clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","#
        + #""code":"active"}]}}"#
    }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    let plan = try workspace.run("plan", file, "--no-progress")
    #expect(plan.status == 1)
    #expect(plan.errors.contains("allergies holds something else"), "\(plan.errors)")
    let summary = try workspace.importFiles(file, status: 1)
    #expect(summary.loaded.inserted == 2 && summary.quarantined == 2)
    #expect(try workspace.read("quarantine.ndjson").contains("allergies holds something else"))
    for chart in own[..<2] {
      #expect(try workspace.document(chart["_id"]?.text ?? "", in: "patient_chart") == chart)
    }
    for id in ["c", "d"] {
      let chart = try workspace.document(id, in: "patient_chart")
      #expect(chart.fields.count { $0.key == "allergies" } == 1 && chart["allergies"]?.elements?.count == 1)
    }
  }

  @Test(arguments: ["embedded", "both"])
  func `where a patient's chart is null there is none, and what is no chart is left`(_ layout: String) throws
  {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let list: BSONValue = [["name": "x"]]
    try workspace.insert(
      [
        ["_id": "a", "patient_chart": .null], ["_id": "b", "patient_chart": "c-7"],
        ["_id": "c", "patient_chart": list],
      ], into: "patient")
    let lines = ["a", "b", "c"].map {
      #"{"resourceType":"Condition","id":"c\#($0)","subject":{"reference":"Patient/\#($0)"},"code":{"text":"x"}}"#
    }
    let file = try workspace.write("c.ndjson", lines.joined(separator: "\n"))
    let outcome = try workspace.run("import", file, "--config", config, "--no-progress")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("patient_chart holds something else"), "\(outcome.errors)")
    let chart = try workspace.document("a", in: "patient")["patient_chart"]?.fields
    #expect(chart?["conditions"]?.elements?.count == 1)
    #expect(try workspace.document("b", in: "patient")["patient_chart"] == "c-7")
    #expect(try workspace.document("c", in: "patient")["patient_chart"] == list)
  }

  @Test func `of two charts neither is lost, and the doctor tells`() throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: both\n")
    try workspace.insert([["_id": "n", "patient_chart": ["weight": 150.5]], ["_id": "m"]], into: "patient")
    try workspace.insert([["_id": "n", "weight": 160.5]], into: "patient_chart")
    let conditions = ["n", "m"].map {
      #"{"resourceType":"Condition","id":"c\#($0)","subject":{"reference":"Patient/\#($0)"},"code":{"text":"x"}}"#
    }
    let file = try workspace.write("c.ndjson", conditions.joined(separator: "\n"))
    let outcome = try workspace.run("import", file, "--config", config, "--no-progress")
    #expect(outcome.errors.contains("the patient's document is not"), "\(outcome.errors)")
    let patient = try workspace.document("n", in: "patient")
    #expect(patient["patient_chart"]?.fields?["weight"] == .double(150.5))
    let chart = try workspace.document("n", in: "patient_chart")
    #expect(chart["weight"] == .double(160.5) && chart["conditions"]?.elements?.count == 1)
    let doctor = try workspace.run("doctor", "--config", config)
    #expect(doctor.output.contains("patient-with-two-charts"), "\(doctor.output)")
  }

  @Test func `what is made of an empty chart's fields is its patient's under a source, too`() throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "import:\n  source: north\n")
    let file = try workspace.write("p.ndjson", #"{"resourceType":"Patient","id":"p"}"#)
    _ = try workspace.importFiles(file, "--config", config)
    try workspace.set("weight", to: 150.5, of: "north.p", in: "patient_chart")
    let before = try DatabaseContents(of: workspace)
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    #expect(try workspace.read("out/Observation.ndjson").contains(#""subject":{"reference":"Patient/p"}"#))
    #expect(try workspace.importFiles(workspace.path("out"), "--config", config).loaded.unchanged == 2)
    let changes = try DatabaseContents(of: workspace).differences(from: before)
    #expect(changes.allSatisfy { $0.hasPrefix("fhirline_run") }, "\(changes)")
  }
}
