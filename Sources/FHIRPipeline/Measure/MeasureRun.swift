package import FHIRDefinitions
import FHIRFormats
package import FHIRMapping
import FHIRModel
import FHIRValidation
import Foundation
import Glibc
import Synchronization

/// One stage of the pipeline, run over the same inputs again and again within this process, so that neither its start
/// nor the database counts: the work of the hidden command `measure`, which `make bench` calls.
package struct MeasureRun: Sendable {
  package enum Stage: String, Sendable, CaseIterable {
    /// Nothing but read(2): the yardstick.
    case bytes
    /// Reading into trees.
    case read
    /// Reading, and validation of structure, primitives and codes.
    case structure
    /// Reading and validation, with every invariant; and the profiles of packages, where some were named.
    case validate
    /// All that an import does before the database: documents are made, and forgotten.
    case documents
  }

  package var stage: Stage
  package var workers = 1
  /// The stage is run until all its runs together took so long.
  package var leastSeconds = 0.5
  package var leastRuns = 3
  /// Inputs smaller than this are read several times in one run, so that starting threads does not count; but for
  /// `documents`, where the same resources again would be more work than others.
  package var leastBytes = 16 << 20
  package var mappings: MappingSet
  /// The core of R4, and the packages that the user named.
  package var definitions: ConformanceStore = .core

  package init(stage: Stage, mappings: MappingSet) {
    self.stage = stage
    self.mappings = mappings
  }

  /// What one run of a stage went through.
  package struct Amounts: Sendable, Equatable {
    package var files = 0
    package var bytes = 0
    package var resources = 0
    package var errors = 0
    package var documents = 0
    package var documentBytes = 0

    mutating func add(_ other: Amounts) {
      bytes += other.bytes
      resources += other.resources
      errors += other.errors
      documents += other.documents
      documentBytes += other.documentBytes
    }
  }

  package struct Figures: Sendable {
    package var amounts: Amounts
    /// Seconds of every run, the shortest first.
    package var seconds: [Double]
    /// Processor seconds of the run that took fewest, all threads together: what other programs disturb least.
    package var processorSeconds: Double
    /// Most memory that the process ever had resident (VmHWM), in bytes.
    package var peakMemory: Int
  }

  package func run(_ inputs: [InputFile]) throws -> Figures {
    let size = max(1, inputs.reduce(0) { $0 + $1.size })
    let copies = stage == .documents ? 1 : max(1, (leastBytes + size - 1) / size)
    let files = Array(repeatElement(inputs, count: copies).joined())
    var seconds: [Double] = []
    var processorSeconds = Double.infinity
    var amounts = Amounts()
    while seconds.count < leastRuns || seconds.reduce(0, +) < leastSeconds {
      let started = Progress.now()
      let startedProcessor = MeasureRun.processorSeconds()
      amounts =
        switch stage {
        case .bytes: try bytes(files)
        case .read: records(files) { _, _ in }
        case .structure, .validate: validated(files)
        case .documents: try documents(files)
        }
      seconds.append(Progress.now() - started)
      processorSeconds = min(processorSeconds, MeasureRun.processorSeconds() - startedProcessor)
    }
    amounts.files = files.count
    return Figures(
      amounts: amounts, seconds: seconds.sorted(), processorSeconds: processorSeconds,
      peakMemory: MeasureRun.peakMemory())
  }

  // MARK: Stages

  private func bytes(_ files: [InputFile]) throws -> Amounts {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: reading.chunkBytes, alignment: 4096)
    defer { room.deallocate() }
    var amounts = Amounts()
    for file in files {
      do {
        let source = try file.source()
        while true {
          let count = try source.read(into: room)
          guard count > 0 else { break }
          amounts.bytes += count
        }
      } catch {
        throw PipelineFailure(.input, "\(file.name): \(error.message)")
      }
    }
    return amounts
  }

  private var reading: ReadOptions { ReadOptions() }

  private func validated(_ files: [InputFile]) -> Amounts {
    var options = ValidationOptions()
    options.checksInvariants = stage == .validate
    options.profiles.areChecked = stage == .validate
    let validator = Validator(definitions: definitions, options: options)
    return records(files) { record, amounts in
      guard record.content != .unreadable else { return }
      var issues = record.issues
      validator.validate(record.tree, into: &issues)
      amounts.errors += issues.count { $0.severity >= .error }
    }
  }

  /// Reads all records, by as many workers as are asked for.
  private func records(
    _ files: [InputFile], _ body: @escaping @Sendable (Record, inout Amounts) -> Void
  ) -> Amounts {
    let feed = BatchFeed(files: files, options: reading)
    let total = Mutex(Amounts())
    WorkerThread.run(count: workers) { _ in
      var worker = BatchFeed.Worker(feed)
      var own = Amounts()
      while let item = worker.next() {
        guard case .batch(let batch) = item.content else { continue }
        own.bytes += batch.byteCount
        batch.forEach { record in
          switch record.content {
          case .resource, .entry: own.resources += 1
          case .bundle, .unreadable: break
          }
          body(record, &own)
        }
      }
      total.withLock { $0.add(own) }
    }
    return total.withLock { $0 }
  }

  private func documents(_ files: [InputFile]) throws -> Amounts {
    var run = ImportRun(mappings: mappings, collections: [:])
    run.workers = workers
    let sink = Counter()
    let ledger = ImportLedger(quarantine: nil, say: { _ in })
    let size = files.reduce(0) { $0 + $1.size }
    let context = ImportContext(
      run: run, files: files, found: try run.index(files), stored: nil, states: nil, ledger: ledger,
      assembler: DocumentAssembler(mappings: mappings, pageBytes: run.chartPageBytes), loader: sink,
      spill: SpillStore(expectedBytes: size * 5 / 4, folder: NSTemporaryDirectory()),
      progress: Progress(total: size, enabled: false))
    context.makeDocuments()
    if let failure = context.failure { throw failure }
    var amounts = sink.amounts
    amounts.bytes = ledger.summary.bytes
    amounts.resources = ledger.summary.total.read
    amounts.errors = ledger.summary.errors
    return amounts
  }

  /// Takes documents and counts them.
  private final class Counter: DocumentSink {
    private let counted = Mutex(Amounts())

    var amounts: Amounts { counted.withLock { $0 } }

    var hasFailed: Bool { false }

    func put(_ requests: [LoadRequest]) -> Bool {
      counted.withLock { amounts in
        for request in requests {
          amounts.documents += request.document.pageCount
          amounts.documentBytes += request.document.byteCount
        }
      }
      return true
    }
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// VmHWM of proc(5), in bytes; 0 where the system does not tell.
  private static func peakMemory() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
    else { return 0 }
    return (Int(kilobytes) ?? 0) * 1024
  }
}

extension MeasureRun.Figures {
  /// One JSON object, on one line.
  package func json(stage: MeasureRun.Stage, workers: Int) -> String {
    JSONText.object([
      ("stage", JSONText.quoted(stage.rawValue)), ("workers", "\(workers)"), ("files", "\(amounts.files)"),
      ("bytes", "\(amounts.bytes)"), ("resources", "\(amounts.resources)"), ("errors", "\(amounts.errors)"),
      ("documents", "\(amounts.documents)"), ("documentBytes", "\(amounts.documentBytes)"),
      ("runs", "\(seconds.count)"), ("best", "\(best)"), ("median", "\(median)"),
      ("processor", "\(processorSeconds)"),
      ("peakMemory", "\(peakMemory)"),
    ])
  }

  package var best: Double { seconds.first ?? 0 }

  package var median: Double { seconds.isEmpty ? 0 : seconds[seconds.count / 2] }

  /// `read, 1 worker: 780.2 MB/s (best of 12 runs over 22.5 MB, 25,104 resources; peak memory 31.0 MB)`
  package func line(stage: MeasureRun.Stage, workers: Int) -> String {
    let rate = Amount.bytes(Int(Double(amounts.bytes) / max(best, 1e-9)))
    return
      "\(stage.rawValue), \(Amount.of(workers, "worker")): \(rate)/s (best of \(Amount.of(seconds.count, "run"))"
      + " over \(Amount.bytes(amounts.bytes)), \(Amount.of(amounts.resources, "resource"));"
      + " \(Amount.bytes(Int(Double(amounts.bytes) / max(processorSeconds, 1e-9)))) per processor second;"
      + " peak memory \(Amount.bytes(peakMemory)))"
  }
}
