import BSON
import DocumentStore
import Foundation
import Testing

/// Charts in a collection of their own, within their patients, and both: written, read, written again.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ChartLayoutTests {
  private static let layouts = ["collection", "embedded", "both"]

  private func configured(_ layout: String, _ more: String = "") throws -> (Workspace, config: String) {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n\(more)")
    return (workspace, config)
  }

  private func importFiles(
    _ workspace: Workspace, _ config: String, _ paths: [String], status: Int32 = 0
  ) throws -> Workspace.Summary {
    let outcome = try Program.run(
      [
        "import", "--config", config, "--summary", "json", "--no-progress", "--quarantine",
        workspace.path("q"),
      ] + paths,
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)")
    return try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
  }

  private func export(_ workspace: Workspace, _ config: String, _ folder: String) throws -> String {
    let outcome = try workspace.run("export", "--config", config, "--out", workspace.path(folder), "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return workspace.path(folder)
  }

  /// A patient with many observations, one a day, the newest in the middle of the file.
  private func patient(_ id: String, observations count: Int) -> String {
    var lines = [#"{"resourceType":"Patient","id":"\#(id)","birthDate":"1980-12-31"}"#]
    for number in 0..<count {
      let day = (number * 11) % count
      let date = String(format: "%04d-%02d-%02d", 2000 + day / 336, day / 28 % 12 + 1, day % 28 + 1)
      lines.append(
        #"{"resourceType":"Observation","id":"\#(id)-\#(number)","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/\#(id)"},"effectiveDateTime":"\#(date)","valueQuantity":{"value":\#(day + 100),"unit":"lb","system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test(arguments: layouts) func `what comes in goes out, and comes in again unchanged`(_ layout: String)
    throws
  {
    let (workspace, config) = try configured(layout)
    let samples = ["Samples/clinic", "Samples/bulk"].map { Program.folder.appending(path: $0).path }
    let first = try importFiles(workspace, config, samples)
    #expect(first.read == first.accounted && first.loaded.inserted > 0)
    let again = try importFiles(workspace, config, samples)
    #expect(again.loaded.inserted == 0 && again.loaded.replaced == 0, "\(again)")
    let out = try export(workspace, config, "out")
    let plain = try configured("collection")
    _ = try importFiles(plain.0, plain.config, samples)
    let compared = try Program.run(["compare", try export(plain.0, plain.config, "out"), out])
    #expect(compared.status == 0, "\(compared.output)")
    // What was exported is what is there.
    let third = try importFiles(workspace, config, [out])
    #expect(third.loaded.inserted == 0 && third.loaded.replaced == 0, "\(third)")
  }

  @Test(arguments: layouts)
  func `a chart whose patient has not come is exported alone, and the patient is nobody`(_ layout: String)
    throws
  {
    let (workspace, config) = try configured(layout)
    let chart =
      patient("p", observations: 2).split(separator: "\n").dropFirst().joined(separator: "\n") + "\n"
    let input = try workspace.write("chart.ndjson", chart)
    #expect(try importFiles(workspace, config, [input]).loaded.inserted == 2)
    let compared = try Program.run(["compare", input, try export(workspace, config, "alone")])
    #expect(compared.status == 0, "\(compared.output)")
    // Once an application knows something of the patient there is one.
    if layout == "collection" {
      try workspace.insert([["_id": "p", "last_name": "Doe"]], into: "patient")
    } else {
      try workspace.set("last_name", to: "Doe", of: "p", in: "patient")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: try export(workspace, config, "known"))
    #expect(files.contains { $0.hasPrefix("Patient") })
  }

  @Test(arguments: layouts)
  func `fields stand in one order, in whatever order a patient and the chart came`(_ layout: String) throws {
    let lines = patient("p", observations: 3).split(separator: "\n").map { String($0) + "\n" }
    let earlier = lines[0].replacing("1980", with: "1970")
    func document(_ steps: [String]) throws -> BSONFields {
      let (workspace, config) = try configured(layout)
      for (number, text) in steps.enumerated() {
        _ = try importFiles(workspace, config, [try workspace.write("\(number).ndjson", text)])
      }
      return try workspace.document("p", in: "patient")
    }
    let chart = String(lines.dropFirst().joined())
    let expected = try document([lines.joined()])
    #expect(expected.keys.contains("patient_chart") == (layout != "collection"))
    for steps in [
      [lines[0], chart], [chart, lines[0]], [earlier, chart, lines[0]], [chart, earlier, lines[0]],
      [earlier, lines[1], lines[0] + lines[2], lines[3]],
    ] {
      let found = try document(steps)
      #expect(found.keys == expected.keys, "\(steps.map(\.count))")
      for field in ["_id", "date_of_birth", "fhir"] { #expect(found[field] == expected[field]) }
    }
  }

  @Test(arguments: layouts) func `a chart that outgrows its entries has pages`(_ layout: String) throws {
    let (workspace, config) = try configured(layout, "  chart_page_entries: 100\n")
    let file = try workspace.write("p.ndjson", patient("p", observations: 350))
    _ = try importFiles(workspace, config, [file])
    let collection = layout == "embedded" ? "patient" : "patient_chart"
    let document = try workspace.document("p", in: collection)
    let chart = try #require(layout == "embedded" ? document["patient_chart"]?.fields : document)
    let pages = try #require(chart["_fhirline"]?.fields?["pages"]?.integer)
    #expect(pages >= 4)
    var counts = [chart["observations"]?.elements?.count ?? 0]
    for number in 2...pages {
      let page = try workspace.document("p#\(number)", in: "patient_chart")
      counts.append(page["observations"]?.elements?.count ?? 0)
    }
    #expect(counts.allSatisfy { (1...100).contains($0) } && counts.reduce(0, +) == 350, "\(counts)")
    // The newest by its date, whatever its place: its item stands beside the field.
    #expect(chart["weight"] == .double(449))
    if layout == "both" {
      var copy = try workspace.document("p", in: "patient")["patient_chart"]?.fields
      var bookkeeping = copy?["_fhirline"]?.fields
      // What it was when it was made.
      #expect(bookkeeping?["copy"] != nil)
      bookkeeping?["copy"] = nil
      copy?["_fhirline"] = bookkeeping.map { .document($0) }
      #expect(copy == chart)
    }
    let compared = try Program.run(["compare", file, try export(workspace, config, "out")])
    #expect(compared.status == 0, "\(compared.output)")

    // More of it, in a run of its own; then less than one page in another database's layout would be refused.
    let later = try workspace.write(
      "later.ndjson",
      patient("p", observations: 351).split(separator: "\n").suffix(1).joined() + "\n")
    let summary = try importFiles(workspace, config, [later])
    #expect(summary.loaded.inserted == 1, "\(summary)")
    let doctor = try workspace.run("doctor", "--config", config)
    #expect(doctor.status == 0, "\(doctor.output)")
  }

  @Test(arguments: layouts) func `a chart of many pages is one chart to every reader`(_ layout: String) throws
  {
    let (workspace, config) = try configured(layout, "  chart_page_entries: 100\n")
    let file = try workspace.write("p.ndjson", patient("p", observations: 2500))
    #expect(try importFiles(workspace, config, [file]).loaded.inserted == 2501)
    let again = try importFiles(workspace, config, [file])
    #expect(again.loaded.unchanged == 2501, "\(again)")
    let out = try export(workspace, config, "out")
    let compared = try Program.run(["compare", file, out])
    #expect(compared.status == 0, "\(compared.output)")
    #expect(try importFiles(workspace, config, [out]).loaded.unchanged == 2501)
    let doctor = try workspace.run("doctor", "--config", config)
    #expect(doctor.status == 0, "\(doctor.output)")
    // One more, the newest of all, goes where it belongs and moves the vital sign.
    let more = try workspace.write(
      "more.ndjson",
      patient("p", observations: 2501).split(separator: "\n").last.map { line in
        String(line).replacing(/"effectiveDateTime":"[^"]*"/, with: #""effectiveDateTime":"2031-01-01""#)
      } ?? "")
    #expect(try importFiles(workspace, config, [more]).loaded.inserted == 1)
    #expect(try workspace.run("doctor", "--config", config).status == 0)
    let lines = try String(
      contentsOfFile: try export(workspace, config, "more") + "/Observation.ndjson", encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 2501)
  }

  @Test func `an edit within the embedded chart flows to FHIR`() throws {
    let (workspace, config) = try configured("embedded")
    let file = try workspace.write("p.ndjson", patient("p", observations: 3))
    _ = try importFiles(workspace, config, [file])
    try workspace.set("patient_chart.weight", to: .double(150.5), of: "p", in: "patient")
    try workspace.set("email", to: "p@example.org", of: "p", in: "patient")
    let out = try export(workspace, config, "out")
    let observations = try String(contentsOfFile: out + "/Observation.ndjson", encoding: .utf8)
    #expect(observations.contains(#""value":150.5"#))
    #expect(try String(contentsOfFile: out + "/Patient.ndjson", encoding: .utf8).contains("p@example.org"))
    // And neither edit is lost when more comes.
    _ = try importFiles(
      workspace, config,
      [
        try workspace.write(
          "q.ndjson", #"{"resourceType":"Patient","id":"p","birthDate":"1980-12-30"}"# + "\n")
      ])
    let document = try workspace.document("p", in: "patient")
    #expect(document["patient_chart"]?.fields?["weight"] == .double(150.5))
    #expect(document["email"] == "p@example.org")
  }

  @Test(arguments: [
    ("collection", "embedded"), ("embedded", "collection"), ("both", "embedded"), ("collection", "both"),
  ])
  func `another layout on a database that has charts is refused`(_ old: String, _ new: String) throws {
    let (workspace, config) = try configured(old)
    let file = try workspace.write("p.ndjson", patient("p", observations: 1))
    _ = try importFiles(workspace, config, [file])
    try workspace.write("other.yml", "documents:\n  chart: \(new)\n")
    let outcome = try workspace.run("import", "--config", workspace.path("other.yml"), file)
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("chart: \(old)") && outcome.errors.contains("chart: \(new)"),
      "\(outcome.errors)")
  }

  @Test func `a chart that never came from FHIR is exported from within its patient`() throws {
    let (workspace, config) = try configured("collection")
    try workspace.insert(
      [["_id": 42, "name": "Ann Li", "patient_chart": ["height_in": "70", "icd_10_codes": ["E11.9"]]]],
      into: "patient")
    try workspace.insert([["_id": "b", "name": "Bo Wu", "patient_chart": ["weight": 150]]], into: "patient")
    // This one has a chart of its own, which counts.
    try workspace.insert([["_id": "b", "weight": 160]], into: "patient_chart")
    let out = try export(workspace, config, "out")
    let observations = try String(contentsOfFile: out + "/Observation.ndjson", encoding: .utf8)
    #expect(observations.split(separator: "\n").count == 2)
    #expect(observations.contains(#""value":70,"#) && observations.contains(#""value":160,"#))
    #expect(observations.contains(#""reference":"Patient/42""#))
    #expect(try String(contentsOfFile: out + "/Condition.ndjson", encoding: .utf8).contains("E11.9"))
    #expect(try Program.run(["validate", out]).status == 0)
  }

  @Test func `a layout that does not exist is told`() throws {
    let (workspace, config) = try configured("inside")
    let outcome = try workspace.run("export", "--config", config, "--out", workspace.path("out"))
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("pipeline.yml:2:10: documents.chart: collection, embedded or both was expected")
    )
  }
}
