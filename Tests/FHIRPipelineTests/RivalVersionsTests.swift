import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// An input that has a section's resource, or an appointment, several times, each time another patient's: one of them counts, and the
/// same input again changes nothing.
@Suite(.enabled(if: TestDatabase.mayRun)) struct RivalVersionsTests {
  typealias File = (name: String, text: String)

  /// What a resource may say of its version.
  struct Told {
    let updated: Int?
    let number: Int?

    var json: String {
      let parts = [
        number.map { #""versionId":"\#($0)""# },
        updated.map { #""lastUpdated":"2024-01-0\#($0)T10:00:00Z""# },
      ].compactMap(\.self)
      return parts.isEmpty ? "" : #""meta":{"# + parts.joined(separator: ",") + "},"
    }

    func isOlder(than other: Told) -> Bool {
      if let updated, let others = other.updated, updated != others { return updated < others }
      if let number, let others = other.number { return number < others }
      return false
    }
  }

  static let kinds = [
    Told(updated: nil, number: nil), Told(updated: nil, number: 1), Told(updated: nil, number: 2),
    Told(updated: 1, number: nil), Told(updated: 2, number: nil), Told(updated: 1, number: 2),
    Told(updated: 2, number: 1),
  ]

  /// A resource of which the input has several versions: the id, and what each says of itself.
  struct Rivalry {
    let id: String
    let versions: [Told]
    var isAppointment = false

    /// The number of the version that counts: the last of those than which none is newer.
    var winner: Int {
      versions.lastIndex { own in !versions.contains { own.isOlder(than: $0) } } ?? versions.count - 1
    }

    var lines: [String] {
      versions.enumerated().map { number, told in
        isAppointment
          ? RivalVersionsTests.appointment(id, told, of: number)
          : RivalVersionsTests.observation(id, told, of: number)
      }
    }
  }

  static let pairs = kinds.indices.flatMap { a in
    kinds.indices.map { Rivalry(id: "o\(a)-\($0)", versions: [kinds[a], kinds[$0]]) }
  }

  static let triples = pairs.flatMap { pair in
    kinds.indices.map { Rivalry(id: "\(pair.id)-\($0)", versions: pair.versions + [kinds[$0]]) }
  }

  private static func observation(_ id: String, _ told: Told, of patient: Int) -> String {
    #"{"resourceType":"Observation","id":"\#(id)",\#(told.json)"status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p\#(patient)"},"valueInteger":\#(patient)}"#
  }

  private static func appointment(_ id: String, _ told: Told, of patient: Int) -> String {
    #"{"resourceType":"Appointment","id":"\#(id)",\#(told.json)"status":"proposed","participant":[{"actor":"#
      + #"{"reference":"Patient/p\#(patient)"},"status":"accepted"}]}"#
  }

  private static let people = (0..<3).map {
    #"{"resourceType":"Patient","id":"p\#($0)","name":[{"family":"Bee"}]}"#
  }

  private static func key(_ json: String) -> String {
    let texts = json.split(separator: "\"")
    return texts[2] + "/" + texts[6]
  }

  private static func entries(_ lines: [String]) -> [String] {
    lines.map { BundleText.put($0, key($0)) }
  }

  /// The versions of each, one after another: what a Bundle may have once in each of them.
  private static func rounds(_ rivalries: [Rivalry]) -> [[String]] {
    (0..<(rivalries.map(\.versions.count).max() ?? 0)).map { round in
      rivalries.map { $0.lines[round] }
    }
  }

  /// How an input may have them.
  static let shapes: [(name: String, files: @Sendable ([Rivalry]) -> [File])] = [
    ("one file of lines", { [("a.ndjson", (people + $0.flatMap(\.lines)).joined(separator: "\n"))] }),
    (
      "files of lines",
      { rivalries in
        [("0.ndjson", people.joined(separator: "\n"))]
          + rounds(rivalries).enumerated().map { ("\($0 + 1).ndjson", $1.joined(separator: "\n")) }
      }
    ),
    (
      "one batch", { [("a.json", BundleText.bundle("batch", entries(people + $0.flatMap(\.lines))))] }
    ),
    (
      "batches",
      { rivalries in
        rounds(rivalries).enumerated().map { round, lines in
          ("\(round).json", BundleText.bundle("batch", entries(round == 0 ? people + lines : lines)))
        }
      }
    ),
    (
      "a Bundle for each patient",
      { rivalries in
        rounds(rivalries).enumerated().map { round, lines in
          ("\(round).json", BundleText.bundle("collection", entries([people[round]] + lines)))
        }
      }
    ),
    (
      "transactions",
      { rivalries in
        rounds(rivalries).enumerated().map { round, lines in
          ("\(round).json", BundleText.bundle("transaction", entries([people[round]] + lines)))
        }
      }
    ),
    (
      "Bundles in lines",
      { rivalries in
        let bundles = rounds(rivalries).map { BundleText.bundle("batch", entries($0)) }
        return [("a.ndjson", (people + bundles).joined(separator: "\n"))]
      }
    ),
    (
      "single files",
      { rivalries in
        (people + rivalries.flatMap(\.lines)).enumerated().map { (String(format: "%04d.json", $0), $1) }
      }
    ),
  ]

  private func run(_ layout: ChartLayout, heldBytes: Int, _ database: TestDatabase) throws -> ImportRun {
    var run = ImportRun(mappings: try MappingSet.builtIn(), collections: [:])
    run.showsProgress = false
    run.chart = layout
    run.heldBundleBytes = heldBytes
    run.quarantinePath = database.folder.appending(path: "quarantine.ndjson").path
    return run
  }

  private func load(_ files: [File], _ run: ImportRun, into database: TestDatabase) throws -> ImportSummary {
    let paths = try files.map { name, text in
      let file = database.folder.appending(path: name)
      try Data(text.utf8).write(to: file)
      return file.path
    }
    let outcome = try run.run(try InputFile.find(paths), store: database.store)
    #expect(outcome.failure == nil)
    let total = outcome.summary.total
    #expect(total.quarantined == 0 && total.read == total.accounted, "\(outcome.summary.json)")
    return outcome.summary
  }

  /// By id: the patients in whose charts an observation stands.
  private func owners(_ layout: ChartLayout, _ database: TestDatabase) throws -> [String: [String]] {
    var owners: [String: [String]] = [:]
    for (id, document) in try database.documents(layout == .collection ? "patient_chart" : "patient") {
      let chart = layout == .collection ? document : document["patient_chart"]?.fields ?? [:]
      for item in chart["observations"]?.elements ?? [] {
        owners[item.fields?["id"]?.text ?? "", default: []].append(id)
      }
    }
    return owners
  }

  /// Every shape with every pair, and one of them, in its turn, with every triple.
  @Test(arguments: shapes.indices)
  func `one counts, and the same again changes nothing`(_ shape: Int) throws {
    let (name, files) = Self.shapes[shape]
    let layout = [ChartLayout.collection, .embedded, .both][shape % 3]
    for (heldBytes, hasMore) in [(16 << 20, false), (2000, false), (16 << 20, true)] {
      let comment: Comment = "\(name), \(layout), \(heldBytes), \(hasMore)"
      let database = try TestDatabase()
      let run = try run(layout, heldBytes: heldBytes, database)
      // What is there already need not be empty.
      if hasMore {
        let earlier = Self.people + [Self.observation("e", Told(updated: nil, number: nil), of: 1)]
        _ = try load([("earlier.ndjson", earlier.joined(separator: "\n"))], run, into: database)
      }
      let rivalries = hasMore && name != "single files" ? Self.triples : Self.pairs
      _ = try load(files(rivalries), run, into: database)
      let expected = Dictionary(uniqueKeysWithValues: rivalries.map { ($0.id, ["p\($0.winner)"]) })
      var found = try owners(layout, database)
      found["e"] = nil
      for (id, owners) in expected { #expect(found[id] == owners, "\(comment): \(id)") }
      let changes = try database.changes {
        for _ in 0..<2 {
          let again = try load(files(rivalries), run, into: database).total
          #expect(again.unchanged == again.read, comment)
        }
      }
      #expect(RivalVersionsTests.ofDocuments(changes).isEmpty, comment)
    }
  }

  /// A deletion before all versions, between them, and behind them.
  @Test(arguments: 0...2)
  func `of what comes behind a deletion one counts, and the same again changes nothing`(_ place: Int) throws {
    let layout = [ChartLayout.collection, .embedded, .both][place]
    let database = try TestDatabase()
    let run = try run(layout, heldBytes: 16 << 20, database)
    var rounds = Self.rounds(Self.pairs).map { $0.joined(separator: "\n") }
    let deletions = Self.pairs.map { #"{"request":{"method":"DELETE","url":"Observation/\#($0.id)"}}"# }
    rounds.insert(BundleText.bundle("batch", deletions), at: place)
    let files = ([Self.people.joined(separator: "\n")] + rounds).enumerated().map { ("\($0).ndjson", $1) }
    _ = try load(files, run, into: database)
    var expected: [String: [String]] = [:]
    for rivalry in Self.pairs where place < 2 {
      let left = Rivalry(id: rivalry.id, versions: Array(rivalry.versions.dropFirst(place)))
      expected[rivalry.id] = ["p\(place + left.winner)"]
    }
    #expect(try owners(layout, database) == expected)
    let changes = try database.changes {
      for _ in 0..<2 {
        let again = try load(files, run, into: database).total
        #expect(again.unchanged == again.read)
      }
    }
    #expect(RivalVersionsTests.ofDocuments(changes).isEmpty)
  }

  @Test func `versions decide in whatever order they come`() throws {
    let clear = Self.triples.filter { rivalry in
      let told = rivalry.versions
      return told.indices.allSatisfy { own in
        own == rivalry.winner || told[own].isOlder(than: told[rivalry.winner])
      }
    }
    try #require(clear.count > 20)
    let lines = clear.flatMap(\.lines)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<3 {
      let database = try TestDatabase()
      let run = try run(.collection, heldBytes: 16 << 20, database)
      let shuffled = (Self.people + lines).shuffled(using: &generator)
      _ = try load([("a.ndjson", shuffled.joined(separator: "\n"))], run, into: database)
      let found = try owners(.collection, database)
      for rivalry in clear { #expect(found[rivalry.id] == ["p\(rivalry.winner)"], "\(rivalry.id)") }
    }
  }

  @Test(arguments: shapes.indices)
  func `of an appointment's versions one counts, and only its patient lists it`(_ shape: Int) throws {
    let (name, files) = Self.shapes[shape]
    let layout = [ChartLayout.collection, .embedded, .both][shape % 3]
    let rivalries = (name == "single files" ? Self.pairs : Self.triples).map {
      Rivalry(id: $0.id, versions: $0.versions, isAppointment: true)
    }
    for heldBytes in [16 << 20, 2000] {
      let comment: Comment = "\(name), \(layout), \(heldBytes)"
      let database = try TestDatabase()
      let run = try run(layout, heldBytes: heldBytes, database)
      func check() throws {
        for (id, patient) in try database.documents("patient") {
          let listed = (patient["appointments"]?.elements ?? []).compactMap(\.text).sorted()
          let expected = rivalries.filter { "p\($0.winner)" == id }.map(\.id).sorted()
          #expect(listed == expected, "\(comment): \(id)")
        }
        let patients = try database.documents("appointment").mapValues { $0["patient_id"]?.text }
        let expected = Dictionary(uniqueKeysWithValues: rivalries.map { ($0.id, "p\($0.winner)") })
        #expect(patients == expected, comment)
      }
      _ = try load(files(rivalries), run, into: database)
      try check()
      let changes = try database.changes {
        for _ in 0..<2 {
          let again = try load(files(rivalries), run, into: database).total
          #expect(again.unchanged == again.read, comment)
        }
      }
      #expect(RivalVersionsTests.ofDocuments(changes).isEmpty, comment)
      try check()
    }
  }

  /// An Encounter becomes an appointment as well: its provider's list follows, though its chart is the same.
  @Test func `appointments made of Encounters leave the provider who lost them`() throws {
    func encounter(_ told: Told, of provider: Int) -> String {
      #"{"resourceType":"Encounter","id":"e",\#(told.json)"status":"finished","class":{"system":"#
        + #""http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"VR"},"subject":{"reference":"Patient/p0"},"#
        + #""participant":[{"individual":{"reference":"Practitioner/d\#(provider)"}}],"#
        + #""period":{"start":"2024-01-0\#(provider + 1)T10:00:00Z"}}"#
    }
    let providers = (0..<2).map { #"{"resourceType":"Practitioner","id":"d\#($0)"}"# }
    let lines =
      Self.people + providers + [encounter(Self.kinds[4], of: 0), encounter(Self.kinds[3], of: 1)]
    let database = try TestDatabase()
    var run = try run(.collection, heldBytes: 16 << 20, database)
    run.encounterClasses = ["VR"]
    let files = [("a.ndjson", lines.joined(separator: "\n"))]
    _ = try load(files, run, into: database)
    let lists = try database.documents("provider").mapValues { $0["appointments"]?.elements?.count ?? 0 }
    #expect(lists == ["d0": 1, "d1": 0])
    let changes = try database.changes { _ = try load(files, run, into: database) }
    #expect(RivalVersionsTests.ofDocuments(changes).isEmpty)
  }

  /// Of what was written, what is no note of the program's own.
  private static func ofDocuments(_ changes: [String]?) -> [String] {
    let notes = ["fhirline_run", "fhirline_pages"]
    return (changes ?? []).filter { !notes.contains($0) && !$0.hasPrefix("$cmd") }
  }

  @Test func `what cannot be loaded counts for nothing`() throws {
    let database = try TestDatabase()
    let run = try run(.collection, heldBytes: 16 << 20, database)
    let sound = Self.observation("o", Self.kinds[0], of: 0)
    let broken = Self.observation("o", Self.kinds[0], of: 1).replacing("final", with: "done")
    // The last of these is refused with its transaction.
    let other = Self.observation("t", Self.kinds[0], of: 1)
    let refused = BundleText.bundle(
      "transaction", Self.entries([Self.observation("t", Self.kinds[0], of: 2), broken]))
    let files = [
      ("a.ndjson", (Self.people + [sound, broken, other]).joined(separator: "\n")), ("b.json", refused),
    ]
    let paths = try files.map { name, text in
      let file = database.folder.appending(path: name)
      try Data(text.utf8).write(to: file)
      return file.path
    }
    for _ in 0..<2 {
      let outcome = try run.run(try InputFile.find(paths), store: database.store)
      #expect(outcome.failure == nil && outcome.summary.total.quarantined == 3)
      #expect(try owners(.collection, database) == ["o": ["p0"], "t": ["p1"]])
    }
  }

  @Test func `deletions and items of other documents hold beside them`() throws {
    let database = try TestDatabase()
    let run = try run(.collection, heldBytes: 16 << 20, database)
    func coverage(_ patient: Int, _ number: Int) -> String {
      #"{"resourceType":"Coverage","id":"c","meta":{"versionId":"\#(number)"},"status":"active","#
        + #""beneficiary":{"reference":"Patient/p\#(patient)"},"payor":[{"display":"P"}]}"#
    }
    // One of nobody is another document's as well; one that is deleted between its versions comes back.
    let lines =
      Self.people + [coverage(2, 3), coverage(0, 1), coverage(1, 2)]
      + [
        Self.observation("n", Self.kinds[0], of: 1),
        Self.observation("n", Self.kinds[0], of: 2).replacing(
          #""subject":{"reference":"Patient/p2"},"#, with: ""),
        Self.observation("d", Self.kinds[2], of: 0),
      ]
    let deletion = BundleText.bundle("batch", [BundleText.delete("Observation/d")])
    let files = [
      ("0.ndjson", lines.joined(separator: "\n")), ("1.json", deletion),
      ("2.ndjson", Self.observation("d", Self.kinds[1], of: 1)),
    ]
    for round in 0..<2 {
      let summary = try load(files, run, into: database)
      #expect(round == 0 || summary.total.unchanged == summary.total.read, "\(summary.json)")
      #expect(try owners(.collection, database) == ["d": ["p1"]])
      let resources = try database.documents("resource")
      #expect(resources.keys.sorted() == ["Observation/n"])
      let patients = try database.documents("patient")
      #expect(patients.compactMapValues { $0["coverages"]?.elements?.count } == ["p2": 1])
    }
  }
}
