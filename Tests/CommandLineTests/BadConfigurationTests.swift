import Foundation
import Testing

/// A mistake in a file that the user wrote shows before anything is read: its line, and what was expected.
@Suite struct BadConfigurationTests {
  @Test(arguments: [
    ("import:\n  workers: many\n", "2:12: import.workers: a whole number from 1 to 64 was expected"),
    (
      "import:\n  worker: 2\n",
      "2:3: import: there is no setting `worker`; expected one of: one_server, quarantine, source, transactions, workers"
    ),
    ("import:\n  source: a b\n", "2:11: import.source: up to 32 letters, digits and hyphens were expected"),
    ("mongodb:\n  uri: [a]\n", "2:8: mongodb.uri: a text was expected"),
    ("mongodb:\n  database: te/st\n", "2:13: mongodb.database: up to 63 bytes were expected"),
    ("documents:\n  chart_page_bytes: 1\n", "2:21: documents.chart_page_bytes: a whole number from 10000"),
    (
      "documents:\n  collections:\n    patient: people\n    provider: people\n",
      "4:15: documents.collections.provider: a collection of its own was expected"
    ),
    (
      "documents:\n  collections:\n    patient: fhirline_run\n",
      "3:14: documents.collections.patient: the name of a collection was expected"
    ),
    (
      "documents:\n  collections:\n    patient: .people\n",
      "3:14: documents.collections.patient: the name of a collection was expected"
    ),
    ("import:\n\tworkers: 1\n", "lines are indented with spaces, not with tabs"),
    ("- mongodb\n", "1:1: the file: a list of `key: value` lines was expected"),
    ("import:\n  workers: 1\nimport:\n  workers: 2\n", "import: each setting may stand once only"),
    ("import: {workers: 1\nmongodb: {}\n", "this is not valid YAML"),
  ])
  func `a mistake in pipeline.yml`(text: String, message: String) throws {
    let workspace = try Workspace()
    let file = try workspace.write("pipeline.yml", text)
    let outcome = try workspace.run("validate", "Samples/clinic", "--config", file)
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("fhirline: \(file):"))
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  /// The collection that one kind of document is given may be the other's by its mapping.
  @Test(arguments: [
    ["plan", "Samples/clinic"], ["export", "--out", "-"], ["doctor"], ["init"], ["trace", "x"],
  ])
  func `two kinds of document in one collection`(command: [String]) throws {
    let workspace = try Workspace()
    let file = try workspace.write("pipeline.yml", "documents:\n  collections:\n    patient: provider\n")
    let outcome = try Program.run(command + ["--config", file])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("patient and provider would share the collection provider"))
  }

  @Test func `a URI that is none is told with who gave it`() throws {
    let workspace = try Workspace()
    let message = "the connection string must begin with mongodb://"
    let config = try workspace.write("pipeline.yml", "mongodb:\n  uri: mongo://u:geheim@h\n")
    let file = try workspace.write("uri", "mongo://u:geheim@h\n")
    func expect(_ origin: String, _ arguments: [String], _ environment: [String: String]) throws {
      let outcome = try Program.run(["doctor"] + arguments, environment: environment)
      #expect(outcome.status == 2 && outcome.errors.hasPrefix("fhirline: \(origin)"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("geheim"))
    }
    try expect("MONGODB_URI: \(message)", [], ["MONGODB_URI": "mongo://u:geheim@h"])
    try expect("\(file): \(message)", ["--uri-file", file], [:])
    try expect("\(message)", ["--from", "mongo://u:geheim@h"], [:])
    let configured = try Program.run(
      ["-u", "MONGODB_URI", Program.executable.path, "doctor", "--config", config],
      program: URL(filePath: "/usr/bin/env"))
    #expect(configured.errors.hasPrefix("fhirline: \(config):2:8: mongodb.uri: \(message)"))
    let uri = "mongodb://u:geheim@127.0.0.1:1/"
    try expect("--database: a database name has", ["--database", "a b"], ["MONGODB_URI": uri])
    try expect(
      "FHIRLINE_DATABASE: a database name has", [], ["MONGODB_URI": uri, "FHIRLINE_DATABASE": "a b"])
  }

  /// The driver passes over what it does not know: without TLS, if need be.
  @Test(arguments: [
    ("tsl=true", "tls"), ("replicaSet=rs0&tlsCaFiel=x", "tlsCAFile"), ("retryWrite=true", "retryWrites"),
  ])
  func `a misspelt option of a connection string`(options: String, meant: String) throws {
    let uri = "mongodb://u:geheim@127.0.0.1:1/x?" + options
    let outcome = try Program.run(["doctor"], environment: ["MONGODB_URI": uri])
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasSuffix("did you mean \(meant)?\n"), "\(outcome.errors)")
    #expect(!outcome.errors.contains("geheim"))
  }

  @Test func `options of other drivers, and in any case, are none that are misspelt`() throws {
    let options =
      "TLS=false&uuidRepresentation=standard&tz_aware=true&serverselectiontimeoutms=300&zstdCompressionLevel=3"
      + "&wtimeout=100&maxLifeTimeMS=1&minHeartbeatFrequencyMS=1&connectTimeout=3s&tlsCRLFile=x&x=y"
    let outcome = try Program.run(
      ["doctor"], environment: ["MONGODB_URI": "mongodb://127.0.0.1:1/x?" + options])
    #expect(outcome.status == 2 && outcome.errors.contains("no MongoDB server answers"), "\(outcome.errors)")
  }

  @Test func `a configuration file that is not there or no text`() throws {
    let workspace = try Workspace()
    let missing = try workspace.run("validate", "Samples/clinic", "--config", workspace.path("none.yml"))
    #expect(missing.status == 2 && missing.errors.contains("none.yml: no such configuration file"))
    let binary = try workspace.write("binary.yml", Data([0xFF, 0xFE, 0]))
    let unread = try workspace.run("validate", "Samples/clinic", "--config", binary)
    #expect(unread.status == 2 && unread.errors.contains("cannot be read as UTF-8 text"))
    let folder = try workspace.run("validate", "Samples/clinic", "--config", "Samples")
    #expect(folder.status == 2 && folder.errors.contains("Samples: this is a folder; a file was expected"))
  }

  @Test(arguments: [
    ("file", "file: this is a file; a folder was expected; --mappings"),
    ("none", "none: there is no such folder; --mappings"),
  ])
  func `a folder of mappings that is none`(path: String, message: String) throws {
    let workspace = try Workspace()
    try workspace.write("file", "")
    for command in [["plan", "Samples/clinic"], ["mapping", "check"]] {
      let file = try workspace.write("pipeline.yml", "documents:\n  mappings: \(path)\n")
      let outcome = try Program.run(command + ["--config", file])
      #expect(outcome.status == 2 && outcome.errors.contains(message), "\(command): \(outcome.errors)")
    }
  }

  @Test func `a configuration may come through a pipe`() throws {
    let script = #"printf 'import:\n  workers: many\n' | "$0" validate Samples/clinic --config /dev/stdin"#
    let outcome = try Program.run(["-c", script, Program.executable.path], program: URL(filePath: "/bin/sh"))
    #expect(outcome.errors.contains("/dev/stdin:2:12: import.workers: a whole number"), "\(outcome.errors)")
  }

  @Test(arguments: [
    ("improt", "there is no command improt: did you mean import?"),
    ("load", "there is no command load; fhirline --help lists them"),
  ])
  func `a command that there is not`(word: String, message: String) throws {
    let outcome = try Program.run([word, "Samples/clinic"])
    #expect(outcome.status == 2)
    #expect(outcome.errors == "fhirline: \(message)\n")
  }

  /// Each change breaks one of the project's own mapping files; the finding stands at the line of the change.
  @Test(arguments: [
    (
      "patient.yml", "path: birthDate", "path: birthdate",
      "Patient has no element birthdate: did you mean birthDate?"
    ),
    (
      "patient.yml", "document: patient", "document: patiant",
      "did you mean patient? expected one of patient, patient_chart"
    ),
    ("provider.yml", "root: Practitioner", "root: Practicioner", "R4 has no resource type Practicioner"),
    (
      "appointment.yml", "fields:", "feilds:",
      "there is no key feilds here: did you mean fields? expected one of"
    ),
    ("patient.yml", "path: name\n", "path: name.where(\n", "found the end of the expression"),
    ("patient.yml", "transform: human_name", "transform: humen_name", "expected one of"),
  ])
  func `a mistake in a mapping file`(name: String, text: String, mistake: String, message: String) throws {
    let workspace = try Workspace()
    try FileManager.default.copyItem(
      atPath: Program.folder.appending(path: "Mappings").path, toPath: workspace.path("Mappings"))
    let original = try workspace.read("Mappings/" + name)
    let range = try #require(original.range(of: text))
    try workspace.write("Mappings/" + name, original.replacingCharacters(in: range, with: mistake))
    let line = original[..<range.lowerBound].count { $0 == "\n" } + 1
    let outcome = try workspace.run("import", "Samples/clinic", "--mappings", workspace.path("Mappings"))
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.hasPrefix("fhirline: \(workspace.path("Mappings/" + name)):\(line):"),
      "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test func `a folder of mappings that is not there or not whole`() throws {
    let workspace = try Workspace()
    let missing = try workspace.run("import", "Samples/clinic", "--mappings", workspace.path("none"))
    #expect(missing.status == 2 && missing.errors.contains("none: there is no such folder"))
    try workspace.write(
      "part/patient.yml",
      try String(contentsOf: Program.folder.appending(path: "Mappings/patient.yml"), encoding: .utf8))
    let part = try workspace.run("import", "Samples/clinic", "--mappings", workspace.path("part"))
    #expect(
      part.status == 2 && part.errors.contains("the mapping of patient_chart is not there"), "\(part.errors)")
  }

  @Test(arguments: [
    (["validate"], "Missing expected argument"),
    (["validate", "Samples/clinic", "--format", "pdf"], "pdf"),
    (["validate", "Samples/clinic", "--workers", "0"], "--workers takes a number from 1 to 64"),
    (["export", "--out", "x", "--type", "Pateint"], "R4 has no resource type Pateint"),
    (["export", "--out", "x", "--since", "yesterday"], "an instant such as"),
    (["export", "--out", "-", "--format", "xml"], "give --out a folder"),
    (
      ["convert", "Samples/clinic/okafor.json", "x.pdf"], "end it in .json, .xml or .ndjson, or use --format"
    ),
    (["frobnicate"], "frobnicate"),
  ])
  func `a command that cannot be run`(arguments: [String], message: String) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }
}
