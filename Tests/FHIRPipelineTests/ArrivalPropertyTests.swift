import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// In whatever order, files, Bundles and runs the same resources come, the database is the same in the end, but for where they
/// came from.
///
/// `make torture` tries many seeds; FHIRLINE_SEED tries one.
@Suite(.enabled(if: TestDatabase.mayRun)) struct ArrivalPropertyTests {
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    if let one = environment["FHIRLINE_SEED"].flatMap(UInt64.init) { return [one] }
    return Array(1...(environment["FHIRLINE_TORTURE"].flatMap(UInt64.init) ?? 5))
  }()

  @Test func `the order of arrival leaves no trace`() throws {
    let mappings = try MappingSet.builtIn()
    for seed in Self.seeds {
      var scene = ArrivalScene(seed: seed)
      var run = ImportRun(mappings: mappings, collections: [:])
      run.showsProgress = false
      run.chart = [.collection, .embedded, .both][Int(seed % 3)]
      run.source = seed % 4 == 3 ? "north" : ""
      // The pages of a patient with its chart in it depend on that.
      if run.chart == .collection, seed % 2 == 0 { run.chartPageBytes = 3000 }
      if seed % 5 == 4 { run.encounterClasses = ["AMB"] }
      let plain = try contents(scene.plain(), run)
      #expect(plain["patient"]?.count == 4 && plain["appointment"]?.isEmpty == false, "seed \(seed)")
      for _ in 0..<2 {
        let runs = scene.shuffled()
        // Large Bundles go another way.
        run.heldBundleBytes = Bool.random(using: &scene.generator) ? 2000 : 16 << 20
        let found = try contents(runs, run)
        for (name, documents) in plain {
          let others = found[name] ?? [:]
          #expect(others.keys.sorted() == documents.keys.sorted(), "\(name), seed \(seed)")
          for (id, document) in documents {
            guard let other = others[id], other != document else { continue }
            let (a, b) = (try BSONDocument(document).extendedJSON(), try BSONDocument(other).extendedJSON())
            Issue.record("\(name) \(id), seed \(seed)\n\(a)\n\(b)")
          }
        }
      }
    }
  }

  @Test func `what comes again is not written`() throws {
    let mappings = try MappingSet.builtIn()
    for seed in Self.seeds {
      let scene = ArrivalScene(seed: seed)
      var run = ImportRun(mappings: mappings, collections: [:])
      run.showsProgress = false
      run.chart = [.collection, .embedded, .both][Int(seed % 3)]
      if run.chart == .collection, seed % 2 == 0 { run.chartPageBytes = 3000 }
      if seed % 5 == 4 { run.encounterClasses = ["AMB"] }
      let files = scene.plain()[0].dropLast()
      let database = try TestDatabase()
      run.quarantinePath = database.folder.appending(path: "quarantine.ndjson").path
      let paths = try files.map { name, text in
        let file = database.folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
      }
      func load() throws {
        #expect(try run.run(try InputFile.find(paths), store: database.store).failure == nil)
      }
      try load()
      for round in 1...2 {
        let changes = try database.changes { try load() }
        // Of imports there are notes, and of who is at a chart's pages to see whether they change.
        let notes = ["fhirline_run", "fhirline_pages"]
        let others = (changes ?? []).filter { !notes.contains($0) && !$0.hasPrefix("$cmd") }
        #expect(others.isEmpty, "seed \(seed), round \(round)")
      }
    }
  }

  /// What is in the database after the runs.
  private func contents(_ runs: [[ArrivalScene.File]], _ run: ImportRun) throws -> [String: [String:
    BSONFields]]
  {
    let database = try TestDatabase()
    for (number, files) in runs.enumerated() {
      var paths: [String] = []
      for (name, text) in files {
        let file = database.folder.appending(path: "\(number)-\(name)")
        try Data(text.utf8).write(to: file)
        paths.append(file.path)
      }
      var run = run
      run.quarantinePath = database.folder.appending(path: "quarantine.ndjson").path
      let outcome = try run.run(try InputFile.find(paths), store: database.store)
      #expect(outcome.failure == nil && outcome.summary.total.quarantined == 0)
      let total = outcome.summary.total
      #expect(total.read == total.accounted, "\(outcome.summary.json)\n\(run)\n\(files)")
    }
    var found: [String: [String: BSONFields]] = [:]
    for name in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      found[name] = try database.documents(name).mapValues { document in
        var document = document.withoutHistory
        // A chart stands within its patient where it was when the patient was written last.
        if let chart = document["patient_chart"]?.fields {
          document["patient_chart"] = nil
          document["patient_chart"] = .document(chart.withoutHistory)
        }
        return document
      }
    }
    return found
  }
}
