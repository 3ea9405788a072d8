import BSON
import FHIRMapping
import TestSupport
import Testing

@Suite struct DocumentAssemblerTests {
  /// An assembler whose only field counts the observations.
  private func assembler(pageBytes: Int = 8_000_000) -> DocumentAssembler {
    DocumentAssembler(
      pageBytes: pageBytes,
      computeFields: { content in
        DocumentFields(
          fields: try BSONDocument(["count": .int64(Int64(content.items(of: "observations").count))]),
          residual: content.root.map { BSONDocument(copying: $0) })
      },
      restoreRoot: { view, _ in try view.find("fhir")?.document.map { BSONDocument(copying: $0) } })
  }

  private func observation(_ id: String, value: Int64 = 1, version: Int? = nil, sequence: UInt64 = 0) throws
    -> Part
  {
    var fields: BSONFields = ["resourceType": "Observation", "id": .string(id)]
    if let version { fields["meta"] = ["versionId": .string("\(version)")] }
    fields["value"] = .int64(value)
    return Part(
      kind: .chart, documentID: "p",
      content: .section(
        "observations", Part.Resource(key: "Observation/\(id)", bytes: try BSONDocument(fields).shared)),
      sequence: sequence)
  }

  @Test func `the order of parts does not show`() throws {
    let parts = try (0..<40).map { try observation("o\($0)", value: Int64($0), sequence: UInt64($0)) }
    let first = try assembler().assemble(kind: .chart, id: "p", parts: parts)
    let second = try assembler().assemble(kind: .chart, id: "p", parts: parts.reversed())
    #expect(try first.pages == second.pages)
    #expect(first.hash == second.hash)
    #expect(first.tally.total == .init(inserted: 40))
  }

  @Test func `parts added in two goes make what one go makes`() throws {
    let parts = try (0..<10).map { try observation("o\($0)") }
    let whole = try assembler().assemble(kind: .chart, id: "p", parts: parts)
    let half = try assembler().assemble(kind: .chart, id: "p", parts: Array(parts[..<5]))
    let rest = try assembler().assemble(kind: .chart, id: "p", parts: Array(parts[3...]), stored: half.pages)
    #expect(try rest.pages == whole.pages)
    #expect(rest.tally.total == .init(inserted: 5, unchanged: 2))
  }

  @Test func `of two versions the newer counts, whatever the order`() throws {
    let old = try observation("o", value: 1, version: 2, sequence: 2)
    let new = try observation("o", value: 2, version: 10, sequence: 1)
    let assembly = try assembler().assemble(kind: .chart, id: "p", parts: [old, new])
    let other = try assembler().assemble(kind: .chart, id: "p", parts: [new])
    #expect(try assembly.pages == other.pages)
    #expect(assembly.tally.total == .init(inserted: 1, replaced: 1))
    let again = try assembler().assemble(kind: .chart, id: "p", parts: [old], stored: assembly.pages)
    #expect(again.tally.total == .init(unchanged: 1))
    #expect(again.hash == assembly.hash)
  }

  @Test func `a chart that outgrows its page continues on others and comes together again`() throws {
    let parts = try (0..<500).map { try observation("o\($0)") }
    let paged = try assembler(pageBytes: 10_000).assemble(kind: .chart, id: "p", parts: parts)
    #expect(try paged.pages.count > 3)
    #expect(paged.ids[1] == "p#2")
    for (id, page) in zip(paged.ids, try paged.pages) {
      #expect(page.bytes.count <= 10_000)
      #expect(try page.withView { try $0.find("_id")?.text } == id)
    }
    let again = try assembler(pageBytes: 10_000)
      .assemble(kind: .chart, id: "p", parts: [parts[0]], stored: paged.pages)
    #expect(try again.pages == paged.pages)
  }

  @Test func `what the application keeps in a document stays`() throws {
    let chart = try assembler().assemble(kind: .chart, id: "p", parts: [try observation("a")])
    var fields = try chart.first.fields()
    fields["bed"] = "7"
    fields["count"] = 99
    let edited = try BSONDocument(fields)
    let same = try assembler().assemble(
      kind: .chart, id: "p", parts: [try observation("a")], stored: [edited])
    let kept = try same.pages[0].fields()
    #expect(kept["bed"] == "7")
    #expect(kept["count"]?.integer == 99)
    // New content gives the field another value than it had: the content wins.
    let more = try assembler().assemble(
      kind: .chart, id: "p", parts: [try observation("b")], stored: [edited])
    let fresh = try more.pages[0].fields()
    #expect(fresh["bed"] == "7")
    #expect(fresh["count"]?.integer == 2)
  }

  @Test func `appointments are listed once, in the order of their starts`() throws {
    func link(_ id: String, _ start: String) -> Part {
      Part(kind: .patient, documentID: "p", content: .appointment(AppointmentLink(id: id, start: start)))
    }
    let assembly = try assembler().assemble(
      kind: .patient, id: "p",
      parts: [
        link("b", "2024-02-01T09:00:00Z"), link("a", "2024-03-01T09:00:00Z"),
        link("b", "2024-02-01T09:00:00Z"),
      ])
    let links = try assembly.pages[0].fields()["_fhirline"]?.fields?["appointments"]?.elements ?? []
    #expect(links.map { $0.fields?["id"]?.text } == ["b", "a"])
    #expect(assembly.tally.total == .init())
  }
}
