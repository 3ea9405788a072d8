import Foundation
import Testing

@Suite struct ResultPagesTests {
  private func page(_ number: Int, next: Int?) -> String {
    func link(_ relation: String, _ number: Int) -> String {
      #"{"relation":"\#(relation)","url":"https://x.org/fhir?_getpages=7&page=\#(number)"}"#
    }
    let links = [link("self", number)] + (next.map { [link("next", $0)] } ?? [])
    return #"{"resourceType":"Bundle","id":"b\#(number)","type":"searchset","total":3,"#
      + #""link":[\#(links.joined(separator: ","))],"entry":[{"fullUrl":"https://x.org/fhir/Patient/p\#(number)","#
      + #""resource":{"resourceType":"Patient","id":"p\#(number)","active":true},"search":{"mode":"match"}}]}"#
  }

  @Test func `a page of a search's results whose next one did not come is told of`() throws {
    let workspace = try Workspace()
    let words = "names a next page (Bundle.link), and no input calls itself that"
    let first = try workspace.write("1.json", page(1, next: 2))
    for arguments in [["validate", first], ["plan", first], ["import", first]] {
      let outcome = try workspace.run(arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(arguments[0]): \(outcome.errors)")
      let quiet = try workspace.run(arguments + ["--quiet"])
      #expect(quiet.errors.isEmpty)
    }
    #expect(try workspace.run("import", first, "--summary", "json").output.contains(#""missingPages":1,"#))

    // XML as well, and lines.
    #expect(try workspace.run("convert", first, workspace.path("x/1.xml"), "--quiet").status == 0)
    let line = try workspace.write("l/1.ndjson", page(1, next: 2) + "\n" + page(2, next: 3) + "\n")
    #expect(try workspace.run("validate", workspace.path("x/1.xml")).errors.contains(words))
    #expect(try workspace.run("validate", line).errors.contains(words))
    #expect(try workspace.run("import", line).errors.contains(words))
  }

  @Test func `pages that all came are nothing to be told of`() throws {
    let workspace = try Workspace()
    try workspace.write("in/1.json", page(1, next: 2))
    try workspace.write("in/2.json", page(2, next: 3))
    for command in ["validate", "import"] {
      #expect(try workspace.run(command, workspace.path("in")).errors.contains("names a next page"))
    }
    try workspace.write("in/3.json", page(3, next: nil))
    for command in ["validate", "import"] {
      let outcome = try workspace.run(command, workspace.path("in"))
      #expect(outcome.status == 0 && !outcome.errors.contains("next page"), "\(outcome.errors)")
    }
  }
}
