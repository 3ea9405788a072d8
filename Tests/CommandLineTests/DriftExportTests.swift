import BSON
import Foundation
import Testing

/// Documents that never came from FHIR, through the program: the export is valid, and what it could not carry is said.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct DriftExportTests {
  private static let patients: [BSONFields] = [
    [
      "_id": 10_234_567, "name": "Dr. Jane Q. Doe", "date_of_birth": "1980-12-31",
      "address": "PSC 3 Box 4120, APO AE 09021", "primary_phone": 412_345_678, "email": "",
      "insurance_id": .int64(12_345_678_901), "insurance_payer_id": 60_054,
      "languages": ["English", "Klingon"],
      "appointments": [1, 1, 7], "vip": true,
      "patient_chart": ["height_in": "70", "blood_pressure": "120/80 mmHg", "icd_10_codes": "E11.9"],
    ],
    [
      "_id": .objectID(Array(1...12)), "name": "Cher", "date_of_birth": "yesterday", "languages": "Spanish",
      "address": "1 Main St Springfield IL 62701", "primary_phone": .null, "medical_group": ["North"],
    ],
    [
      "_id": "Clinic/North 7", "name": .null, "languages": ["Elvish"],
      "email": ["a@example.org", "b@example.org"],
    ],
  ]
  private static let others: [(String, [BSONFields])] = [
    (
      "provider",
      [
        [
          "_id": "d1", "npi": .int64(1_234_567_893), "name": "House, MD", "date_employed": "2004-11-16",
          "credentialed_skills": "Surgery",
        ],
        ["_id": 2, "npi": "NPI12345", "last_appointment": "nobody", "appointments": ["nobody", 5]],
      ]
    ),
    (
      "appointment",
      [
        [
          "_id": 1, "patient_id": 10_234_567, "provider_id": "d1", "date_scheduled": "2024-03-05",
          "date_of_visit": .date(1_709_301_600_000),
          "telehealth_device": "Skype", "disposition": "Rescheduled", "billing_disposition": "not billed",
          "confirmed_phone": 412_345_678,
        ],
        ["_id": 7, "patient_id": .objectID(Array(1...12)), "disposition": "completed"],
        ["_id": .objectID(Array(2...13)), "date_scheduled": "2024-03-01", "disposition": "lost in space"],
      ]
    ),
    (
      "patient_chart",
      [
        [
          "_id": "Clinic/North 7", "weight": "n/a", "notes": "A note.",
          "observations": [
            .null, "x",
            ["resourceType": "Observation", "id": "o1", "status": "final", "code": ["text": "x"]], ["a": 1],
          ],
          "conditions": "none",
        ]
      ]
    ),
  ]

  private func filled() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.insert(Self.patients, into: "patient")
    for (collection, documents) in Self.others { try workspace.insert(documents, into: collection) }
    return workspace
  }

  /// An application's own resources have no ids as a rule, and say the same of many patients.
  @Test(arguments: ["ndjson", "bundle"], ["collection", "embedded"])
  func `what reads alike in several charts stays apart`(format: String, layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("c.yml", "documents:\n  chart: \(layout)\n")
    let condition: BSONValue = ["resourceType": "Condition", "code": ["text": "hypertension"]]
    func chart(_ id: BSONValue, _ conditions: [BSONValue]) throws {
      let content: BSONFields = ["conditions": .array(conditions)]
      if layout == "collection" {
        try workspace.insert([["_id": id, "name": "Ann Bee"]], into: "patient")
        try workspace.insert([BSONFields([.init("_id", id)] + content.fields)], into: "patient_chart")
      } else {
        try workspace.insert(
          [["_id": id, "name": "Ann Bee", "patient_chart": .document(content)]], into: "patient")
      }
    }
    try chart("p", [condition])
    try chart(7, [condition])
    try chart("twice", [condition, condition])
    let out = workspace.path(format == "bundle" ? "out.json" : "out")
    let exported = try workspace.run("export", "--config", config, "--format", format, "--out", out)
    #expect(exported.status == 0)
    #expect(exported.errors.contains("conditions: an item stands there again"), "\(exported.errors)")
    let validated = try workspace.run("validate", out)
    #expect(validated.status == 0, "\(validated.output)")
    func documents() throws -> [BSONFields] {
      try workspace.documents(in: "patient") + workspace.documents(in: "patient_chart")
    }
    let before = try documents()
    func load(into target: Workspace) throws -> Workspace.Summary {
      let outcome = try target.run("import", out, "--config", config, "--quiet", "--summary", "json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    }
    #expect(try load(into: workspace).loaded == .init(inserted: 0, replaced: 0, unchanged: 6))
    #expect(try documents() == before)
    let other = try Workspace()
    #expect(try load(into: other).loaded == .init(inserted: 6, replaced: 0, unchanged: 0))
    let again = other.path(format == "bundle" ? "out.json" : "out")
    #expect(
      try other.run("export", "--config", config, "--format", format, "--quiet", "--out", again).status == 0)
    let compared = try other.run("compare", out, again)
    #expect(compared.status == 0, "\(compared.output)")
  }

  @Test func `the manifest that tells of a field named resourceType is a manifest all the same`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "p", "name": "Ann Bee", "resourceType": "person"]], into: "patient")
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    #expect(try workspace.read("out/manifest.json").contains(#""field":"resourceType""#))
    let validated = try workspace.run("validate", workspace.path("out"))
    #expect(validated.status == 0, "\(validated.output)\(validated.errors)")
    _ = try workspace.importFiles(workspace.path("out"))
  }

  @Test func `what is exported is valid, and comes in again`() throws {
    let workspace = try filled()
    let out = try workspace.run(
      "export", "--out", workspace.path("out"), "--report", workspace.path("report.ndjson"), "--no-progress")
    #expect(out.status == 0, "\(out.errors)")
    let validated = try Program.run(["validate", workspace.path("out")])
    #expect(validated.status == 0, "\(validated.output)")
    let fresh = try Workspace()
    let summary = try fresh.importFiles(workspace.path("out"))
    #expect(summary.quarantined == 0 && summary.read == summary.accounted)
    #expect(try fresh.document("10234567", in: "patient")["primary_phone"] == ["0412345678"])
    #expect(try fresh.document("10234567", in: "patient_chart")["height_in"] == .double(70))
    #expect(try fresh.document("10234567", in: "patient")["appointments"] == ["1"])
    #expect(try fresh.document("1", in: "appointment")["patient_id"] == "10234567")
    #expect(try fresh.document("7", in: "appointment")["disposition"] == "completed")
    #expect(try fresh.document("1", in: "appointment")["disposition"] == "rescheduled")
    // And the same export again is the same bytes.
    let again = try workspace.run("export", "--out", workspace.path("again"), "--quiet")
    #expect(again.status == 0)
    for name in try FileManager.default.contentsOfDirectory(atPath: workspace.path("out")) {
      #expect(try workspace.read("out/" + name) == workspace.read("again/" + name), "\(name)")
    }
  }

  @Test func `what could not be carried is said, by cause and one by one, without values`() throws {
    let workspace = try filled()
    let out = try workspace.run(
      "export", "--out", workspace.path("out"), "--report", workspace.path("report.ndjson"), "--no-progress")
    let report = try workspace.read("report.ndjson")
    struct Line: Decodable {
      var document: String
      var id: String
      var field: String
      var reason: String
    }
    let lines = try report.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    let told = Set(lines.map { "\($0.document) \($0.id) \($0.field)" })
    let expected: Set<String> = [
      "patient 10234567 languages", "patient 10234567 vip", "patient 0102030405060708090a0b0c date_of_birth",
      "patient Clinic/North 7 languages", "patient Clinic/North 7 email", "provider 2 npi",
      "appointment 7 date_of_visit",
      "appointment 02030405060708090a0b0c0d disposition", "appointment 02030405060708090a0b0c0d patient_id",
      "appointment 02030405060708090a0b0c0d date_scheduled",
      "patient_chart Clinic/North 7 weight", "patient_chart Clinic/North 7 observations",
      "patient_chart Clinic/North 7 conditions",
    ]
    #expect(told == expected, "\(told.symmetricDifference(expected))")
    #expect(
      out.errors.contains(
        "patient.languages: no language of this name is known: it is kept as text (2 documents: "))
    let manifest = try workspace.read("out/manifest.json")
    #expect(manifest.contains(#""https://fhirline.dev/not-carried":[{"document":"patient","field":"#))
    for value in ["Klingon", "yesterday", "NPI12345", "lost in space", "n/a"] {
      #expect(!report.contains(value) && !out.errors.contains(value) && !manifest.contains(value), "\(value)")
    }
  }

  @Test
  func `resources that an application put into a chart are its patient's, in whatever order it wrote them`()
    throws
  {
    let workspace = try Workspace()
    try FileManager.default.copyItem(
      atPath: Program.folder.appending(path: "Mappings").path, toPath: workspace.path("Mappings"))
    // The list of appointments has another name here.
    let text = try workspace.read("Mappings/patient.yml").replacing("  appointments:", with: "  visits:")
    try workspace.write("Mappings/patient.yml", text)
    let config = try workspace.write("pipeline.yml", "documents:\n  mappings: Mappings\n")
    try workspace.insert([["_id": "p1", "name": "Ann Lee", "visits": [7, "a2"]]], into: "patient")
    try workspace.insert(
      [
        [
          "_id": "p1", "last_appointment_id": "a2",
          "conditions": [
            ["resourceType": "Condition", "code": ["text": "x"]],
            ["code": ["text": "y"], "id": "c2", "subject": .null, "resourceType": "Condition"],
            ["subject": ["display": "Ann"], "resourceType": "Condition", "id": "c3", "code": ["text": "z"]],
          ],
          "observations": [
            ["code": ["text": "q"], "status": "final", "resourceType": "Observation", "id": "o1"]
          ],
        ]
      ], into: "patient_chart")
    try workspace.insert(
      [
        ["_id": 7, "patient_id": ["p1"], "date_of_visit": .date(0), "disposition": "completed"],
        ["_id": "a2", "patient_id": "p1", "date_of_visit": .date(86_400_000), "disposition": "completed"],
      ], into: "appointment")
    let before = try contents(of: workspace)
    let doctor = try workspace.run("doctor", "--config", config, "--quiet").output
    #expect(!doctor.contains("dangling-id") && !doctor.contains("one-sided-list"), "\(doctor)")
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--config", config, "--quiet").status == 0)
    #expect(try Program.run(["validate", out, "--quiet"]).status == 0)
    let conditions = try workspace.read("out/Condition.ndjson").split(separator: "\n")
    #expect(conditions.count == 3)
    #expect(conditions.allSatisfy { $0.contains(#""reference":"Patient/p1""#) }, "\(conditions)")
    let again = try workspace.run("import", out, "--config", config, "--summary", "json", "--no-progress")
    #expect(again.output.contains(#""loaded":{"inserted":0,"replaced":0,"unchanged":7}"#), "\(again.output)")
    #expect(try contents(of: workspace) == before)
    // What comes to a list of another name keeps what the application has in it.
    let file = try workspace.write(
      "a.json",
      #"{"resourceType":"Appointment","id":"new","status":"proposed","participant":["#
        + #"{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}"#)
    #expect(try workspace.run("import", file, "--config", config, "--quiet").status == 0)
    let visits = try workspace.document("p1", in: "patient")["visits"]?.elements?.compactMap(\.text)
    #expect(Set(visits ?? []) == ["7", "a2", "new"])
  }

  @Test func `of what was not asked for nothing is told`() throws {
    let workspace = try filled()
    func told(_ arguments: String...) throws -> Set<String> {
      let report = workspace.path("report.ndjson")
      let outcome = try Program.run(
        ["export", "--out", workspace.path("out"), "--overwrite", "--report", report, "--quiet"] + arguments,
        environment: ["FHIRLINE_DATABASE": workspace.database])
      #expect(outcome.status == 0, "\(outcome.errors)")
      return Set(
        try workspace.read("report.ndjson").split(separator: "\n").map { line in
          let line = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
          return ["document", "field"].map { line[$0] ?? "" }.joined(separator: ".")
        })
    }
    #expect(try told("--type", "Observation") == ["patient_chart.weight", "patient_chart.observations"])
    #expect(try told("--type", "Condition") == ["patient_chart.conditions"])
    #expect(try told("--type", "Practitioner") == ["provider.npi"])
    #expect(try told("--since", "2020-01-01").isEmpty)
  }

  /// Every collection's documents.
  private func contents(of workspace: Workspace) throws -> [String: [BSONFields]] {
    var contents: [String: [BSONFields]] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      contents[collection] = try workspace.documents(in: collection)
    }
    return contents
  }

  private static let lists: [(BSONValue, [String])] = [
    (
      [.objectID(Array(1...12)), .objectID(Array(2...13))],
      ["0102030405060708090a0b0c", "02030405060708090a0b0c0d"]
    ),
    (["a1", .int32(2), .int64(3), .double(4)], ["2", "3", "4", "a1"]), ("a1", ["a1"]), (.int32(2), ["2"]),
    (.null, []),
  ]

  @Test(arguments: lists)
  func `a list that the application keeps gets what an import adds, and loses nothing`(
    _ list: BSONValue, _ kept: [String]
  ) throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "p", "name": "Ann", "appointments": list]], into: "patient")
    try workspace.insert([["_id": "d", "name": "Bo", "appointments": list]], into: "provider")
    let file = try workspace.write(
      "a.json",
      #"{"resourceType":"Appointment","id":"new","status":"proposed","participant":["#
        + #"{"actor":{"reference":"Patient/p"},"status":"accepted"},"#
        + #"{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]}"#)
    #expect(try workspace.importFiles(file).loaded.inserted == 1)
    for (id, collection) in [("p", "patient"), ("d", "provider")] {
      let ids = try workspace.document(id, in: collection)["appointments"]?.elements?.compactMap(\.text)
      #expect(Set(ids ?? []) == Set(kept + ["new"]), "\(collection)")
    }
  }

  @Test func `an import of what was exported changes no document, whatever the type of its id`() throws {
    let workspace = try Workspace()
    let object = BSONValue.objectID(Array(1...12))
    let uuid = BSONValue.binary(subtype: 4, Array(0..<16))
    try workspace.insert(
      [
        [
          "_id": 1001, "name": "Dr. Rosa de la Cruz", "date_of_birth": "12/31/1971", "vip": true,
          "address": "12 Elm St, Boston, MA 02118", "primary_phone": 617_555_012,
          "insurance_id": .int64(123_456_789_012),
          "languages": ["English", "Spanish"], "appointments": [501, 502],
        ],
        ["_id": object, "name": "Ann Lee", "email": .null], ["_id": uuid, "date_of_birth": .date(0)],
        ["_id": "1002", "name": "Text", "appointments": ["503"]],
      ], into: "patient")
    try workspace.insert(
      [
        [
          "_id": 1001, "height_in": 70, "weight": "180 lb", "blood_pressure": "120/80", "notes": "A note.",
          "icd_10_codes": ["E11.9", "I10"], "last_appointment_id": 502,
        ],
        ["_id": object, "height_in": "5'10\""], ["_id": uuid], ["_id": "1002", "last_appointment_id": "503"],
      ], into: "patient_chart")
    try workspace.insert(
      [
        [
          "_id": 9, "npi": 1_234_567_893, "name": "Gregory House", "date_employed": "2004-11-16",
          "credentialed_skills": "Nephrology", "appointments": [501, 502, "503"], "last_appointment": "503",
        ]
      ], into: "provider")
    try workspace.insert(
      [
        [
          "_id": 501, "patient_id": 1001, "provider_id": 9, "date_scheduled": "2024-03-01",
          "date_of_visit": .date(1_709_301_600_000), "disposition": "Completed", "telehealth_device": "Zoom",
        ],
        [
          "_id": 502, "patient_id": 1001, "provider_id": 9, "date_of_visit": "2024-04-05T10:00:00Z",
          "disposition": "rescheduled",
        ],
        ["_id": "503", "patient_id": "1002", "provider_id": 9, "date_scheduled": "2024-05-01"],
      ], into: "appointment")
    let before = try contents(of: workspace)
    #expect(try workspace.run("doctor", "--quiet").output.contains("[last-appointment]") == false)
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    #expect(try Program.run(["validate", workspace.path("out"), "--quiet"]).status == 0)
    let plan = try workspace.run("plan", workspace.path("out"), "--format", "json", "--no-progress")
    let summary = try workspace.importFiles(workspace.path("out"))
    #expect(summary.loaded == .init(inserted: 0, replaced: 0, unchanged: summary.read) && summary.read > 10)
    #expect(plan.output.contains(#""unchanged":\#(summary.read)}"#), "\(plan.output.prefix(300))")
    #expect(try contents(of: workspace) == before)

    // A newer version of the patient goes into the document that is there.
    let file = workspace.path("out/Patient.ndjson")
    let patients = try String(contentsOfFile: file, encoding: .utf8).replacing("Elm St", with: "Oak St")
    let changed = try workspace.importFiles(try workspace.write("changed.ndjson", patients))
    #expect(changed.loaded == .init(inserted: 1, replaced: 0, unchanged: 3))
    let ids = try workspace.documents(in: "patient").map { $0["_id"] }
    #expect(ids == before["patient"]?.map { $0["_id"] })
    let patient = try #require(try workspace.documents(in: "patient").first)
    #expect(patient["address"] == "12 Oak St\nBoston, MA 02118" && patient["vip"] == true)
  }

  @Test func `nor does it change patients whose charts are embedded in them`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        [
          "_id": 1, "name": "Ann",
          "patient_chart": ["weight": 150, "icd_10_codes": ["E11.9"], "notes": "A note."],
        ],
        ["_id": 2, "name": "Bo"], ["_id": "3", "name": "Cy", "patient_chart": ["height_in": 70]],
      ], into: "patient")
    let before = try workspace.documents(in: "patient")
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: embedded\n")
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--config", config, "--quiet").status == 0)
    let summary = try workspace.run("import", out, "--config", config, "--summary", "json", "--no-progress")
    #expect(
      summary.output.contains(#""loaded":{"inserted":0,"replaced":0,"unchanged":7}"#), "\(summary.output)")
    #expect(try workspace.documents(in: "patient") == before)
  }

  @Test func `of a document that holds something else than is due, that is told`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        ["_id": "p1", "name": "A", "patient_chart": ["weight": 150]],
        ["_id": "p2", "fhir": "x", "patient_chart": [1]],
        ["_id": "p3"],
      ], into: "patient")
    try workspace.insert(
      [["_id": "p1", "weight": 160], ["_id": "c3", "patient_id": "p3", "weight": 170]], into: "patient_chart")
    try workspace.insert(
      [["_id": "Claim/1", "x": 1], ["_id": "Foo/1", "fhir": ["resourceType": "Foo", "id": "1"]]],
      into: "resource")
    let report = workspace.path("report.ndjson")
    let out = try workspace.run("export", "--out", workspace.path("out"), "--report", report, "--quiet")
    #expect(out.status == 0, "\(out.errors)")
    let told = try workspace.read("report.ndjson").split(separator: "\n").map { line in
      let line = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
      return ["document", "id", "field"].map { line[$0] ?? "" }.joined(separator: " ")
    }
    #expect(
      Set(told) == [
        "patient p1 patient_chart", "patient p2 fhir", "patient p2 patient_chart", "resource Claim/1 fhir",
        "resource Foo/1 fhir",
      ])
    let observations = try workspace.read("out/Observation.ndjson").split(separator: "\n")
    #expect(observations.count == 2 && observations.contains { $0.contains(#""reference":"Patient/p3""#) })
    #expect(try Program.run(["validate", workspace.path("out"), "--quiet"]).status == 0)
  }

  @Test func `a patient is found by the number that is its id`() throws {
    let workspace = try filled()
    let out = try workspace.run(
      "export", "--out", workspace.path("out"), "--patient", "10234567", "--patient",
      "0102030405060708090a0b0c", "--quiet")
    #expect(out.status == 0)
    #expect(try workspace.read("out/Patient.ndjson").split(separator: "\n").count == 2)
    #expect(try workspace.read("out/Appointment.ndjson").split(separator: "\n").count == 2)
    #expect(try workspace.read("out/Observation.ndjson").contains("Patient/10234567"))
  }
}
