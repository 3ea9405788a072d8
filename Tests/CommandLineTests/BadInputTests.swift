import Foundation
import TestSupport
import Testing

/// Whatever a file holds: a clear finding at its place, the right exit code, nothing lost, and never a crash.
@Suite struct BadInputTests {
  @Test(arguments: BadInput.all) func `validate says what is wrong and where`(input: BadInput) throws {
    let workspace = try Workspace()
    let file = try workspace.write(input.name, input.bytes)
    let outcome = try workspace.run("validate", file, "--format", "ndjson")
    let found = try Finding.all(in: outcome.output)
    #expect(found.map { "\($0.line) \($0.rule)" } == input.faults)
    #expect(outcome.status == 1, "\(outcome.errors)")
  }

  @Test(arguments: BadInput.all) func `a line for people stays a line for people`(input: BadInput) throws {
    let workspace = try Workspace()
    let file = try workspace.write(input.name, input.bytes)
    let outcome = try workspace.run("validate", file)
    var findings = 0
    for line in outcome.lines {
      if line.hasPrefix(file + ":") {
        findings += 1
        #expect(line.utf8.count < file.utf8.count + 1200)
      } else {
        // The source's line, and the caret below it.
        #expect(line.contains(" │ ") && line.unicodeScalars.count < 120, "\(line)")
      }
      #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
    }
    #expect(findings == input.faults.count)
    // Neither the file that the entity names nor a value of the input is shown.
    #expect(!outcome.output.contains("root:") && !outcome.output.contains("ller"))
  }

  @Test(arguments: BadInput.all) func `convert does not crash, and says so`(input: BadInput) throws {
    let workspace = try Workspace()
    let file = try workspace.write(input.name, input.bytes)
    for format in ["json", "xml", "ndjson"] {
      let outcome = try workspace.run("convert", file, workspace.path("out.\(format)"))
      #expect((0...2).contains(outcome.status), "\(outcome.status): \(outcome.errors)")
      // Reading finds what is no JSON, XML or resource; the content's own rules are for `validate`.
      if input.faults.contains(where: { $0.hasSuffix("syntax") || $0.hasSuffix("empty-input") }) {
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains(file))
      }
    }
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `import sets aside what is bad and loads the rest`() throws {
    let workspace = try Workspace()
    for input in BadInput.all { try workspace.write("in/" + input.name, input.bytes) }
    let summary = try workspace.importFiles(workspace.path("in"), status: 1)
    #expect(summary.loaded.inserted == BadInput.all.reduce(0) { $0 + $1.sound })
    #expect(summary.quarantined == BadInput.all.count)
    #expect(summary.accounted == summary.read)
    // Each is in the file of what was set aside, with its reason.
    let lines = try workspace.read("quarantine.ndjson").split(separator: "\n")
    #expect(lines.count == BadInput.all.count)
    for input in BadInput.all {
      let line = lines.first { $0.contains("/in/\(input.name)\"") }
      for fault in input.faults {
        #expect(line?.contains(fault.split(separator: " ")[1]) == true, "\(input.name)")
      }
    }
  }

  @Test func `content tells the format, whatever the name`() throws {
    let workspace = try Workspace()
    let patient = BadInput.patient("p")
    try workspace.write("in/xml.json", "<Patient xmlns=\"\(BadInput.fhir)\"><id value=\"p1\"/></Patient>")
    try workspace.write("in/json.xml", patient)
    try workspace.write("in/lines.json", patient + "\n" + patient + "\n")
    try workspace.write("in/pretty.ndjson", "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p\"\n}\n")
    try workspace.write("in/plain.json.gz", patient)
    let outcome = try workspace.run("validate", workspace.path("in"))
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("6 resources of 5 files"), "\(outcome.output)\(outcome.errors)")
  }

  @Test func `a gzip file that was cut off is read as far as it goes`() throws {
    let workspace = try Workspace()
    // Stored blocks: the text stands in the file as it is, and no compressor is needed.
    var file = Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
    let line = Data((BadInput.patient("p") + "\n").utf8)
    for _ in 0..<3 {
      let length = UInt16(line.count)
      file +=
        [0, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)] + line
    }
    let outcome = try workspace.run("validate", try workspace.write("cut.ndjson.gz", file))
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("the gzip stream ends too early"))
    #expect(outcome.errors.contains("3 resources of 1 file"))
    // Where nothing at all can be read, the run could not be done.
    let head = try workspace.run("validate", try workspace.write("head.json.gz", file.prefix(12)))
    #expect(head.status == 2)
  }

  @Test func `a signal ends the program with the code of a run that was stopped`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("many.ndjson", String(repeating: "{}\n", count: 20_000))
    for number in [SIGINT, SIGTERM] {
      // Nobody reads it on: the program waits to write more when the signal comes.
      let pipe = workspace.path("pipe\(number)")
      try #require(mkfifo(pipe, 0o600) == 0)
      let reader = open(pipe, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      let program = try ChildProcess(
        [Program.executable.path, "validate", file, "--format", "ndjson"], output: pipe)
      var first: UInt8 = 0
      // Less than none is there until the program writes; none would be its end.
      while program.isRunning, read(reader, &first, 1) != 1 { usleep(1000) }
      program.send(number)
      #expect(program.wait() == 3)
    }
  }

  @Test func `files of a folder that are not read are told, and how many`() throws {
    let workspace = try Workspace()
    try workspace.write("folder/p.json", #"{"resourceType":"Patient","id":"p"}"#)
    try workspace.write("folder/more/table.csv", "a,b")
    try workspace.write("folder/scan.pdf", "%PDF")
    try workspace.write("folder/.hidden.txt", "no business of anybody's")
    let outcome = try workspace.run("validate", workspace.path("folder"))
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("\(workspace.path("folder")): 2 files left out (.csv, .pdf)"))
    #expect(try !workspace.run("validate", "--quiet", workspace.path("folder")).errors.contains("left out"))
  }

  @Test func `inputs that are not there or hold no FHIR`() throws {
    let workspace = try Workspace()
    try workspace.write("folder/readme.txt", "no FHIR here")
    for (argument, words) in [
      (workspace.path("folder"), "no FHIR files in this folder"),
      (workspace.path("missing.json"), "no such file or folder"),
      (workspace.path("*.json"), "no file matches this pattern"),
    ] {
      for command in ["validate", "import"] {
        let outcome = try workspace.run(command, argument)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors == "fhirline: \(argument): \(outcome.errors.trimmed(after: argument))")
        #expect(outcome.errors.contains(words))
      }
    }
  }
}

extension String {
  /// What follows `: ` behind a text.
  fileprivate func trimmed(after text: String) -> Substring {
    guard let range = range(of: text + ": ") else { return "" }
    return self[range.upperBound...]
  }
}
