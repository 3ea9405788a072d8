import BSON
import FHIRMapping
import FHIRModel
import TestSupport
import Testing

/// Charts of more than one page: which item stands where.
@Suite struct PageLayoutTests {
  private func assembler(pageBytes: Int = 20_000, pageEntries: Int = 20_000) -> DocumentAssembler {
    DocumentAssembler(
      pageBytes: pageBytes, pageEntries: pageEntries,
      computeFields: { content in
        // As a vital sign does, the field pins the item that it was taken from.
        var pinned: [String: Set<Int>] = [:]
        let items = content.items(of: "observations")
        if let last = try items.indices.max(by: {
          try items[$0].find("value")?.integer ?? 0 < items[$1].find("value")?.integer ?? 0
        }) {
          pinned["observations"] = [last]
        }
        return DocumentFields(
          fields: try BSONDocument(["count": .int64(Int64(items.count))]), residual: nil, pinned: pinned)
      },
      restoreRoot: { _, _ in nil })
  }

  private func observation(_ number: Int, value: Int = 1) throws -> Part {
    // Ids that come in no order, as they do.
    let id = "o\((number &* 0x9E37_79B1) & 0xFFFF_FFFF)"
    let fields: BSONFields = [
      "resourceType": "Observation", "id": .string(id), "value": .int64(Int64(value)),
      "text": .string(String(repeating: "x", count: 80 + number % 60)),
    ]
    return Part(
      kind: .chart, documentID: "p",
      content: .section(
        "observations", Part.Resource(key: "Observation/\(id)", bytes: try BSONDocument(fields).shared)))
  }

  private func changedPages(_ old: [BSONDocument], _ new: [BSONDocument]) -> Int {
    new.enumerated().count { number, page in !old.indices.contains(number) || old[number] != page }
  }

  @Test func `one more resource changes the first page and the one on which it stands`() throws {
    let assembler = assembler()
    let parts = try (0..<3000).map { try observation($0) }
    let chart = try assembler.assemble(kind: .chart, id: "p", parts: parts).pages
    #expect(chart.count > 20)
    var changed: [Int] = []
    for number in 3000..<3060 {
      let more = try observation(number)
      let grown = try assembler.assemble(kind: .chart, id: "p", parts: [more], stored: chart)
      // What is added makes what is there from the start.
      #expect(try grown.pages == assembler.assemble(kind: .chart, id: "p", parts: parts + [more]).pages)
      changed.append(changedPages(chart, try grown.pages))
    }
    // Now and then a key begins a page, and those behind it get other numbers.
    #expect(changed.count { $0 <= 2 } >= 50, "\(changed)")
    #expect(changed.reduce(0, +) < 60 * chart.count / 4, "\(changed)")
  }

  @Test func `which items fields are taken from moves them and no others`() throws {
    let assembler = assembler()
    let parts = try (0..<3000).map { try observation($0) }
    let chart = try assembler.assemble(kind: .chart, id: "p", parts: parts).pages
    var changed: [Int] = []
    for number in [5, 700, 1400, 2999] {
      let newest = try observation(number, value: 7)
      let edited = try assembler.assemble(kind: .chart, id: "p", parts: [newest], stored: chart).pages
      let first = try #require(try edited[0].fields()["observations"]?.elements)
      #expect(first.contains { $0.fields?["value"]?.integer == 7 })
      changed.append(changedPages(chart, edited))
    }
    // The page that it leaves, the page to which the one before goes back, and the first.
    #expect(changed.allSatisfy { $0 <= 3 }, "\(changed)")
  }

  @Test(arguments: [(20_000, 20_000), (1 << 20, 100), (3000, 7), (900, 1)])
  func `no page has more than it may, and every item stands on one`(bytes: Int, entries: Int) throws {
    let parts = try (0..<1200).map { try observation($0) }
    let chart = try assembler(pageBytes: bytes, pageEntries: entries)
      .assemble(kind: .chart, id: "p", parts: parts)
    var ids: [String] = []
    for (number, page) in try chart.pages.enumerated() {
      let items = try page.fields()["observations"]?.elements ?? []
      #expect(items.count <= entries)
      // The first holds what stands for all of them beside its items.
      #expect(number == 0 || page.count <= max(bytes, 400))
      #expect(number == 0 || !items.isEmpty)
      ids += items.compactMap { $0.fields?["id"]?.text }
    }
    #expect(ids.count == 1200 && Set(ids).count == 1200)
    #expect(chart.pageCount >= 1200 / entries)
  }

  @Test func `a large chart is written page by page, and is the same`() throws {
    let assembler = assembler(pageBytes: 300_000)
    let buffer = PartBuffer(try (0..<40_000).map { try observation($0) })
    var draft = DocumentDraft(kind: .chart, id: "p")
    draft.merge(buffer.list())
    var memory = PageMemory()
    let hash = assembler.hash(of: draft)
    let whole = try assembler.assemble(draft, hash: hash, in: &memory)
    let lent = try assembler.assemble(draft, hash: hash, in: &memory, lends: true)
    #expect(!whole.isLent && lent.isLent)
    #expect(whole.ids == lent.ids)
    #expect(try whole.pages == lent.pages)
    #expect(abs(whole.byteCount - lent.byteCount) < whole.byteCount / 10)
    // The same draft comes out of both: what is set aside is what came.
    var keys: [[String]] = [[], []]
    try whole.draft().forEachResource { key, _, _ in keys[0].append(key) }
    try lent.draft().forEachResource { key, _, _ in keys[1].append(key) }
    #expect(keys[0].count == 40_000 && keys[0] == keys[1])
  }
}
