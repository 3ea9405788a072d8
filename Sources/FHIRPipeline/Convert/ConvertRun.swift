package import FHIRFormats
package import FHIRModel
import Foundation

/// The work of `fhirline convert`: the same resources in another format.
package struct ConvertRun: Sendable {
  package var format: Format
  package var pretty = false
  package var reading = ReadOptions()

  package init(format: Format) {
    self.format = format
    // A Bundle's members stand in an order that XML prescribes and JSON leaves open: it is converted whole.
    reading.splitBundles = false
  }

  package struct Report: Sendable {
    package var resources = 0
    package var bytes = 0
    /// What could not be read, or not be written as it was: source and finding.
    package var findings: [(source: String, issue: Issue)] = []

    package var exitStatus: ExitStatus {
      findings.contains { $0.issue.severity >= .error } ? .findings : .done
    }
  }

  /// Converts one input to one file; `-` is standard output.
  package func run(_ file: InputFile, to path: String) throws -> Report {
    var report = Report()
    var trees: [ResourceTree] = []
    let output = try OutputFile(path: path)
    let buffer = OutputBuffer(sink: nil)
    let text = ResourceText(
      format: format == .xml ? .xml : .json, pretty: pretty && format != .ndjson, buffer: buffer)
    do {
      let reader = try file.open(options: readOptions)
      while let record = try reader.next() {
        report.findings += record.issues.map { (file.name, $0) }
        if record.content == .unreadable { continue }
        report.resources += 1
        if format == .ndjson {
          guard let resource = RecordResource(record) else { continue }
          report.findings += text.write(record.tree, at: resource.node).map { (file.name, $0) }
          try drain(buffer, to: output)
          try output.write("\n")
        } else {
          trees.append(record.tree)
        }
      }
    } catch let failure as ReadFailure {
      throw PipelineFailure(.input, "\(file.name): \(failure.message)")
    }
    if format != .ndjson { try write(trees, of: file, with: text, buffer, to: output, &report) }
    try output.flush()
    report.bytes = output.byteCount
    return report
  }

  /// Lines stand for themselves: a Bundle becomes the lines of its resources.
  private var readOptions: ReadOptions {
    var options = reading
    options.splitBundles = format == .ndjson
    return options
  }

  private func write(
    _ trees: [ResourceTree], of file: InputFile, with text: ResourceText, _ buffer: OutputBuffer,
    to output: OutputFile, _ report: inout Report
  ) throws {
    if trees.count == 1 {
      report.findings += text.write(trees[0]).map { (file.name, $0) }
      try drain(buffer, to: output)
      if !pretty { try output.write("\n") }
      return
    }
    // Many resources in one document are a Bundle.
    guard !trees.isEmpty else { return }
    if format == .xml {
      try output.write(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"collection\"/>"
      )
    } else {
      try output.write("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[")
    }
    for (number, tree) in trees.enumerated() {
      if format == .json && number > 0 { try output.write(",\n") }
      report.findings += text.writeEntry(tree, fullURL: nil).map { (file.name, $0) }
      try drain(buffer, to: output)
    }
    try output.write(format == .xml ? "</Bundle>\n" : "]}\n")
  }

  private func drain(_ buffer: OutputBuffer, to output: OutputFile) throws {
    try output.write(buffer.array[...])
    buffer.removeAll()
  }
}
