import BSON
import Foundation
import Testing

/// What moves from one patient to another, or goes: a resource has one home, and lists name the appointments that there are.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct MovingTests {
  private static let people = [
    #"{"resourceType":"Patient","id":"p1","name":[{"family":"Li"}]}"#,
    #"{"resourceType":"Patient","id":"p2","name":[{"family":"Wu"}]}"#,
    #"{"resourceType":"Practitioner","id":"d1","name":[{"family":"House"}]}"#,
  ]

  private static func visit(_ id: String, of patient: String, version: Int = 1) -> String {
    #"{"resourceType":"Appointment","id":"\#(id)","meta":{"versionId":"\#(version)"},"status":"booked","#
      + #""start":"2024-03-01T09:00:00Z","end":"2024-03-01T09:30:00Z","participant":[{"actor":{"reference":"Patient/\#(patient)"},"#
      + #""status":"accepted"},{"actor":{"reference":"Practitioner/d1"},"status":"accepted"}]}"#
  }

  private static func weight(_ id: String, of patient: String, version: Int) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","meta":{"versionId":"\#(version)"},"status":"final","#
      + #""code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/\#(patient)"},"#
      + #""effectiveDateTime":"2024-01-01","valueQuantity":{"value":150,"unit":"lb","system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#
  }

  private static func coverage(of patient: String, version: Int) -> String {
    #"{"resourceType":"Coverage","id":"c1","meta":{"versionId":"\#(version)"},"status":"active","subscriberId":"7","#
      + #""beneficiary":{"reference":"Patient/\#(patient)"},"payor":[{"display":"P"}]}"#
  }

  private func load(_ lines: [String], _ name: String, into workspace: Workspace) throws -> Workspace.Summary
  {
    try workspace.importFiles(
      try workspace.write(name + ".ndjson", lines.joined(separator: "\n")))
  }

  private func expectNoFindings(_ workspace: Workspace, _ comment: Comment) throws {
    let doctor = try workspace.run("doctor", "--quiet")
    #expect(doctor.status == 0 && doctor.output.isEmpty, "\(comment): \(doctor.output)\(doctor.errors)")
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `an appointment that an application gave to another patient leaves the first's lists with its export`(
    layout: String
  ) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let lines = Self.people + [Self.visit("a1", of: "p1"), Self.visit("a2", of: "p1")]
    let file = try workspace.write("first.ndjson", lines.joined(separator: "\n"))
    #expect(try workspace.importFiles(file, "--config", config).loaded.inserted == 5)
    try workspace.set("patient_id", to: "p2", of: "a1", in: "appointment")
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--config", config, "--quiet").status == 0)
    #expect(try workspace.read("out/Appointment.ndjson").contains("Patient/p2"))
    try PlannedImport(workspace: workspace, layout: layout, config: config).check([out], "\(layout)")
    #expect(try workspace.document("p1", in: "patient")["appointments"] == ["a2"])
    #expect(try workspace.document("p2", in: "patient")["appointments"] == ["a1"])
    let doctor = try workspace.run("doctor", "--quiet", "--config", config)
    #expect(doctor.status == 0 && doctor.output.isEmpty, "\(doctor.output)")
    let before = try workspace.documents(in: "patient")
    #expect(try workspace.importFiles(out, "--config", config).loaded.unchanged == 5)
    #expect(try workspace.documents(in: "patient") == before)
  }

  @Test func `what the doctor took out of a list before stays as the doctor left it`() throws {
    let workspace = try Workspace()
    _ = try load(Self.people + [Self.visit("a1", of: "p1")], "first", into: workspace)
    try workspace.set("patient_id", to: "p2", of: "a1", in: "appointment")
    _ = try workspace.run("doctor", "--fix")
    try expectNoFindings(workspace, "mended")
    let before = try workspace.document("p1", in: "patient")
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--quiet").status == 0)
    #expect(try workspace.importFiles(out).loaded.unchanged == 4)
    #expect(try workspace.document("p1", in: "patient") == before)
    try expectNoFindings(workspace, "imported again")
  }

  @Test func `an appointment that moves to another patient leaves the lists of the first`() throws {
    let workspace = try Workspace()
    _ = try load(
      Self.people + [Self.visit("a1", of: "p1"), Self.visit("a2", of: "p1")], "first", into: workspace)
    _ = try load([Self.visit("a1", of: "p2", version: 2)], "second", into: workspace)
    #expect(try workspace.document("p1", in: "patient")["appointments"] == ["a2"])
    #expect(try workspace.document("p1", in: "patient_chart")["last_appointment_id"] == "a2")
    #expect(try workspace.document("p2", in: "patient")["appointments"] == ["a1"])
    _ = try load([Self.visit("a2", of: "p2", version: 2)], "third", into: workspace)
    #expect(try workspace.document("p1", in: "patient")["appointments"] == nil)
    #expect(try workspace.document("p1", in: "patient_chart")["last_appointment_id"] == nil)
    try expectNoFindings(workspace, "moved")
    // The documents are what an import of the last versions alone makes.
    let fresh = try Workspace()
    let last = [Self.visit("a1", of: "p2", version: 2), Self.visit("a2", of: "p2", version: 2)]
    _ = try load(Self.people + last, "all", into: fresh)
    for (id, kind) in [("p1", "patient"), ("p1", "patient_chart"), ("p2", "patient"), ("d1", "provider")] {
      func hash(_ workspace: Workspace) throws -> BSONValue? {
        try workspace.document(id, in: kind)["_fhirline"]?.fields?["hash"]
      }
      #expect(try hash(workspace) == hash(fresh), "\(kind) \(id)")
    }
  }

  @Test func `of several versions in one input the last one's patient has the appointment`() throws {
    let workspace = try Workspace()
    let lines = Self.people + [Self.visit("a1", of: "p1"), Self.visit("a1", of: "p2", version: 2)]
    for _ in 0..<2 {
      _ = try load(lines, "history", into: workspace)
      #expect(try workspace.document("p1", in: "patient")["appointments"] == nil)
      #expect(try workspace.document("p2", in: "patient")["appointments"] == ["a1"])
      #expect(try workspace.document("d1", in: "provider")["appointments"] == ["a1"])
    }
    try expectNoFindings(workspace, "history")
  }

  @Test func `of several versions of a resource in one input the last one's patient has it`() throws {
    let workspace = try Workspace()
    let lines =
      Self.people + [Self.weight("o1", of: "p1", version: 1), Self.weight("o1", of: "p2", version: 2)]
    for _ in 0..<2 {
      _ = try load(lines, "history", into: workspace)
      #expect(try workspace.document("p1", in: "patient_chart")["observations"] == nil)
      #expect(try workspace.document("p2", in: "patient_chart")["weight"] == .double(150))
    }
    try expectNoFindings(workspace, "history")
  }

  @Test func `an appointment that is deleted leaves all lists`() throws {
    let workspace = try Workspace()
    _ = try load(
      Self.people + [Self.visit("a1", of: "p1"), Self.visit("a2", of: "p1")], "first", into: workspace)
    let deletion = try workspace.write(
      "delete.json",
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Appointment/a2"}}]}"#
    )
    _ = try workspace.importFiles(deletion)
    #expect(try workspace.document("p1", in: "patient")["appointments"] == ["a1"])
    #expect(try workspace.document("d1", in: "provider")["last_appointment"] == "a1")
    try expectNoFindings(workspace, "deleted")
  }

  @Test func `a resource that is corrected to be another patient's leaves the first one's documents`() throws
  {
    let workspace = try Workspace()
    let first =
      Self.people + [Self.weight("o1", of: "p1", version: 1), Self.coverage(of: "p1", version: 1)]
    _ = try load(first, "first", into: workspace)
    let corrected = [Self.weight("o1", of: "p2", version: 2), Self.coverage(of: "p2", version: 2)]
    _ = try load(corrected, "corrected", into: workspace)
    #expect(try workspace.document("p1", in: "patient_chart")["weight"] == nil)
    #expect(try workspace.document("p2", in: "patient_chart")["weight"] == .double(150))
    #expect(try workspace.document("p1", in: "patient")["insurance_id"] == nil)
    #expect(try workspace.document("p2", in: "patient")["insurance_id"] == "7")
    // What comes late and is older changes nothing, and counts as nothing new.
    let late = try workspace.write(
      "late.ndjson",
      Self.weight("o1", of: "p1", version: 1) + "\n" + Self.coverage(of: "p1", version: 1) + "\n")
    for _ in 0..<2 {
      let outcome = try workspace.run("import", late, "--summary", "json")
      let counts = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
      #expect(counts.loaded == .init(inserted: 0, replaced: 0, unchanged: 2), "\(outcome.output)")
      #expect(outcome.errors.contains("2 resources older than what another document has of the same"))
      #expect(!outcome.errors.contains("taken out"))
      let planned = try workspace.run("plan", late, "--format", "json").output
      #expect(planned.contains(#""loaded":{"inserted":0,"replaced":0,"unchanged":2}"#), "\(planned)")
    }
    #expect(try workspace.document("p1", in: "patient_chart")["weight"] == nil)
    let again = try load(corrected, "corrected", into: workspace)
    #expect(again.loaded == .init(inserted: 0, replaced: 0, unchanged: 2))
    try expectNoFindings(workspace, "corrected")
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--quiet").status == 0)
    #expect(try workspace.read("out/Observation.ndjson").split(separator: "\n").count == 1)
  }

  @Test func `no document stays of who was known by what is another's now`() throws {
    let workspace = try Workspace()
    func lines(_ patient: String, _ version: Int) -> [String] {
      [
        Self.weight("o1", of: patient, version: version), Self.coverage(of: patient, version: version),
        Self.visit("a1", of: patient, version: version).replacing("d1", with: "d-\(patient)"),
      ]
    }
    _ = try load(lines("p1", 1), "first", into: workspace)
    _ = try load(lines("p2", 2), "corrected", into: workspace)
    func expectOne() throws {
      #expect(try workspace.documents(in: "patient").map { $0["_id"] } == ["p2"])
      #expect(try workspace.documents(in: "patient_chart").map { $0["_id"] } == ["p2"])
      #expect(try workspace.documents(in: "provider").map { $0["_id"] } == ["d-p2"])
    }
    try expectOne()
    #expect(try load(lines("p2", 2), "corrected", into: workspace).loaded.unchanged == 3)
    try expectOne()
  }

  @Test func `a resource that says no version moves, and an older one that comes again goes nowhere`() throws
  {
    let workspace = try Workspace()
    let plain = { (patient: String) in
      Self.weight("o1", of: patient, version: 1).replacing(#""meta":{"versionId":"1"},"#, with: "")
    }
    try #require(!plain("p1").contains("versionId"))
    _ = try load(
      Self.people + [plain("p1"), Self.weight("o2", of: "p1", version: 1)], "first", into: workspace)
    // With the patients, what comes is compared first.
    let moved = Self.people + [plain("p2"), Self.weight("o2", of: "p2", version: 2)]
    _ = try load(moved, "moved", into: workspace)
    #expect(try workspace.document("p1", in: "patient_chart")["observations"] == nil)
    #expect(try workspace.document("p2", in: "patient_chart")["observations"]?.elements?.count == 2)
    // The older version of the second comes again.
    _ = try load([Self.weight("o2", of: "p1", version: 1)], "older", into: workspace)
    #expect(try workspace.document("p1", in: "patient_chart")["observations"] == nil)
    #expect(try workspace.document("p2", in: "patient_chart")["observations"]?.elements?.count == 2)
    try expectNoFindings(workspace, "moved without a version")
  }

  @Test func `another hospital's resource of the same id stays`() throws {
    let workspace = try Workspace()
    for source in ["a", "b"] {
      let file = try workspace.write(
        source + ".ndjson", (Self.people + [Self.weight("o1", of: "p1", version: 1)]).joined(separator: "\n"))
      let config = try workspace.write(source + ".yml", "import:\n  source: \(source)\n")
      #expect(try workspace.run("import", file, "--config", config, "--quiet").status == 0)
    }
    let moved = try workspace.write("moved.ndjson", Self.weight("o1", of: "p2", version: 2))
    let config = workspace.path("a.yml")
    #expect(try workspace.run("import", moved, "--config", config, "--quiet").status == 0)
    #expect(try workspace.document("a.p1", in: "patient_chart")["weight"] == nil)
    #expect(try workspace.document("b.p1", in: "patient_chart")["weight"] == .double(150))
    let deletion = try workspace.write(
      "delete.json",
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Observation/o1"}}]}"#
    )
    #expect(try workspace.run("import", deletion, "--config", config, "--quiet").status == 0)
    #expect(try workspace.document("a.p2", in: "patient_chart")["weight"] == nil)
    #expect(try workspace.document("b.p1", in: "patient_chart")["weight"] == .double(150))
  }

  @Test func `the doctor finds a resource in two documents`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": 7, "name": "A"], ["_id": "7", "name": "B"]], into: "provider")
    _ = try load(Self.people + [Self.weight("o1", of: "p1", version: 1)], "first", into: workspace)
    let chart = try workspace.document("p1", in: "patient_chart")
    try workspace.insert(
      [["_id": "p3", "observations": chart["observations"] ?? .null]], into: "patient_chart")
    let doctor = try workspace.run("doctor", "--quiet")
    #expect(doctor.output.contains("[repeated-resource]\n    7 → Practitioner/7\n"))
    #expect(doctor.output.contains("[repeated-resource]\n    p1 → Observation/o1\n    p3 → Observation/o1"))
  }
}
