import FHIRFormats
import FHIRMapping
import FHIRModel

/// What a document counts that was made of the very input that comes.
typealias StoredTally = (kind: DocumentKind, id: String, tally: Tally)

/// Entries of a Bundle that the database has already.
///
/// They were checked when they were loaded, by the very same rules (``ImportContext/hasSameRules``), and are not checked again.
struct StoredEntries {
  /// Those whose documents were made of them.
  fileprivate(set) var entries: [(HeldBundle.Entry, PartFactory.Result)] = []
  /// All others: documents are theirs together with resources from elsewhere.
  fileprivate(set) var rest: [HeldBundle.Entry] = []
  fileprivate var tallies: [StoredTally] = []
}

/// Resources of bulk files.
extension ImportWorker {
  /// Whether a run that compares first does no more than that with a resource: it is checked where its document is not as stored.
  func isOnlyCompared(_ record: Record, _ resource: RecordResource) -> Bool {
    // Appointments are looked at for whose they were before.
    guard context.comparesAlone, record.issues.isEmpty, resource.type != "Appointment" else { return false }
    if record.content == .resource { return true }
    return comparesEntries && (EntryRequest(record)?.method ?? .write) == .write
  }

  /// Adds a resource to what is compared with the database.
  func compare(
    _ record: Record, _ resource: RecordResource, source: String, resolver: ReferenceResolver,
    sequence: UInt64
  ) {
    summary.types[resource.type, default: .init()].read += 1
    do {
      // Where a resource stands says nothing about its content.
      let result = try factory.parts(
        of: resource, .unwritten, resolver: resolver, sequence: sequence
      ) { part in
        expect(part.kind)
        spill(part)
      }
      note(result, of: resource, sequence: sequence, isStored: true)
    } catch {
      refuse(record, resource, error, record.issues, source: source, sequence: sequence)
    }
  }
}

/// Bundles.
extension ImportWorker {
  /// After so many Bundles that changed, the next are taken to have changed as well.
  private static let mostMissed = 3

  /// What of a Bundle is stored already; nil where any of the documents that are the Bundle's alone was not made of it.
  func storedEntries(
    of held: HeldBundle, resolver: ReferenceResolver, whole patients: WholePatients
  ) -> StoredEntries? {
    guard pass.counts, context.hasSameRules, missedBundles < ImportWorker.mostMissed, isPlain(held),
      areStored(patients: patients.ids)
    else { return nil }
    let isAlone = transaction?.isAlone == true
    var stored = StoredEntries()
    defer { compared.reset() }
    for entry in held.entries {
      guard let resource = entry.resource else { return nil }
      if context.isPassedOver(held.moment(entry.sequence)) {
        stored.rest.append(entry)
        continue
      }
      var isWhole = true
      let before = compared.count
      // Where a resource stands says nothing about its content.
      let result = try? factory.parts(
        of: resource, .unwritten, resolver: resolver, sequence: entry.sequence
      ) { part in
        isWhole = isWhole && (isAlone || self.isWhole(part, whole: patients))
        if isWhole { compared.append(record: part.record) }
      }
      if isWhole, let result {
        stored.entries.append((entry, result))
      } else {
        compared.truncate(to: before)
        stored.rest.append(entry)
      }
    }
    guard let tallies = talliesOfStored(DocumentGroups(compared)) else {
      missedBundles += 1
      return nil
    }
    stored.tallies = tallies
    return stored
  }

  /// Counts what is stored already.
  func count(_ stored: StoredEntries) {
    for (entry, result) in stored.entries {
      countRead(entry)
      if let resource = entry.resource {
        note(result, of: resource, sequence: entry.sequence, isStored: true)
      }
    }
    for (kind, id, tally) in stored.tallies {
      context.ledger.count(tally)
      context.loader.foundUnchanged(kind, id)
    }
  }

  func countRead(_ entry: HeldBundle.Entry) {
    if let resource = entry.resource { summary.types[resource.type, default: .init()].read += 1 }
  }

  /// Whether all entries are resources to be written as they are, and read without a flaw.
  private func isPlain(_ held: HeldBundle) -> Bool {
    guard context.strangers.isEmpty, !held.hasUnreadable, held.known.isEmpty, held.changed.isEmpty,
      held.ambiguous.isEmpty,
      held.type != "history"
    else {
      return false
    }
    return held.entries.allSatisfy { entry in
      entry.record.issues.isEmpty && (EntryRequest(entry.record)?.method ?? .write) == .write
    }
  }

  /// Whether the patients are stored; of a Bundle with none it is not worth while to ask.
  func areStored(patients: [String]) -> Bool {
    guard !patients.isEmpty, let presence = presences([.patient: patients])?[.patient] else {
      return false
    }
    return patients.allSatisfy { if case .stored = presence($0) { true } else { false } }
  }

  /// What is unchanged, by document; nil where a stored document was made of something else than the unwritten parts at hand.
  func talliesOfStored(_ groups: DocumentGroups) -> [StoredTally]? {
    var tallies: [StoredTally] = []
    var rest = groups.groups[...]
    while !rest.isEmpty {
      let some = rest.prefix(ImportWorker.documentsPerQuestion)
      rest = rest.dropFirst(some.count)
      guard let (drafts, presences) = drafts(of: some, groups) else { return nil }
      for draft in drafts {
        guard isMade(draft, presences) || isStored(draft, presences) && draft.isEmpty else { return nil }
        tallies.append((draft.kind, draft.id, draft.tally.allUnchanged))
      }
    }
    return tallies
  }
}
