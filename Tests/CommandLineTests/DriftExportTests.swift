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
