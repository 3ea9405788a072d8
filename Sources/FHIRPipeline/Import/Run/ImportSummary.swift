/// What an import did, in numbers that add up: read = inserted + replaced + unchanged + quarantined.
package struct ImportSummary: Sendable, Equatable {
  package struct Counts: Sendable, Equatable {
    package var read = 0
    package var inserted = 0
    package var replaced = 0
    package var unchanged = 0
    package var quarantined = 0

    package var accounted: Int { inserted + replaced + unchanged + quarantined }

    mutating func add(_ other: Counts) {
      read += other.read
      inserted += other.inserted
      replaced += other.replaced
      unchanged += other.unchanged
      quarantined += other.quarantined
    }
  }

  package struct References: Sendable, Equatable {
    /// Written as `urn:uuid:…`, as a search, or as a URL, and found.
    package var resolved = 0
    /// Written so, and not found: kept as written, tried again at every export.
    package var unresolved = 0
    /// Of earlier imports, whose targets came with this one.
    package var healed = 0
    /// Of this import, whose targets were there when all was loaded: they count as not found, as in a plan, which loads nothing.
    package var foundAtEnd = 0

    mutating func add(_ other: References) {
      resolved += other.resolved
      unresolved += other.unresolved
      healed += other.healed
      foundAtEnd += other.foundAtEnd
    }

    mutating func add(_ count: HealingRun.Count) {
      healed += count.earlier
      foundAtEnd += count.own
    }
  }

  /// What a server had to say of what it gave, in files that the manifest of an export calls so, and in entries of a search's results:
  /// no data, and not loaded.
  package struct ServerMessages: Sendable, Equatable {
    /// Severity error or fatal: something is not in the export.
    package var errors = 0
    package var warnings = 0
    package var information = 0

    mutating func add(_ other: ServerMessages) {
      errors += other.errors
      warnings += other.warnings
      information += other.information
    }
  }

  /// By resource type. What could not be read as a resource at all counts under `unreadable`.
  package var types: [String: Counts] = [:]
  package var references = References()
  package var errors = 0
  package var warnings = 0
  package var files = 0
  package var unreadableFiles = 0
  package var bytes = 0
  package var seconds = 0.0
  /// Entries of Bundles that hold no resource and ask for no change: a response, a GET.
  package var idleEntries = 0
  /// Resources that entries of Bundles asked to be deleted, and that were there.
  package var deleted = 0
  /// Deletions that could not be done.
  package var notDeleted = 0
  package var serverMessages = ServerMessages()
  /// What Bundles say of pages that follow them.
  var pages = ResultPages()

  /// The run ended before its input did.
  package private(set) var stopped = false
  /// Resources that a stopped run had read, and neither loaded nor set aside: the next run reads them again.
  package private(set) var unsettled = 0

  package init() {}

  /// Ends the count of a run that was stopped: what was read and neither loaded nor set aside is not counted as read.
  package mutating func stop() {
    stopped = true
    unsettled = total.read - total.accounted
    for (type, counts) in types { types[type]?.read = counts.accounted }
    types = types.filter { $0.value.read > 0 }
  }

  package var total: Counts {
    types.values.reduce(into: Counts()) { $0.add($1) }
  }

  /// Whether a resource was inserted or replaced.
  var hasChanges: Bool { types.values.contains { $0.inserted + $0.replaced > 0 } }

  /// Counts a resource that was inserted, and then found to be an older version of what another document has.
  mutating func countAsOlder(_ type: String) {
    types[type]?.inserted -= 1
    types[type]?.unchanged += 1
  }

  package mutating func add(_ other: ImportSummary) {
    for (type, counts) in other.types { types[type, default: Counts()].add(counts) }
    references.add(other.references)
    errors += other.errors
    warnings += other.warnings
    files += other.files
    unreadableFiles += other.unreadableFiles
    bytes += other.bytes
    idleEntries += other.idleEntries
    deleted += other.deleted
    notDeleted += other.notDeleted
    serverMessages.add(other.serverMessages)
    pages.add(other.pages)
  }

  /// One JSON object, on one line.
  package var json: String {
    func object(_ counts: Counts) -> [(String, String)] {
      [
        ("read", "\(counts.read)"),
        (
          "loaded",
          JSONText.object([
            ("inserted", "\(counts.inserted)"), ("replaced", "\(counts.replaced)"),
            ("unchanged", "\(counts.unchanged)"),
          ])
        ),
        ("quarantined", "\(counts.quarantined)"),
      ] + (counts.read > counts.accounted ? [("notLoaded", "\(counts.read - counts.accounted)")] : [])
    }
    let milliseconds = Int((seconds * 1000).rounded())
    let fraction = String(milliseconds % 1000)
    return JSONText.object(
      object(total) + [
        ("deleted", "\(deleted)"), ("notDeleted", "\(notDeleted)"),
        ("issues", JSONText.object([("error", "\(errors)"), ("warning", "\(warnings)")])),
        (
          "references",
          JSONText.object([
            ("resolved", "\(references.resolved)"), ("unresolved", "\(references.unresolved)"),
            ("healed", "\(references.healed)"),
          ])
        ),
        ("idleEntries", "\(idleEntries)"), ("missingPages", "\(pages.missing)"),
        ("files", "\(files)"), ("unreadableFiles", "\(unreadableFiles)"),
        (
          "serverMessages",
          JSONText.object([
            ("error", "\(serverMessages.errors)"), ("warning", "\(serverMessages.warnings)"),
            ("information", "\(serverMessages.information)"),
          ])
        ),
        ("bytes", "\(bytes)"),
        (
          "seconds",
          "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
        ),
        ("stopped", "\(stopped)"),
        (
          "types",
          JSONText.object(
            types.sorted { $0.key < $1.key }.map { ($0.key, JSONText.object(object($0.value))) })
        ),
      ])
  }

  /// A table for people.
  package func lines(colours: Bool) -> [String] {
    let total = total
    var rows = [["", "read", "inserted", "replaced", "unchanged", "set aside"]]
    // Of a run that changed nothing there is one thing to say.
    let shown = total.unchanged == total.read ? [:] : types
    for (type, counts) in shown.sorted(by: { $0.key < $1.key }) {
      rows.append([type] + ImportSummary.cells(counts))
    }
    if shown.count != 1 { rows.append(["all"] + ImportSummary.cells(total)) }
    let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      "  "
        + row.enumerated().map { column, cell in
          let room = String(repeating: " ", count: widths[column] - cell.count)
          return column == 0 ? cell + room : room + cell
        }.joined(separator: "  ")
    }
    if let last = lines.last, shown.count != 1 {
      lines[lines.count - 1] = Terminal.styled(last, .bold, when: colours)
    }
    if unsettled > 0 {
      lines.append("  \(Amount.of(unsettled, "further resource")) read, but not loaded before the run ended")
    }
    if deleted > 0 { lines.append("  \(Amount.of(deleted, "resource")) deleted, as entries of Bundles ask") }
    if notDeleted > 0 {
      lines.append("  \(Amount.of(notDeleted, "deletion")) that entries of Bundles ask for could not be done")
    }
    if idleEntries > 0 {
      lines.append(
        "  \(Amount.of(idleEntries, "entry", "entries")) of Bundles \(idleEntries == 1 ? "holds" : "hold") no resource and "
          + "\(idleEntries == 1 ? "asks" : "ask") for no change: answers of a server, requests to read")
    }
    if unreadableFiles > 0 {
      lines.append(
        "  \(Amount.grouped(unreadableFiles)) of \(Amount.of(files, "file")) could not be read, or not to the end"
      )
    }
    if let told = serverMessages.line { lines.append("  " + told) }
    if let told = pages.line { lines.append("  " + told) }
    if references.resolved + references.unresolved > 0 {
      lines.append(
        "  references by urn, search or URL: \(Amount.grouped(references.resolved)) resolved, "
          + "\(Amount.grouped(references.unresolved)) not found (kept as written, tried again at export)")
    }
    if references.foundAtEnd > 0 {
      lines.append(
        "  \(Amount.of(references.foundAtEnd, "reference")) of these found their target when all was loaded")
    }
    if references.healed > 0 {
      lines.append(
        "  \(Amount.of(references.healed, "reference")) of earlier imports found their target now")
    }
    let rate = seconds > 0 ? ", \(Amount.bytes(Int(Double(bytes) / seconds)))/s" : ""
    lines.append("  \(Amount.of(files, "file")), \(Amount.bytes(bytes)), \(Amount.seconds(seconds))\(rate)")
    return lines
  }

  /// Whether something is wrong with what was read, or with what was not.
  var hasFindings: Bool {
    total.quarantined + notDeleted + unreadableFiles + errors + serverMessages.errors > 0
  }

  private static func cells(_ counts: Counts) -> [String] {
    [counts.read, counts.inserted, counts.replaced, counts.unchanged, counts.quarantined].map(Amount.grouped)
  }
}

extension ImportSummary.ServerMessages {
  /// One line for people; nil where nothing was said.
  fileprivate var line: String? {
    let counts = [(errors, "error"), (warnings, "warning"), (information, "note")].filter { $0.0 > 0 }
    guard !counts.isEmpty else { return nil }
    return "the server says of what it gave: " + counts.map { Amount.of($0, $1) }.joined(separator: ", ")
      + " (not loaded: read them in the files that the manifest lists under error, and in entries whose search.mode is outcome)"
  }
}
