package import DocumentStore
import FHIRFormats
import FHIRMapping
package import FHIRModel
import Foundation
import Glibc
import Synchronization

/// The work of `fhirline quarantine replay`: imports what was set aside again, and leaves in the files what fails again.
///
/// The entries of each file go, a line for a line, into a temporary file that nobody else can open, which is imported as
/// any other input is.
package final class QuarantineReplay: QuarantineSink {
  /// A quarantine file, and where its entries came from.
  private struct File {
    let path: String
    let state: [Int]
    let input: InputFile
    /// Of each line: the number of its source, and the line there.
    let origins: [(source: Int32, line: Int32)]
    /// Lines that are no entries, or have only the beginning of one, or may not be loaded by themselves, stay as they are.
    let strangers: Set<Int>
    /// How many of those are beginnings.
    let beginnings: Int
    /// How many are entries of transactions whose file broke off.
    let unfinished: Int
    let transactions: ReplayTransactions
    /// Lines of transactions' entries, by the line of their Bundle and their keys.
    let keys: [Int: [String: Int]]
  }

  private struct Failures {
    /// By file, and line: the reasons, as JSON.
    var reasons: [LineTexts] = []
    /// By file and line of a transaction: the reasons of its entries, in their order.
    var refusals: [Place: [String]] = [:]
    /// Where the resources that are on their way came from, by the hashes of their origins and keys: many may stand on one line.
    var places: [Int: Place] = [:]
  }

  private struct Place: Hashable {
    let file: Int32
    let line: Int32

    init(file: Int, line: Int) {
      self.file = Int32(clamping: file)
      self.line = Int32(clamping: line)
    }
  }

  private let files: [File]
  private let numbers: [String: Int]
  /// The numbers of the files that have entries: those of the run's inputs.
  private let inputs: [Int]
  /// Where the entries were first read: the names of the run's files.
  let sources: [String]
  private let failures = Mutex(Failures())

  /// What a replay did.
  package struct Outcome: Sendable {
    package var run: ImportRun.Outcome
    /// By file: how many entries it had, and has.
    package var files: [(path: String, before: Int, after: Int)]
    /// By file: lines that are no entries, and stay as they are.
    package var strangers: [String: Int] = [:]
    /// By file: entries that were too large to be set aside whole, and stay as they are.
    package var beginnings: [String: Int] = [:]
    /// By file: entries of transactions of which not all is there, and which stay as they are.
    package var unfinished: [String: Int] = [:]

    package var exitStatus: ExitStatus {
      if let failure = run.failure { return failure.exitStatus }
      return run.summary.hasFindings || files.contains { $0.after > 0 } ? .findings : .done
    }
  }

  /// Reads quarantine files.
  ///
  /// - Parameter honoursTransactions: whether a transaction Bundle is loaded all or nothing.
  package init(_ paths: [String], honoursTransactions: Bool) throws {
    var sources: [String] = []
    var positions: [String: Int32] = [:]
    files = try paths.map { path in
      try QuarantineReplay.read(path, honoursTransactions) { source in
        if let known = positions[source] { return known }
        let number = Int32(sources.count)
        positions[source] = number
        sources.append(source)
        return number
      }
    }
    self.sources = sources
    inputs = files.indices.filter { [files] in files[$0].origins.count > files[$0].strangers.count }
    let reasons = files.map { LineTexts(lineCount: $0.origins.count) }
    failures.withLock { $0.reasons = reasons }
    numbers = Dictionary(files.enumerated().map { ($1.path, $0) }) { first, _ in first }
  }

  private static func read(
    _ path: String, _ honoursTransactions: Bool, number: (String) -> Int32
  ) throws -> File {
    let state = try QuarantineFile.state(of: path)
    let temporary = try TemporaryFile()
    var origins: [(source: Int32, line: Int32)] = []
    var strangers: Set<Int> = []
    var beginnings = 0
    var keys: [Int: [String: Int]] = [:]
    // Entries of transactions whose last is still to come: each Bundle was held in memory when it was imported.
    var held: [Int: [[UInt8]]] = [:]
    var waiting: [UInt8] = []
    var size = 0
    func flush() throws {
      try waiting.withUnsafeBytes { try temporary.append($0) }
      size += waiting.count
      waiting.removeAll(keepingCapacity: true)
    }
    func take(_ piece: UnsafeBufferPointer<UInt8>) throws {
      waiting += piece
      if waiting.count >= 1 << 20 { try flush() }
    }
    let transactions = try ReplayTransactions(of: path, honoured: honoursTransactions)
    try QuarantineFile.forEachLine(of: path) { line, bytes in
      if let entry = QuarantineEntry(bytes) {
        origins.append((number(entry.source), Int32(clamping: entry.line ?? 0)))
        if transactions.unfinished.contains(line) {
          strangers.insert(line)
        } else if let last = transactions.lastLines[line], case .resource(let range) = entry.content {
          let (type, id) = entry.identity(in: bytes)
          if let type, let id { keys[last, default: [:]]["\(type)/\(id)"] = line }
          held[last, default: []].append(Array(bytes[range]))
          if line == last, let entries = held.removeValue(forKey: last) {
            waiting += ReplayTransactions.bundle(entries)
          }
        } else {
          try entry.forEachPieceOfInput(in: bytes) { try take($0) }
        }
        if case .beginning = entry.content {
          strangers.insert(line)
          beginnings += 1
        }
      } else {
        origins.append((-1, 0))
        strangers.insert(line)
      }
      waiting.append(0x0A)
      if waiting.count >= 1 << 20 { try flush() }
    }
    try flush()
    var input = InputFile(name: path, path: temporary.path, size: size)
    input.temporary = temporary
    return File(
      path: path, state: state, input: input, origins: origins, strangers: strangers,
      beginnings: beginnings, unfinished: transactions.unfinished.count, transactions: transactions,
      keys: keys)
  }

  /// Imports the entries, and takes those out of the files that are loaded now.
  package func run(_ run: ImportRun, store: DocumentStore) throws -> Outcome {
    var run = run
    run.replay = self
    run.reading.format = .ndjson
    var outcome = try run.run(inputs.map { files[$0].input }, store: store)
    outcome.quarantinePath = nil
    var counts: [(path: String, before: Int, after: Int)] = []
    for (number, file) in files.enumerated() {
      var after = file.origins.count
      // What a run had loaded that was stopped, or could not read all, comes as unchanged the next time.
      if outcome.failure == nil, outcome.summary.unreadableFiles == 0 { after = try rewrite(file, number) }
      counts.append((file.path, file.origins.count, after))
    }
    func count(_ lines: (File) -> Int) -> [String: Int] {
      Dictionary(files.map { ($0.path, lines($0)) }) { first, _ in first }.filter { $0.value > 0 }
    }
    return Outcome(
      run: outcome, files: counts, strangers: count { $0.strangers.count - $0.beginnings - $0.unfinished },
      beginnings: count(\.beginnings), unfinished: count(\.unfinished))
  }

  // MARK: During the import

  package func add(
    source: String, position: SourcePosition?, text: QuarantinedText?, issues: [Issue]
  ) {
    guard let file = numbers[source] else { return }
    fail(Place(file: file, line: position?.line ?? issues.first?.position?.line ?? 0), issues)
  }

  /// Takes what the database refused.
  func refuse(key: String, origin: Origin, issues: [Issue]) {
    let resource = QuarantineReplay.hash(of: key, origin)
    guard let place = failures.withLock({ $0.places[resource] }) else { return }
    fail(place, issues)
  }

  private static func hash(of key: String, _ origin: Origin) -> Int {
    var hasher = Hasher()
    hasher.combine(key)
    hasher.combine(origin)
    return hasher.finalize()
  }

  private func fail(_ place: Place, _ issues: [Issue]) {
    // Its places would be those of the temporary file.
    let reasons = Quarantine.reasons(issues, hasPlaces: false)
    let (file, line) = (Int(place.file), Int(place.line))
    let isTransaction = files[file].transactions.members[line] != nil
    failures.withLock { failures in
      if isTransaction {
        failures.refusals[place, default: []].append(reasons)
      } else {
        failures.reasons[file].add(reasons, line: line)
      }
    }
  }

  /// The origin of what is read from a line of a temporary file: that of the entry.
  func origin(of key: String, file: Int, line: Int, run: Int32) -> Origin {
    let place = Place(file: inputs[file], line: line)
    let origins = files[inputs[file]].origins
    let own = files[inputs[file]].keys[line]?[key] ?? line
    var origin = Origin(run: run, file: -1, line: Int32(clamping: own))
    if origins.indices.contains(own - 1), origins[own - 1].source >= 0 {
      origin = Origin(run: run, file: origins[own - 1].source, line: origins[own - 1].line)
    }
    let hash = QuarantineReplay.hash(of: key, origin)
    failures.withLock { $0.places[hash] = place }
    return origin
  }

  // MARK: Behind the import

  /// Writes a file anew with what failed again and its new reasons, or removes it where nothing did. Returns how many
  /// entries are left.
  private func rewrite(_ file: File, _ number: Int) throws -> Int {
    let (reasons, changed, kept) = reasons(of: file, number)
    // From here on no other replay writes it; what a killed one left beside it goes.
    let output = try OutputFile(path: file.path, isReplacing: true)
    guard try QuarantineFile.state(of: file.path) == file.state else {
      throw PipelineFailure(
        .output,
        "\(file.path): the file was changed meanwhile and is left as it is; replay it again to clear it")
    }
    if reasons.isEmpty, changed.isEmpty, kept.isEmpty, file.strangers.isEmpty {
      guard unlink(file.path) == 0 else {
        throw PipelineFailure.unwritable("\(file.path): cannot be removed", errno: errno)
      }
      return 0
    }
    var left = 0
    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try output.write($0) } }
    try QuarantineFile.forEachLine(of: file.path) { number, bytes in
      if file.strangers.contains(number) || kept.contains(number) {
        try output.write(UnsafeRawBufferPointer(bytes))
      } else if let reasons = changed[number] ?? reasons[number], let entry = QuarantineEntry(bytes) {
        let (head, content) = entry.parts(in: bytes, reasons: reasons)
        try write(head)
        try output.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[content])))
        try write([UInt8(ascii: "}")])
      } else {
        return
      }
      try write([0x0A])
      left += 1
    }
    try output.finish(syncs: true)
    return left
  }

  /// By line: the new reasons of what failed again, those of transactions' entries, and what stays with the reasons it had.
  private func reasons(
    of file: File, _ number: Int
  ) -> (reasons: LineTexts, ofTransactions: [Int: String], kept: Set<Int>) {
    failures.withLock { failures in
      var reasons: [Int: String] = [:]
      var kept: Set<Int> = []
      for (place, texts) in failures.refusals where Int(place.file) == number {
        let lines = file.transactions.members[Int(place.line)] ?? []
        if texts.count == lines.count {
          for (line, text) in zip(lines, texts) { reasons[line] = text }
        } else {
          kept.formUnion(lines)
        }
      }
      return (failures.reasons[number], reasons, kept)
    }
  }
}

extension QuarantineEntry {
  /// The entry as a line with other reasons: what stands before its content, and where that is; behind it comes a brace.
  fileprivate func parts(
    in bytes: UnsafeBufferPointer<UInt8>, reasons: String
  ) -> (head: [UInt8], content: Range<Int>) {
    var line: [UInt8] = Array("{".utf8)
    for (name, value) in place {
      line += Array("\"\(name)\":".utf8)
      line += bytes[value]
      line.append(UInt8(ascii: ","))
    }
    line += Array("\"issues\":\(reasons),".utf8)
    switch content {
    case .resource(let range):
      return (line + Array("\"resource\":".utf8), range)
    case .raw(let range):
      return (line + Array("\"raw\":".utf8), range)
    case .beginning(let range):
      return (line + Array("\"beginning\":".utf8), range)
    }
  }
}
