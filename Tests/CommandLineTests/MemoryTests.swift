import Foundation
import Testing

/// How much memory the program takes at most, for inputs that are large in one way or another.
///
/// The bounds are those of a debug build, and of inputs that are small enough for every run of the tests.
@Suite(.serialized) struct MemoryTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private static let megabyte = 1 << 20

  /// Writes a file piece by piece: the test need not hold it.
  private func write(_ name: String, _ pieces: some Sequence<String>) throws -> String {
    let path = workspace.path(name)
    try Data().write(to: URL(filePath: path))
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    for piece in pieces { try file.write(contentsOf: Data(piece.utf8)) }
    try file.close()
    return path
  }

  private func run(_ arguments: [String]) throws -> Program.Outcome {
    try Program.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database], watchesMemory: true)
  }

  /// What the program takes for next to nothing.
  ///
  /// The highest of several runs: on a busy machine one may end before anybody looked at it when it had all that it takes.
  private func least(_ arguments: [String]) throws -> Int {
    let input = try workspace.write("least.json", #"{"resourceType":"Patient","id":"p"}"#)
    return try (0..<5).reduce(0) { most, _ in
      max(most, try run([arguments[0], input] + arguments.dropFirst()).peak)
    }
  }

  /// A resource of so many MB whose text is one string.
  private func large(megabytes: Int) throws -> String {
    let piece = String(repeating: "QUJD", count: MemoryTests.megabyte / 4)
    return try write(
      "large.json",
      ["{\"resourceType\":\"Binary\",\"id\":\"b\",\n\"contentType\":\"text/plain\",\"data\":\""]
        + Array(repeating: piece, count: megabytes) + ["\"}\n"])
  }

  @Test func `a large resource is in memory once`() throws {
    let input = try large(megabytes: 12)
    let room = (12 + 16) * MemoryTests.megabyte
    let base = try least(["validate"])
    #expect(try run(["validate", input]).peak < base + room)
    let output = workspace.path("out.ndjson")
    let converted = try run(["convert", input, output])
    #expect(converted.status == 0)
    #expect(converted.peak < base + room)
    #expect(try Data(contentsOf: URL(filePath: output)).count > 12_000_000)
  }

  @Test func `of a Bundle on one line of NDJSON its text is in memory, and no tree of all its entries`()
    throws
  {
    let entry = #"{"resource":{"resourceType":"Observation","status":"final","code":{"text":"a"}}}"#
    let input = try write(
      "line.ndjson",
      [
        #"{"resourceType":"Patient","id":"p"}"# + "\n"
          + #"{"resourceType":"Bundle","type":"collection","entry":["#
      ]
        + (0..<150_000).lazy.map { $0 == 0 ? entry : "," + entry } + ["]}\n"])
    // The trees of all entries are six times as large as their text.
    let room = (12 + 24) * MemoryTests.megabyte
    let base = try least(["validate"])
    let converted = try run(["convert", input, workspace.path("out.ndjson")])
    #expect(converted.status == 0)
    #expect(converted.peak < base + room)
  }

  @Test(.enabled(if: Workspace.hasMongoDB))
  func
    `a resource too large for MongoDB is set aside, shown and replayed in the memory that it takes itself`()
    throws
  {
    let input = try large(megabytes: 15)
    let quarantine = workspace.path("q.ndjson")
    let room = (15 + 24) * MemoryTests.megabyte
    let base = try least(["import", "--quarantine", workspace.path("none.ndjson")])
    let imported = try run(["import", input, "--quarantine", quarantine])
    #expect(imported.status == 1 && imported.errors.contains("too large for a MongoDB document"))
    #expect(imported.peak < base + room)
    let line = try String(contentsOfFile: quarantine, encoding: .utf8)
    #expect(
      line.hasSuffix("QUJD\"}}\n")
        && line.contains(#""resource":{"resourceType":"Binary","id":"b", "content"#))
    let list = try run(["quarantine", "list", "--file", quarantine])
    #expect(list.output.contains("Binary"))
    #expect(list.peak < base + room)
    let shown = try run(["quarantine", "show", "1", "--file", quarantine])
    #expect(shown.output.count > 12_000_000)
    #expect(shown.peak < base + room)
    let replayed = try run(["quarantine", "replay", "--file", quarantine])
    // It is in the file that is read, and in what is made of it.
    #expect(replayed.status == 1)
    #expect(replayed.peak < base + room + 24 * MemoryTests.megabyte)
    #expect(
      try String(contentsOfFile: quarantine, encoding: .utf8).suffix(14_000_000) == line.suffix(14_000_000))
  }

  @Test func `two large resources that differ are compared in the memory that one takes`() throws {
    // 12 MB, and 11 MB of elements.
    func list(_ name: String, _ title: String) throws -> String {
      let filler = String(repeating: "x", count: 36)
      let entries = (0..<150_000).lazy.map {
        #"{"item":{"reference":"Group/\#(filler)\#(10_000_000 + $0)"}},"#
      }
      return try write(
        name,
        [#"{"resourceType":"List","id":"l","status":"current"\#(title),"entry":["#] + Array(entries)
          + [#"{"item":{"reference":"Group/1"}}]}"#])
    }
    let out = try run(["compare", try list("first.json", ""), try list("second.json", #","title":"t""#)])
    #expect(out.status == 1)
    #expect(out.output.hasPrefix("differs: List/l: List.title: it is missing in the first\n"))
    let base = try least([
      "compare", try workspace.write("none.json", #"{"resourceType":"Patient","id":"p"}"#),
    ])
    // Both are 23 MB each; a large page of the chunks that are read first is among the rest.
    #expect(out.peak < base + (12 + 11 + 16) * MemoryTests.megabyte)
  }

  @Test func `a resource beyond the limits is passed over, and what follows it is read`() throws {
    let piece = String(repeating: "a", count: 1_000_000)
    let input = try write(
      "huge.ndjson",
      ["{\"resourceType\":\"Basic\",\"id\":\""] + Array(repeating: piece, count: 30)
        + ["\"}\n{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"nonsense\"}\n"])
    let config = try workspace.write("pipeline.yml", "limits:\n  resource_bytes: 4000000\n")
    let outcome = try run(["validate", input, "--config", config])
    let base = try least(["validate"])
    #expect(outcome.status == 1)
    #expect(outcome.peak < base + 16 * MemoryTests.megabyte)
    #expect(outcome.output.contains("huge.ndjson:1:1: fatal: ") && outcome.output.contains("4000000 bytes"))
    #expect(outcome.output.contains("huge.ndjson:2:"))
  }

  @Test(.enabled(if: Workspace.hasMongoDB))
  func `versions of one resource are not in memory together`() throws {
    let input = try write(
      "versions.ndjson",
      (0..<60_000).lazy.map {
        #"{"resourceType":"Patient","id":"v","meta":{"versionId":"\#($0)"},"name":[{"family":"Family\#($0)"}]}"#
          + "\n"
      })
    let imported = try run(["import", input, "--quiet"])
    #expect(imported.status == 0)
    #expect(imported.peak < (try least(["import", "--quiet"])) + 60 * MemoryTests.megabyte)
    let exported = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson")
    #expect(exported.output.contains("Family59999"))
  }
}
