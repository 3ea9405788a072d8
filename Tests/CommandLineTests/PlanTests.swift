import BSON
import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct PlanTests {
  private func plan(_ workspace: Workspace, _ arguments: String..., status: Int32) throws -> Program.Outcome {
    let outcome = try Program.run(
      ["plan", "--no-progress"] + arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)\(outcome.output)")
    return outcome
  }

  /// Where the program runs, and would set something aside.
  private func asideFiles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: Program.folder.path)
      .filter { $0.hasPrefix("quarantine") }.sorted()
  }

  private func patient(_ more: String = "") -> String {
    #"{"resourceType":"Patient","id":"p","name":[{"family":"Bee","given":["Ann"]}],"birthDate":"1980-01-02"\#(more)}"#
  }

  private func observation(_ id: String, _ value: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p"},"valueQuantity":{"value":\#(value)}}"#
  }

  @Test func `a plan says what an import then does, and writes nothing`() throws {
    let workspace = try Workspace()
    let files = try asideFiles()
    for step in ["into an empty database", "again"] {
      let before = try DatabaseContents(of: workspace)
      let outcome = try plan(workspace, "--format", "json", "Samples/clinic", "Samples/bulk", status: 0)
      #expect(try DatabaseContents(of: workspace).differences(from: before) == [], "\(step)")
      let planned = try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let resources = try #require(planned["resources"] as? [String: Any])
      let loaded = try #require(resources["loaded"] as? [String: Int])
      let done = try workspace.importFiles("Samples/clinic", "Samples/bulk")
      #expect(
        loaded == [
          "inserted": done.loaded.inserted, "replaced": done.loaded.replaced,
          "unchanged": done.loaded.unchanged,
        ], "\(step)")
      #expect(resources["read"] as? Int == done.read)
    }
    #expect(try asideFiles() == files)
  }

  @Test func `differences are told field by field and element by element, values only when asked for`() throws
  {
    let workspace = try Workspace()
    let first = try workspace.write(
      "first.ndjson",
      [patient(), observation("a", "1.0"), observation("b", "2")].joined(separator: "\n") + "\n")
    _ = try workspace.importFiles(first)
    let second = try workspace.write(
      "second.ndjson",
      [
        patient(#","gender":"female","telecom":[{"system":"phone","value":"555-0100"}]"#)
          .replacing("1980-01-02", with: "1980-01-03"),
        observation("a", "1.00"), observation("b", "2"), observation("c", "3"),
        #"{"resourceType":"Organization","id":"o","name":"North"}"#,
      ].joined(separator: "\n") + "\n")
    let text = try plan(workspace, second, status: 0).output
    #expect(
      text == """
        patient p: replace
            date_of_birth: changed
            primary_phone: added
            Patient/p: Patient.birthDate: changed
            Patient/p: Patient.gender: added
            Patient/p: Patient.telecom: added
        patient_chart p: replace
            Observation/a: Observation.valueQuantity.value: changed
            Observation/c: new
        resource Organization/o: insert

        """)
    let shown = try plan(workspace, second, "--show-values", status: 0).output
    #expect(
      shown.contains(#"date_of_birth: changed ("1980-01-02T00:00:00Z" → "1980-01-03T00:00:00Z")"#)
        && shown.contains("Observation.valueQuantity.value: changed (1.0 → 1.00)"))
    let limited = try plan(workspace, second, "--limit", "1", status: 0).output
    #expect(limited.contains("… and 1 more document: replace"))
  }

  @Test func `a field that the application changed and the import would change again is a conflict`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("first.json", patient()))
    try workspace.set("date_of_birth", to: .date(0), of: "p", in: "patient")
    // The same input again leaves the edit alone.
    let same = try plan(workspace, workspace.path("first.json"), status: 0)
    #expect(same.output.isEmpty && same.errors.contains("unchanged"))
    let second = try workspace.write("second.json", patient().replacing("1980-01-02", with: "1980-01-03"))
    let outcome = try plan(workspace, second, status: 1)
    #expect(outcome.output.contains("patient p: conflict\n"))
    #expect(outcome.output.contains("    date_of_birth: changed, though the application changed it\n"))
    // A document of the application's own, which FHIR would take over.
    try workspace.insert([["_id": "own", "name": "Cy Dee", "email": "cy@example.org"]], into: "patient")
    let third = try workspace.write(
      "third.json",
      #"{"resourceType":"Patient","id":"own","name":[{"family":"Dee","given":["Cy"]}],"gender":"male"}"#)
    #expect(try plan(workspace, third, status: 0).output.contains("patient own: replace"))
    let fourth = try workspace.write(
      "fourth.json", #"{"resourceType":"Patient","id":"own","name":[{"family":"Eff","given":["Cy"]}]}"#)
    #expect(try plan(workspace, fourth, status: 1).output.contains("patient own: conflict"))
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `what comes in several versions is planned as it is in the end`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    func patient(_ number: Int) -> String {
      #"{"resourceType":"Patient","id":"p\#(number)","identifier":[{"system":"urn:x","value":"\#(number)"}],"#
        + #""managingOrganization":{"reference":"Organization/o"}}"#
    }
    func appointment(_ version: Int, _ actor: String) -> String {
      #"{"resourceType":"Appointment","id":"a","meta":{"versionId":"\#(version)"},"status":"booked","#
        + #""start":"2024-03-0\#(version)T01:00:00Z","end":"2024-03-0\#(version)T02:00:00Z","#
        + #""participant":[{"actor":\#(actor),"status":"accepted"}]}"#
    }
    func organization(_ version: Int) -> String {
      #"{"resourceType":"Organization","id":"o","meta":{"versionId":"\#(version)"},"name":"O\#(version)"}"#
    }
    let lines = [
      patient(0), patient(1), appointment(1, #"{"reference":"Patient/p0"}"#),
      appointment(2, #"{"identifier":{"system":"urn:x","value":"1"}}"#), organization(1), organization(2),
    ]
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    for isThere in [false, true] {
      let planned = try workspace.run("plan", file, "--format", "json", "--config", config)
      #expect(planned.status == 0, "\(planned.errors)")
      #expect(planned.output.contains(#""action":"replace""#) == false, "\(planned.output)")
      #expect(planned.output.contains(#""action":"insert""#) != isThere, "\(planned.output)")
      let done = try workspace.run("import", file, "--config", config, "--quiet")
      #expect(done.status == 0, "\(done.errors)")
    }
  }

  @Test func `an older appointment changes no patient of whom the chart alone is known`() throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: embedded\n")
    let planned = PlannedImport(workspace: workspace, layout: "embedded", config: config)
    func observation(_ id: String) -> String {
      #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#
    }
    func appointment(_ version: Int, _ patient: String) -> String {
      #"{"resourceType":"Appointment","id":"a","meta":{"versionId":"\#(version)"},"status":"proposed","#
        + #""participant":[{"actor":{"reference":"Patient/\#(patient)"},"status":"accepted"}]}"#
    }
    let first = observation("o1") + "\n" + appointment(2, "q")
    let second = BundleText.bundle("transaction", [BundleText.put(appointment(1, "p"), "Appointment/a")])
    #expect(try planned.check([try workspace.write("1.ndjson", first)], "first").status == 0)
    #expect(try planned.check([try workspace.write("2.json", second)], "second").status == 0)
  }

  @Test func `what comes and is deleted again counts as in the import`() throws {
    let workspace = try Workspace()
    try workspace.write("in/Patient.ndjson", #"{"resourceType":"Patient","id":"p"}"#)
    try workspace.write(
      "in/Observation.ndjson",
      #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#
    )
    let deletions = ["Observation/o", "Patient/p", "Patient/q"].map {
      #"{"request":{"method":"DELETE","url":"\#($0)"}}"#
    }
    try workspace.write(
      "in/deleted.ndjson",
      #"{"resourceType":"Bundle","type":"batch","entry":[\#(deletions.joined(separator: ","))]}"#)
    let plan = try workspace.run("plan", workspace.path("in"))
    // Nothing is made of what goes again.
    #expect(plan.errors.contains("3 deletions asked for, of which 0 would find something"), "\(plan.errors)")
    #expect(!plan.output.contains("delete"), "\(plan.output)")
    for _ in 0..<2 {
      let done = try workspace.importFiles(workspace.path("in"))
      #expect(done.read == 2 && done.loaded.unchanged == 2)
      for collection in ["patient", "patient_chart"] {
        #expect(try workspace.documents(in: collection).isEmpty)
      }
    }
  }

  @Test func `deletions that would find something are told, and nothing is deleted`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.ndjson", [patient(), observation("o1", "1")].joined(separator: "\n"))
    _ = try workspace.importFiles(file)
    let before = try DatabaseContents(of: workspace)
    let deletions = ["Observation/o1", "Observation/o2", "Patient/p"].map {
      #"{"request":{"method":"DELETE","url":"\#($0)"}}"#
    }
    let bundle = try workspace.write(
      "delete.json",
      #"{"resourceType":"Bundle","type":"batch","entry":[\#(deletions.joined(separator: ","))]}"#)
    let text = try plan(workspace, bundle, status: 0)
    #expect(
      text.output == """
        patient p: replace
            Patient/p: deleted
        patient_chart p: replace
            Observation/o1: deleted
        patient p: Patient/p: delete
        patient_chart p: Observation/o1: delete

        """)
    #expect(text.errors.contains("3 deletions asked for, of which 2 would find something"))
    let json = try plan(workspace, bundle, "--format", "json", status: 0)
    #expect(
      json.output.contains(
        #""deleted":[{"resource":"Patient/p","collection":"patient","id":"p"},{"resource":"#))
    #expect(try DatabaseContents(of: workspace).differences(from: before) == [])
    #expect(try workspace.importFiles(bundle).read == 0)
    #expect(try workspace.documents(in: "patient").isEmpty)
  }

  @Test func `what would be set aside is told`() throws {
    let workspace = try Workspace()
    let files = try asideFiles()
    let file = try workspace.write(
      "bad.json", #"{"resourceType":"Patient","id":"bad","gender":"unheard-of"}"#)
    let outcome = try plan(workspace, file, status: 1)
    #expect(outcome.errors.contains("Patient.gender"))
    #expect(try asideFiles() == files)
    #expect(try plan(workspace, file, "--format", "json", status: 1).output.contains(#""quarantined":1"#))
  }

  @Test func `a chart of several pages is compared as one`() throws {
    let workspace = try Workspace()
    let configuration = try workspace.write("pipeline.yml", "documents:\n  chart_page_bytes: 10000\n")
    let lines = (0..<200).map { observation("o\(1000 + $0)", "\($0)") }
    _ = try workspace.importFiles(
      try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n"), "--config", configuration)
    let changed = try workspace.write(
      "new.ndjson", observation("o1150", "7") + "\n" + observation("z", "1") + "\n")
    #expect(
      try plan(workspace, changed, "--config", configuration, status: 0).output == """
        patient_chart p: replace
            Observation/o1150: Observation.valueQuantity.value: changed
            Observation/z: new

        """)
  }

  /// What a plan says becomes of documents.
  private func plannedFates(_ workspace: Workspace, _ files: [String]) throws -> [String: String] {
    let outcome = try Program.run(
      ["plan", "--no-progress", "--format", "json", "--limit", "100000"] + files,
      environment: ["FHIRLINE_DATABASE": workspace.database])
    let plan = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.errors)"
    )
    var fates: [String: String] = [:]
    for document in try #require(plan["differences"] as? [[String: Any]]) {
      let name = "\(document["collection"] ?? "") \(document["id"] ?? "")"
      #expect(fates[name] == nil, "\(name) is told twice")
      fates[name] = document["action"] as? String
    }
    let counts = try #require(plan["documents"] as? [String: [String: Int]])
    #expect(counts.values.reduce(0) { $0 + ($1["insert"] ?? 0) + ($1["replace"] ?? 0) } == fates.count)
    return fates
  }

  /// The digest of each document's content.
  private func digests(_ workspace: Workspace) throws -> [String: String] {
    var digests: [String: String] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      for document in try workspace.documents(in: collection) {
        digests["\(collection) \(document["_id"]?.text ?? "")"] = document["_fhirline"]?.fields?["hash"]?.text
      }
    }
    return digests
  }

  @Test
  func
    `documents that several inputs add to, and those that something leaves, are planned as they are written`()
    throws
  {
    let workspace = try Workspace()
    func resources(patient: String, version: Int) -> [String] {
      [
        #"{"resourceType":"Patient","id":"p1","name":[{"family":"Eins"}]}"#,
        #"{"resourceType":"Patient","id":"p2","name":[{"family":"Zwei"}]}"#,
        #"{"resourceType":"Practitioner","id":"d","name":[{"family":"Doc"}]}"#,
        #"{"resourceType":"Appointment","id":"a","status":"booked","start":"2024-01-01T10:00:00Z","#
          + #""end":"2024-01-01T10:30:00Z","participant":[{"actor":{"reference":"Patient/\#(patient)"},"#
          + #""status":"accepted"},{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]}"#,
        #"{"resourceType":"Observation","id":"o","meta":{"versionId":"\#(version)"},"status":"final","#
          + #""code":{"text":"c"},"subject":{"reference":"Patient/\#(patient)"}}"#,
      ]
    }
    func bundle(_ entries: [String], _ type: String) -> String {
      let texts = entries.map { #"{"resource":\#($0),"request":{"method":"POST","url":"x"}}"# }
      return #"{"resourceType":"Bundle","type":"\#(type)","entry":[\#(texts.joined(separator: ","))]}"#
    }
    let first = resources(patient: "p1", version: 1)
    let second = resources(patient: "p2", version: 2)
    // Two Bundles for one patient, one of them all or nothing; what moves; and again.
    try workspace.write("one/a.json", bundle([first[0], first[2], first[3]], "batch"))
    try workspace.write("one/b.json", bundle([first[0], first[1], first[4]], "transaction"))
    try workspace.write("two/lines.ndjson", second.joined(separator: "\n") + "\n")
    for (folder, changes) in [("one", 6), ("one", 0), ("two", 5), ("two", 0), ("one", 5), ("two", 5)] {
      let planned = try plannedFates(workspace, [workspace.path(folder)])
      let before = try digests(workspace)
      _ = try workspace.importFiles(workspace.path(folder))
      var done: [String: String] = [:]
      for (name, digest) in try digests(workspace) where before[name] != digest {
        done[name] = before[name] == nil ? "insert" : "replace"
      }
      #expect(planned == done, "\(folder)")
      #expect(done.count == changes, "\(folder): \(done)")
    }
    // What leaves is named.
    try workspace.write(
      "three/lines.ndjson", second[4].replacing(#""2""#, with: #""9""#).replacing("p2", with: "p1"))
    let text = try plan(workspace, workspace.path("three"), status: 0).output
    #expect(
      text.contains(
        "patient_chart p2: replace\n    Observation/o: leaves, for its home is another document now\n")
    )
  }
}
