import FHIRMapping

/// Parts on their way: into the spill, or put together and to the loader.
extension ImportWorker {
  /// Whether the part's document may be loaded at once, and does not wait for parts from elsewhere.
  ///
  /// - Parameter whole: patients of whom all is at hand.
  func isWhole(_ part: PartView, whole patients: WholePatients) -> Bool {
    switch part.kind {
    // All resources of one key are loaded together, so that the last counts in every run alike.
    case .appointment: !context.repeated.contains(NameHash.of(part.key))
    // Of those whose owner is not known nobody has noted whether they come more than once.
    case .resource:
      !context.repeated.contains(NameHash.of(part.key)) && !context.run.mappings.homes.isItem(key: part.key)
    case .patient, .chart: patients.contains(part.documentID)
    case .provider: false
    }
  }

  /// Takes note that the collection of a kind gets documents: once is enough.
  func expect(_ kind: DocumentKind) {
    let bit: UInt8 = 1 << UInt8(kind.number)
    guard expected & bit == 0 else { return }
    expected |= bit
    context.expect(kind)
  }

  func spill(_ part: PartView) {
    guard case .comparing = pass, part.isWritten else { return spill(part.record, of: part) }
    scattered.append(unwritten: part)
    spill(scattered.bytes, of: part)
    scattered.reset()
  }

  private func spill(_ record: UnsafeRawBufferPointer, of part: PartView) {
    do {
      try context.spill.append(key: NameHash.of(part.documentID), part: record)
    } catch {
      context.fail(error)
    }
  }

  /// A partition that has more bytes is read from a file.
  private static let mostInMemory = 56 << 20

  /// Puts together and loads the documents of partitions of the spill; one that is too large for memory comes alone.
  func load(partitions: [Int]) {
    do {
      for number in partitions {
        if context.spill.size(of: number) > ImportWorker.mostInMemory {
          wholes = PartBuffer(try context.spill.takeMapped(number))
        } else {
          try context.spill.take(number, into: &wholes)
        }
      }
    } catch {
      context.fail(error)
    }
    if case .comparing = pass { isComparing = true }
    loadWholes()
  }

  /// Hands the documents whose parts are at hand to the loader, but for those that the database has already.
  func loadWholes() { loadWholes(lends: true) { _ = context.loader.put($0) } }

  /// - Parameter lends: whether large documents are loaded before `put` comes back.
  func loadWholes(lends: Bool, _ put: ([LoadRequest]) -> Void) {
    let groups = DocumentGroups(wholes)
    var rest = groups.groups[...]
    while !rest.isEmpty, !context.mustStop {
      load(rest.prefix(ImportWorker.documentsPerQuestion), of: groups, lends: lends, put)
      rest = rest.dropFirst(ImportWorker.documentsPerQuestion)
    }
    wholes.reset()
  }

  /// How many documents the database is asked for at a time.
  static let documentsPerQuestion = 500

  /// What parts add up to, and what the database has of each; nil once it does not answer.
  func drafts(
    of some: ArraySlice<DocumentGroups.Group>, _ groups: DocumentGroups
  ) -> (drafts: [DocumentDraft], presences: Presences)? {
    var drafts: [DocumentDraft] = []
    var ids: [DocumentKind: [String]] = [:]
    for group in some {
      var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
      draft.take(wholes.mapped)
      draft.merge(groups.parts(of: group))
      ids[draft.kind, default: []].append(draft.id)
      drafts.append(draft)
    }
    return presences(ids).map { (drafts, $0) }
  }

  typealias Presences = [DocumentKind: (String) -> LoadRequest.Presence]

  /// Whether a document is there.
  func isStored(_ draft: DocumentDraft, _ presences: Presences) -> Bool {
    if case .stored = presences[draft.kind]?(draft.id) { true } else { false }
  }

  /// Whether a document is there, and was made of the very input that unwritten parts stand for.
  func isMade(_ draft: DocumentDraft, _ presences: Presences) -> Bool {
    guard case .stored(let state) = presences[draft.kind]?(draft.id) else { return false }
    return context.assembler.isMade(draft, hash: state.hash, inputMark: state.inputMark)
  }

  private func load(
    _ some: ArraySlice<DocumentGroups.Group>, of groups: DocumentGroups, lends: Bool,
    _ put: ([LoadRequest]) -> Void
  ) {
    guard let (drafts, presences) = drafts(of: some, groups) else { return }
    if isComparing { return compare(drafts, some, of: groups, presences) }
    var requests: [LoadRequest] = []
    var bytes = 0
    for draft in drafts {
      let hash = context.assembler.hash(of: draft)
      let presence = presences[draft.kind]?(draft.id) ?? .unknown
      if case .stored(let state) = presence, state.hash == hash || draft.isEmpty {
        context.ledger.count(draft.tally.allUnchanged)
        context.loader.foundUnchanged(draft.kind, draft.id)
        continue
      }
      do {
        let document = try context.assembler.assemble(draft, hash: hash, in: &memory, lends: lends)
        requests.append(LoadRequest(document, presence: presence))
        bytes += document.byteCount
      } catch {
        context.ledger.refuse(draft, reason: "the document could not be put together: \(error)")
      }
      if bytes >= 1 << 19 {
        put(requests)
        requests = []
        bytes = 0
      }
    }
    put(requests)
  }

  /// Counts the documents that are stored and were made of what comes, and notes the others.
  private func compare(
    _ drafts: [DocumentDraft], _ some: ArraySlice<DocumentGroups.Group>, of groups: DocumentGroups,
    _ presences: Presences
  ) {
    for (draft, group) in zip(drafts, some) {
      if isMade(draft, presences) {
        context.ledger.count(draft.tally.allUnchanged)
        context.loader.foundUnchanged(draft.kind, draft.id)
      } else {
        var id = draft.id
        let mark = id.withUTF8 { ImportPass.mark(draft.kind, UnsafeRawBufferPointer($0)) }
        context.changed.add(mark, parts: groups.parts(of: group))
      }
    }
  }
}
