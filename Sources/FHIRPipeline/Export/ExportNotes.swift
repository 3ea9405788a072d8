/// Fields that an export could not carry, by cause; each of them in a file where one is asked for.
struct ExportNotes {
  /// Causes beyond these are counted, and not told apart.
  private static let mostCauses = 1000
  private static let mostExamples = 3

  private var causes: [ExportSummary.Cause] = []
  private var positions: [String: Int] = [:]
  /// By cause: the document of which it was told last; documents come one after another.
  private var last: [String] = []
  private var count = 0
  private var errors = 0
  private let file: OutputFile?

  /// - Parameter path: of the file that takes every note, a line of JSON each; nil for none.
  init(path: String?) throws { file = try path.map { try OutputFile(path: $0) } }

  mutating func add(_ notes: [ExportSummary.Note]) throws {
    for note in notes {
      count += 1
      if note.isError { errors += 1 }
      try file?.write(
        JSONText.object([
          ("document", JSONText.quoted(note.kind)), ("id", JSONText.quoted(note.id)),
          ("field", JSONText.quoted(note.field)), ("reason", JSONText.quoted(note.reason)),
        ]) + "\n")
      let key = "\(note.kind)\u{0}\(note.field)\u{0}\(note.reason)"
      if let position = positions[key] {
        causes[position].count += 1
        guard last[position] != note.id else { continue }
        last[position] = note.id
        causes[position].documents += 1
        if causes[position].examples.count < ExportNotes.mostExamples {
          causes[position].examples.append(note.id)
        }
      } else if causes.count < ExportNotes.mostCauses {
        positions[key] = causes.count
        last.append(note.id)
        causes.append(
          ExportSummary.Cause(
            kind: note.kind, field: note.field, reason: note.reason, count: 1, isError: note.isError,
            examples: [note.id]))
      }
    }
  }

  mutating func finish(into summary: inout ExportSummary) throws {
    try file?.finish()
    summary.noteCount = count
    summary.errorCount = errors
    summary.causes = causes
  }
}

extension ExportSummary {
  /// What could not be carried, for the manifest: no ids of documents, and no values.
  var causesJSON: String {
    JSONText.array(
      causes.map { cause in
        JSONText.object([
          ("document", JSONText.quoted(cause.kind)), ("field", JSONText.quoted(cause.field)),
          ("reason", JSONText.quoted(cause.reason)), ("count", "\(cause.count)"),
        ])
      })
  }

  /// What could not be carried, for people: a line a cause.
  var causeLines: [String] {
    guard noteCount > 0 else { return [] }
    return [
      "  \(Amount.of(noteCount, "field")) could not be carried as \(noteCount == 1 ? "it stands" : "they stand"), or should be looked at:"
    ] + ExportSummary.lines(of: causes)
  }

  /// What the format could not hold, for who wants to hear of nothing else.
  package var errorLines: [String] {
    guard errorCount > 0 else { return [] }
    return [
      "fhirline: \(Amount.of(errorCount, "value")) could not be written as \(errorCount == 1 ? "it stands" : "they stand"):"
    ]
      + ExportSummary.lines(of: causes.filter(\.isError))
  }

  private static func lines(of causes: [Cause]) -> [String] {
    var lines: [String] = []
    for cause in causes.prefix(20) {
      let ids = cause.examples.map { FindingText.printable(FindingText.shortened($0, to: 60)) }
      let more = cause.documents > ids.count ? ", …" : ""
      let times = cause.count > cause.documents ? ", \(Amount.of(cause.count, "value"))" : ""
      let places =
        cause.documents == 1
        ? ids.joined() + times
        : "\(Amount.grouped(cause.documents)) documents\(times): \(ids.joined(separator: ", "))\(more)"
      lines.append("    \(cause.kind).\(FindingText.printable(cause.field)): \(cause.reason) (\(places))")
    }
    if causes.count > 20 {
      lines.append("    … \(Amount.of(causes.count - 20, "more cause")); --report FILE names all")
    }
    return lines
  }
}
