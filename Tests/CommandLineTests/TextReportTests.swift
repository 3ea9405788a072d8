import Foundation
import Testing

/// What `validate` says to a person at a terminal.
@Suite struct TextReportTests {
  @Test func `a finding is shown as compilers do, without values`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "p.json", "{\n  \"resourceType\": \"Patient\",\n  \"gender\": \"woman\"\n}\n")
    let outcome = try workspace.run("validate", file)
    #expect(outcome.lines.count == 3)
    #expect(outcome.lines[0].hasPrefix("\(file):3:3: error: Patient.gender must be one of"))
    #expect(outcome.lines[0].hasSuffix("[binding-required]"))
    #expect(outcome.lines[1...] == ["    3 │   \"gender\": \"•••••\"", "      │   ^~~~~~~~"])
    #expect(try workspace.run("validate", file, "--show-values").output.contains("\"gender\": \"woman\""))
  }

  @Test func `what is missing tells causes apart`() throws {
    let workspace = try Workspace()
    let noStatus = #"{"resourceType":"Observation","code":{"text":"x"}}"#
    let noCode = #"{"resourceType":"Observation","status":"final"}"#
    let file = try workspace.write("o.ndjson", String(repeating: "\(noStatus)\n\(noCode)\n", count: 30))
    let outcome = try workspace.run("validate", file)
    #expect(outcome.output.hasPrefix("60 findings, 2 causes\n"))
    #expect(outcome.output.contains("Observation.status is missing"))
    #expect(outcome.output.contains("Observation.code is missing"))
  }

  @Test func `many findings are told by cause`() throws {
    let workspace = try Workspace()
    let bad = #"{"resourceType":"Patient","gender":"woman","birthDate":"1990-02-30"}"#
    let first = try workspace.write("a.ndjson", String(repeating: bad + "\n", count: 40))
    let bundle =
      #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:3d1f6b3c-5d2f-4b6e-9c3e-7a5b1a2c3d4e","resource":\#(bad)}]}"#
    let second = try workspace.write("b.json", bundle)
    let outcome = try workspace.run("validate", first, second)
    #expect(outcome.status == 1)
    // A Bundle's entry has the same fault as a resource of its own.
    #expect(outcome.output.hasPrefix("82 findings, 2 causes\n"))
    #expect(outcome.output.contains("error: binding-required at Patient.gender, 41 times in 2 files\n"))
    #expect(outcome.output.contains("error: primitive-range at Patient.birthDate, 41 times in 2 files\n"))
    #expect(outcome.output.contains("  \(first):1:27, \(first):2:27, \(first):3:27 and 38 more\n"))
    #expect(outcome.errors.contains("82 errors"))

    let all = try workspace.run("validate", first, second, "--group", "never")
    #expect(all.lines.filter { $0.contains(": error: ") }.count == 82)
    let some = try workspace.run("validate", first, second, "--group", "never", "--max-issues", "3")
    #expect(some.lines.filter { $0.contains(": error: ") }.count == 3)
    #expect(some.output.hasSuffix("… and 79 more findings\n"))
    #expect(some.errors.contains("82 errors"))
    let one = try workspace.run("validate", first, second, "--max-issues", "1")
    #expect(one.output.hasSuffix("\n… and 41 findings of 1 more cause\n"))
  }

  @Test func `a line of a gzip file is found again`() throws {
    let workspace = try Workspace()
    let line = Data((#"{"resourceType":"Patient","gender":"woman"}"# + "\n").utf8)
    // A stored block: no compressor is needed. The checksum is that of its text (RFC 1952).
    var file = Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
    file += [1, UInt8(line.count), 0, UInt8(~line.count & 0xFF), 0xFF] + line
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in line {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    for value in [~sum, UInt32(line.count)] {
      file += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let outcome = try workspace.run("validate", try workspace.write("p.ndjson.gz", file))
    #expect(outcome.lines.count == 3, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.lines.dropFirst().first == #"    1 │ {"resourceType":"Patient","gender":"•••••"}"#)
  }

  @Test func `standard input is read once, so that its findings have no frame`() throws {
    let outcome = try Program.run(
      ["validate", "-"], input: Data(#"{"resourceType":"Patient","gender":"x"}"#.utf8))
    #expect(outcome.lines.count == 1)
    #expect(outcome.output.hasPrefix("<stdin>:1:27: error: "))
  }
}
