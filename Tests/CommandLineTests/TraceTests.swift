import BSON
import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct TraceTests {
  private func observation(_ id: String, _ value: Int, patient: String = "p") -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/\#(patient)"},"valueInteger":\#(value)}"#
  }

  private func trace(_ workspace: Workspace, _ id: String) throws -> [String] {
    let outcome = try workspace.run("trace", id)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.lines.map(String.init)
  }

  @Test func `every resource of a document has its file and line`() throws {
    let workspace = try Workspace()
    let lines = try workspace.write(
      "one.ndjson", #"{"resourceType":"Patient","id":"p"}"# + "\n\n" + observation("b", 1) + "\n")
    let bundle = try workspace.write(
      "two.json",
      """
      {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "https://x.org/Observation/a",
         "resource": \(observation("a", 2))}
      ]}
      """)
    _ = try workspace.importFiles(lines, bundle)
    let traces = try trace(workspace, "p")
    #expect(traces.count == 3)
    #expect(traces[0].hasPrefix("Patient/p: \(lines):1, import 1 of 20"))
    #expect(traces[1].hasPrefix("Observation/a: \(bundle):3, import 1 of 20"))
    #expect(traces[1].contains("; patient_chart p, observations; hash "))
    #expect(traces[2].hasPrefix("Observation/b: \(lines):3, import 1 of 20"))
    #expect(try trace(workspace, "Observation/b") == [traces[2]])
    #expect(try trace(workspace, "Patient/p") == [traces[0]])
  }

  @Test func `what comes again unchanged keeps its origin, what changed gets a new one`() throws {
    let workspace = try Workspace()
    let first = try workspace.write(
      "first.ndjson", [observation("a", 1), observation("b", 1)].joined(separator: "\n") + "\n")
    let second = try workspace.write(
      "second.ndjson",
      [observation("c", 1), observation("a", 2), observation("b", 1)].joined(separator: "\n") + "\n")
    _ = try workspace.importFiles(first)
    let again = try workspace.importFiles(first)
    #expect(again.loaded.unchanged == 2)
    let summary = try workspace.importFiles(second)
    #expect(summary.loaded == .init(inserted: 1, replaced: 1, unchanged: 1))
    let traces = try trace(workspace, "p")
    #expect(traces[0].hasPrefix("Observation/a: \(second):2, import 2 of"))
    #expect(traces[1].hasPrefix("Observation/b: \(first):2, import 1 of"))
    #expect(traces[2].hasPrefix("Observation/c: \(second):1, import 2 of"))
    #expect(try workspace.importFiles(second).loaded.unchanged == 3)
  }

  @Test func `what only leads to another by now, or to one of another name, keeps its origin`() throws {
    let workspace = try Workspace()
    let patient =
      #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}"#
    let observation =
      #"{"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner?identifier=u|1"}]}"#
    let practitioner = #"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"u","value":"1"}]}"#
    func organization(_ name: String) -> String {
      #"{"resourceType":"Organization","id":"o","name":"\#(name)"}"#
    }
    let first = try workspace.write(
      "first.ndjson", [patient, observation, organization("One")].joined(separator: "\n"))
    let second = try workspace.write(
      "second.ndjson", [organization("Two"), practitioner, observation, patient].joined(separator: "\n"))
    _ = try workspace.importFiles(first)
    #expect(try workspace.importFiles(second).loaded == .init(inserted: 1, replaced: 3, unchanged: 0))
    let traces = try trace(workspace, "p")
    #expect(traces[0].hasPrefix("Patient/p: \(first):1, import 1 of"))
    #expect(traces[1].hasPrefix("Observation/a: \(first):2, import 1 of"))
    #expect(try trace(workspace, "d")[0].hasPrefix("Practitioner/d: \(second):2, import 2 of"))
  }

  @Test func `a chart of several pages tells of all its resources`() throws {
    let workspace = try Workspace()
    let configuration = try workspace.write("pipeline.yml", "documents:\n  chart_page_bytes: 10000\n")
    let lines = (0..<300).map { observation("o\(1000 + $0)", $0) }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    _ = try workspace.importFiles(file, "--config", configuration)
    let traces = try trace(workspace, "p")
    #expect(traces.count == 300)
    for (number, text) in traces.enumerated() {
      #expect(text.hasPrefix("Observation/o\(1000 + number): \(file):\(number + 1), import 1 of"))
    }
  }

  @Test
  func
    `of a document of the application's own it is said that no import brought anything, however it is asked for`()
    throws
  {
    let workspace = try Workspace()
    try workspace.insert([["_id": "p", "name": "Ann Bee"]], into: "patient")
    for asked in ["p", "Patient/p"] {
      let outcome = try workspace.run("trace", asked)
      #expect(outcome.status == 0)
      #expect(
        outcome.errors == "fhirline: patient p: no import brought a resource into it\n", "\(outcome.errors)")
    }
    #expect(try workspace.run("trace", "Patient/q").status == 1)
    _ = try workspace.importFiles(
      try workspace.write(
        "c.json",
        #"{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/p"},"#
          + #""payor":[{"display":"x"}]}"#))
    #expect(try workspace.run("trace", "Patient/p").status == 1)
  }

  @Test func `JSON has a member for each fact; what is not there is told`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("o.json", #"{"resourceType":"Organization","id":"o","name":"x"}"#)
    _ = try workspace.importFiles(file)
    let outcome = try workspace.run("trace", "Organization/o", "--format", "json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(object["file"] as? String == file)
    #expect(object["line"] as? Int == 1)
    #expect(object["import"] as? Int == 1)
    #expect(object["collection"] as? String == "resource")
    let missing = try workspace.run("trace", "Organization/nobody")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("Organization/nobody: the database"))
  }
}
