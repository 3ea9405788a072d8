import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import Synchronization

/// Where every resource of an import is accounted for: read, then inserted, replaced, unchanged or set aside.
final class ImportLedger: Sendable {
  /// Findings about this many resources are shown as they come; all are in the quarantine file.
  private static let shown = 20

  private struct State {
    var summary = ImportSummary()
    var said = 0
    /// Hashes of the keys of people and the like that others may call by an identifier.
    var aside: Set<UInt64> = []
    var refused = RefusedDocuments()
  }

  private let state = Mutex(State())
  private let quarantine: (any QuarantineSink)?
  /// The inputs' names, by their numbers.
  private let files: [String]
  private let say: @Sendable (String) -> Void
  private let conditions: Conditions?

  /// - Parameters:
  ///   - quarantine: where resources are set aside; nil only counts them.
  ///   - conditions: is told what the database does not take.
  init(
    quarantine: (any QuarantineSink)?, files: [String] = [], conditions: Conditions? = nil,
    say: @escaping @Sendable (String) -> Void
  ) {
    self.conditions = conditions
    self.quarantine = quarantine
    self.files = files
    self.say = say
  }

  var summary: ImportSummary { state.withLock { $0.summary } }
  /// Documents whose resources were set aside, for the database did not take them.
  var refused: RefusedDocuments { state.withLock { $0.refused } }

  /// Adds what a worker counted on its own.
  func add(_ summary: ImportSummary) { state.withLock { $0.summary.add(summary) } }

  /// Counts what became of the resources of a document.
  func count(_ tally: Tally) {
    state.withLock { state in
      for entry in tally.types {
        var counts = ImportSummary.Counts()
        counts.inserted = entry.counts.inserted
        counts.replaced = entry.counts.replaced
        counts.unchanged = entry.counts.unchanged
        state.summary.types[entry.type, default: .init()].add(counts)
      }
    }
  }

  /// Sets the resources of a document aside that the database refused.
  func refuse(_ document: Assembly, reason: String) {
    // Its pages are as this program wrote them.
    guard let draft = try? document.draft() else { return }
    refuse(draft, reason: reason)
    if draft.isWithoutResources {
      // A chart without content, a list of appointments: there is nothing to set aside, and something is wanting all the same.
      warn(
        "\(document.kind.rawValue) \(document.id): the document cannot be written, and holds no resource that could be set "
          + "aside: \(reason)")
    }
  }

  /// See ``ImportSummary/countAsOlder(_:)``.
  func countAsOlder(_ type: String) { state.withLock { $0.summary.countAsOlder(type) } }

  /// Counts and says what is wrong with a document and with no resource.
  func warn(_ line: String) {
    state.withLock { $0.summary.errors += 1 }
    sayOneOfMany(line)
  }

  /// Sets an entry aside whose deletion cannot be done.
  func refuse(_ order: Deletions.Order, _ reason: String) {
    state.withLock { state in
      state.summary.errors += 1
      state.summary.notDeleted += 1
    }
    let file = Int(order.sequence >> 40)
    let source = files.indices.contains(file) ? files[file] : ""
    let issue = Issue(
      .error, .documentRefused, at: order.expression, position: order.position,
      "nothing is deleted: \(reason)")
    let entry = #"{"request":{"method":"DELETE","url":\#(JSONText.quoted(order.url))}}"#
    quarantine?.add(source: source, position: order.position, text: .written(entry), issues: [issue])
    tell([issue], source: source)
  }

  /// Counts and says what is perhaps not as it is meant.
  func caution(_ line: String) {
    state.withLock { $0.summary.warnings += 1 }
    say("warning: \(line)")
  }

  /// Counts and says that a file is not what its export made it.
  func warnOfIncomplete(_ line: String) {
    state.withLock { state in
      state.summary.unreadableFiles += 1
      state.summary.errors += 1
    }
    say(line)
  }

  /// Counts the resources of a document that the database refused, and which are set aside elsewhere.
  func countRefused(_ draft: DocumentDraft) {
    draft.forEachResource { key, _, _ in
      let type = String(Substring(key.utf8.prefix { $0 != UInt8(ascii: "/") }))
      note(refused: key, type)
      state.withLock { $0.summary.types[type, default: .init()].quarantined += 1 }
    }
  }

  /// Sets the resources of a document aside.
  func refuse(_ draft: DocumentDraft, reason: String) {
    state.withLock { $0.refused.add(draft.kind, draft.id) }
    draft.forEachResource { key, bytes, origin in
      let type = String(Substring(key.utf8.prefix { $0 != UInt8(ascii: "/") }))
      note(refused: key, type)
      let issue = Issue(.error, .documentRefused, at: type, position: nil, "MongoDB refused it: \(reason)")
      var text: QuarantinedText?
      if let tree = try? ResourceDecoder(references: .original).decode(try BSONView(bytes)) {
        text = .tree(tree)
        // As an entry it says who it is where the resource does not, for others refer to it.
        if tree.child(KnownNames.r4.id, of: 0) == nil {
          text = .written(
            #"{"resource":\#(JSONText.of(tree)),"request":{"method":"PUT","url":"\#(key)"}}"#)
        }
      }
      if let replay = quarantine as? QuarantineReplay {
        replay.refuse(key: key, origin: origin, issues: [issue])
        tell([issue], source: key)
      } else {
        let file = Int(origin.file)
        let isKnown = origin != .unknown && files.indices.contains(file)
        quarantine?.add(
          source: isKnown ? files[file] : key,
          position: origin.line > 0 ? SourcePosition(line: Int(origin.line), column: 1) : nil,
          text: text, issues: [issue])
        tell([issue], source: isKnown ? "\(files[file]):\(origin.line): \(key)" : key)
      }
      state.withLock { $0.summary.types[type, default: .init()].quarantined += 1 }
    }
  }

  /// Takes note of a resource that is not loaded.
  private func note(refused key: String, _ type: String) {
    conditions?.refuse(key)
    guard IndexPass.entities.contains(type) else { return }
    state.withLock { _ = $0.aside.insert(NameHash.of(key)) }
  }

  /// Whether a version of a resource was not loaded.
  func hasSetAside(_ target: TargetIndex.Target) -> Bool {
    state.withLock { $0.aside.contains(NameHash.of(target.key)) }
  }

  /// Sets an entry aside that was counted as unchanged, for it was to be one with another.
  func setAside(_ record: Record, _ resource: RecordResource, keptOutAt name: NameID, source: String) {
    guard let request = EntryRequest(record) else { return }
    let issue = request.issue(
      .documentRefused, at: name,
      "is not loaded: an entry before it was to make the resource that both search for, and that is set aside; a replay "
        + "loads the first of them that can be loaded")
    setAside(record, source: source, issues: [issue])
    state.withLock { state in
      state.summary.errors += 1
      state.summary.types[resource.type, default: .init()].unchanged -= 1
      state.summary.types[resource.type, default: .init()].quarantined += 1
    }
  }

  /// Sets a record aside.
  ///
  /// - Parameter isTold: false where one line tells of several.
  func setAside(_ record: Record, source: String, issues: [Issue], isTold: Bool = true) {
    if let resource = RecordResource(record) {
      note(refused: resource.key, resource.type)
    } else if EntryRequest(record)?.method == .delete {
      state.withLock { $0.summary.notDeleted += 1 }
    }
    let position = record.tree.count > 0 ? record.tree.position(of: 0) : issues.first?.position
    let text: QuarantinedText? =
      record.content == .unreadable
      ? record.raw.map { .raw($0) } : record.raw.map { .json($0) } ?? .tree(record.tree)
    quarantine?.add(source: source, position: position, text: text, issues: issues)
    if isTold { tell(issues, source: source) }
  }

  /// Says what was set aside.
  func tell(_ issues: [Issue], source: String) {
    let issue = issues.first { $0.severity >= .error } ?? issues.first
    sayOneOfMany(issue.map { FindingText.line($0, source: source, kind: "set aside") })
  }

  private func sayOneOfMany(_ line: @autoclosure () -> String?) {
    let number = state.withLock { state in
      state.said += 1
      return state.said
    }
    if number == ImportLedger.shown + 1 { say("… more are set aside; the quarantine file has them all") }
    guard number <= ImportLedger.shown, let line = line() else { return }
    say(line)
  }
}
