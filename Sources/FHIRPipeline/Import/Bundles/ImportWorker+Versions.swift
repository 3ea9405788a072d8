import BSON
import DocumentStore
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRValidation

/// Entries that are for certain versions of a resource, and what else the run has of it, until the database is asked.
struct AskedEntries: ~Copyable {
  fileprivate struct Entry {
    let target: TargetIndex.Target
    let sequence: UInt64
    let transaction: UInt64?
    let precondition: Precondition?
    let gone: ResourceVersion?
  }

  fileprivate var entries: [Entry] = []
  /// What comes for those that do not delete.
  fileprivate var parts = PartBuffer(capacity: 1 << 10)
}

extension ImportWorker {
  private static let mostAsked = 500
  private static let bytesAsked = 4 << 20

  /// Adds an entry to those that the database is asked about, if it is for a certain version, or has what others are for, or delete.
  func ask(_ record: Record, _ resource: RecordResource?, resolver: ReferenceResolver, sequence: UInt64) {
    guard let target = resource?.identity.target ?? deleted(by: record) else { return }
    if let resource, context.rivals.contains(NameHash.of(target.key)) {
      askRival(record, resource, resolver: resolver, sequence: sequence)
    }
    // What a history's entries asked for was granted when they were made.
    let isHistory = atHand?.type == "history"
    let request = EntryRequest(record)
    let precondition = isHistory ? nil : request?.precondition
    guard precondition != nil || context.versioned.keys.contains(NameHash.of(target.key)) else { return }
    var issues = record.issues
    validator.validate(record.tree, into: &issues)
    guard resource?.isAmbiguous != true, !issues.contains(where: ImportWorker.setsAside) else { return }
    if let resource, !add(resource, resolver, sequence) { return }
    asked.entries.append(
      AskedEntries.Entry(
        target: target, sequence: sequence, transaction: transactionAtHand, precondition: precondition,
        gone: isHistory && resource == nil ? request?.gone?.version : nil))
    if asked.entries.count >= ImportWorker.mostAsked || asked.parts.count >= ImportWorker.bytesAsked {
      finishAsking()
    }
  }

  /// Takes note of the documents that a resource would be part of, or listed in, if it comes more than once.
  func locate(_ resource: RecordResource, resolver: ReferenceResolver, sequence: UInt64) {
    let key = NameHash.of(resource.key)
    guard context.rivals.repeated.keys.contains(key) else { return }
    let home = factory.home(of: resource, resolver)
    if factory.staysIn(home, resource) { return context.rivals.locate(key, in: home.mark) }
    if let homes = homes(of: resource, resolver, sequence) { context.rivals.locate(key, in: homes) }
  }

  /// What stands for the documents that a resource would be part of, or listed in; nil for one that no document can hold.
  ///
  /// - Parameter body: takes the parts.
  private func homes(
    of resource: RecordResource, _ resolver: ReferenceResolver, _ sequence: UInt64,
    _ body: (PartView) -> Void = { _ in }
  ) -> UInt64? {
    var homes: UInt64 = 0
    let made = try? factory.parts(of: resource, resolver: resolver, sequence: sequence) { part in
      // A sum, for nobody takes part first or last.
      homes &+= ImportPass.mark(of: part)
      if part.form == .link { homes &+= NameHash.of(part.link.start) }
      body(part)
    }
    return made == nil ? nil : homes
  }

  /// What tells the transaction from others whose entry is at hand; nil for what stands for itself.
  private var transactionAtHand: UInt64? {
    atHand?.type == "transaction" && context.run.honoursTransactions ? atHand?.mark : nil
  }

  /// Takes note of one of several versions of a resource, and of the documents that it would be part of, or listed in.
  private func askRival(
    _ record: Record, _ resource: RecordResource, resolver: ReferenceResolver, sequence: UInt64
  ) {
    var issues = record.issues
    validator.validate(record.tree, into: &issues)
    guard !resource.isAmbiguous, EntryRequest(record)?.refusal == nil,
      !issues.contains(where: ImportWorker.setsAside)
    else { return }
    let key = resource.key
    let mark = transactionAtHand
    var inTransaction: RivalItems.InTransaction?
    let homes = homes(of: resource, resolver, sequence) { part in
      guard let mark, part.form == .root || part.form == .section,
        String(decoding: part.key, as: UTF8.self) == key
      else { return }
      inTransaction = RivalItems.InTransaction(
        mark: mark, key: key, kind: part.kind, document: String(decoding: part.documentID, as: UTF8.self),
        digest: part.digest)
    }
    // What no document can hold is nobody's rival.
    guard let homes else { return }
    context.rivals.add(
      RivalItems.Version(
        sequence: sequence, homes: homes, version: ImportContext.version(of: resource),
        inTransaction: inTransaction),
      key: NameHash.of(key))
  }

  /// Adds what a resource becomes; false for one that no document can hold.
  private func add(
    _ resource: RecordResource, _ resolver: ReferenceResolver, _ sequence: UInt64
  ) -> Bool {
    let key = resource.key
    let made = try? factory.parts(of: resource, resolver: resolver, sequence: sequence) { part in
      guard part.form == .root || part.form == .section, String(decoding: part.key, as: UTF8.self) == key
      else { return }
      asked.parts.append(record: part.record)
    }
    return made != nil
  }

  /// Compares the entries that wait with what the database has.
  func finishAsking() {
    guard !asked.entries.isEmpty, !context.mustStop else { return }
    defer { asked = AskedEntries() }
    let parts = Array(asked.parts.list())
    do {
      let stored = try context.storedVersions(of: asked.entries.map(\.target), parts)
      var rest = parts[...]
      for entry in asked.entries {
        let part = rest.first?.sequence == entry.sequence ? rest.popFirst() : nil
        let found = stored[entry.target.key] ?? []
        context.versioned.add(
          VersionedEntries.Step(
            sequence: entry.sequence, key: NameHash.of(entry.target.key), transaction: entry.transaction,
            precondition: entry.precondition, version: part.map { ResourceVersion(of: $0.bytes) },
            gone: entry.gone,
            isStored: part.map { part in found.contains { $0.has(part) } } ?? found.isEmpty),
          stored: found.first?.version(ofResource: entry.target.key))
      }
    } catch {
      context.fail(DocumentLoader.failure(error))
    }
  }
}

extension ImportContext {
  /// Whether a resource is not loaded, though nothing is wrong with it, for what the run has of it besides.
  func isPassedOver(_ sequence: UInt64) -> Bool {
    versioned.isDeletedLater(sequence) || rivals.isPassedOver(sequence)
  }

  /// Settles which versions of resources count that the run has for several documents.
  func settleRivals() {
    do {
      // What a later entry deletes is nobody's rival.
      try rivals.settle(without: versioned.isDeletedLater) { open in
        guard let states, try states.hadDocuments(open.kind) else { return false }
        let loader = CollectionLoader(reading: open.kind, states, assembler)
        return try states.store.persevering { connection in
          try loader.draft(of: open.document, open.kind, connection)?.has(open.key, open.digest) ?? false
        }
      }
    } catch {
      fail(DocumentLoader.failure(error))
    }
  }

  /// The documents that have these resources, by the resources' keys.
  ///
  /// - Parameter parts: tell where some of them are likely to be.
  fileprivate func storedVersions(
    of targets: [TargetIndex.Target], _ parts: [PartView]
  ) throws -> [String: [DocumentDraft]] {
    guard let states else { return [:] }
    let search = DeletionSearch(states: states, mappings: run.mappings, prefix: run.prefix)
    var documents: DeletionSearch.Found = [:]
    for part in parts {
      let id = String(decoding: part.documentID, as: UTF8.self)
      documents[part.kind, default: [:]][id, default: []].insert(String(decoding: part.key, as: UTF8.self))
    }
    let likely = documents.mapValues { Array($0.keys) }
    let stored = try states.store.persevering {
      try search.documents(holding: targets, lookingFirstIn: likely, $0)
    }
    for (kind, found) in stored {
      documents[kind, default: [:]].merge(found) { $0.union($1) }
    }
    var drafts: [String: [DocumentDraft]] = [:]
    for (kind, documents) in documents where try states.hadDocuments(kind) {
      let loader = CollectionLoader(reading: kind, states, assembler)
      for (id, keys) in documents where !keys.isEmpty {
        guard
          let draft = try states.store.persevering({ connection in
            try loader.draft(of: id, kind, connection)
          })
        else { continue }
        for key in keys where draft.version(ofResource: key) != nil { drafts[key, default: []].append(draft) }
      }
    }
    return drafts
  }
}

extension EntryRequest {
  /// Says why an entry that is for a certain version is not loaded.
  func issue(_ conflict: Precondition.Conflict) -> Issue {
    let names = KnownNames.r4
    let isMatch = precondition?.isOfMatch(conflict) ?? true
    let message =
      switch conflict {
      case .absent: "is for a resource that is there, and there is none: nothing is changed"
      case .present:
        "is for what is not there, and the database has this resource, other than the entry does: it stays as it is"
      case .otherVersion:
        "is for another version than the database has: the resource stays as it is, for what others changed would be lost"
      case .noVersion:
        "is for a certain version, and the stored resource says none (meta.versionId): nobody can tell whether it is "
          + "the one, and it stays as it is"
      }
    return issue(.versionConflict, at: isMatch ? names.ifMatch : names.ifNoneMatch, message)
  }
}
