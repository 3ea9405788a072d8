import Foundation
import FoundationXML
import Testing

/// Reports that other programs read, and the one that a browser shows.
@Suite struct ReportFormatsTests {
  private static let inputs = ["Samples/broken", "Samples/clinic/phq-2.json"]
  /// Values in the samples that no report may show.
  private static let values = ["Marchetti", "Livia", "+1-207-555-0181", "1990-02-30", "Vassilev", "woman"]

  private func report(_ format: String, _ more: String...) throws -> String {
    let outcome = try Program.run(["validate"] + Self.inputs + ["--format", format] + more)
    #expect(outcome.status == 1, "\(outcome.errors)")
    return outcome.output
  }

  private func findings() throws -> Int {
    try report("ndjson").split(separator: "\n").count
  }

  @Test(arguments: ["text", "json", "ndjson", "sarif", "junit", "html"])
  func `no report shows values unless asked for`(format: String) throws {
    let output = try report(format)
    for value in Self.values { #expect(!output.contains(value), "\(value)") }
  }

  @Test func `an OperationOutcome is valid FHIR`() throws {
    let workspace = try Workspace()
    let array = try JSONSerialization.jsonObject(with: Data(try report("json").utf8)) as? [[String: Any]]
    let outcomes = try #require(array)
    #expect(outcomes.count == 12)
    #expect(outcomes.allSatisfy { $0["resourceType"] as? String == "OperationOutcome" })
    let lines = try outcomes.map {
      String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self)
    }
    let file = try workspace.write("outcomes.ndjson", lines.joined(separator: "\n") + "\n")
    let outcome = try workspace.run("validate", file, "--format", "ndjson", "--unknown-extensions", "allow")
    let errors = try Finding.all(in: outcome.output).filter { $0.severity != "information" }
    #expect(errors.isEmpty, "\(outcome.output)")
    #expect(outcome.status == 0)
  }

  /// The demands that SARIF's schema makes on what is written here.
  ///
  /// See https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
  @Test func `SARIF has the form of its schema`() throws {
    let log = try JSONSerialization.jsonObject(with: Data(try report("sarif").utf8)) as? [String: Any] ?? [:]
    #expect(Set(log.keys) == ["$schema", "version", "runs"])
    #expect(log["version"] as? String == "2.1.0")
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    #expect(Set(run.keys) == ["columnKind", "results", "tool", "invocations"])
    #expect(run["columnKind"] as? String == "unicodeCodePoints")
    let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
    #expect(driver["name"] as? String == "fhirline")
    let rules = try #require(driver["rules"] as? [[String: Any]])
    let ids = rules.compactMap { $0["id"] as? String }
    #expect(ids.count == rules.count && Set(ids).count == ids.count)
    for rule in rules {
      let known: Set = ["id", "shortDescription", "fullDescription", "help", "properties"]
      #expect(known.isSuperset(of: rule.keys))
    }
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(try results.count == findings())
    var fingerprints: Set<String> = []
    for result in results {
      let index = try #require(result["ruleIndex"] as? Int)
      #expect(ids[index] == result["ruleId"] as? String)
      #expect(["error", "warning", "note"].contains(result["level"] as? String))
      let words = (result["message"] as? [String: Any])?["text"] as? String
      #expect(words?.isEmpty == false)
      let location = try #require((result["locations"] as? [[String: Any]])?.first)
      let physical = try #require(location["physicalLocation"] as? [String: Any])
      let uri = (physical["artifactLocation"] as? [String: Any])?["uri"] as? String
      #expect(uri?.hasPrefix("Samples/") == true)
      if let region = physical["region"] as? [String: Int] {
        #expect(region["startLine"] ?? 0 >= 1 && region["startColumn"] ?? 0 >= 1)
      }
      let prints = try #require(result["partialFingerprints"] as? [String: String])
      fingerprints.formUnion(prints.values)
    }
    #expect(fingerprints.count == results.count)
  }

  @Test func `a SARIF log of nothing is whole`() throws {
    let outcome = try Program.run(["validate", "Samples/clinic/appointments.json", "--format", "sarif"])
    let log = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    let run = try #require((log?["runs"] as? [[String: Any]])?.first)
    #expect((run["results"] as? [Any])?.isEmpty == true)
  }

  @Test func `paths in SARIF are URIs`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("a b%ü.json", "{}")
    let outcome = try workspace.run("validate", file, "--format", "sarif")
    #expect(outcome.output.contains("\"uri\":\"file:///"))
    #expect(outcome.output.contains("/a%20b%25%C3%BC.json\""))
  }

  @Test func `JUnit counts what its suites hold`() throws {
    let counter = JUnitCounter()
    let parser = XMLParser(data: Data(try report("junit").utf8))
    parser.delegate = counter
    #expect(parser.parse())
    #expect(counter.suites.count == 12)
    for suite in counter.suites {
      #expect(suite.tests == suite.cases && suite.failures == suite.failed, "\(suite)")
    }
    #expect(counter.suites.last?.failures == 0 && counter.suites.last?.tests == 1)
  }

  @Test func `the page needs nothing from elsewhere and is well-formed where it matters`() throws {
    let page = try report("html")
    #expect(page.hasPrefix("<!DOCTYPE html>\n") && page.hasSuffix("</html>\n"))
    for outside in ["src=", "href=", "url(", "@import", "<link"] {
      #expect(!page.contains(outside), "\(outside)")
    }
    #expect(page.components(separatedBy: "<article ").count > 25)
    #expect(page.contains("Patient.birthDate</code>"))
    let hostile = try Workspace()
    let file = try hostile.write("<i>.json", #"{"resourceType":"Patient","<script>alert(1)</script>":1}"#)
    let other = try hostile.run("validate", file, "--format", "html").output
    #expect(!other.contains("<script>alert") && !other.contains("<i>.json"))
    #expect(other.contains("&lt;i&gt;.json"))
  }

  @Test func `a report goes to a file that only its owner may read`() throws {
    let workspace = try Workspace()
    let path = workspace.path("report.html")
    let outcome = try Program.run(["validate"] + Self.inputs + ["--format", "html", "--output", path])
    #expect(outcome.output.isEmpty && outcome.status == 1)
    #expect(try workspace.read("report.html").hasSuffix("</html>\n"))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let refused = try Program.run(
      ["validate"] + Self.inputs + ["--output", workspace.path("no/such/folder")])
    #expect(refused.status == 2 && refused.errors.contains("cannot be written"))
  }

  @Test func `machines get as many findings as asked for, and are told of the rest`() throws {
    let lines = try report("ndjson", "--max-issues", "5").split(separator: "\n")
    #expect(lines.count == 6)
    let rest = try findings() - 5
    #expect(lines[5].contains("\"rule\":\"limit-issues\""))
    #expect(lines[5].contains("\(rest) more findings left out"))
  }
}

private final class JUnitCounter: NSObject, XMLParserDelegate {
  struct Suite {
    var tests: Int
    var failures: Int
    var cases = 0
    var failed = 0
  }

  var suites: [Suite] = []

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    switch name {
    case "testsuite":
      suites.append(
        Suite(tests: Int(attributes["tests"] ?? "") ?? -1, failures: Int(attributes["failures"] ?? "") ?? -1))
    case "testcase": suites[suites.count - 1].cases += 1
    case "failure": suites[suites.count - 1].failed += 1
    default: break
    }
  }
}
