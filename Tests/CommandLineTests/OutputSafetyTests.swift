import BSON
import Foundation
import TestSupport
import Testing

/// What is written is its owner's alone, and nobody leads it elsewhere.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct OutputSafetyTests {
  private func mode(_ path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test func `files are 0600 in folders of 0700, also those that were there with another mode`() throws {
    let workspace = try Workspace()
    let patient = #"{"resourceType":"Patient","id":"p"}"#
    let file = try workspace.write("in.ndjson", patient + "\n" + #"{"resourceType":"Patient","id":7}"# + "\n")
    _ = try workspace.run("import", file, "--quarantine", workspace.path("aside/deep/q.ndjson"))
    try workspace.write("old.json", "open to all")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o666], ofItemAtPath: workspace.path("old.json"))
    for folder in ["lines", "files"] {
      try FileManager.default.createDirectory(
        atPath: workspace.path(folder), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o777])
    }
    _ = try workspace.run(
      "export", "--out", workspace.path("lines"), "--report", workspace.path("report.ndjson"))
    _ = try workspace.run("export", "--out", workspace.path("files"), "--format", "json")
    _ = try workspace.run("export", "--out", workspace.path("old.json"), "--format", "bundle", "--overwrite")
    _ = try workspace.run("validate", file, "--write-baseline", workspace.path("base"))
    _ = try workspace.run("validate", file, "--format", "html", "--output", workspace.path("page.html"))
    _ = try workspace.run("convert", file, workspace.path("converted/c.xml"))
    for name in [
      "aside/deep/q.ndjson", "lines/Patient.ndjson", "lines/manifest.json", "files/Patient/p.json", "base",
      "page.html", "converted/c.xml", "old.json",
    ] { #expect(try mode(workspace.path(name)) == 0o600, "\(name)") }
    for name in ["aside", "aside/deep", "lines", "files", "files/Patient", "converted"] {
      #expect(try mode(workspace.path(name)) == 0o700, "\(name)")
    }
  }

  @Test func `of two programs that write one file the second is refused`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.json", #"{"resourceType":"Patient","id":"p"}"#)
    _ = try workspace.importFiles(file)
    for (name, arguments) in [
      ("out/manifest.json", ["export", "--out", workspace.path("out")]),
      ("all.json", ["export", "--format", "bundle", "--out", workspace.path("all.json")]),
      ("c.ndjson", ["convert", file, workspace.path("c.ndjson")]),
    ] {
      let partial = try workspace.write(name + ".part", "the other's")
      let descriptor = open(partial, O_RDWR)
      try #require(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
      let refused = try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
      #expect(refused.status == 2 && refused.output.isEmpty, "\(name): \(refused.output)")
      #expect(refused.errors.contains("\(name): another fhirline is writing this file"), "\(refused.errors)")
      #expect(try workspace.read(name + ".part") == "the other's")
      close(descriptor)
      // What a killed one left is written over.
      #expect(try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database]).status == 0)
      #expect(!FileManager.default.fileExists(atPath: partial))
      #expect(FileManager.default.fileExists(atPath: workspace.path(name)))
    }
  }

  @Test func `an export goes on in the folder of one that was killed, and leaves others' files`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("in.json", #"{"resourceType":"Patient","id":"p"}"#))
    // Some files had their names already, of types that are there no more, too.
    for name in [
      "Observation.ndjson", "Patient.ndjson.part", "Patient.ndjson", "mine.ndjson", "manifest.json.part",
    ] {
      try workspace.write("out/" + name, "{}\n")
    }
    #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: workspace.path("out")).sorted()
        == ["Patient.ndjson", "manifest.json", "mine.ndjson"])
    #expect(try workspace.read("out/Patient.ndjson").contains(#""id":"p""#))
    // Without what such an export leaves, a folder is somebody else's.
    try workspace.write("other/mine.ndjson", "{}\n")
    let refused = try workspace.run("export", "--quiet", "--out", workspace.path("other"))
    #expect(refused.status == 2 && refused.errors.contains("this folder holds other files"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("other")) == ["mine.ndjson"])
  }

  @Test func `no output takes the place of an input, by whatever name`() throws {
    let workspace = try Workspace()
    let text = #"{"resourceType":"Patient","id":"p"}"# + "\n"
    let file = try workspace.write("in/p.ndjson", text)
    let folder = workspace.path("in")
    for name in ["in/../in/p.ndjson", "in/./p.ndjson", "in/p.ndjson"] {
      let path = "\(workspace.folder.path)/\(name)"
      for arguments in [
        ["convert", file, path], ["validate", folder, "--output", path, "--format", "json"],
        ["validate", file, "--write-baseline", path],
      ] {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 2, "\(arguments)")
        #expect(outcome.errors == "fhirline: \(path): the output would overwrite the input\n")
      }
    }
    #expect(try workspace.read("in/p.ndjson") == text)
  }

  /// A variable of a script that is not set: nothing is done before it is known where it goes.
  @Test(arguments: [
    ["import", "Samples/clinic", "--quarantine", ""], ["export", "--out", ""],
    ["export", "--out", "", "--format", "json"], ["export", "--out", "", "--format", "bundle"],
    ["validate", "Samples/clinic", "--output", ""], ["validate", "Samples/clinic", "--write-baseline", ""],
    ["convert", "Samples/clinic/okafor.json", "", "--format", "xml"],
  ])
  func `an empty name for an output is refused`(arguments: [String]) throws {
    guard Workspace.hasMongoDB || arguments[0] != "import" && arguments[0] != "export" else { return }
    let outcome = try Workspace().run(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.errors == "fhirline: the name given for what is to be written is empty\n")
  }

  @Test func `links in the place of files are refused, and what they lead to is left alone`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.ndjson", #"{"resourceType":"Patient","id":"p"}"# + "\n")
    try workspace.write("folder/in.json", #"{"resourceType":"Patient","id":"p"}"#)
    _ = try workspace.importFiles(file)
    let target = try workspace.write("target", "precious")
    try FileManager.default.createDirectory(
      atPath: workspace.path("elsewhere"), withIntermediateDirectories: true)
    func link(_ name: String, to path: String) throws -> String {
      let place = workspace.folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: path)
      return place.path
    }
    _ = try link("lines/Patient.ndjson", to: target)
    _ = try link("files/Patient", to: workspace.path("elsewhere"))
    _ = try link("tree/in.xml", to: target)
    let runs = [
      ["export", "--out", workspace.path("lines"), "--overwrite"],
      ["export", "--out", workspace.path("files"), "--format", "json", "--overwrite"],
      ["export", "--out", try link("all.json", to: target), "--format", "bundle", "--overwrite"],
      ["export", "--out", workspace.path("good"), "--report", try link("report", to: target)],
      ["validate", file, "--output", try link("findings", to: target)],
      ["validate", file, "--write-baseline", try link("baseline", to: target)],
      ["convert", file, try link("c.xml", to: target)],
      ["convert", workspace.path("folder"), workspace.path("tree"), "--format", "xml"],
    ]
    for arguments in runs {
      let outcome = try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
      #expect(outcome.status == 2, "\(arguments): \(outcome.output) \(outcome.errors)")
      #expect(outcome.errors.contains("symbolic link"), "\(arguments): \(outcome.errors)")
    }
    #expect(try workspace.read("target") == "precious")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("elsewhere")).isEmpty)
    // A quarantine file takes another name beside what is there.
    let bad = try workspace.write("bad.ndjson", #"{"resourceType":"Patient","id":7}"# + "\n")
    _ = try workspace.run("import", bad, "--quarantine", try link("q.ndjson", to: target))
    #expect(try workspace.read("target") == "precious")
    #expect(try workspace.read("q-2.ndjson").contains("Patient"))
    // Links to what keeps nothing serve as they do everywhere.
    let piped = try workspace.run("convert", file, "/dev/stdout", "--format", "xml")
    #expect(piped.status == 0 && piped.output.contains("<Patient"), "\(piped.errors)")
  }

  @Test func `no document leads an export out of its folder`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        [
          "_id": "a", "fhir": ["resourceType": "../../escaped", "id": "x"],
          "_fhirline": ["key": "../../escaped/x"],
        ],
        [
          "_id": "b", "fhir": ["resourceType": "Basic", "id": "../../escaped"],
          "_fhirline": ["key": "Basic/../../escaped"],
        ],
        [
          "_id": "c", "fhir": ["resourceType": "/escaped", "id": "/escaped"],
          "_fhirline": ["key": "/escaped//escaped"],
        ],
      ], into: "resource")
    for format in ["ndjson", "json"] {
      _ = try workspace.run("export", "--out", workspace.path("deep/er/\(format)"), "--format", format)
    }
    let escaped =
      FileManager.default.enumerator(atPath: workspace.folder.path)?
      .compactMap { $0 as? String }.filter { $0.contains("escaped") && !$0.hasPrefix("deep/er/") } ?? []
    #expect(escaped.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "/escaped"))
  }

  @Test(arguments: ["json", "ndjson", "tgz"]) func `a zip bomb ends with a word, soon`(kind: String) throws {
    let workspace = try Workspace()
    // 400 MB of one letter, a thousandth of that as they lie there.
    let script =
      switch kind {
      case "json":
        #"(printf '{"resourceType":"Patient","id":"p","name":[{"family":"'; head -c 400000000 /dev/zero | tr '\0' a) | gzip"#
      case "ndjson": "head -c 400000000 /dev/zero | tr '\\0' '\\n' | gzip"
      default:
        "mkdir -p package && truncate -s 400000000 package/bomb.json && echo '{}' >package/package.json"
          + " && tar -cz package"
      }
    let name = kind == "tgz" ? "bomb.tgz" : "bomb.\(kind).gz"
    try #require(
      try ChildProcess.run(["/bin/sh", "-c", "\(script) >\(name)"], in: workspace.folder.path) == 0)
    let input = try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#)
    let arguments =
      kind == "tgz"
      ? ["validate", input, "--package", workspace.path(name)] : ["validate", workspace.path(name)]
    // 1 GB of address space beside what the tables take; a reader that kept the bomb would end at it.
    let outcome = try Program.run(
      ["-c", "ulimit -v 2500000; exec \"$0\" \"$@\"", Program.executable.path] + arguments,
      program: URL(filePath: "/bin/sh"))
    #expect((1...2).contains(outcome.status), "\(outcome.output) \(outcome.errors)")
    #expect((outcome.output + outcome.errors).contains(/bomb|larger than|more than/), "\(outcome)")
  }

  @Test(arguments: ["validate", "import", "plan", "convert", "fhirpath", "compare"])
  func `a file that unzips to more than its limit is read no further`(command: String) throws {
    let workspace = try Workspace()
    // Of a modest ratio, line after line: what only the limit in bytes keeps from being read to its end.
    var lines = ""
    for number in 0..<30_000 {
      lines +=
        #"{"resourceType":"Organization","id":"o\#(number)","name":"Clinic \#(number &* 7_919 % 10_007)"}"#
        + "\n"
    }
    let file = try workspace.write("many.ndjson", lines)
    try #require(try ChildProcess.run(["/bin/sh", "-c", "gzip -c '\(file)' >'\(file).gz'"]) == 0)
    let config = try workspace.write("pipeline.yml", "limits:\n  unzipped_bytes: 1000000\n")
    var arguments = [command] + (command == "fhirpath" ? ["id"] : []) + [file + ".gz"]
    switch command {
    case "import", "plan": guard Workspace.hasMongoDB else { return }
    case "convert": arguments.append(workspace.path("out.ndjson"))
    case "compare": arguments.append(file)
    default: break
    }
    if command == "import" { arguments += ["--quarantine", workspace.path("q")] }
    func run(_ arguments: [String]) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    }
    let outcome = try run(arguments + ["--config", config])
    #expect(outcome.status == 1 || outcome.status == 2, "\(outcome.errors)")
    let said = outcome.output + outcome.errors
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out.ndjson")))
    #expect(said.contains("more than 1000000 bytes") && said.contains("limits.unzipped_bytes"), "\(said)")
    // The same without a limit is read to its end.
    let whole = try run(arguments)
    #expect(whole.status == 0, "\(whole.errors)")
  }

  @Test(arguments: ["validate --format ndjson", "validate --format json", "fhirpath gender"])
  func `what nobody reads any more is not gone on with`(command: String) throws {
    // Whoever went on to the end would do so for ever: the input has none.
    let script = """
      yes '{"resourceType":"Patient","id":"p","gender":"x"}' |
        { timeout 100 "$0" \(command) - --quiet; echo "$?" >&2; } | head -c 1
      """
    let outcome = try Program.run(["-c", script, Program.executable.path], program: URL(filePath: "/bin/sh"))
    #expect(outcome.output.count == 1)
    #expect(outcome.errors == "3\n")
  }

  @Test(arguments: ["convert", "import"])
  func `a limit on the size of files is told, and nothing half looks whole`(command: String) throws {
    if command == "import", !Workspace.hasMongoDB { return }
    let workspace = try Workspace()
    let filler = String(repeating: "x", count: 2_000_000)
    let lines = (0..<10).map {
      #"{"resourceType":"Basic","id":"\#($0)","created":"x","code":{"text":"\#(filler)"}}"#
    }
    let input = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    let rest =
      command == "import" ? ["--quarantine", workspace.path("q.ndjson")] : [workspace.path("out.xml")]
    // In blocks of 512 bytes or of 1,024: what a shell counts in.
    let script = #"ulimit -f 4000; exec "$0" "$@""#
    let outcome = try Program.run(
      ["-c", script, Program.executable.path, command, input] + rest,
      environment: ["FHIRLINE_DATABASE": workspace.database], program: URL(filePath: "/bin/sh"))
    #expect(outcome.status == 3)
    #expect(outcome.errors.contains("File too large; raise the limit (ulimit -f)"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out.xml")))
    if command == "import" {
      let aside = try workspace.read("q.ndjson")
      #expect(aside.isEmpty || aside.hasSuffix("}\n"))
    }
  }
}
