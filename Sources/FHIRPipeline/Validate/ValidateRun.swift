package import FHIRFormats
import FHIRModel
import FHIRValidation
import Glibc
import Synchronization

/// The work of `fhirline validate`: reads every input, checks it, and reports in the order of the inputs.
package struct ValidateRun: Sendable {
  package var report = ReportOptions()
  package var workers = 2
  package var quiet = false
  package var showsProgress = true
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
    var findings: [Finding] = []
    var resources = 0
    var bytes = 0
    var failed = false
  }

  /// Checks the inputs. `emit` gets the report piece by piece.
  package func run(_ files: [InputFile], emit: @escaping @Sendable (String) -> Void) -> Tally {
    let started = Progress.now()
    let feed = BatchFeed(files: files, options: reading)
    let progress = Progress(total: files.reduce(0) { $0 + $1.size }, enabled: showsProgress && !quiet)
    let context = ReportContext(files: files, options: report, emit: emit)
    let output = Mutex(Output(context.makeReport()))
    let order = InputOrder<StepResult> { file, result in output.withLock { $0.add(result, input: file) } }
    var validation = ValidationOptions()
    validation.showValues = report.showValues
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
            var issues = record.issues
            switch record.content {
            case .resource, .entry: result.resources += 1
            case .bundle, .unreadable: break
            }
            if record.content != .unreadable { validator.validate(record.tree, into: &issues) }
            guard !issues.isEmpty else { return }
            let type = record.subjectType
            result.findings += issues.map { Finding($0, input: item.file, resourceType: type) }
          }
        case .failure(let message):
          result.failed = true
          let issue = Issue(.fatal, .inputUnreadable, at: "", position: nil, message)
          result.findings.append(Finding(issue, input: item.file))
        case .end: break
        }
        progress.advance(bytes: result.bytes, resources: result.resources)
        order.put(result, file: item.file, step: item.step, last: last)
      }
    }
    progress.finish()
    return output.withLock { output in
      output.report.end()
      output.tally.inputs = files.count
      output.tally.seconds = Progress.now() - started
      return output.tally
    }
  }

  private struct Output {
    var report: any FindingReport
    var tally = Tally()

    init(_ report: any FindingReport) { self.report = report }

    mutating func add(_ result: StepResult, input: Int) {
      tally.resources += result.resources
      tally.bytes += result.bytes
      if result.failed { tally.unreadableInputs += 1 }
      report.begin(input: input)
      for finding in result.findings {
        if finding.issue.severity >= .error {
          tally.errors += 1
        } else if finding.issue.severity == .warning {
          tally.warnings += 1
        }
        report.add(finding)
      }
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
