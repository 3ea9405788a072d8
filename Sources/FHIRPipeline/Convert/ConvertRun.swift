package import FHIRFormats
import FHIRModel

/// The work of `fhirline convert`: the same resources in another format, record by record, in bounded memory.
///
/// A Bundle is read twice: its members stand in an order that XML prescribes, and what follows the entries in the source may
/// go before them in the output.
package struct ConvertRun: Sendable {
  package var format: Format
  package var pretty = false
  package var reading = ReadOptions()

  package init(format: Format) { self.format = format }

  package struct Report: Sendable {
    package var resources = 0
    package var bytes = 0
    /// What could not be read, or not be written as it was.
    package var findings = ConvertFindings()

    package var exitStatus: ExitStatus { findings.hasErrors ? .findings : .done }
  }

  /// Converts one input to one file; `-` is standard output. A file appears only when it is whole.
  package func run(_ input: InputFile, to path: String) throws -> Report {
    let file = format == .ndjson ? input : try input.spooled()
    var report = Report()
    let output = try OutputFile(path: path)
    do {
      try convert(file, to: output, &report)
    } catch let failure as ReadFailure {
      throw PipelineFailure(.input, "\(file.name): \(failure.message)")
    }
    try output.flush()
    // An empty file would look like the work of an input that holds nothing.
    guard !output.isEmpty || report.exitStatus == .done else { return report }
    try output.finish()
    report.bytes = output.byteCount
    return report
  }

  private func convert(_ file: InputFile, to output: OutputFile, _ report: inout Report) throws {
    let buffer = OutputBuffer { try output.write($0) }
    let text = ResourceText(
      format: format == .xml ? .xml : .json, pretty: pretty && format != .ndjson, buffer: buffer,
      reading: reading)
    if format == .ndjson {
      try forEachRecord(of: file, &report) { record, report in
        guard let resource = RecordResource(record, keepsMessages: true) else { return }
        report.findings.add(text.write(record.tree, at: resource.node), source: file.name)
        buffer.append(0x0A)
        try buffer.flushIfFull()
      }
    } else {
      switch try shape(of: file) {
      case .nothing: try forEachRecord(of: file, &report) { _, _ in }
      case .resource:
        try forEachRecord(of: file, &report) { record, report in
          report.findings.add(text.write(record.tree), source: file.name)
          buffer.append(0x0A)
        }
      case .bundle(let members):
        report.findings.add(text.beginBundle(members), source: file.name)
        try forEachRecord(of: file, &report) { record, report in
          if case .bundle = record.content { return }
          report.findings.add(text.addEntry(record.tree), source: file.name)
          try buffer.flushIfFull()
        }
        report.findings.add(text.endBundle(), source: file.name)
      }
    }
    try buffer.flush()
  }

  /// What a file holds, told before it is converted.
  private enum Shape {
    case nothing
    /// One resource.
    case resource
    /// A Bundle with these members beside its entries, or several resources, which become a collection.
    case bundle(ResourceTree)
  }

  private func shape(of file: InputFile) throws -> Shape {
    let reader = try file.open(options: reading)
    var resources = 0
    while let record = try reader.next() {
      switch record.content {
      case .bundle: return .bundle(record.tree)
      case .entry, .unreadable: continue
      case .resource:
        resources += 1
        if resources > 1 { return .bundle(ConvertRun.collection) }
      }
    }
    return resources == 0 ? .nothing : .resource
  }

  /// The members of a Bundle that gathers resources.
  private static var collection: ResourceTree {
    let buffer = TextBuffer()
    let tree = ResourceTree(text: buffer, origin: .none)
    func node(_ name: NameID, _ kind: ValueKind, _ text: String) -> Node {
      Node(
        name: name, flags: [NodeFlags(kind), .hasValue], textStart: UInt32(buffer.append(text)),
        textLength: UInt32(text.utf8.count))
    }
    let root = tree.append(node(.root, .resource, "Bundle"))
    tree.close(tree.append(node(KnownNames.r4.type, .string, "collection")))
    tree.close(root)
    tree.textMoved(to: buffer)
    return tree
  }

  private func forEachRecord(
    of file: InputFile, _ report: inout Report, _ body: (Record, inout Report) throws -> Void
  ) throws {
    let reader = try file.open(options: reading)
    while let record = try reader.next() {
      report.findings.add(record.issues, source: file.name)
      switch record.content {
      case .unreadable: continue
      case .bundle: break
      case .resource, .entry: report.resources += 1
      }
      try body(record, &report)
    }
  }
}
