import BSON
import DocumentStore
import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct DoctorTests {
  /// What the doctor says, by cause and place.
  private struct Report: Decodable {
    struct Group: Decodable {
      struct Document: Decodable, Equatable {
        var id: String
        var other: String?
      }

      var cause: String
      var collection: String
      var field: String?
      var message: String
      var count: Int
      var fixed: Int
      var documents: [Document]
    }

    var found: Int
    var fixed: Int
    var documents: [String: Int]
    var findings: [Group]

    /// `cause collection.field: id>other …`
    var texts: [String] {
      findings.map { group in
        "\(group.cause) \(group.collection)\(group.field.map { "." + $0 } ?? ""):"
          + group.documents.map { " " + $0.id + ($0.other.map { ">" + $0 } ?? "") }.joined()
      }
    }
  }

  @Test func `nothing is wrong with what an import wrote, be it in the last hours that FHIR can say`() throws
  {
    let workspace = try Workspace()
    let visits = [
      ("a", "2024-05-01T10:00:00Z"), ("b", "9999-12-31T23:59:59-05:00"), ("c", "0001-01-01T00:00:00+14:00"),
    ]
    let lines =
      [#"{"resourceType":"Patient","id":"p"}"#]
      + visits.map {
        #"{"resourceType":"Appointment","id":"\#($0)","status":"booked","start":"\#($1)","end":"\#($1)","#
          + #""participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"}]}"#
      }
    _ = try workspace.importFiles(try workspace.write("in.ndjson", lines.joined(separator: "\n")))
    #expect(try doctor(workspace, status: 0).texts == [])
  }

  @Test func `ids with control characters do nothing to a terminal`() throws {
    let workspace = try Workspace()
    let id = "a\u{1B}[31mred\u{7}"
    try workspace.insert([["_id": .string(id), "name": "Jane Doe"]], into: "patient")
    for arguments in [["doctor", "--no-progress"], ["trace", id], ["trace", id + "x"]] {
      let outcome = try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
      let said = outcome.output + outcome.errors
      #expect(said.contains("a\\u001b[31mred"), "\(arguments[0])")
      #expect(!said.contains("\u{1B}") && !said.contains("\u{7}"), "\(arguments[0])")
    }
  }

  private func doctor(_ workspace: Workspace, _ arguments: String..., status: Int32) throws -> Report {
    let outcome = try Program.run(
      ["doctor", "--format", "json", "--no-progress"] + arguments,
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)\(outcome.output)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  private func day(_ text: String) throws -> BSONValue {
    let date = try Date(text + "T00:00:00Z", strategy: .iso8601)
    return .date(Int64(date.timeIntervalSince1970) * 1000)
  }

  private func visit(
    _ id: BSONValue, of patient: BSONValue, by provider: BSONValue, on date: String, _ more: BSONFields = [:]
  ) throws -> BSONFields {
    BSONFields(
      [
        .init("_id", id), .init("patient_id", patient), .init("provider_id", provider),
        .init("date_of_visit", try day(date)),
      ] + more.fields)
  }

  /// A database as the platform's applications keep it, with nothing wrong.
  private func clinic(_ workspace: Workspace) throws {
    try workspace.insert(
      [
        [
          "_id": "p1", "name": "Ann Bee", "date_of_birth": try day("1980-02-03"),
          "appointments": ["a1", "a2"],
        ],
        [
          "_id": "p2", "name": "Cy Dee", "primary_phone": ["5551234567"], "languages": ["es"],
          "appointments": [],
        ],
      ], into: "patient")
    try workspace.insert(
      [
        ["_id": "p1", "weight": 150.5, "blood_pressure": "120/80", "last_appointment_id": "a2"],
        ["_id": "p2", "height_in": 70],
      ], into: "patient_chart")
    try workspace.insert(
      [["_id": "d1", "npi": "1234567893", "appointments": ["a1", "a2"], "last_appointment": "a2"]],
      into: "provider")
    try workspace.insert(
      [
        try visit(
          "a1", of: "p1", by: "d1", on: "2024-05-01",
          [
            "date_scheduled": try day("2024-04-01"), "disposition": "completed",
            "billing_disposition": "billed",
          ]),
        try visit(
          "a2", of: "p1", by: "d1", on: "2024-06-01",
          ["disposition": "cancelled", "billing_disposition": "not billed"]),
      ], into: "appointment")
  }

  @Test func `a database with nothing wrong has no findings`() throws {
    let workspace = try Workspace()
    try clinic(workspace)
    let report = try doctor(workspace, status: 0)
    #expect(report.found == 0, "\(report.texts)")
    #expect(
      report.documents == ["patient": 2, "patient_chart": 2, "provider": 1, "appointment": 2, "resource": 0])
  }

  @Test func `what import loads has no findings`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    let report = try doctor(workspace, status: 0)
    #expect(report.found == 0, "\(report.texts)")
  }

  @Test func `ids of nobody, one-sided lists, repeated ids and last appointments are found and repaired`()
    throws
  {
    let workspace = try Workspace()
    try clinic(workspace)
    try workspace.set("appointments", to: ["a1", "a1", "ghost"], of: "p1", in: "patient")
    try workspace.set("appointments", to: ["a1"], of: "p2", in: "patient")
    try workspace.set("last_appointment_id", to: "a1", of: "p1", in: "patient_chart")
    try workspace.set("appointments", to: [1, "a1", "a2"], of: "d1", in: "provider")
    try workspace.set("last_appointment", to: "ghost", of: "d1", in: "provider")
    try workspace.insert([try visit("a3", of: "nobody", by: "d9", on: "2024-07-01")], into: "appointment")
    let expected = [
      "dangling-id appointment.patient_id: a3>nobody", "dangling-id appointment.provider_id: a3>d9",
      "dangling-id patient.appointments: p1>ghost", "dangling-id provider.appointments: d1>1",
      "dangling-id provider.last_appointment: d1>ghost",
      "one-sided-list patient.appointments: p1>a2 p2>a1", "repeated-id patient.appointments: p1>a1",
      "last-appointment patient_chart.last_appointment_id: p1>a1", "type-drift provider.appointments: d1",
    ]
    #expect(try doctor(workspace, status: 1).texts == expected)

    let repaired = try doctor(workspace, "--fix", status: 1)
    #expect(repaired.texts == expected)
    #expect(repaired.found - repaired.fixed == 2)
    #expect(try workspace.document("p1", in: "patient")["appointments"] == ["a1", "a2"])
    #expect(try workspace.document("p2", in: "patient")["appointments"] == [])
    #expect(try workspace.document("p1", in: "patient_chart")["last_appointment_id"] == "a2")
    let provider = try workspace.document("d1", in: "provider")
    #expect(provider["appointments"] == ["a1", "a2"] && provider["last_appointment"] == "a2")
    #expect(provider["npi"] == "1234567893")
    #expect(
      try doctor(workspace, status: 1).texts == [
        "dangling-id appointment.patient_id: a3>nobody", "dangling-id appointment.provider_id: a3>d9",
      ])
  }

  @Test func `dates, bills and NPIs are looked at`() throws {
    let workspace = try Workspace()
    try clinic(workspace)
    let scheduled: (String) throws -> BSONFields = { ["date_scheduled": .string($0)] }
    try workspace.insert(
      [
        try visit("b1", of: "p2", by: "d2", on: "2024-05-01", scheduled("2024-05-02")),
        // The same day: a date without a time is not before it.
        try visit("b2", of: "p2", by: "d2", on: "2024-05-02", scheduled("2024-05-02T15:00:00Z")),
        try visit(
          "b3", of: "p2", by: "d2", on: "2024-05-03",
          ["disposition": "No Show", "billing_disposition": "Billed"]),
        try visit(
          "b4", of: "p2", by: "d2", on: "2024-05-04",
          ["disposition": "rescheduled", "billing_disposition": "billed"]),
      ], into: "appointment")
    try workspace.set("appointments", to: ["b1", "b2", "b3", "b4"], of: "p2", in: "patient")
    try workspace.set("last_appointment_id", to: "b4", of: "p2", in: "patient_chart")
    try workspace.insert(
      [
        [
          "_id": "d2", "npi": "1234567890", "appointments": ["b1", "b2", "b3", "b4"],
          "last_appointment": "b4",
        ],
        ["_id": "d3", "npi": 1_234_567_893], ["_id": "d4", "npi": "12345A7893"],
        ["_id": "d5", "npi": 12_345_678],
      ], into: "provider")
    let texts = try doctor(workspace, status: 1).texts
    #expect(texts.contains("visit-before-scheduled appointment.date_of_visit: b1"))
    #expect(texts.contains("billed-not-held appointment.billing_disposition: b3"))
    #expect(texts.contains("npi provider.npi: d2 d4 d5"))
    #expect(texts.contains("type-drift provider.npi: d3 d5"))
  }

  @Test func `charts that are missing, of nobody, or two are found`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [["_id": "alone"], ["_id": "embedded", "patient_chart": ["weight": 150]], ["_id": "12"]],
      into: "patient")
    try workspace.insert(
      [["_id": "stranger"], ["_id": "12"], ["_id": 12], ["_id": "x", "patient_id": "12"]],
      into: "patient_chart")
    #expect(
      try doctor(workspace, status: 1).texts == [
        "patient-without-chart patient: alone", "patient-with-two-charts patient: 12>12 12>x",
        "chart-of-nobody patient_chart: stranger", "type-drift patient_chart._id: 12",
      ])
  }

  @Test func `types that drifted are told by field and type`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        [
          "_id": "p", "name": "Dr. Ann Bee", "date_of_birth": "1980-02-03", "primary_phone": "5551234567",
          "insurance_id": .int64(12_345_678_901), "languages": ["Spanish", "en"],
        ]
      ], into: "patient")
    try workspace.insert(
      [["_id": "p", "weight": "heavy", "blood_pressure": "high", "last_appointment_id": 5]],
      into: "patient_chart")
    try workspace.insert([try visit(5, of: "p", by: 7, on: "2024-05-01")], into: "appointment")
    try workspace.insert([["_id": 7, "appointments": [5], "last_appointment": 5]], into: "provider")
    try workspace.set("appointments", to: [5], of: "p", in: "patient")
    let report = try doctor(workspace, status: 1)
    let drifts = Set(report.findings.map { "\($0.cause) \($0.collection).\($0.field ?? ""): \($0.message)" })
    for expected in [
      "type-drift patient.date_of_birth: 1 document: expected a date, found a text",
      "type-drift patient.primary_phone: 1 document: expected a list of texts, found a text",
      "type-drift patient.insurance_id: 1 document: expected a text, found a whole number",
      "type-drift appointment._id: 1 document: expected a text, found a whole number",
      "type-drift appointment.provider_id: 1 document: expected a text, found a whole number",
      "type-drift patient_chart.last_appointment_id: 1 document: expected a text",
      "type-drift patient.appointments: 1 document: expected a list of texts",
      "form-drift patient.languages: 1 document with a value that import writes otherwise",
    ] {
      #expect(drifts.contains(expected), "\(expected)\n\(drifts.sorted().joined(separator: "\n"))")
    }
    for field in ["blood_pressure", "weight"] {
      #expect(report.findings.contains { $0.field == field && $0.cause == "unreadable-field" }, "\(field)")
    }
    #expect(!report.findings.contains { $0.cause == "dangling-id" || $0.cause == "one-sided-list" })
    // The numbers in the derived lists become texts; those of the application's own fields stay.
    _ = try doctor(workspace, "--fix", status: 1)
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["5"])
    #expect(try workspace.document("p", in: "patient_chart")["last_appointment_id"] == "5")
    #expect(try workspace.document("p", in: "patient")["insurance_id"] == .int64(12_345_678_901))
  }

  @Test(arguments: ["", "north"]) func `all who take part in an appointment have it in their lists`(
    _ source: String
  ) throws {
    let workspace = try Workspace()
    let config = try workspace.write(
      "pipeline.yml", source.isEmpty ? "" : "import:\n  source: \(source)\n")
    let prefix = source.isEmpty ? "" : source + "."
    let actors = [
      #"{"reference":"Patient/p1"}"#, #"{"reference":"Patient/p2"}"#, #"{"reference":"Practitioner/d1"}"#,
      #"{"type":"Practitioner","identifier":{"system":"urn:staff","value":"7"}}"#,
      #"{"reference":"Practitioner/nobody"}"#,
    ]
    let people = ["p1", "p2"].map { #"{"resourceType":"Patient","id":"\#($0)"}"# }
    let doctors = ["d1", "d2"].map {
      #"{"resourceType":"Practitioner","id":"\#($0)","identifier":[{"system":"urn:staff","value":"\#($0 == "d2" ? 7 : 1)"}]}"#
    }
    let participants = actors.map { #"{"actor":\#($0),"status":"accepted"}"# }.joined(separator: ",")
    let appointment =
      #"{"resourceType":"Appointment","id":"a","status":"proposed","participant":[\#(participants)]}"#
    let lines = (people + doctors + [appointment]).joined(separator: "\n")
    _ = try workspace.importFiles(try workspace.write("a.ndjson", lines), "--config", config)
    #expect(try doctor(workspace, status: 0).found == 0)
    // A list that lacks it is one-sided all the same.
    try workspace.set("appointments", to: [], of: .string(prefix + "p2"), in: "patient")
    let report = try doctor(workspace, "--fix", status: 0)
    #expect(report.texts == ["one-sided-list patient.appointments: \(prefix)p2>\(prefix)a"])
    #expect(
      try workspace.document(prefix + "p2", in: "patient")["appointments"] == [.string(prefix + "a")])
  }
}
