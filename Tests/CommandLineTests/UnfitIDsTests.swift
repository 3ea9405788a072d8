import BSON
import Foundation
import Testing

/// Documents of an application's own whose `_id`s FHIR does not allow, or whose charts have others: an export that is imported
/// again finds them.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct UnfitIDsTests {
  private func export(_ workspace: Workspace, _ name: String) throws -> [String: String] {
    let out = workspace.path(name)
    #expect(try workspace.run("export", "--out", out, "--quiet").status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { $0.hasSuffix(".ndjson") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try workspace.read("\(name)/\($0)")) })
  }

  private func ids(_ workspace: Workspace) throws -> [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      found[collection] = Set(try workspace.documents(in: collection).map { "\($0["_id"] ?? .null)" })
    }
    return found
  }

  /// All documents, each in one text.
  private func contents(_ workspace: Workspace) throws -> [String] {
    try ["patient", "patient_chart", "provider", "appointment"].flatMap(workspace.documents(in:)).map {
      BSONValue.document($0).extendedJSON
    }
  }

  private let own = BSONValue.objectID([0x64, 0xB0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])

  private func fill(_ workspace: Workspace) throws {
    try workspace.insert(
      [
        ["_id": "patient_001", "name": "Ann Lee", "appointments": ["visit 1"]],
        ["_id": "jane@example.org", "name": "Jane Doe", "date_of_birth": "1980-01-02"],
        ["_id": .string(String(repeating: "p", count: 90)), "name": "Long Name"],
        ["_id": .int32(12345), "name": "Cher"],
      ], into: "patient")
    try workspace.insert(
      [
        ["_id": "patient_001", "weight": .int32(150), "last_appointment_id": "visit 1"],
        ["_id": "jane@example.org", "height_in": "70"],
        ["_id": .string(String(repeating: "p", count: 90)), "icd_10_codes": ["E11.9"]],
        // Whose it is says a field.
        ["_id": own, "patient_id": .int32(12345), "weight": .int32(120)],
      ], into: "patient_chart")
    try workspace.insert(
      [
        [
          "_id": "dr_1", "name": "Gregory House", "npi": "1234567893", "appointments": ["visit 1"],
          "last_appointment": "visit 1",
        ]
      ], into: "provider")
    try workspace.insert(
      [
        [
          "_id": "visit 1", "patient_id": "patient_001", "provider_id": "dr_1",
          "date_scheduled": .date(1_577_836_800_000), "disposition": "cancelled",
        ]
      ], into: "appointment")
  }

  @Test func `an export that is imported again changes nothing`() throws {
    let workspace = try Workspace()
    try fill(workspace)
    let before = try ids(workspace)
    let first = try export(workspace, "first")
    let summary = try workspace.importFiles(workspace.path("first"))
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    #expect(try ids(workspace) == before)
    for collection in ["patient", "patient_chart", "provider", "appointment"] {
      for document in try workspace.documents(in: collection) { #expect(document["_fhirline"] == nil) }
    }
    #expect(try export(workspace, "second") == first)
  }

  @Test func `what is edited in FHIR goes into the documents that it came from`() throws {
    let workspace = try Workspace()
    try fill(workspace)
    let before = try ids(workspace)
    let texts = try export(workspace, "first")
    for (name, text) in texts {
      let edited = text.replacing("Ann", with: "Anna").replacing("Gregory", with: "Greg")
        .replacing(#""value":120,"#, with: #""value":121,"#).replacing(
          #""value":150,"#, with: #""value":151,"#
        )
        .replacing("cancelled", with: "noshow")
      try workspace.write("edited/" + name, edited)
    }
    _ = try workspace.importFiles(workspace.path("edited"))
    #expect(try ids(workspace) == before)
    #expect(try workspace.document("patient_001", in: "patient")["name"] == "Anna Lee")
    #expect(try workspace.document("dr_1", in: "provider")["name"] == "Greg House")
    #expect(try workspace.document("patient_001", in: "patient_chart")["weight"] == .double(151))
    let chart = try workspace.documents(in: "patient_chart").first { $0["_id"] == own }
    #expect(chart?["weight"] == .double(121))
    #expect(chart?["patient_id"] == .int32(12345))
    // And again, and out: each resource once.
    let again = try workspace.importFiles(workspace.path("edited"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    for (name, text) in try export(workspace, "second") {
      let written = try workspace.read("edited/" + name).split(separator: "\n").count
      #expect(text.split(separator: "\n").count == written, "\(name)")
    }
  }

  @Test(arguments: ["collection", "both", "embedded"])
  func `a chart under an _id of its own is found by whose it is`(_ layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    try workspace.insert([["_id": "p1", "name": "Ann Lee"], ["_id": 7, "name": "Cher"]], into: "patient")
    try workspace.insert(
      [
        ["_id": "chart-77", "patient_id": "p1", "weight": 150],
        ["_id": "c 8", "patient_id": 7, "weight": 120],
      ], into: "patient_chart")
    let before = try workspace.documents(in: "patient_chart")
    let first = try export(workspace, "first")
    let loaded = try workspace.importFiles(workspace.path("first"), "--config", config)
    #expect(loaded.loaded.unchanged == loaded.read, "\(loaded)")
    #expect(try workspace.documents(in: "patient_chart") == before)
    #expect(try export(workspace, "second") == first)
    // What is news goes into that chart, or with it to where charts are to be.
    let news = try workspace.write(
      "c.ndjson",
      #"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},"code":{"text":"x"}}"#)
    _ = try workspace.importFiles(news, "--config", config)
    let charts = try workspace.documents(in: "patient_chart")
    #expect(charts.count == (layout == "embedded" ? 1 : 2))
    let patient = try workspace.document("p1", in: "patient")
    let chart = charts.first { $0["_id"] == "chart-77" } ?? patient["patient_chart"]?.fields
    #expect(chart?["conditions"]?.elements?.count == 1 && chart?["weight"]?.integer == 150)
  }

  /// Whatever MongoDB takes for an `_id`, and what it is exported as; nil for an id that is made.
  private static let odd: [(BSONValue, String?)] = [
    (true, "true"), (.double(1.5), "1.5"), (.double(.nan), "NaN"), (.double(1e300), "1e300"),
    (.date(1_577_934_245_678), nil), (.date(.min), nil), (["a": 1, "b": "x"], nil), ([:], nil),
    (.binary(subtype: 4, Array(0..<16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    (.binary(subtype: 3, Array(0..<16)), nil), (.binary(subtype: 0, []), nil),
    (.other(.timestamp, [1, 0, 0, 0, 2, 0, 0, 0]), nil), (.other(.minKey, []), nil), ("#a", nil),
    ("a#b", nil),
    ("p#2", nil), ("Patient/7", nil), ("  sp  ", nil), (.string(String(repeating: "x", count: 65)), nil),
    ("a\nb", nil), ("\u{1}c", nil), (.int64(.max), "9223372036854775807"),
  ]

  /// - Parameter inLists: whether links stand in lists of one, as some applications write them.
  @Test(arguments: [false, true])
  func `an _id of whatever type is an id in FHIR, and who names it names that`(_ inLists: Bool) throws {
    let workspace = try Workspace()
    for (number, (id, _)) in Self.odd.enumerated() {
      let mail = BSONValue.string("a\(number)@example.org")
      let link = inLists ? [id, id] : id
      try workspace.insert([["_id": id, "email": mail, "appointments": [id]]], into: "patient")
      try workspace.insert(
        [["_id": id, "email": mail, "appointments": [id], "last_appointment": id]], into: "provider")
      try workspace.insert(
        [["_id": id, "weight": .int32(Int32(100 + number)), "last_appointment_id": id]], into: "patient_chart"
      )
      try workspace.insert(
        [
          [
            "_id": id, "patient_id": link, "provider_id": link, "date_of_visit": .date(0),
            "confirmed_email": mail,
          ]
        ],
        into: "appointment")
    }
    let before = try contents(workspace)
    let first = try export(workspace, "first")
    #expect(try Program.run(["validate", workspace.path("first"), "--quiet"]).status == 0)
    func resource(_ type: String, _ text: String) throws -> String {
      let lines = try #require(first[type + ".ndjson"]).split(separator: "\n").filter { $0.contains(text) }
      try #require(lines.count == 1, "\(type) \(text): \(lines.count)")
      return String(lines[0])
    }
    for (number, (id, expected)) in Self.odd.enumerated() {
      let patient = try resource("Patient", "\"a\(number)@example.org\"")
      let made = try #require(patient.firstMatch(of: /"id":"([^"]*)"/)?.1)
      #expect(expected.map { made == $0 } ?? made.hasPrefix("x-"), "\(id): \(made)")
      let visit = try resource("Appointment", "\"a\(number)@example.org\"")
      #expect(visit.contains("\"id\":\"\(made)\""), "\(id)")
      #expect(visit.contains("\"Patient/\(made)\"") && visit.contains("\"Practitioner/\(made)\""), "\(id)")
      let weight = try resource("Observation", "\"value\":\(100 + number),")
      #expect(weight.contains("\"reference\":\"Patient/\(made)\""), "\(id)")
    }
    let doctor = try workspace.run("doctor", "--format", "json", "--quiet").output
    #expect(!doctor.contains("unreadable-document") && !doctor.contains("dangling-id"), "\(doctor)")
    #expect(doctor.contains("unfit-id"))
    let summary = try workspace.importFiles(workspace.path("first"))
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    #expect(try contents(workspace) == before)
    #expect(try export(workspace, "second") == first)
  }

  @Test(arguments: [false, true])
  func `of two _ids that read alike the text keeps its id, and both are exported`(_ inLists: Bool) throws {
    let workspace = try Workspace()
    for (id, name) in [(BSONValue.int32(2), "Number"), ("2", "Text")] {
      let link = inLists ? [id] : id
      let list: BSONValue = inLists ? id : [id]
      try workspace.insert([["_id": id, "name": .string(name), "appointments": list]], into: "patient")
      try workspace.insert(
        [["_id": id, "name": .string(name), "appointments": list, "last_appointment": link]], into: "provider"
      )
      try workspace.insert(
        [["_id": id, "weight": name == "Text" ? 100 : 200, "last_appointment_id": link]],
        into: "patient_chart")
      try workspace.insert(
        [
          [
            "_id": id, "patient_id": link, "provider_id": link, "date_of_visit": .date(0),
            "telehealth_device": .string(name),
          ]
        ], into: "appointment")
    }
    let before = try contents(workspace)
    let report = workspace.path("report.ndjson")
    let out = workspace.path("first")
    #expect(try workspace.run("export", "--out", out, "--report", report, "--quiet").status == 0)
    let told = try workspace.read("report.ndjson").split(separator: "\n").filter { $0.contains(#""_id""#) }
    #expect(told.count == 4, "\(told)")
    let patients = try workspace.read("first/Patient.ndjson").split(separator: "\n")
    let made = try #require(
      patients.first { $0.contains("Number") }?.firstMatch(of: /"id":"(x-[0-9a-f]{32})"/)?.1)
    #expect(patients.contains { $0.contains("Text") && $0.contains(#""id":"2""#) })
    for (file, mark) in [("Appointment", "Number"), ("Observation", "\"value\":200,")] {
      let lines = try workspace.read("first/\(file).ndjson").split(separator: "\n")
      #expect(lines.contains { $0.contains(mark) && $0.contains("Patient/\(made)\"") }, "\(file)")
      #expect(lines.contains { !$0.contains(mark) && $0.contains(#""Patient/2""#) }, "\(file)")
    }
    #expect(try Program.run(["validate", out, "--quiet"]).status == 0)
    let summary = try workspace.importFiles(out)
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    #expect(try contents(workspace) == before)
  }

  @Test func `bookkeeping that is none does not keep what comes from being loaded`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        ["_id": "a", "name": "A B", "_fhirline": ["hash": .int32(5)]],
        ["_id": "b", "name": "C D", "_fhirline": "oops"],
      ],
      into: "patient")
    let file = try workspace.write(
      "in.ndjson",
      ["a", "b"].map { #"{"resourceType":"Patient","id":"\#($0)","name":[{"family":"E"}]}"# }.joined(
        separator: "\n"))
    let outcome = try workspace.run("import", file, "--quarantine", workspace.path("q.ndjson"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    for patient in try workspace.documents(in: "patient") {
      #expect(patient["name"] == "E" && patient["_fhirline"]?.fields?["hash"]?.text != nil)
    }
  }
}
