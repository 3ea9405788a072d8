package import FHIRFormats
import FHIRModel
import FHIRValidation
import Glibc
import Synchronization

/// The work of `fhirline validate`: reads every input, checks it, and reports in the order of the inputs.
package struct ValidateRun: Sendable {
  package var format: FindingFormat = .text
  package var workers = 2
  package var quiet = false
  package var showsProgress = true
  /// Whether findings may show values, which are patient data.
  package var showValues = false
  package var reading = ReadOptions()

  package init() {}

  /// What a run found.
  package struct Tally: Sendable {
    package var inputs = 0
    package var unreadableInputs = 0
    package var resources = 0
    package var bytes = 0
    package var errors = 0
    package var warnings = 0
    package var seconds = 0.0
  }

  /// What one step of reading gave.
  private struct StepResult: Sendable {
    var issues: [Issue] = []
    var resources = 0
    var bytes = 0
    var failed = false
  }

  /// Checks the inputs. `emit` gets the report piece by piece.
  package func run(_ files: [InputFile], emit: @escaping @Sendable (String) -> Void) -> Tally {
    let started = Progress.now()
    let feed = BatchFeed(files: files, options: reading)
    let progress = Progress(total: files.reduce(0) { $0 + $1.size }, enabled: showsProgress && !quiet)
    let report = Mutex(
      Report(writer: FindingWriter(format: format, colours: Terminal.outputColours, emit: emit)))
    let order = InputOrder<StepResult> { file, result in
      report.withLock { $0.add(result, source: files[file].name) }
    }
    var validation = ValidationOptions()
    validation.showValues = showValues
    let validator = Validator(options: validation)
    WorkerThread.run(count: max(1, min(workers, 64))) { _ in
      var worker = BatchFeed.Worker(feed)
      while let item = worker.next() {
        var result = StepResult()
        var last = true
        switch item.content {
        case .batch(let batch):
          last = false
          result.bytes = batch.byteCount
          batch.forEach { record in
            result.issues += record.issues
            switch record.content {
            case .resource, .entry: result.resources += 1
            case .bundle, .unreadable: break
            }
            if record.content != .unreadable { validator.validate(record.tree, into: &result.issues) }
          }
        case .failure(let message):
          result.failed = true
          result.issues.append(Issue(.fatal, .inputUnreadable, at: "", position: nil, message))
        case .end: break
        }
        progress.advance(bytes: result.bytes, resources: result.resources)
        order.put(result, file: item.file, step: item.step, last: last)
      }
    }
    progress.finish()
    return report.withLock { report in
      report.writer.end()
      report.tally.inputs = files.count
      report.tally.seconds = Progress.now() - started
      return report.tally
    }
  }

  private struct Report {
    var writer: FindingWriter
    var tally = Tally()

    mutating func add(_ result: StepResult, source: String) {
      tally.resources += result.resources
      tally.bytes += result.bytes
      if result.failed { tally.unreadableInputs += 1 }
      for issue in result.issues {
        if issue.severity >= .error {
          tally.errors += 1
        } else if issue.severity == .warning {
          tally.warnings += 1
        }
      }
      writer.begin(input: source)
      writer.write(result.issues, source: source)
    }
  }
}

extension ValidateRun.Tally {
  package var exitStatus: ExitStatus {
    // A file of which something was read before it broke off has findings, as the others have.
    if inputs > 0 && unreadableInputs == inputs && resources == 0 { return .couldNotRun }
    return errors > 0 ? .findings : .done
  }

  /// One line for people: `2 errors, 1 warning in 153 resources of 3 files (1.2 MB, 0.1 s)`.
  package var line: String {
    let findings =
      errors == 0 && warnings == 0
      ? "No findings" : "\(Amount.of(errors, "error")), \(Amount.of(warnings, "warning"))"
    return "\(findings) in \(Amount.of(resources, "resource")) of \(Amount.of(inputs, "file"))"
      + " (\(Amount.bytes(bytes)), \(Amount.seconds(seconds)))"
  }
}
