import Foundation
import Glibc
import Testing

/// What inputs may be besides plain files, and what of a folder is read: nothing is left out without a word.
@Suite struct InputPlacesTests {
  private static let patient = #"{"resourceType": "Patient", "id": "p1", "birthDate": "1970-01-01"}"#
  private static let observation =
    #"{"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"}, "subject": "#
    + #"{"reference": "Patient/p1"}}"#

  /// What the program makes of a pipe into which somebody writes lines.
  private func run(_ arguments: [String], pipe: String, lines: [String], in workspace: Workspace) throws
    -> Program.Outcome
  {
    try #require(mkfifo(pipe, 0o600) == 0)
    // Opened for both ends, so that neither opening waits; what was written stays until it is read, and goes with this process's end.
    let writer = Thread {
      guard let file = FileHandle(forWritingAtPath: pipe) else { return }
      try? file.write(contentsOf: Data(lines.joined(separator: "\n").utf8))
      try? file.close()
    }
    writer.start()
    return try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
  }

  @Test func `names that lead to nothing are told apart`() throws {
    let workspace = try Workspace()
    let link = workspace.path("link.json")
    try #require(symlink("nowhere", link) == 0)
    for (name, words) in [
      (link, "this symbolic link leads nowhere"), ("", "the name given for an input is empty"),
      (workspace.path("none.json"), "no such file or folder"),
    ] {
      let outcome = try workspace.run("validate", name)
      #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
    }
    let folder = workspace.folder.path
    let script = #": >"$0/$(printf 'b\377.json')""#
    _ = try Program.run(["-c", script, folder], program: URL(filePath: "/bin/sh"))
    try workspace.write("p.json", Self.patient)
    let pattern = try workspace.run("validate", folder + "/*.json")
    #expect(pattern.status == 1)
    #expect(
      pattern.output.contains("link.json: fatal: this symbolic link leads nowhere"), "\(pattern.output)")
    #expect(pattern.output.contains(".json: fatal: its name is not UTF-8"), "\(pattern.output)")
  }

  @Test func `a pipe is validated without being read twice`() throws {
    let workspace = try Workspace()
    let pipe = workspace.path("pipe")
    let outcome = try run(
      ["validate", pipe, "--format", "ndjson"], pipe: pipe,
      lines: [InputPlacesTests.patient, #"{"resourceType": "Patient", "gender": "M"}"#], in: workspace)
    #expect(try Finding.all(in: outcome.output).map { "\($0.line) \($0.rule)" } == ["2 binding-required"])
    #expect(outcome.status == 1)
  }

  @Test func `a pipe is converted whole`() throws {
    let workspace = try Workspace()
    let pipe = workspace.path("pipe")
    let outcome = try run(
      ["convert", pipe, workspace.path("out.xml")], pipe: pipe, lines: [InputPlacesTests.patient],
      in: workspace)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try workspace.read("out.xml").contains("<birthDate value=\"1970-01-01\"/>"))
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `all of a pipe is imported`() throws {
    let workspace = try Workspace()
    let pipe = workspace.path("pipe")
    let outcome = try run(
      ["import", pipe, "--quarantine", workspace.path("q.ndjson"), "--summary", "json"], pipe: pipe,
      lines: [InputPlacesTests.observation, InputPlacesTests.patient], in: workspace)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains(#""read":2,"loaded":{"inserted":2,"#))
  }

  @Test func `a folder's links, pipes and other files are left out, and said`() throws {
    let workspace = try Workspace()
    try workspace.write("elsewhere/secret.json", #"{"resourceType": "Patient", "gender": "secret"}"#)
    try workspace.write("in/a.json", InputPlacesTests.patient)
    try workspace.write("in/below/b.json", InputPlacesTests.patient)
    try workspace.write("in/table.csv", "id,name")
    try workspace.write("in/..data/c.json", InputPlacesTests.patient)
    let links = [
      "secret.json": "../elsewhere/secret.json", "folder": "../elsewhere", "loop": "../in",
      "gone.json": "nowhere",
      "c.json": "..data/c.json",
    ]
    for (name, target) in links {
      try FileManager.default.createSymbolicLink(
        atPath: workspace.path("in/" + name), withDestinationPath: target)
    }
    try #require(mkfifo(workspace.path("in/pipe.ndjson"), 0o600) == 0)
    let outcome = try workspace.run("validate", workspace.path("in"))
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.errors.contains("No findings in 3 resources of 3 files"))
    #expect(outcome.errors.contains("4 symbolic links left out (folder, gone.json, loop, secret.json)"))
    #expect(outcome.errors.contains("1 special file left out (pipe.ndjson)"))
    #expect(outcome.errors.contains("1 file left out (.csv)"))
  }

  @Test func `what of a folder cannot be read is an error, and the rest is read`() throws {
    let workspace = try Workspace()
    let bytes = Data(InputPlacesTests.patient.utf8)
    // é as one character and as two: two files, though a String takes them for equal.
    for name in ["a.json", "\u{E9}.json", "e\u{301}.json"] { try workspace.write("in/" + name, bytes) }
    // A name that is not UTF-8, which a String cannot say.
    let folder = workspace.path("in")
    for (name, suffix) in [("b", ".json"), ("", ".json"), ("c", ".pdf"), (".d", ".json")] {
      let path = (Array("\(folder)/\(name)".utf8) + [0xFF] + Array("\(suffix)\0".utf8)).map {
        CChar(bitPattern: $0)
      }
      let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
      try #require(descriptor >= 0)
      close(descriptor)
    }
    let outcome = try workspace.run("validate", folder)
    #expect(outcome.status == 1)
    #expect(outcome.output.split(separator: "\n").count == 2)
    #expect(outcome.output.contains(".json: fatal: its name is not UTF-8"), "\(outcome.output)")
    #expect(outcome.errors.contains("3 resources of 5 files"), "\(outcome.errors)")
    #expect(outcome.errors.contains("1 file left out (.pdf)"), "\(outcome.errors)")
    // Of a folder that may not be entered, too. The superuser may enter all, until that is taken from him.
    try workspace.write("more/a.json", bytes)
    try workspace.write("more/closed/b.json", bytes)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: workspace.path("more/closed"))
    defer {
      try? FileManager.default.setAttributes(
        [.posixPermissions: 0o700], ofItemAtPath: workspace.path("more/closed"))
    }
    let isSuperuser = geteuid() == 0
    let closed = try Program.run(
      (isSuperuser ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : []) + [
        Program.executable.path, "validate", workspace.path("more"),
      ], program: URL(filePath: "/usr/bin/env"))
    #expect(closed.status == 1)
    #expect(
      closed.output.contains("more/closed: fatal: this folder cannot be read: Permission denied"),
      "\(closed.output)\(closed.errors)")
    #expect(closed.errors.contains("1 resource of 2 files"))
  }

  @Test func `a pattern finds folders as a shell's would`() throws {
    let workspace = try Workspace()
    try workspace.write("day-1/a.json", InputPlacesTests.patient)
    try workspace.write("day-2.json", InputPlacesTests.patient)
    let outcome = try workspace.run("validate", workspace.path("day-*"))
    #expect(outcome.errors.contains("2 resources of 2 files"), "\(outcome.errors)")
  }

  @Test func `a manifest is no resource, and a resource no manifest, whatever they are named`() throws {
    let workspace = try Workspace()
    try workspace.write("in/manifest.json", #"{"transactionTime": "2024-01-01T00:00:00Z", "output": []}"#)
    try workspace.write("in/documentmanifest.json", #"{"resourceType": "Patient", "gender": "M"}"#)
    let outcome = try workspace.run("validate", workspace.path("in"), "--format", "ndjson")
    #expect(try Finding.all(in: outcome.output).map(\.rule) == ["binding-required"])
  }

  @Test(arguments: [true, false]) func `what a manifest names and is not there is said`(keepsNames: Bool)
    throws
  {
    let workspace = try Workspace()
    try workspace.write("in/\(keepsNames ? "Patient.1" : "own").ndjson", InputPlacesTests.patient)
    try workspace.write("in/Observation.ndjson.gz", Data())
    let urls = ["Patient.1.ndjson?token=1", "gone.ndjson"] + (keepsNames ? ["Observation.ndjson"] : [])
    let output = urls.map { #"{"type": "Patient", "url": "https://a.b/\#($0)"}"# }
    try workspace.write("in/manifest.json", #"{"output": [\#(output.joined(separator: ","))]}"#)
    let outcome = try workspace.run("validate", workspace.path("in"))
    let said = outcome.output.contains("gone.ndjson: fatal: is not there")
    // Where no file bears the name of its address, nobody can tell.
    #expect(said == keepsNames && (outcome.status == 1) == keepsNames, "\(outcome.output)")
  }

  @Test func `an export that found nothing is no mistake`() throws {
    let workspace = try Workspace()
    try workspace.write(
      "in/manifest.json", #"{"transactionTime": "2026-01-01T00:00:00Z", "output": [], "error": []}"#)
    for path in ["in", "in/manifest.json"] {
      let outcome = try workspace.run("validate", workspace.path(path))
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("manifest.json: names no files: this export found nothing"))
    }
    let converted = try workspace.run(
      "convert", workspace.path("in"), workspace.path("out"), "--format", "xml")
    #expect(converted.status == 0, "\(converted.errors)")
  }

  @Test(arguments: [
    (#"{"output": [{"type": "Patient", "url": "Pat"#, "a JSON object was expected"),
    (#"{"output": [{"type": "Patient"}]}"#, "output[0] has no url, which names a file"),
    (
      #"{"output": [], "error": [{"url": "e.ndjson"}, {"url": ""}]}"#,
      "error[1] has no url, which names a file"
    ),
  ])
  func `a manifest that breaks off, or names what has no address, is an input that cannot be read`(
    text: String, flaw: String
  )
    throws
  {
    let workspace = try Workspace()
    try workspace.write("in/Patient.ndjson", InputPlacesTests.patient)
    try workspace.write("in/manifest.json", text)
    let outcome = try workspace.run("validate", workspace.path("in"))
    #expect(outcome.status == 1 && outcome.errors.contains("in 1 resource of 2 files"), "\(outcome.errors)")
    #expect(
      outcome.output.contains(
        "manifest.json: fatal: this manifest cannot be understood, or not all of it: \(flaw); "))
  }

  @Test func `a file's name does not command the terminal`() throws {
    let workspace = try Workspace()
    try workspace.write("in/a\u{1B}[31m\nb.json", "{")
    for arguments in [["validate"], ["validate", "--format", "junit"], ["convert", "--format", "xml"]] {
      var arguments = arguments
      arguments.insert(workspace.path("in"), at: 1)
      if arguments[0] == "convert" { arguments.insert(workspace.path("out"), at: 2) }
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 1)
      let said = outcome.output + outcome.errors
      #expect(said.contains("a\\u001b[31m\\u000ab.json"), "\(said)")
      #expect(!said.contains("\u{1B}"))
    }
  }
}
