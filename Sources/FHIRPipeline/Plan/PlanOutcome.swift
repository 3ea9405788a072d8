import BSON

/// What an import would do.
package struct PlanOutcome: Sendable {
  /// The resources, as the import would count them.
  package var summary: ImportSummary
  /// Resources that entries of Bundles want deleted, whether or not there are such.
  package private(set) var deletions = 0
  /// The first of those that are stored.
  private(set) var holdings: [DeletionRun.Holding] = []
  private var holdingCount = 0
  /// By collection: documents by what would become of them.
  package var counts: [String: [PlannedDocument.Fate: Int]] = [:]
  /// By fate: the first documents.
  package var documents: [PlannedDocument.Fate: [PlannedDocument]] = [:]

  init(summary: ImportSummary) { self.summary = summary }

  /// Adds deletions that are asked for, and what would be deleted.
  ///
  /// - Parameter limit: how many of these are shown.
  mutating func add(_ found: [DeletionRun.Holding], askedFor count: Int, limit: Int) {
    deletions += count
    holdingCount += found.count
    holdings = Array((holdings + found).sorted(by: <).prefix(limit))
  }

  private func count(_ fate: PlannedDocument.Fate) -> Int { counts.values.reduce(0) { $0 + ($1[fate] ?? 0) } }

  package var exitStatus: ExitStatus {
    let total = summary.total
    if summary.files > 0, summary.unreadableFiles == summary.files, total.read == 0 { return .couldNotRun }
    return summary.hasFindings || count(.conflict) > 0 ? .findings : .done
  }

  // MARK: For people

  /// The differences, document by document.
  package func lines(showsValues: Bool, colours: Bool) -> [String] {
    var lines: [String] = []
    for fate in PlannedDocument.Fate.allCases {
      let shown = documents[fate] ?? []
      for document in shown {
        let name = Terminal.styled("\(document.collection) \(document.id)", .bold, when: colours)
        lines.append("\(name): \(fate.rawValue)")
        lines += PlanOutcome.details(of: document, showsValues)
      }
      let rest = count(fate) - shown.count
      if rest > 0, fate != .unchanged {
        lines.append("… and \(Amount.of(rest, "more document")): \(fate.rawValue) (--limit shows more)")
      }
    }
    for holding in holdings {
      let name = Terminal.styled("\(holding.collection) \(holding.document)", .bold, when: colours)
      lines.append("\(name): \(holding.resource): delete")
    }
    if holdingCount > holdings.count {
      lines.append(
        "… and \(Amount.of(holdingCount - holdings.count, "more resource")): delete (--limit shows more)")
    }
    return lines.map(FindingText.printable)
  }

  private static func details(of document: PlannedDocument, _ showsValues: Bool) -> [String] {
    var lines: [String] = []
    for field in document.fields {
      var text = "    \(field.path): \(field.kind.rawValue)"
      if document.edited.contains(field.path) { text += ", though the application changed it" }
      lines.append(text + (showsValues ? values(of: field) : ""))
    }
    for (key, differences) in document.resources {
      guard let differences else {
        lines.append("    \(key): new")
        continue
      }
      for difference in differences {
        lines.append(
          "    \(key): \(difference.path): \(difference.kind.rawValue)"
            + (showsValues ? values(of: difference) : ""))
      }
    }
    for key in document.leaving { lines.append("    \(key): leaves, for its home is another document now") }
    for key in document.deleted { lines.append("    \(key): deleted") }
    if document.hasMore { lines.append("    …") }
    if lines.isEmpty, document.fate == .replace {
      lines.append("    its bookkeeping: links, names, or the mapping that it was made by")
    }
    return lines
  }

  private static func values(of difference: ValueDifference) -> String {
    let before = difference.before.map(text) ?? "nothing"
    let after = difference.after.map(text) ?? "nothing"
    return " (\(before) → \(after))"
  }

  private static let longest = 200

  private static func text(_ value: BSONValue) -> String {
    let text = ValueText.json(value)
    return text.count > longest ? text.prefix(longest) + "…" : text
  }

  /// A table of documents by collection.
  package var table: [String] {
    var fates: [PlannedDocument.Fate] = [.insert, .replace, .unchanged, .conflict]
    if count(.refused) > 0 { fates.append(.refused) }
    var rows = [[""] + fates.map(\.rawValue)]
    for (collection, counts) in counts.sorted(by: { $0.key < $1.key }) {
      rows.append([collection] + fates.map { Amount.grouped(counts[$0] ?? 0) })
    }
    let widths = (0...fates.count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let asked =
      deletions > 0
      ? [
        "  \(Amount.of(deletions, "deletion")) asked for, of which \(Amount.grouped(summary.deleted)) would find something"
      ] : []
    return rows.map { row in
      "  "
        + row.enumerated().map { column, cell in
          let room = String(repeating: " ", count: widths[column] - cell.count)
          return column == 0 ? cell + room : room + cell
        }.joined(separator: "  ")
    } + asked
  }

  // MARK: For programs

  /// One JSON object.
  package func json(showsValues: Bool) -> String {
    let fates = PlannedDocument.Fate.allCases
    func difference(_ difference: ValueDifference, isEdited: Bool? = nil) -> String {
      var members = [
        ("path", JSONText.quoted(difference.path)), ("change", JSONText.quoted(difference.kind.rawValue)),
      ]
      if let isEdited { members.append(("conflict", String(isEdited))) }
      if showsValues {
        members.append(("before", difference.before.map(ValueText.json) ?? "null"))
        members.append(("after", difference.after.map(ValueText.json) ?? "null"))
      }
      return JSONText.object(members)
    }
    let shown = fates.flatMap { documents[$0] ?? [] }
    return JSONText.object([
      ("resources", summary.json), ("deletions", String(deletions)),
      (
        "documents",
        JSONText.object(
          counts.sorted { $0.key < $1.key }.map { collection, counts in
            (collection, JSONText.object(fates.map { ($0.rawValue, String(counts[$0] ?? 0)) }))
          })
      ),
      (
        "differences",
        JSONText.array(
          shown.map { document in
            JSONText.object([
              ("collection", JSONText.quoted(document.collection)), ("id", JSONText.quoted(document.id)),
              ("action", JSONText.quoted(document.fate.rawValue)),
              (
                "fields",
                JSONText.array(
                  document.fields.map { difference($0, isEdited: document.edited.contains($0.path)) })
              ),
              (
                "resources",
                JSONText.array(
                  document.resources.map { key, differences in
                    JSONText.object([
                      ("resource", JSONText.quoted(key)), ("isNew", String(differences == nil)),
                      ("elements", JSONText.array((differences ?? []).map { difference($0) })),
                    ])
                  })
              ),
              ("leaving", JSONText.array(document.leaving.map(JSONText.quoted))),
              ("deleted", JSONText.array(document.deleted.map(JSONText.quoted))),
              ("hasMore", String(document.hasMore)),
            ])
          })
      ),
      (
        "deleted",
        JSONText.array(
          holdings.map { holding in
            JSONText.object([
              ("resource", JSONText.quoted(holding.resource)),
              ("collection", JSONText.quoted(holding.collection)),
              ("id", JSONText.quoted(holding.document)),
            ])
          })
      ),
    ])
  }
}
