import BSON
import Foundation
import Testing

/// What a bulk export's manifest says of the files beside it.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct BulkManifestTests {
  private static let patient = #"{"resourceType":"Patient","id":"p"}"# + "\n"

  private static func issue(_ severity: String) -> String {
    #"{"severity":"\#(severity)","code":"exception","diagnostics":"Lindqvist"}"#
  }

  private static func outcome(_ severities: String...) -> String {
    #"{"resourceType":"OperationOutcome","issue":["# + severities.map(issue).joined(separator: ",") + "]}\n"
  }

  private func manifest(output: [String], error: [String] = []) -> String {
    func list(_ type: String, _ names: [String]) -> String {
      names.map { #"{"type":"\#(type)","url":"https://a.b/files/\#($0)?token=1"}"# }.joined(separator: ",")
    }
    return #"{"transactionTime":"2026-01-01T00:00:00Z","output":[\#(list("Patient", output))],"#
      + #""error":[\#(list("OperationOutcome", error))]}"#
  }

  private struct Counts: Decodable {
    struct Messages: Decodable, Equatable {
      var error: Int
      var warning: Int
      var information: Int
    }

    var read: Int
    var files: Int
    var unreadableFiles: Int
    var serverMessages: Messages
  }

  private func counts(_ outcome: Program.Outcome) throws -> Counts {
    try JSONDecoder().decode(Counts.self, from: Data(outcome.output.utf8))
  }

  @Test func `a resource among deletions is neither loaded nor deleted, and set aside`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(
      try workspace.write("before.ndjson", #"{"resourceType":"Patient","id":"q"}"# + "\n"))
    let deletion =
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Patient/q"}}]}"#
      + "\n"
    try workspace.write("in/deleted.ndjson", Self.patient + deletion)
    try workspace.write(
      "in/manifest.json",
      #"{"output":[],"deleted":[{"type":"Bundle","url":"https://a.b/files/deleted.ndjson"}]}"#)
    for _ in 0..<2 {
      let outcome = try workspace.run("import", workspace.path("in"))
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("deleted.ndjson:1:1: "))
      #expect(outcome.errors.contains("names under \"deleted\""))
      #expect(try workspace.documents(in: "patient").isEmpty)
    }
  }

  @Test func `a file that is named and not there is an input that cannot be read`() throws {
    let workspace = try Workspace()
    try workspace.write("in/Patient.1.ndjson", Self.patient)
    try workspace.write(
      "in/manifest.json", manifest(output: ["Patient.1.ndjson", "Patient.2.ndjson", "Patient.3.ndjson"]))
    let folder = workspace.path("in")
    for command in ["validate", "plan", "import"] {
      let outcome = try workspace.run(command, folder)
      #expect(outcome.status == 1, "\(command): \(outcome.errors)")
      let said = outcome.output + outcome.errors
      for name in ["Patient.2.ndjson", "Patient.3.ndjson"] {
        #expect(said.contains("\(folder)/\(name): "), "\(command)")
      }
      #expect(said.contains("is not there, though \(folder)/manifest.json names it"))
    }
    #expect(try workspace.documents(in: "patient").count == 1)
    let again = try workspace.run("import", folder, "--summary", "json")
    #expect(again.status == 1)
    let found = try counts(again)
    #expect(found.unreadableFiles == 2 && found.files == 3 && found.read == 1)
    #expect(try workspace.run("import", folder).errors.contains("2 of 3 files could not be read"))
  }

  @Test func `what a server says of its export is counted, and no data`() throws {
    for (text, status, said) in [
      (Self.outcome("error", "warning") + Self.outcome("fatal"), 1, "2 errors, 1 warning"),
      (Self.outcome("warning", "information"), 0, "1 warning, 1 note"),
    ] {
      let workspace = try Workspace()
      try workspace.write("in/Patient.ndjson", Self.patient)
      // A resource of another kind is none of its words, wherever it stands.
      try workspace.write(
        "in/said.ndjson", text + #"{"resourceType":"Organization","id":"o","name":"n"}"# + "\n")
      try workspace.write(
        "in/manifest.json", manifest(output: ["Patient.ndjson"], error: ["said.ndjson"]))
      // One that is data, for no manifest says otherwise.
      let other = try workspace.write("other/said.ndjson", Self.outcome("error"))
      let outcome = try workspace.run("import", workspace.path("in"))
      #expect(Int(outcome.status) == status)
      #expect(outcome.errors.contains("the server says of what it gave: \(said)"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("Lindqvist"))
      #expect(try workspace.documents(in: "resource").map { $0["_id"]?.text } == ["Organization/o"])
      let json = try workspace.run("import", workspace.path("in"), other, "--summary", "json")
      let found = try counts(json)
      #expect(found.read == 3)
      #expect(
        found.serverMessages
          == (status == 1
            ? .init(error: 2, warning: 1, information: 0) : .init(error: 0, warning: 1, information: 1)))
      #expect(try workspace.documents(in: "resource").count == 2)
    }
  }

  @Test(arguments: ["a.json", "a.ndjson"])
  func `what a server says of a search is counted, and no data`(name: String) throws {
    let workspace = try Workspace()
    func entry(_ resource: String, _ mode: String) -> String {
      #"{"resource":\#(resource.trimmingCharacters(in: .newlines)),"search":{"mode":"\#(mode)"}}"#
    }
    let organization = #"{"resourceType":"Organization","id":"o","name":"n"}"#
    for (severity, status) in [("warning", Int32(0)), ("error", 1)] {
      let text =
        #"{"resourceType":"Bundle","type":"searchset","entry":["#
        + [
          entry(Self.patient, "match"), entry(Self.outcome(severity), "outcome"),
          // Of another kind, or asked for, it is data.
          entry(organization, "outcome"), entry(Self.outcome("fatal"), "match"),
        ].joined(separator: ",") + "]}"
      let file = try workspace.write(name, text)
      for command in ["plan", "import"] {
        let outcome = try workspace.run(command, file)
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(
          outcome.errors.contains("the server says of what it gave: 1 \(severity)"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("Lindqvist"))
      }
      let found = try counts(try workspace.run("import", file, "--summary", "json"))
      #expect(found.read == 3)
      #expect(try workspace.documents(in: "resource").count == 2)
      let lines = try workspace.run("convert", file, workspace.path("out.ndjson"))
      #expect(lines.status == 0, "\(lines.errors)")
      #expect(try workspace.read("out.ndjson").split(separator: "\n").count == 4)
    }
  }

  @Test func `where no file bears the name of its address nobody can tell`() throws {
    let workspace = try Workspace()
    try workspace.write("in/mine.ndjson", Self.patient)
    try workspace.write("in/manifest.json", manifest(output: ["1", "2"]))
    let outcome = try workspace.run("import", workspace.path("in"))
    #expect(outcome.status == 0)
    #expect(
      outcome.errors.contains("names 2 files, of which none is here under its name"), "\(outcome.errors)")
    // By itself it names nothing to be read.
    let named = try workspace.run("import", workspace.path("in/manifest.json"))
    #expect(named.status == 2 && named.errors.contains("no file that this names is here"), "\(named.errors)")
  }

  @Test func `a manifest that is named stands for what it names`() throws {
    let workspace = try Workspace()
    try workspace.write("in/Patient.ndjson", Self.patient)
    try workspace.write("in/said.ndjson", Self.outcome("information"))
    try workspace.write("in/other.json", #"{"resourceType":"Patient","id":"other"}"#)
    let path = try workspace.write(
      "in/manifest.json", manifest(output: ["Patient.ndjson"], error: ["said.ndjson"]))
    let named = try workspace.run("import", path, "--summary", "json")
    #expect(named.status == 0, "\(named.errors)")
    #expect(try counts(named).read == 1 && counts(named).serverMessages.information == 1)
    // As a shell has it of `in/*`.
    let all = try workspace.run(
      "import", path, workspace.path("in/Patient.ndjson"), workspace.path("in/other.json"), "--summary",
      "json")
    #expect(try all.status == 0 && counts(all).read == 2)
  }

  @Test(arguments: [2, 3, 4])
  func `a file that has fewer resources than its manifest says is told`(said: Int) throws {
    let workspace = try Workspace()
    let lines = (0..<3).map { #"{"resourceType":"Patient","id":"p\#($0)"}"# + "\n" }
    try workspace.write("in/Patient.ndjson", lines.joined() + "\n")
    try workspace.write(
      "in/manifest.json",
      #"{"output":[{"type":"Patient","url":"https://a.b/Patient.ndjson","count":\#(said)}]}"#)
    let validated = try workspace.run("validate", "--format", "ndjson", workspace.path("in"))
    #expect(validated.status == (said > 3 ? 1 : 0), "\(validated.output)")
    #expect(
      validated.output.contains("has 3 resources, and the manifest beside it says \(said)") == (said > 3),
      "\(validated.output)")
    for command in ["plan", "import", "import"] {
      let outcome = try workspace.run(command, workspace.path("in"))
      #expect(outcome.status == (said > 3 ? 1 : 0), "\(outcome.errors)")
      #expect(
        outcome.errors.contains("Patient.ndjson: has 3 resources, and the manifest beside it says \(said)")
          == (said > 3), "\(outcome.errors)")
    }
    #expect(try workspace.documents(in: "patient").count == 3)
  }

  @Test func `what a manifest names is read whatever it is called`() throws {
    let workspace = try Workspace()
    try workspace.write("in/4711", Self.patient)
    try workspace.write("in/all our.patients", Self.patient.replacing("\"p\"", with: "\"q\""))
    try workspace.write("in/all%20their.patients", Self.patient.replacing("\"p\"", with: "\"r\""))
    try workspace.write("in/notes.txt", "no resource")
    try workspace.write(
      "in/manifest.json", manifest(output: ["4711", "all%20our.patients", "all%20their.patients"]))
    let outcome = try workspace.run("import", workspace.path("in"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("1 file left out (.txt)"))
    #expect(try workspace.documents(in: "patient").count == 3)
  }
}
