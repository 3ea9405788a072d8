import BSON
import Foundation
import TestSupport
import Testing

/// Two servers may each have a `Patient/1`: two people, of whom the one never becomes the other, nor gets what is the other's.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct TwoServersTests {
  private static let a = "http://a.example.org/fhir"
  private static let b = "http://b.example.org/fhir"

  private static func entry(_ base: String, _ type: String, _ id: String, _ members: String) -> String {
    let url = "\(type)/\(id)"
    let resource = #"{"resourceType":"\#(type)","id":"\#(id)",\#(members)}"#
    return
      #"{"fullUrl":"\#(base)/\#(url)","resource":\#(resource),"request":{"method":"PUT","url":"\#(url)"}}"#
  }

  private static func observation(_ base: String, _ id: String, of patient: String) -> String {
    entry(
      base, "Observation", id,
      #""status":"final","code":{"text":"x"},"subject":{"reference":"\#(patient)"}"#)
  }

  private static func patient(_ base: String, _ year: Int, _ more: String = "") -> String {
    entry(base, "Patient", "1", #""birthDate":"\#(year)-01-01"\#(more)"#)
  }

  private static let ofA = [patient(a, 1970), observation(a, "a1", of: "Patient/1")]
  /// The last would be nobody's but the patient's whom the server means.
  private static let ofB = [
    patient(b, 1980, #","identifier":[{"system":"http://b.example.org/mrn","value":"9"}]"#),
    observation(b, "b1", of: "Patient/1"), observation(b, "b2", of: b + "/Patient/1"),
  ]

  private func hasA(_ workspace: Workspace, _ observations: Int = 1) throws {
    let born = try workspace.document("1", in: "patient")["date_of_birth"]
    #expect(born == .date(0))
    #expect(try workspace.document("1", in: "patient_chart")["observations"]?.elements?.count == observations)
  }

  /// Where the entries of the two stand.
  enum Shape: CaseIterable {
    case oneBundle, twoFiles, lines, large

    /// How many others make a Bundle large.
    static let others = 17
  }

  @Test(arguments: Shape.allCases)
  func `of a server that has another patient under an id nothing is loaded until it has a source`(
    _ shape: Shape
  ) throws {
    let workspace = try Workspace()
    var paths: [String]
    switch shape {
    case .oneBundle:
      paths = [try workspace.write("ab.json", BundleText.bundle("batch", Self.ofA + Self.ofB))]
    case .twoFiles:
      paths = [
        try workspace.write("a.json", BundleText.bundle("batch", Self.ofA)),
        try workspace.write("b.json", BundleText.bundle("batch", Self.ofB)),
      ]
    case .lines:
      let lines = [Self.ofA, Self.ofB].map { BundleText.bundle("batch", $0).replacing("\n", with: "") }
      paths = [try workspace.write("ab.ndjson", lines.joined(separator: "\n"))]
    case .large:
      let text = String(repeating: "y", count: 1 << 20)
      let others = (2...Shape.others + 1).map { number in
        Self.entry(Self.a, "Patient", "\(number)", #""name":[{"text":"\#(text)"}]"#)
      }
      paths = [try workspace.write("ab.json", BundleText.bundle("batch", Self.ofA + others + Self.ofB))]
    }
    let others = shape == .large ? Shape.others : 0
    let planned = try workspace.run(["plan", "--no-progress"] + paths)
    #expect(planned.status == 1 && planned.errors.contains("is of \(Self.b), which has another Patient/1"))
    for run in 1...2 {
      let outcome = try workspace.run(
        ["import", "--no-progress", "--summary", "json", "--quarantine", workspace.path("q\(run).ndjson")]
          + paths)
      #expect(outcome.status == 1)
      let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
      #expect(summary.read == 5 + others && summary.quarantined == 3)
      #expect(outcome.errors.contains("is of \(Self.b), which has another Patient/1 than \(Self.a)"))
      #expect(outcome.errors.contains("import.source"))
      try hasA(workspace)
      #expect(try workspace.documents(in: "resource").isEmpty)
    }
    // The database knows it from now on, whatever the server comes with.
    let before = try DatabaseContents(of: workspace)
    let alone = try workspace.write("alone.json", BundleText.bundle("batch", Self.ofB))
    let again = try workspace.importFiles(alone, status: 1)
    #expect(again.quarantined == 3 && again.loaded == .init(inserted: 0, replaced: 0, unchanged: 0))
    #expect(try DatabaseContents(of: workspace).differences(from: before).isEmpty)
    let config = try workspace.write("b.yml", "import:\n  source: b\n")
    let replayed = try workspace.run(
      "quarantine", "replay", "--no-progress", "--config", config, workspace.path("q1.ndjson"))
    #expect(replayed.status == 0, "\(replayed.errors)")
    try hasA(workspace)
    #expect(try workspace.document("b.1", in: "patient_chart")["observations"]?.elements?.count == 2)
  }

  @Test func `a transaction that two servers share is all or nothing`() throws {
    let workspace = try Workspace()
    let path = try workspace.write("t.json", BundleText.bundle("transaction", Self.ofA + Self.ofB))
    let summary = try workspace.importFiles(path, status: 1)
    #expect(summary.quarantined == 5)
    #expect(try workspace.documents(in: "patient").isEmpty)
  }

  @Test func `what names somebody of the other server means nobody here`() throws {
    let workspace = try Workspace()
    let strays = [
      Self.observation(Self.a, "a2", of: Self.b + "/Patient/1"),
      Self.observation(Self.a, "a3", of: "Patient?identifier=http://b.example.org/mrn|9"),
    ]
    let deletion =
      #"{"fullUrl":"\#(Self.b)/Patient/1","request":{"method":"DELETE","url":"Patient/1"}}"#
    let path = try workspace.write(
      "x.json", BundleText.bundle("batch", Self.ofA + strays + Self.ofB + [deletion]))
    for _ in 1...2 {
      let summary = try workspace.importFiles(path, status: 1)
      #expect(summary.references == .init(resolved: 0, unresolved: 2))
      try hasA(workspace)
      #expect(try workspace.documents(in: "resource").count == 2)
    }
  }

  @Test func `what is another of a server already in the database gives way`() throws {
    let workspace = try Workspace()
    let a = try workspace.write("a.json", BundleText.bundle("batch", Self.ofA))
    let b = try workspace.write("b.json", BundleText.bundle("batch", Self.ofB))
    #expect(try workspace.importFiles(a).loaded.inserted == 2)
    #expect(try workspace.importFiles(b, a, status: 1).quarantined == 3)
    try hasA(workspace)
  }

  @Test func `another server in a later import is told once`() throws {
    let workspace = try Workspace()
    let a = try workspace.write("a.json", BundleText.bundle("batch", Self.ofA))
    let other = Self.entry(Self.b, "Patient", "2", #""birthDate":"1980-01-01""#)
    let b = try workspace.write("b.json", BundleText.bundle("batch", [other]))
    let words = "warning: resources of \(Self.b) come to those of \(Self.a) from earlier imports"
    func says(_ arguments: String...) throws -> Bool {
      let outcome = try workspace.run(arguments + ["--no-progress"])
      #expect(outcome.status == 0)
      return outcome.errors.contains(words)
    }
    #expect(try !says("import", a))
    #expect(try says("plan", b))
    #expect(try says("import", b))
    #expect(try !says("import", b, a))
  }

  /// What stands beside A's patient, and is the same.
  @Test(arguments: [
    // The same content, by another address.
    [patient(b, 1970)],
    // Two versions of one patient, who has an identifier.
    [
      patient(a, 1970, #","identifier":[{"system":"http://example.org/mrn","value":"9"}]"#),
      patient(b, 1980, #","identifier":[{"system":"http://example.org/mrn","value":"9"}]"#),
    ],
    // One server with and without TLS, in other letters, by its port.
    [
      patient("https://a.example.org/fhir", 1980), patient("https://A.example.org/fhir", 1980),
      patient("http://a.example.org:80/fhir", 1980),
    ],
    // What its own exports call it.
    [patient("https://fhirline.dev/fhir", 1980)],
  ])
  func `what two addresses have of one resource is loaded`(_ entries: [String]) throws {
    let workspace = try Workspace()
    let files = try ([Self.ofA] + entries.map { [$0] }).enumerated().map { number, entries in
      try workspace.write("\(number).json", BundleText.bundle("batch", entries))
    }
    let outcome = try workspace.run(["import", "--no-progress", "--summary", "json"] + files)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
    #expect(summary.quarantined == 0 && summary.loaded.inserted > 0)
  }

  @Test func `all addresses are of one server where the configuration says so`() throws {
    let workspace = try Workspace()
    let path = try workspace.write("ab.json", BundleText.bundle("batch", Self.ofA + Self.ofB))
    #expect(try workspace.importFiles(path, status: 1).quarantined == 3)
    let config = try workspace.write("one.yml", "import:\n  one_server: true\n")
    #expect(try workspace.importFiles(path, "--config", config).quarantined == 0)
    // And is no stranger from then on.
    let alone = try workspace.write("alone.json", BundleText.bundle("batch", [Self.ofB[1]]))
    #expect(try workspace.importFiles(alone).quarantined == 0)
    #expect(try workspace.document("1", in: "patient_chart")["observations"]?.elements?.count == 3)
  }
}
