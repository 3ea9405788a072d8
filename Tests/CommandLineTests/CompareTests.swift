import Foundation
import Testing

@Suite struct CompareTests {
  private func compare(_ first: String, _ second: String) throws -> Program.Outcome {
    let workspace = try Workspace()
    return try workspace.run(
      "compare", try workspace.write("a.ndjson", first), try workspace.write("b.ndjson", second))
  }

  @Test func `what differs, and what is missing, is named`() throws {
    let out = try compare(
      """
      {"resourceType":"Patient","id":"1","gender":"male"}
      {"resourceType":"Patient","id":"2"}
      {"resourceType":"Observation","id":"1","status":"final"}
      """,
      """
      {"resourceType":"Observation","id":"1","status":"final"}
      {"resourceType":"Patient","gender":"female","id":"1"}
      {"resourceType":"Patient","id":"3"}
      """)
    #expect(out.status == 1)
    let lines = out.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("differs: Patient/1: ") && lines[0].contains("gender"))
    #expect(!out.output.contains("female"))
    #expect(lines[1] == "only in the first: Patient/2")
    #expect(lines[2] == "only in the second: Patient/3")
    #expect(lines[3] == "1 resource equal, 1 different, 1 only in the first, 1 only in the second")
  }

  @Test func `what cannot be read is told, and all else compared`() throws {
    let patient = #"{"resourceType":"Patient","id":"1"}"#
    let out = try compare("\(patient)\n{\"resourceType\":\"Patient\",}\nno JSON\n", "\(patient)\n")
    #expect(out.status == 1)
    let lines = out.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].contains("a.ndjson:2:27: ") && lines[1].contains("a.ndjson:3:"), "\(out.output)")
    #expect(
      lines[2]
        == "1 resource equal, 0 different, 0 only in the first, 0 only in the second; 2 parts cannot be read")
    #expect(try compare("no JSON\n", "\(patient)\n").status == 2)
    let workspace = try Workspace()
    let whole = try workspace.write("a/b.ndjson", patient + "\n")
    try workspace.write("a/c.ndjson.gz", "\u{1F}\u{8B}\u{8}")
    #expect(try workspace.run("compare", workspace.path("a"), whole).status == 1)
  }

  @Test func `of resources without an id each is one of its own`() throws {
    let one = #"{"resourceType":"Patient","gender":"male"}"#
    let other = #"{"resourceType":"Patient","gender":"female"}"#
    let same = try compare("\(one)\n\(one)\n\(other)\n", "\(other)\n\(one)\n\(one)\n")
    #expect(same.output == "3 resources equal, 0 different, 0 only in the first, 0 only in the second\n")
    let fewer = try compare("\(one)\n\(one)\n", "\(one)\n")
    #expect(fewer.status == 1)
    #expect(
      fewer.output.hasSuffix("1 resource equal, 0 different, 1 only in the first, 0 only in the second\n"))
    let different = try compare("\(one)\n\(one)\n", "\(one)\n\(other)\n\(other)\n")
    #expect(
      different.output.hasSuffix("1 resource equal, 1 different, 0 only in the first, 1 only in the second\n")
    )
  }

  @Test func `resources without an id find their equals by content, and what is left is paired as it came`()
    throws
  {
    let first = [
      #"{"resourceType":"Patient","gender":"male","active":true}"#,
      #"{"resourceType":"Observation","status":"final"}"#,
      #"{"resourceType":"Patient","name":[{"given":["A","B"]}]}"#,
      #"{"resourceType":"Patient","name":[{"text":"a/b"}]}"#,
      #"{"resourceType":"Patient","birthDate":"1980"}"#,
    ]
    let second = [
      #"{"resourceType":"Patient","name":[{"given":["B","A"]}]}"#,
      #"{"name":[{"text":"a\/b"}],"resourceType":"Patient"}"#,
      #"{"active":true,"gender":"male","resourceType":"Patient"}"#,
      #"{"resourceType":"Encounter","status":"finished"}"#,
    ]
    let out = try compare(first.joined(separator: "\n"), second.joined(separator: "\n"))
    #expect(
      out.output == """
        differs: Patient without id: Patient.name[0].given[0]: the value differs
        only in the first: Observation without id
        only in the first: Patient without id
        only in the second: Encounter without id
        2 resources equal, 1 different, 2 only in the first, 1 only in the second

        """)
  }

  @Test func `of many versions under one id each finds its equal`() throws {
    func version(_ number: Int) -> String {
      #"{"resourceType":"Patient","id":"p","meta":{"versionId":"\#(number)"}"#
    }
    let first = (0..<3000).map { version($0) + #","active":true,"gender":"male"}"# }
    let second = (1000..<4000).map { version($0) + #","gender":"male","active":true}"# }
    let out = try compare(first.joined(separator: "\n"), second.joined(separator: "\n"))
    #expect(
      out.output.hasSuffix(
        "2,000 resources equal, 1,000 different, 0 only in the first, 0 only in the second"
          + "; 999 in the first stand there more than once under one id\n"))
  }

  @Test func `what stands in a set more than once is counted`() throws {
    let old = #"{"resourceType":"Patient","id":"1","gender":"male"}"#
    let new = #"{"resourceType":"Patient","id":"1","gender":"female"}"#
    let first = try compare("\(old)\n\(new)\n", "\(new)\n")
    #expect(first.status == 0)
    #expect(first.output.hasSuffix("; 1 in the first stand there more than once under one id\n"))
    let second = try compare("\(new)\n", "\(new)\n\(new)\n")
    #expect(second.status == 0)
    #expect(second.output.hasSuffix("; 1 in the second stand there more than once under one id\n"))
    #expect(try compare("\(new)\n", "\(new)\n\(old)\n").status == 1)
  }

  @Test func `spacing of narratives, and the form, make no difference`() throws {
    let workspace = try Workspace()
    let div = #"<div xmlns=\"http://www.w3.org/1999/xhtml\"><b>a</b><br/></div>"#
    let json = try workspace.write(
      "a.json",
      #"{"resourceType":"Patient","id":"1","text":{"status":"generated","div":"\#(div)"},"multipleBirthInteger":2}"#
    )
    let xml = try workspace.write(
      "a.xml",
      #"<Patient xmlns="http://hl7.org/fhir"><id value="1"/><text><status value="generated"/>"#
        + #"<div xmlns="http://www.w3.org/1999/xhtml"><b>a</b><br /></div></text><multipleBirthInteger value="2"/></Patient>"#
    )
    #expect(try workspace.run("compare", json, xml).status == 0)
    #expect(try workspace.run("compare", xml, json).status == 0)
  }

  @Test func `many resources are compared in little memory`() throws {
    // More than what is held at a time, over many partitions.
    let workspace = try Workspace()
    var lines = ""
    let filler = String(repeating: "x", count: 2_000)
    for number in 0..<5_000 {
      lines += #"{"resourceType":"Basic","id":"\#(number)","code":{"text":"\#(filler)\#(number)"}}"# + "\n"
    }
    let first = try workspace.write("a.ndjson", lines)
    let second = try workspace.write("b.ndjson", lines.replacing("x4711\"", with: "y4711\""))
    let out = try workspace.run("compare", first, second)
    #expect(out.status == 1)
    #expect(out.output.hasPrefix("differs: Basic/4711: "))
    #expect(
      out.output.hasSuffix("4,999 resources equal, 1 different, 0 only in the first, 0 only in the second\n"))
  }
}
