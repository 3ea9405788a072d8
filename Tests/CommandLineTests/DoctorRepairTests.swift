import BSON
import Foundation
import Testing

/// What repairs do to documents that an import wrote, and what becomes of their hashes and pages.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct DoctorRepairTests {
  private func input(_ workspace: Workspace, observations: Int = 1) throws -> String {
    var lines = [
      #"{"resourceType":"Patient","id":"p","name":[{"family":"Bee"}]}"#,
      #"{"resourceType":"Practitioner","id":"d","name":[{"family":"Cee"}]}"#,
    ]
    for (id, start) in [("a1", "2024-05-01T10:00:00+02:00"), ("a2", "2024-06-01T10:00:00-05:00")] {
      lines.append(
        #"{"resourceType":"Appointment","id":"\#(id)","status":"booked","start":"\#(start)","end":"\#(start)","#
          + #""participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},"#
          + #"{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]}"#)
    }
    for number in 0..<observations {
      lines.append(
        #"{"resourceType":"Observation","id":"o\#(1000 + number)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/p"},"valueInteger":\#(number)}"#)
    }
    return try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
  }

  private func doctor(_ workspace: Workspace, _ arguments: String..., status: Int32) throws -> String {
    let outcome = try Program.run(
      ["doctor", "--no-progress"] + arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)\(outcome.output)")
    return outcome.output
  }

  private func documents(_ workspace: Workspace) throws -> [BSONFields] {
    try [("p", "patient"), ("p", "patient_chart"), ("d", "provider")].map {
      try workspace.document($0, in: $1)
    }
  }

  /// Documents less the order of their fields, which repairs need not keep.
  private func sorted(_ value: BSONValue) -> BSONValue {
    guard let fields = value.fields else { return value }
    return .document(
      BSONFields(fields.fields.sorted { $0.key < $1.key }.map { .init($0.key, sorted($0.value)) }))
  }

  @Test func `a repair that the database refuses is told with its reason`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try input(workspace))
    try workspace.set("appointments", to: ["a1", "ghost"], of: "p", in: "patient")
    try workspace.set("appointments", to: [], of: "d", in: "provider")
    try workspace.command(["collMod": "patient", "validator": ["email": ["$exists": true]]])
    let found = try doctor(workspace, "--fix", status: 1)
    #expect(
      found.contains("MongoDB refused 1 repair: the collection's own validation rules refuse the document"))
    #expect(!found.contains("changed by others"), "\(found)")
    #expect(try workspace.document("d", in: "provider")["appointments"] == ["a1", "a2"])
    try workspace.command(["collMod": "patient", "validator": [:]])
    #expect(try doctor(workspace, "--fix", status: 0).contains("– repaired"))
  }

  @Test func `a repaired document is as import wrote it, and comes again as unchanged`() throws {
    let workspace = try Workspace()
    let file = try input(workspace)
    _ = try workspace.importFiles(file)
    let before = try documents(workspace)
    try workspace.set("appointments", to: ["a1", "ghost"], of: "p", in: "patient")
    try workspace.set("last_appointment_id", to: "a1", of: "p", in: "patient_chart")
    try workspace.set("appointments", to: [], of: "d", in: "provider")
    #expect(try doctor(workspace, "--fix", status: 0).contains("– repaired"))
    #expect(try doctor(workspace, status: 0).isEmpty)
    #expect(try documents(workspace).map { sorted(.document($0)) } == before.map { sorted(.document($0)) })
    let again = try workspace.importFiles(file)
    #expect(again.loaded.unchanged == again.read)
  }

  @Test func `an appointment that was deleted leaves its lists, and the documents' hashes stay true`() throws
  {
    let workspace = try Workspace()
    let file = try input(workspace)
    _ = try workspace.importFiles(file)
    try workspace.delete("a2", from: "appointment")
    let text = try doctor(workspace, "--fix", status: 0)
    #expect(text.contains("patient.appointments: 1 id leads to no document – repaired [dangling-id]"))
    #expect(text.contains("    p → a2\n"))
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a1"])
    #expect(try workspace.document("p", in: "patient_chart")["last_appointment_id"] == "a1")
    #expect(try workspace.document("d", in: "provider")["last_appointment"] == "a1")
    // No hash-mismatch either.
    #expect(try doctor(workspace, status: 0).isEmpty)
    // The export has no trace of it, and the import of the same brings it back.
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    #expect(try workspace.read("out/Appointment.ndjson").split(separator: "\n").count == 1)
    let again = try workspace.importFiles(file)
    #expect(again.loaded == .init(inserted: 1, replaced: 0, unchanged: again.read - 1))
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a1", "a2"])
    #expect(try doctor(workspace, status: 0).isEmpty)
  }

  @Test func `an application's own appointment joins the lists, and stays when resources are added`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try input(workspace))
    try workspace.insert(
      [["_id": "own", "patient_id": "p", "provider_id": "d", "date_of_visit": .date(1_900_000_000_000)]],
      into: "appointment")
    #expect(try doctor(workspace, status: 1).contains("known to one side only"))
    _ = try doctor(workspace, "--fix", status: 0)
    #expect(try workspace.document("d", in: "provider")["last_appointment"] == "own")
    #expect(try doctor(workspace, status: 0).isEmpty)
    let more = try workspace.write(
      "more.ndjson", #"{"resourceType":"Patient","id":"p","name":[{"family":"Bees"}]}"#)
    #expect(try workspace.importFiles(more).loaded.replaced == 1)
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a1", "a2", "own"])
    #expect(try doctor(workspace, status: 0).isEmpty)
  }

  @Test func `an appointment that was moved stays moved, whatever is imported next`() throws {
    let workspace = try Workspace()
    let file = try input(workspace)
    let other = try workspace.write("q.json", #"{"resourceType":"Patient","id":"q"}"#)
    _ = try workspace.importFiles(file, other)
    #expect(try doctor(workspace, status: 0).isEmpty)
    // To another patient, and to another day.
    try workspace.set("patient_id", to: "q", of: "a1", in: "appointment")
    try workspace.set("date_of_visit", to: .date(1_900_000_000_000), of: "a1", in: "appointment")
    #expect(try doctor(workspace, status: 1).contains("[one-sided-list]"))
    _ = try doctor(workspace, "--fix", status: 0)
    let more = try workspace.write(
      "more.ndjson",
      ["p", "q"].map { id in
        #"{"resourceType":"Patient","id":"\#(id)","gender":"female"}"# + "\n"
          + #"{"resourceType":"Observation","id":"x\#(id)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/\#(id)"}}"# + "\n"
      }.joined())
    for next in [file, more, file] {
      let summary = try workspace.importFiles(next)
      if next == file { #expect(summary.loaded.inserted == 0) }
      #expect(try workspace.document("p", in: "patient")["appointments"] == ["a2"])
      #expect(try workspace.document("q", in: "patient")["appointments"] == ["a1"])
      #expect(try workspace.document("q", in: "patient_chart")["last_appointment_id"] == "a1")
      #expect(try workspace.document("d", in: "provider")["last_appointment"] == "a1")
      #expect(try doctor(workspace, status: 0).isEmpty)
    }
    // FHIR has news of it.
    let moved = try workspace.read("in.ndjson").replacing("2024-05-01", with: "2024-05-02")
    _ = try workspace.importFiles(try workspace.write("moved.ndjson", moved))
    _ = try doctor(workspace, "--fix", status: 0)
    // The time is FHIR's; that the patient was changed outlives it.
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a2"])
    #expect(try workspace.document("q", in: "patient")["appointments"] == ["a1"])
    #expect(try workspace.document("d", in: "provider")["last_appointment"] == "a2")
    #expect(try doctor(workspace, status: 0).isEmpty)
  }

  @Test func `a patient without clinical resources has an empty chart`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#)
    _ = try workspace.importFiles(file)
    #expect(try workspace.document("p", in: "patient_chart").keys == ["_id", "_fhirline"])
    #expect(try doctor(workspace, status: 0).isEmpty)
    _ = try workspace.importFiles(try input(workspace))
    let chart = try workspace.document("p", in: "patient_chart")
    #expect(chart["observations"]?.elements?.count == 1)
    // The patient alone does not disturb the chart.
    #expect(try workspace.importFiles(file).loaded.replaced == 1)
    #expect(try workspace.document("p", in: "patient_chart") == chart)
  }

  @Test func `pages that are missing or left over, and hashes that do not fit, are found`() throws {
    let workspace = try Workspace()
    let configuration = try workspace.write("pipeline.yml", "documents:\n  chart_page_bytes: 10000\n")
    _ = try workspace.importFiles(try input(workspace, observations: 300), "--config", configuration)
    #expect(try doctor(workspace, status: 0).isEmpty)
    // A chart of several pages is repaired as well.
    try workspace.set("last_appointment_id", to: "a1", of: "p", in: "patient_chart")
    _ = try doctor(workspace, "--fix", status: 0)
    try workspace.delete("a2", from: "appointment")
    _ = try doctor(workspace, "--fix", status: 0)
    #expect(try doctor(workspace, status: 0).isEmpty)

    try workspace.set("observations.0.status", to: "amended", of: "p#2", in: "patient_chart")
    #expect(
      try doctor(workspace, status: 1).contains("1 document with a hash that does not fit the content"))
    try workspace.insert(
      [["_id": "p#99", "chart_id": "p", "page": 99], ["_id": "q#2", "chart_id": "q", "page": 2]],
      into: "patient_chart")
    try workspace.delete("p#3", from: "patient_chart")
    let text = try doctor(workspace, status: 1)
    #expect(text.contains("2 pages left over") && text.contains("    p#99\n    q#2\n"))
    #expect(text.contains("1 document of which a page is missing") && text.contains("    p → p#3\n"))
  }

  @Test func `a change by hand is found by the hash, and is not made to look right`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try input(workspace))
    try workspace.set("observations.0.status", to: "amended", of: "p", in: "patient_chart")
    try workspace.set("last_appointment_id", to: "a1", of: "p", in: "patient_chart")
    let hash = try workspace.document("p", in: "patient_chart")["_fhirline"]?.fields?["hash"]
    let text = try doctor(workspace, "--fix", status: 1)
    #expect(text.contains("[hash-mismatch]") && text.contains("– repaired [last-appointment]"))
    let chart = try workspace.document("p", in: "patient_chart")
    #expect(chart["last_appointment_id"] == "a2")
    #expect(chart["_fhirline"]?.fields?["hash"] == hash)
    // Nor a resource that is kept whole.
    let third = try Workspace()
    _ = try third.importFiles(
      try third.write("o.json", #"{"resourceType":"Organization","id":"o","name":"North"}"#))
    #expect(try doctor(third, status: 0).isEmpty)
    try third.set("fhir.name", to: "South", of: "Organization/o", in: "resource")
    #expect(try doctor(third, status: 1).contains("    Organization/o\n"))
    // An edit of a field is no such change.
    let other = try Workspace()
    _ = try other.importFiles(try input(other))
    try other.set("name", to: "Ann Bee", of: "p", in: "patient")
    #expect(try doctor(other, status: 0).isEmpty)
  }

  @Test func `a chart under another id gets the last appointment of the patient whom it names`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "p", "name": "Ann Lee", "appointments": ["v"]]], into: "patient")
    try workspace.insert(
      [["_id": "d", "name": "Cee", "appointments": ["v"], "last_appointment": "v"]], into: "provider")
    try workspace.insert(
      [["_id": "chart-1", "patient_id": "p", "weight": .int32(150)]], into: "patient_chart")
    try workspace.insert(
      [["_id": "v", "patient_id": "p", "provider_id": "d", "date_of_visit": .date(1_700_000_000_000)]],
      into: "appointment")
    _ = try doctor(workspace, "--fix", "--quiet", status: 0)
    #expect(try workspace.document("chart-1", in: "patient_chart")["last_appointment_id"] == "v")
    let left = try Program.run(["doctor", "--quiet"], environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(!left.output.contains("last-appointment"), "\(left.output)")
  }

  @Test func `each document gets its own list, whatever the type of its id`() throws {
    let workspace = try Workspace()
    let ids: [BSONValue] = [
      0, .double(1.5), .date(0), .binary(subtype: 0, [1]), ["site": 1],
      .decimal128(Decimal128(low: 1, high: 0)),
      .objectID(Array(0..<12)), "p", .bool(true),
    ]
    try workspace.insert(ids.map { ["_id": $0] }, into: "patient")
    let visits = ids.enumerated().map { number, id -> BSONFields in
      ["_id": .string("a\(number)"), "patient_id": id, "date_of_visit": .date(.max)]
    }
    try workspace.insert(visits, into: "appointment")
    #expect(try doctor(workspace, "--fix", status: 1).contains("– repaired"))
    let patients = try workspace.documents(in: "patient")
    for (number, id) in ids.enumerated() {
      let list = patients.first { $0["_id"] == id }?["appointments"]
      #expect(list == [.string("a\(number)")], "\(id)")
    }
  }
}
