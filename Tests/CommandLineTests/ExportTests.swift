import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct ExportTests {
  @Test func `a resource without an id is exported under the id that references to it name`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "noid.json",
      #"{"resourceType":"Bundle","type":"collection","entry":["#
        + #"{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00a","resource":{"resourceType":"Patient","gender":"other"}},"#
        + #"{"fullUrl":"urn:oid:1.2.3","resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00a"}}}]}"#)
    _ = try workspace.importFiles(file)
    let resolved = workspace.path("resolved.json")
    #expect(
      try workspace.run("export", "--out", resolved, "--format", "bundle", "--quiet").status == 0)
    let text = try workspace.read("resolved.json")
    #expect(text.contains(#""id":"0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00a","gender""#))
    #expect(text.contains(#""reference":"Patient/0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00a""#))
    #expect(try workspace.run("validate", resolved).status == 0)
    // The id is no news to the database that it came from.
    #expect(try workspace.importFiles(resolved).loaded == .init(inserted: 0, replaced: 0, unchanged: 2))

    let original = workspace.path("original.json")
    let arguments = [
      "export", "--out", original, "--format", "bundle", "--references", "original", "--quiet",
    ]
    #expect(
      try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database]).status == 0)
    #expect(try workspace.run("validate", original).status == 0)
    #expect(try workspace.read("original.json").contains(#""fullUrl":"urn:oid:1.2.3""#))
    #expect(try workspace.run("compare", file, original).status == 0)
  }

  @Test func `an export that cannot be written where it is sent says so`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(
      try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#))
    let file = try workspace.write("taken", "x")
    let onto = try workspace.run("export", "--out", file, "--quiet")
    #expect(onto.status == 2)
    #expect(onto.errors == "fhirline: \(file): this is a file; a folder was expected\n")

    try workspace.write("mixed/Patient/other.json", "{}")
    let mixed = try workspace.run("export", "--out", workspace.path("mixed"), "--format", "json", "--quiet")
    #expect(mixed.status == 2)
    #expect(mixed.errors.contains("--overwrite"))
  }

  @Test func `a Bundle is written as its name says, zipped or not`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#)
    _ = try workspace.importFiles(file)
    for (name, start) in [("a.xml.gz", "<?xml"), ("a.json.gz", "{"), ("a.gz", "{")] {
      let out = workspace.path(name)
      #expect(try workspace.run("export", "--format", "bundle", "--out", out, "--quiet").status == 0)
      try workspace.unzip(name, to: "plain")
      #expect(try workspace.read("plain").hasPrefix(start), "\(name)")
      #expect(try workspace.run("compare", file, out).status == 0)
    }
  }

  @Test(arguments: [
    ("bundle", "all.ndjson", "a Bundle is one JSON or XML file"),
    ("ndjson", "all.ndjson.gz", "writes a folder, and"), ("json", "all.xml", "writes a folder, and"),
    ("xml", "all.gz", "writes a folder, and"), ("xml", "-", "writes many files"),
  ])
  func `a name that does not go with the format is refused`(format: String, name: String, words: String)
    throws
  {
    let workspace = try Workspace()
    let out = name == "-" ? name : workspace.path(name)
    let outcome = try workspace.run("export", "--format", format, "--out", out)
    #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.folder.path).isEmpty)
  }

  @Test(arguments: ["Patint", "patient"])
  func `a type that R4 has not is told with the one that was meant`(type: String) throws {
    let workspace = try Workspace()
    let outcome = try workspace.run("export", "--out", workspace.path("out"), "--type", type)
    #expect(outcome.status == 2 && outcome.errors.hasSuffix("\(type); did you mean Patient?\n"))
  }

  @Test func `what XML cannot hold is told by its type and element`() throws {
    let workspace = try Workspace()
    let text = #"{"resourceType":"Patient","id":"p","name":[{"family":"a\u0001b"}]}"#
    _ = try workspace.importFiles(try workspace.write("p.json", text))
    let report = workspace.path("report.ndjson")
    let outcome = try workspace.run(
      "export", "--format", "xml", "--out", workspace.path("out"), "--report", report)
    #expect(outcome.errors.contains("    Patient.name[0].family: it has a character"), "\(outcome.errors)")
    #expect(
      try workspace.read("report.ndjson").contains(#""document":"Patient","id":"p","field":"name[0].family""#)
    )
    #expect(outcome.status == 1)
    // Nobody else would tell.
    for arguments in [["xml", "quiet"], ["bundle", "quiet.xml"]] {
      let quiet = try workspace.run(
        ["export", "--quiet", "--format", arguments[0], "--out", workspace.path(arguments[1])])
      #expect(quiet.status == 1)
      #expect(
        quiet.errors.hasPrefix(
          """
          fhirline: 1 value could not be written as it stands:
              Patient.name[0].family: it has a character
          """), "\(quiet.errors)")
    }
    let json = try workspace.run("export", "--quiet", "--out", workspace.path("json"))
    #expect(json.status == 0 && json.errors.isEmpty)
  }

  @Test func `XML that is too large to be read again is told of`() throws {
    let workspace = try Workspace()
    let configuration = try workspace.write("limits.yml", "limits: {resource_bytes: 4000000}\n")
    let text = String(repeating: "QUJD", count: 750_000)
    let file = try workspace.write(
      "b.json", #"{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"\#(text)"}"#)
    _ = try workspace.importFiles(file)
    let outcome = try workspace.run(
      "export", "--format", "xml", "--out", workspace.path("out"), "--config", configuration)
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        "Binary.data: it takes 3000009 bytes in XML, more than half of the 4000000 bytes that a resource may have"
      ),
      "\(outcome.errors)")
    let xml = workspace.path("out/Binary/b.xml")
    #expect(try workspace.run("validate", xml, "--config", configuration).status != 0)
    // It is whole all the same.
    #expect(try workspace.run("compare", file, xml).status == 0)
    let plain = try workspace.run("export", "--format", "xml", "--out", workspace.path("plain"))
    #expect(plain.status == 0, "\(plain.errors)")
  }

  @Test func `an export of a database that holds nothing says so`() throws {
    let workspace = try Workspace()
    let export = try workspace.run("export", "--out", workspace.path("out"))
    #expect(export.status == 0)
    #expect(export.errors.contains("the database \(workspace.database) holds nothing to export"))
  }

  @Test func `an export that finds nothing of what was asked for says so`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#))
    let outcome = try workspace.run("export", "--out", workspace.path("out"), "--patient", "q")
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("holds nothing of what was asked for"), "\(outcome.errors)")
  }

  @Test(arguments: ["no address", "fhir.example.org", "https://", "https:///x", "https://a.b/?x=1"])
  func `a Bundle's fullUrls begin with an address`(base: String) throws {
    let workspace = try Workspace()
    let outcome = try workspace.run(
      "export", "--format", "bundle", "--out", workspace.path("b.json"), "--base-url", base)
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("fhirline: --base-url:"), "\(outcome.errors)")
  }

  @Test(arguments: ["ndjson", "json", "xml"])
  func `what has no fullUrl takes no address for it`(format: String) throws {
    let workspace = try Workspace()
    let outcome = try workspace.run(
      "export", "--format", format, "--out", workspace.path("out"), "--base-url", "https://a.b")
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("fhirline: --base-url: "), "\(outcome.errors)")
  }

  @Test func `the same id from two sources makes two files`() throws {
    let workspace = try Workspace()
    for source in ["north", "south"] {
      let configuration = try workspace.write("\(source).yml", "import:\n  source: \(source)\n")
      let file = try workspace.write(
        "\(source).json", #"{"resourceType":"Organization","id":"1","name":"\#(source)"}"#)
      #expect(try workspace.run("import", file, "--config", configuration, "--quiet").status == 0)
    }
    #expect(
      try workspace.run("export", "--out", workspace.path("out"), "--format", "json", "--quiet").status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/Organization")).count == 2)
  }

  @Test func `two sources' resources of one id are not mixed`() throws {
    let workspace = try Workspace()
    for (source, gender) in [("north", "female"), ("south", "male")] {
      let configuration = try workspace.write("\(source).yml", "import:\n  source: \(source)\n")
      let file = try workspace.write(
        "\(source).ndjson",
        #"{"resourceType":"Patient","id":"1","gender":"\#(gender)"}"# + "\n"
          + #"{"resourceType":"Organization","id":"o","name":"\#(source)"}"# + "\n")
      #expect(try workspace.run("import", file, "--config", configuration, "--quiet").status == 0)
    }
    let mixed = try workspace.run("export", "--out", workspace.path("all"), "--quiet")
    #expect(mixed.status == 2)
    #expect(mixed.errors.contains("north, south"))
    let south = try workspace.run(
      "export", "--out", workspace.path("out"), "--source", "south", "--patient", "1", "--quiet")
    #expect(south.status == 0)
    #expect(try workspace.read("out/Patient.ndjson").contains("male"))
    #expect(try !workspace.read("out/Patient.ndjson").contains("female"))
    #expect(
      try workspace.run("export", "--out", workspace.path("o2"), "--source", "north", "--quiet").status == 0)
    #expect(try workspace.read("o2/Organization.ndjson").split(separator: "\n").count == 1)
  }
}
