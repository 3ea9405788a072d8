import Foundation
import Testing

@Suite struct ConvertTests {
  private let bundle =
    #"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002","resource":"#
    + #"{"resourceType":"Patient","id":"p","_birthDate":{"extension":[{"url":"https://x.org/e","valueDecimal":1.00}]},"#
    + #""birthDate":"1970-03"}},{"resource":{"resourceType":"Organization","name":"a \"b\" <c>\n"}}],"#
    + #""type":"collection","timestamp":"2024-01-01T00:00:00Z"}"#

  @Test func `a Bundle goes to XML and back, its members in their order`() throws {
    let workspace = try Workspace()
    let json = try workspace.write("a.json", bundle)
    #expect(try workspace.run("convert", json, workspace.path("a.xml"), "--quiet").status == 0)
    let xml = try workspace.read("a.xml")
    let type = try #require(xml.range(of: "<type "))
    let entry = try #require(xml.range(of: "<entry>"))
    #expect(type.lowerBound < entry.lowerBound)
    #expect(
      try workspace.run("convert", workspace.path("a.xml"), workspace.path("b.json"), "--quiet").status == 0)
    #expect(try workspace.run("compare", json, workspace.path("b.json")).status == 0)
    #expect(try workspace.read("b.json").contains(#""timestamp":"2024-01-01T00:00:00Z""#))
    #expect(try workspace.read("b.json").contains("1.00"))
  }

  @Test func `standard input goes to standard output, pretty or not`() throws {
    let workspace = try Workspace()
    for flags in [["--format", "xml"], ["--format", "xml", "--pretty"], ["--format", "json", "--pretty"]] {
      let outcome = try Program.run(["convert", "-", "-"] + flags, input: Data(bundle.utf8))
      #expect(outcome.status == 0, "\(outcome.errors)")
      try workspace.write("out." + flags[1], outcome.output)
      let json = try workspace.write("in.json", bundle)
      #expect(try workspace.run("compare", json, workspace.path("out." + flags[1])).status == 0)
    }
  }

  @Test func `a reader who has had enough is no failure to be told`() throws {
    let workspace = try Workspace()
    let lines = (0..<20_000).map { #"{"resourceType":"Patient","id":"p\#($0)"}"# }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    let script = #"{ "$0" convert "$1" - --format ndjson --quiet; echo "$?" >&2; } | head -n 1"#
    let outcome = try Program.run(
      ["-c", script, Program.executable.path, file], program: URL(filePath: "/bin/sh"))
    #expect(outcome.output == lines[0] + "\n")
    #expect(outcome.errors == "3\n")
  }

  @Test func `files of one name in a folder stand beside each other, and one that breaks off holds up none`()
    throws
  {
    let workspace = try Workspace()
    try workspace.write("in/a.json", #"{"resourceType":"Patient","id":"j"}"#)
    try workspace.write("in/a.xml", #"<Patient xmlns="http://hl7.org/fhir"><id value="x"/></Patient>"#)
    try workspace.write("in/a.ndjson", #"{"resourceType":"Patient","id":"n"}"#)
    let folders = [workspace.path("in"), workspace.path("out")]
    #expect(try workspace.run("convert", folders[0], folders[1], "--format", "xml", "--quiet").status == 0)
    #expect(try workspace.run("compare", folders[0], folders[1]).status == 0)

    // The head of a gzip file, and no more.
    try Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xAB]).write(
      to: workspace.folder.appending(path: "in/0.json.gz"))
    let broken = try workspace.run(
      "convert", folders[0], workspace.path("more"), "--format", "json", "--quiet")
    #expect(broken.status == 1)
    #expect(broken.errors.contains("0.json.gz"))
    #expect(FileManager.default.fileExists(atPath: workspace.path("more/a.json")))
  }

  @Test func `what cannot be read leaves no file, and an earlier one as it is`() throws {
    let workspace = try Workspace()
    let bad = try workspace.write("bad.json", #"{"resourceType":"Patient","id":"p","name":[{"family":]}"#)
    let earlier = try workspace.write("earlier.xml", "<Patient/>")
    for out in [workspace.path("new.xml"), workspace.path("new.ndjson"), earlier] {
      #expect(try workspace.run("convert", bad, out, "--quiet").status == 1)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.folder.path).count == 2)
    #expect(try workspace.read("earlier.xml") == "<Patient/>")
  }

  @Test func `a Bundle's resources become lines, and lines a Bundle`() throws {
    let workspace = try Workspace()
    let json = try workspace.write("a.json", bundle)
    #expect(try workspace.run("convert", json, workspace.path("a.ndjson"), "--quiet").status == 0)
    #expect(try workspace.read("a.ndjson").split(separator: "\n").count == 2)
    #expect(
      try workspace.run("convert", workspace.path("a.ndjson"), workspace.path("b.xml"), "--quiet").status == 0
    )
    #expect(try workspace.run("compare", json, workspace.path("b.xml")).status == 0)
    #expect(try workspace.read("b.xml").contains("<type value=\"collection\"/>"))
  }

  @Test func `a name that ends in gz is a zipped file's, in the format that stands before`() throws {
    let workspace = try Workspace()
    let json = try workspace.write("a.json", bundle)
    for name in ["a.xml.gz", "b.JSON.GZ", "c.ndjson.gz"] {
      #expect(try workspace.run("convert", json, workspace.path(name), "--quiet").status == 0)
      let bytes = try Data(contentsOf: workspace.folder.appending(path: name))
      #expect(bytes.starts(with: [0x1F, 0x8B]), "\(name)")
      let plain = workspace.path("plain." + name.split(separator: ".")[1])
      try workspace.unzip(name, to: "plain." + name.split(separator: ".")[1])
      #expect(try workspace.run("compare", json, plain).status == 0, "\(name)")
      #expect(try workspace.run("convert", json, workspace.path(name), "--quiet").status == 0)
      #expect(try Data(contentsOf: workspace.folder.appending(path: name)) == bytes)
    }
  }

  @Test func `a folder becomes a folder`() throws {
    let workspace = try Workspace()
    #expect(
      try workspace.run("convert", "Samples/clinic", workspace.path("out"), "--format", "ndjson", "--quiet")
        .status == 0)
    #expect(try workspace.run("compare", "Samples/clinic", workspace.path("out")).status == 0)
  }

  @Test func `what is no FHIR leaves no file behind`() throws {
    let workspace = try Workspace()
    let outcome = try workspace.run("convert", workspace.path("none.json"), workspace.path("out.xml"))
    #expect(outcome.status == 2)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out.xml")))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out.xml.part")))
    #expect(try workspace.run("convert", "Samples/clinic/okafor.json", workspace.path("out.pdf")).status == 2)
  }
}
