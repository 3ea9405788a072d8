import BSON
import DocumentStore
import FHIRMapping
@testable import FHIRPipeline
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.mayRun)) struct DocumentLoaderTests {
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

  private func organization(_ number: Int, name: String) throws -> Part {
    let key = "Organization/o\(number)"
    let bytes = try BSONDocument([
      "resourceType": "Organization", "id": .string("o\(number)"), "name": .string(name),
    ]).shared
    return Part(
      kind: .resource, documentID: key, content: .root(Part.Resource(key: key, bytes: bytes), names: []))
  }

  private func observation(_ id: String, of patient: String = "p", text: String) throws -> Part {
    let bytes = try BSONDocument([
      "resourceType": "Observation", "id": .string(id), "text": .string(text),
    ]).shared
    return Part(
      kind: .chart, documentID: patient,
      content: .section("observations", Part.Resource(key: "Observation/\(id)", bytes: bytes)))
  }

  /// The texts of a chart's observations by id; an observation that stands twice fails the test.
  private func observations(_ pages: [String: BSONFields]) -> [String: String] {
    var texts: [String: String] = [:]
    for page in pages.values {
      for item in page["observations"]?.elements ?? [] {
        let id = item.fields?["id"]?.text ?? ""
        #expect(texts[id] == nil, "\(id) stands twice")
        texts[id] = item.fields?["text"]?.text ?? ""
      }
    }
    return texts
  }

  @Test func `thousands of changed documents end right in one run`() throws {
    let database = try TestDatabase()
    let count = 3000
    let first = try database.load(assembler(), (0..<count).map { [try organization($0, name: "old")] })
    #expect(first.outcomes == ["inserted": count])
    let changed = try database.load(
      assembler(), (0..<count).map { [try organization($0, name: $0 % 10 == 0 ? "old" : "new \($0)")] })
    #expect(changed.outcomes == ["unchanged": count / 10, "replaced": count - count / 10])
    let stored = try database.documents("resource")
    #expect(stored.count == count)
    for number in 0..<count {
      let name = stored["Organization/o\(number)"]?["fhir"]?.fields?["name"]?.text
      #expect(name == (number % 10 == 0 ? "old" : "new \(number)"))
    }
  }

  @Test func `a chart of many pages grows, shrinks, and stays as it is when it comes again`() throws {
    let database = try TestDatabase()
    let texts = (0..<400).map { String(repeating: "x", count: 50 + $0 % 7) }
    let parts = try texts.enumerated().map { try observation("o\($0.offset)", text: $0.element) }
    let small = assembler(pageBytes: 10_000)
    #expect(try database.load(small, [Array(parts[100..<200])]).outcomes == ["inserted": 100])
    let before = try database.documents("patient_chart")
    #expect(before.count > 1)

    // Items before, between and behind those that are there: every page changes.
    let added = try database.load(small, [Array(parts[..<100]), Array(parts[150...])])
    #expect(added.outcomes == ["inserted": 300, "unchanged": 50])
    let grown = try database.documents("patient_chart")
    #expect(grown.count > before.count * 2)
    #expect(grown["p"]?["_fhirline"]?.fields?["pages"]?.integer == Int64(grown.count))
    #expect(grown["p"]?["count"]?.integer == 400)
    #expect(Set(grown.keys) == Set(["p"] + (2...grown.count).map { "p#\($0)" }))

    #expect(try database.load(small, [parts]).outcomes == ["unchanged": 400])
    #expect(try database.documents("patient_chart") == grown)

    // Larger pages: fewer of them; none of the old ones may stay behind.
    let short = try observation("o7", text: "short")
    let large = try database.load(assembler(pageBytes: 40_000), [[short]])
    #expect(large.outcomes == ["replaced": 1])
    let shrunk = try database.documents("patient_chart")
    #expect(shrunk.count > 1 && shrunk.count < grown.count)
    var expected: [String: String] = [:]
    for (number, text) in texts.enumerated() { expected["o\(number)"] = number == 7 ? "short" : text }
    #expect(observations(shrunk) == expected)
    _ = try database.load(assembler(), [[try observation("o7", text: "shorter")]])
    expected["o7"] = "shorter"
    #expect(try database.documents("patient_chart").count == 1)
    #expect(observations(try database.documents("patient_chart")) == expected)
  }

  @Test func `a document that MongoDB refuses keeps no other from being loaded`() throws {
    let database = try TestDatabase()
    let huge = String(repeating: "x", count: 17_000_000)
    let parts = try [organization(1, name: "a"), organization(2, name: huge), organization(3, name: "c")]
    let told = try database.load(assembler(), parts.map { [$0] })
    #expect(told.outcomes == ["inserted": 2])
    #expect(told.refused.map(\.id) == ["Organization/o2"])
    #expect(told.refused.first?.reason.contains("17") == true)

    // The same as an addition to documents that are there, of one page and of several.
    _ = try database.load(assembler(), [[try organization(2, name: "b")]])
    let again = try database.load(
      assembler(), [[try organization(1, name: "A")], [try organization(2, name: huge)]])
    #expect(again.outcomes == ["replaced": 1])
    #expect(again.refused.count == 1)
    let small = assembler(pageBytes: 1000)
    _ = try database.load(small, [try (0..<30).map { try observation("o\($0)", text: "some text") }])
    let chart = try database.documents("patient_chart")
    let paged = try database.load(
      small, [[try observation("o5", text: huge)], [try observation("x", of: "q", text: "y")]])
    #expect(paged.outcomes == ["inserted": 1])
    #expect(paged.refused.count == 1)
    var rest = try database.documents("patient_chart")
    rest["q"] = nil
    #expect(rest == chart)
    #expect(
      try database.documents("resource").mapValues { $0["fhir"]?.fields?["name"]?.text } == [
        "Organization/o1": "A", "Organization/o2": "b", "Organization/o3": "c",
      ])
  }

  @Test(arguments: [8_000_000, 1000]) func `two imports at once lose nothing of each other's`(pageBytes: Int)
    throws
  {
    let database = try TestDatabase()
    let patients = (0..<40).map { "p\($0)" }
    let assembler = assembler(pageBytes: pageBytes)
    _ = try database.load(assembler, try patients.map { [try observation("start", of: $0, text: "t")] })
    let results = Mutex<[Int: Int]>([:])
    let problems = Mutex<[String]>([])
    WorkerThread.run(count: 3) { worker in
      do {
        // Each adds its own observations to every chart, in three goes.
        for round in 0..<3 {
          let parts = try patients.map { patient in
            try (0..<8).map {
              try observation("w\(worker)-\(round)-\($0)", of: patient, text: "text of some length")
            }
          }
          let told = try database.load(assembler, parts)
          results.withLock { $0[worker, default: 0] += told.outcomes.values.reduce(0, +) }
          for refusal in told.refused { problems.withLock { $0.append(refusal.reason) } }
        }
      } catch {
        problems.withLock { $0.append("\(error)") }
      }
    }
    #expect(problems.withLock { $0 } == [])
    #expect(results.withLock { $0 } == [0: 960, 1: 960, 2: 960])
    let stored = try database.documents("patient_chart")
    for patient in patients {
      let pages = stored.filter { $0.key == patient || $0.key.hasPrefix(patient + "#") }
      #expect(observations(pages).count == 73)
      #expect(pages[patient]?["count"]?.integer == 73)
      #expect(pages[patient]?["_fhirline"]?.fields?["pages"]?.integer ?? 1 == Int64(pages.count))
    }
  }

  @Test func `pages that an import cut short has written lose nothing`() throws {
    let database = try TestDatabase()
    let small = assembler(pageBytes: 2000)
    let old = try (0..<60).map { try observation("m\($0)", text: "an old text") }
    _ = try database.load(small, [old])
    let stored = try small.assemble(kind: .chart, id: "p", parts: old)
    // Further pages of a larger chart are there, its first is not: what a crash leaves where there are no transactions.
    let new = try (0..<60).map { try observation("a\($0)", text: "a new text") }
    let next = try small.assemble(kind: .chart, id: "p", parts: new, stored: stored.pages)
    #expect(next.pageCount > stored.pageCount)
    try database.store.withConnection { connection in
      _ = try connection.replace(Array(next.pages.dropFirst()), in: "patient_chart", upsert: true)
    }
    _ = try database.load(small, [new])
    let pages = try database.documents("patient_chart")
    #expect(observations(pages).count == 120)
    #expect(pages["p"]?["_fhirline"]?.fields?["pages"]?.integer == Int64(pages.count))
  }

  @Test func `pages change without transactions, too`() throws {
    let database = try TestDatabase()
    let assembler = assembler(pageBytes: 2000)
    func load(_ assembler: DocumentAssembler, _ parts: [Part]) throws {
      let loader = CollectionLoader(
        place: DocumentPlace(collection: "patient_chart"), assembler: assembler, hasTransactions: false,
        counted: { _ in },
        refused: { _, reason in Issue.record("\(reason)") })
      let assembly = try assembler.assemble(kind: .chart, id: "p", parts: parts)
      try database.store.withConnection { connection in
        try loader.load(
          [LoadRequest(assembly)], areNew: false, connection)
      }
    }
    let parts = try (0..<120).map { try observation("o\($0)", text: "some text") }
    try load(assembler, Array(parts[..<10]))
    try load(assembler, Array(parts[40...]))
    try load(assembler, Array(parts[5..<60]))
    let paged = try database.documents("patient_chart")
    #expect(paged.count > 3)
    #expect(observations(paged).count == 120)
    #expect(paged["p"]?["_fhirline"]?.fields?["pages"]?.integer == Int64(paged.count))
    try load(self.assembler(), [try observation("o1", text: "another text")])
    let whole = try database.documents("patient_chart")
    #expect(whole.count == 1)
    #expect(observations(whole)["o1"] == "another text")
    #expect(observations(whole).count == 120)
  }

  @Test func `a unique index of the application's refuses a document, and says so`() throws {
    let database = try TestDatabase()
    try database.store.withConnection { connection in
      try connection.createIndexes(
        [IndexDefinition(name: "own", keys: ["fhir.name": 1], isUnique: true)], on: "resource")
    }
    let told = try database.load(
      assembler(), [[try organization(1, name: "same")], [try organization(2, name: "same")]])
    #expect(told.outcomes == ["inserted": 1])
    #expect(told.refused.count == 1)
    #expect(told.refused.first?.reason.contains("fhir.name") == true)
  }
}
