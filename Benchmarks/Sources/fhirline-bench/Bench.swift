import Foundation

/// `fhirline-bench [--json] [--no-large] [--package=PACKAGE] [FOLDER…]`: measures the release binary on these folders, beside yardsticks taken
/// in the same run. MONGODB_URI names the server; without it import and export are left out.
///
/// `fhirline-bench --make=FOLDER FOLDER…` only writes the large inputs that it would measure.
@main
struct Bench {
  private var folders: [String] = []
  private var json = false
  private var measuresLarge = true
  private var made: String?
  private var package: String?
  private static let largeBundle = 60_000_000
  private static let enoughForWorkers = 90_000_000
  private static let largeBulkData = 1_000_000_000
  private let program: Program
  private let uri: String?
  private var report: Report

  static func main() {
    do {
      var bench = try Bench()
      try bench.run()
    } catch {
      say("fhirline-bench: \(error)")
      exit(2)
    }
  }

  private init() throws {
    for argument in CommandLine.arguments.dropFirst() {
      switch argument {
      case "--json": json = true
      case "--no-large": measuresLarge = false
      case _ where argument.hasPrefix("--package="): package = String(argument.dropFirst(10))
      case _ where argument.hasPrefix("--make="): made = String(argument.dropFirst(7))
      case _ where argument.hasPrefix("-"):
        throw Program.Failure(
          description:
            "\(argument): known are --json, --no-large, --package=PACKAGE, --make=FOLDER, and folders")
      default: folders.append(argument)
      }
    }
    // The broken samples would be set aside: what takes no time to load is no figure.
    if folders.isEmpty { folders = ["Samples/bulk", "Samples/clinic"] }
    let environment = ProcessInfo.processInfo.environment
    program = Program(path: environment["FHIRLINE_BINARY"] ?? ".build/release/fhirline")
    guard access(program.path, X_OK) == 0 else {
      throw Program.Failure(description: "\(program.path): there is no release build; make release makes one")
    }
    uri = environment["MONGODB_URI"]
    var load = 0.0
    getloadavg(&load, 1)
    report = Report(load: load, processors: ProcessInfo.processInfo.activeProcessorCount)
  }

  private mutating func run() throws {
    let temporary = NSTemporaryDirectory() + "fhirline-bench-\(getpid())"
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    var inputs: [Input] = []
    for folder in folders { inputs += try Input.find(folder) }
    guard !inputs.isEmpty else { throw Program.Failure(description: "\(folders[0]): no FHIR files") }
    if let made {
      let larger = try LargerInputs(inputs, folder: made)
      _ = try larger.bundle(bytes: Bench.largeBundle)
      _ = try larger.bulkData(bytes: Bench.largeBulkData)
      return
    }

    try stages(inputs, temporary: temporary)
    if let uri {
      for folder in folders {
        let found = try Input.find(folder)
        try database(
          DatabaseBenchmarks(program: program, uri: uri, folder: temporary), folder, found, temporary)
      }
      if measuresLarge { try large(inputs, uri: uri, temporary: temporary) }
    } else {
      report.notes.append("MONGODB_URI is not set: import and export were not measured.")
    }
    if report.load > Double(report.processors) * 0.5 {
      report.notes.append(
        "Other programs kept this machine busy (load \(Table.number(report.load, 1)) on \(report.processors) processors): "
          + "wall figures are low, and two workers had no two processors. MB/CPU s says what one free processor does."
      )
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(Table.text(report), terminator: "")
    }
  }

  // MARK: Parts

  private mutating func stages(_ inputs: [Input], temporary: String) throws {
    let benchmarks = StageBenchmarks(program: program, package: package)
    aim("start (--version)", try benchmarks.start(), "ms", atMost: 30)
    if package != nil {
      aim("start with the package", try benchmarks.startWithPackage(temporary), "ms", atMost: 300)
    }
    for kind in Input.Kind.allCases {
      var files = inputs.filter { $0.kind == kind }
      if kind == .xml && files.isEmpty { files = try converted(inputs, temporary: temporary) }
      guard !files.isEmpty else { continue }
      Bench.say("measuring stages: \(kind.rawValue)")
      let section = try benchmarks.section(kind.rawValue, files)
      report.sections.append(section)
      func rate(_ name: String, _ workers: Int) -> Double {
        (section.rows.first { $0.name == name && $0.workers == workers }?.bytesPerSecond ?? 0) / 1e6
      }
      aim("read \(kind.rawValue)", rate("read", 1), "MB/s, one worker", atLeast: kind == .xml ? 70 : 300)
      guard kind != .xml else { continue }
      let structure = rate("read, validate structure and codes", 1)
      aim("read and validate structure, \(kind.rawValue)", structure, "MB/s, one worker", atLeast: 150)
      aim(
        "read and validate everything, \(kind.rawValue)", rate("read, validate", 1), "MB/s, one worker",
        atLeast: 60)
      if package != nil {
        let checked = rate("read, validate with the package", 1)
        aim("… with the package, \(kind.rawValue)", checked, "MB/s, one worker", atLeast: 45)
      }
      try workers(kind.rawValue, files, temporary: temporary)
    }
  }

  private mutating func workers(_ kind: String, _ inputs: [Input], temporary: String) throws {
    let copies = temporary + "/workers"
    defer { try? FileManager.default.removeItem(atPath: copies) }
    // What is small would measure the start.
    let enough = try LargerInputs(inputs, folder: copies).folders(bytes: Bench.enoughForWorkers)
    let result = try WorkerBenchmarks(program: program).run(enough)
    report.sections[report.sections.count - 1].rows += result.rows
    aim("two workers, to validate \(kind)", result.factor, "times, by medians", atLeast: 1.7)
    let machine = Table.number(result.factorOfTwoPrograms, 2)
    report.notes.append(
      "Two programs with a worker each validate \(kind) \(machine) times as fast as one: what this machine gives to two workers."
    )
  }

  /// The same resources in XML, for data that has none.
  private func converted(_ inputs: [Input], temporary: String) throws -> [Input] {
    let bundles = inputs.filter { $0.kind == .bundles && !$0.isZipped }
    for (number, input) in bundles.prefix(10).enumerated() {
      _ = try program.run([
        "convert", input.path, "\(temporary)/xml\(number).xml", "--format", "xml", "--quiet",
      ])
    }
    return try Input.find(temporary).filter { $0.kind == .xml }
  }

  private mutating func database(
    _ benchmarks: DatabaseBenchmarks, _ folder: String, _ inputs: [Input], _ temporary: String
  ) throws {
    Bench.say("measuring import and export: \(folder)")
    let copies = temporary + "/copies"
    defer { try? FileManager.default.removeItem(atPath: copies) }
    // What is small would measure the connecting.
    let enough = try LargerInputs(inputs, folder: copies).folders(bytes: 20_000_000)
    let result = try benchmarks.run(folder, enough, workers: [1, 2])
    report.sections.append(result.section)
    let where_ = folders.count > 1 ? ", \(folder)" : ""
    aim("import\(where_)", result.importShare, "times inserting the same documents alone", atLeast: 0.6)
    aim("import of what is there\(where_)", result.unchangedFactor, "times the first import", atLeast: 2)
    aim("export\(where_)", result.exportRate / 1e6, "MB/s of NDJSON", atLeast: 100)
  }

  private mutating func large(_ inputs: [Input], uri: String, temporary: String) throws {
    let folder = temporary + "/large"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    Bench.say("making a Bundle of 60 MB and NDJSON of 1 GB")
    let larger = try LargerInputs(inputs, folder: folder)
    let benchmarks = DatabaseBenchmarks(program: program, uri: uri, folder: temporary)
    if let bundle = try larger.bundle(bytes: Bench.largeBundle) {
      try large("a Bundle of 60 MB", [bundle], benchmarks)
      try FileManager.default.removeItem(atPath: bundle.path)
    }
    let lines = try larger.bulkData(bytes: Bench.largeBulkData)
    if !lines.isEmpty { try large("NDJSON of 1 GB", lines, benchmarks) }
  }

  private mutating func large(_ name: String, _ inputs: [Input], _ benchmarks: DatabaseBenchmarks) throws {
    Bench.say("measuring \(name)")
    let validated = try program.run(["validate", "--quiet", "--workers", "2"] + inputs.paths)
    var result = try benchmarks.run(name, inputs, workers: [2])
    result.section.rows.insert(
      Row(
        name: "validate", workers: 2, bytes: inputs.size, resources: nil, best: validated.seconds,
        median: validated.seconds, processor: nil, peakMemory: validated.peakMemory), at: 0)
    report.sections.append(result.section)
    aim(
      "peak memory, \(name)", Double(max(validated.peakMemory, result.peakMemory)) / 1e6, "MB", atMost: 150)
  }

  // MARK: Words

  private mutating func aim(_ name: String, _ measured: Double, _ unit: String, atLeast bound: Double) {
    report.targets.append(Target(name: name, measured: measured, unit: unit, bound: bound, isLeast: true))
  }

  private mutating func aim(_ name: String, _ measured: Double, _ unit: String, atMost bound: Double) {
    report.targets.append(Target(name: name, measured: measured, unit: unit, bound: bound, isLeast: false))
  }

  private static func say(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}
