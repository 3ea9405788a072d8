import Foundation

/// Import and export through the release binary, beside libmongoc inserting the same documents again.
struct DatabaseBenchmarks {
  let program: Program
  let uri: String
  let folder: String
  /// How often all is measured at most; the best counts.
  var rounds = 7
  /// After so many seconds there is no further round.
  var seconds = 25.0

  private var database: String { "fhirline_bench_\(getpid())" }
  private var rawDatabase: String { database + "_raw" }

  /// What the rounds gave.
  struct Result {
    var section: Section
    /// The first import's documents per second, as a share of what libmongoc alone does.
    var importShare: Double
    var exportRate: Double
    /// How many times as fast the same import is when nothing has changed.
    var unchangedFactor: Double
    var peakMemory: Int
  }

  /// The part of an import's summary that is needed here.
  private struct Summary: Codable {
    struct Loaded: Codable {
      var inserted: Int
      var replaced: Int
      var unchanged: Int
    }
    var read: Int
    var loaded: Loaded
    var quarantined: Int
    var bytes: Int
  }

  func run(_ title: String, _ inputs: [Input], workers counts: [Int]) throws -> Result {
    let raw = try RawInsertion(uri: uri)
    defer {
      try? raw.drop(database: database)
      try? raw.drop(database: rawDatabase)
    }
    var figures: [String: [ProgramRun]] = [:]
    var rawSeconds: [Double] = []
    var summary: Summary?
    var exported = 0
    let started = Clock.now()
    for round in 0..<rounds where round == 0 || Clock.now() - started < seconds {
      for workers in counts {
        try raw.drop(database: database)
        let first = try importRun(inputs, workers: workers)
        figures["import \(workers)", default: []].append(first.run)
        summary = first.summary
        guard first.summary.quarantined * 10 < first.summary.read else {
          throw Program.Failure(
            description:
              "\(first.summary.quarantined) of \(first.summary.read) resources were set aside: no figure for an import"
          )
        }
        let again = try importRun(inputs, workers: workers)
        figures["again \(workers)", default: []].append(again.run)
        guard again.summary.loaded.inserted + again.summary.loaded.replaced == 0 else {
          throw Program.Failure(description: "importing the same files again changed documents")
        }
        let out = folder + "/export"
        figures["export \(workers)", default: []].append(
          try program.run(
            [
              "export", "--from", uri, "--database", database, "--out", out, "--quiet", "--workers",
              "\(workers)",
            ]))
        exported = try Input.find(out).size
        try FileManager.default.removeItem(atPath: out)
      }
      try raw.load(database: database)
      rawSeconds.append(try raw.insert(database: rawDatabase))
      try raw.drop(database: rawDatabase)
    }
    guard let summary else { throw Program.Failure(description: "nothing was measured") }

    let bytes = Table.number(Double(inputs.size) / 1e6, 1)
    var section = Section(
      title: "\(title), with MongoDB: \(bytes) MB, \(Table.number(Double(summary.read), 0)) resources in "
        + "\(Table.number(Double(raw.documents), 0)) documents of \(Table.number(Double(raw.bytes) / 1e6, 1)) MB"
    )
    func add(_ name: String, _ key: String, workers: Int, bytes: Int) {
      let runs = figures["\(key) \(workers)"] ?? []
      section.rows.append(
        Row(
          name: name, workers: workers, bytes: bytes, resources: summary.read, best: runs.map(\.seconds).best,
          median: runs.map(\.seconds).median, processor: runs.map(\.processorSeconds).best,
          peakMemory: runs.map(\.peakMemory).max()))
    }
    for workers in counts { add("import", "import", workers: workers, bytes: summary.bytes) }
    for workers in counts { add("import, nothing changed", "again", workers: workers, bytes: summary.bytes) }
    for workers in counts { add("export to NDJSON", "export", workers: workers, bytes: exported) }
    section.rows.append(
      Row(
        name: "inserting the documents alone (MB of BSON)", workers: nil, bytes: raw.bytes,
        resources: raw.documents,
        best: rawSeconds.best, median: rawSeconds.median, processor: nil, peakMemory: nil))
    func best(_ key: String) -> Double {
      counts.map { (figures["\(key) \($0)"] ?? []).map(\.seconds).best }.best
    }
    return Result(
      section: section, importShare: rawSeconds.best / best("import"),
      exportRate: Double(exported) / best("export"), unchangedFactor: best("import") / best("again"),
      peakMemory: figures.values.joined().map(\.peakMemory).max() ?? 0)
  }

  private func importRun(_ inputs: [Input], workers: Int) throws -> (run: ProgramRun, summary: Summary) {
    let run = try program.run(
      [
        "import", "--to", uri, "--database", database, "--summary", "json", "--quiet", "--workers",
        "\(workers)",
        "--quarantine", folder + "/quarantine.ndjson",
      ] + inputs.paths)
    return (run, try JSONDecoder().decode(Summary.self, from: Data(run.output.utf8)))
  }
}
