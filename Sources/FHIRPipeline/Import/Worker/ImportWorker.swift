import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRValidation
import Synchronization

/// One worker of an import: takes batches, checks and maps their resources, and hands on documents or parts of them.
final class ImportWorker {
  let context: ImportContext
  let pass: ImportPass
  var factory: PartFactory
  let validator: Validator
  var summary = ImportSummary()
  var bundle: HeldBundle?
  /// Parts of documents that nothing else in the run adds to.
  var wholes = PartBuffer()
  /// The transaction Bundle whose entries are being mapped.
  var transaction: OpenTransaction?
  /// Those that the loader has, by their numbers.
  var pending: [Int: OpenTransaction] = [:]
  var pendingBytes = 0
  /// Small Bundles that wait until the database is asked about them.
  var waiting: [WaitingBundle] = []
  var waitingBytes = 0
  /// What is known of the documents of those that are being seen to.
  var foreseen: ForeseenStates?
  /// The searches of which the database was asked for many Bundles' entries at once.
  var searched = SearchedNames()
  /// The same for other batches, where it is needed.
  var namesAhead = NamesAhead()
  var transactions = 0
  let ends = BoundedQueue<(Int, BundleTransaction.End)>(limit: .max)
  /// Bundles that were looked for in the database whole, and were not there.
  var missedBundles = 0
  /// Parts that tell whether documents are stored already, without their content.
  var compared = PartBuffer()
  /// Parts on their way into the spill.
  var scattered = PartBuffer()
  var memory = PageMemory()
  /// Whether the parts at hand only tell what documents would be.
  var isComparing = false
  /// Kinds of documents that parts came for, as bits.
  var expected: UInt8 = 0
  /// What of the entries at hand their transaction has loaded; nil for what is no transaction's.
  var loaded: Loaded?
  /// Whether entries are those of a large Bundle that is no transaction, and stand for themselves like lines of a bulk file.
  var comparesEntries = false
  /// The Bundle whose entries are at hand.
  var atHand: (mark: UInt64?, type: String?)?
  /// Entries for certain versions, until the database is asked about some at once.
  var asked = AskedEntries()
  let runResolver: ReferenceResolver
  /// Tells whom stored resources mean by names of several.
  let standing: StandingReferences?

  init(_ context: ImportContext, _ pass: ImportPass) {
    self.context = context
    self.pass = pass
    standing = context.states.map { StandingReferences($0, context.run.mappings, prefix: context.run.prefix) }
    factory = PartFactory(
      mappings: context.run.mappings, source: context.run.source,
      encounterClasses: context.run.encounterClasses, unfitIDs: context.states?.unfitIDs, standing: standing)
    validator = context.validator
    runResolver = context.resolver()
  }

  deinit { context.ledger.add(summary) }

  func run(_ feed: BatchFeed) {
    var worker = BatchFeed.Worker(feed)
    while !context.mustStop, let item = worker.next() {
      let source = context.files[item.file].name
      if pass.counts, item.step == 0, case .end = item.content { context.countRead(lines: 0, of: item.file) }
      if let large = context.largeInputs[item.file] {
        loadWholes()
        take(item, of: large, source: source)
        continue
      }
      switch item.content {
      case .batch(let batch):
        take(batch, of: item, source: source)
      case .failure(let message):
        finishBundle(file: item.file, item.unfinished)
        noteFailure(message, source: source)
      case .end: finishBundle(file: item.file, item.unfinished)
      }
    }
    finishWaiting()
    finishAsking()
    loadWholes()
    while !pending.isEmpty { endOne() }
    if context.mustStop { feed.stop() }
  }

  /// Takes note of a file that could not be read to its end.
  func noteFailure(_ message: String, source: String) {
    guard pass.counts else { return }
    summary.unreadableFiles += 1
    summary.errors += 1
    context.run.say("\(source): \(message)")
  }

  private func take(_ batch: RecordBatch, of item: BatchFeed.Item, source: String) {
    var number: UInt64 = 0
    var resources = 0
    var lines = 0
    let base = UInt64(item.file) << 40 | UInt64(item.step) << 20
    checkNames(of: batch, runResolver, isFirst: true)
    let names = context.files[item.file].names
    standing?.others = { body in
      batch.forEach { record in RecordResource(record, named: names).map(body) }
    }
    defer { standing?.others = nil }
    batch.forEach { record in
      if case .entry = record.content {} else { lines += 1 }
      number += 1
      switch record.content {
      case .resource where isServerMessage(record, of: item.file):
        countServerMessage(record)
      case .resource:
        resources += 1
        checkNames(of: batch, runResolver)
        handle(
          record, RecordResource(record, named: context.files[item.file].names), source: source,
          resolver: runResolver, sequence: base | number, whole: .none)
      case .entry:
        resources += 1
        if bundle == nil { bundle = HeldBundle(isLine: batch.isLines, most: context.run.heldBundleBytes) }
        bundle?.add(
          record, of: batch, sequence: base | number, repeated: context.repeated, without: context.strangers,
          existing: context.existing)
      case .bundle:
        bundle?.end(record)
        if pass.counts {
          summary.pages.take(record.tree)
          report(record, source: source)
        }
        // The next line may be a Bundle of its own, and another worker may get what follows.
        if batch.isLines { finishBundle(file: item.file) }
      case .unreadable:
        bundle?.hasUnreadable = true
        setAside(unreadable: record, source)
      }
    }
    if batch.isLines { finishBundle(file: item.file) }
    bundle?.countBytes(batch.byteCount)
    guard pass.counts else { return }
    if batch.isLines { context.countRead(lines: lines, of: item.file) }
    summary.bytes += batch.byteCount
    context.progress.advance(bytes: batch.byteCount, resources: resources)
    if wholes.count >= ImportWorker.enoughWholes { loadWholes() }
  }

  /// Has the database asked for whom the resources of a batch name, if that is needed.
  func checkNames(of batch: RecordBatch, _ resolver: ReferenceResolver, isFirst: Bool = false) {
    namesAhead.check(context.stored, isFirst: isFirst) { searched, names in
      batch.forEach { record in
        guard let resource = RecordResource(record) else { return }
        searched.take(from: resource.tree, at: resource.node, resolver: resolver, into: &names)
        names += factory.namesAsked(by: resource, resolver)
      }
    }
  }

  /// Bytes of parts for which the database is asked at once: what small files hold waits for each other.
  private static let enoughWholes = 128 << 10

  /// Sets aside what could not be read.
  func setAside(unreadable record: Record, _ source: String) {
    guard pass.counts else { return }
    let type = "unreadable"
    summary.types[type, default: .init()].read += 1
    summary.types[type, default: .init()].quarantined += 1
    summary.errors += 1
    context.ledger.setAside(record, source: source, issues: record.issues)
  }

  /// Errors that say nothing against a resource itself: how its Bundle presents it, what its codes mean to others.
  private static let tolerated: Set<Rule> = [
    .bundleEntry, .invariant("bdl-5"), .invariant("bdl-8"), .referenceMissing, .referenceAmbiguous,
    .bundleUnreachable, .codeUnknown, .codeShape,
    .codeDisplay, .codeInactive, .codeSystemMissing, .codeSystem, .identifierCheckDigit, .narrativeLink,
  ]

  /// Whether a finding keeps a resource from being loaded; what does not counts as a warning.
  static func setsAside(_ issue: Issue) -> Bool {
    issue.severity >= .error && !tolerated.contains(issue.rule)
  }

  /// Checks and maps one record, and the resource in it, if it has one.
  func handle(
    _ record: Record, _ resource: RecordResource?, source: String, resolver: ReferenceResolver,
    sequence: UInt64, whole patients: WholePatients
  ) {
    if let stranger = context.strangers.cause(of: record) {
      return refuse(record, resource, of: stranger, source, sequence)
    }
    if case .locating = pass {
      if let resource { locate(resource, resolver: resolver, sequence: sequence) }
      return
    }
    if case .asking = pass { return ask(record, resource, resolver: resolver, sequence: sequence) }
    if resource == nil, record.isSearchMessage, let outcome = record.tree.child(KnownNames.r4.resource, of: 0)
    {
      return countServerMessage(record, at: outcome)
    }
    let conflict = context.versioned.conflict(sequence)
    if let resource, context.isPassedOver(sequence) { return countKept(resource) }
    if let resource, case .resource = record.content,
      case .deletions = context.files[Int(sequence >> 40)].contents
    {
      return refuseUndeleted(record, resource, source, sequence)
    }
    guard pass.counts else {
      if let resource, conflict == nil {
        handleAgain(record, resource, source: source, resolver: resolver, sequence: sequence, whole: patients)
      }
      return
    }
    if let resource, case .comparing = pass, conflict == nil, isOnlyCompared(record, resource) {
      return compare(record, resource, source: source, resolver: resolver, sequence: sequence)
    }
    var issues = record.issues
    validator.validate(record.tree, into: &issues)
    let request = EntryRequest(record)
    if let conflict, let request { issues.append(request.issue(conflict)) }
    let errors = issues.count { ImportWorker.setsAside($0) }
    summary.errors += errors
    summary.warnings += issues.count { $0.severity >= .warning } - errors
    guard let resource else {
      if case .entry = record.content, errors == 0 {
        switch request?.method {
        case .delete?: delete(record, source, resolver: resolver, sequence: sequence)
        case .write?, .patch?: refuseEmpty(record, source, sequence, issues)
        case .read?, nil: summary.idleEntries += 1
        }
      } else if request?.method == .delete {
        setAside(record, source, sequence, issues)
      } else {
        summary.types["unreadable", default: .init()].read += 1
        summary.types["unreadable", default: .init()].quarantined += 1
        setAside(record, source, sequence, issues)
      }
      return
    }
    summary.types[resource.type, default: .init()].read += 1
    transaction?.changed.add(resource.key)
    let refusal = request?.refusal
    if errors == 0, let refusal {
      issues.append(refusal)
      summary.errors += 1
    }
    if resource.isAmbiguous, let request {
      issues.append(request.ambiguity)
      summary.errors += 1
    }
    if errors > 0 || refusal != nil || resource.isAmbiguous {
      summary.types[resource.type, default: .init()].quarantined += 1
      setAside(record, source, sequence, issues)
      return
    }
    if let request, request.ifNoneExist != nil, request.condition(ofType: resource.type) == nil {
      let issue = request.issue(
        .documentRefused, at: KnownNames.r4.ifNoneExist,
        "is loaded without asking whether there is one: expected a search by identifier, or by _id, alone",
        .warning)
      summary.warnings += 1
      context.run.say(FindingText.line(issue, source: source))
    }
    if let request, let named = request.updated, !resource.isFound, named.key != resource.key {
      let issue = request.issue(
        .documentRefused, at: KnownNames.r4.url,
        "names another resource than the entry holds: it is loaded as the one that it says it is", .warning)
      summary.warnings += 1
      context.run.say(FindingText.line(issue, source: source))
    }
    var owners: [Departures.Owner: String]?
    if resource.type == "Appointment", context.repeated.contains(NameHash.of(resource.identity.key)) {
      owners = [:]
    }
    do {
      let result = try factory.parts(
        of: resource, resolver: resolver, sequence: sequence,
        origin: context.origin(of: resource, sequence: sequence)
      ) { part in
        expect(part.kind)
        if part.form == .link, part.kind == .patient || part.kind == .provider {
          let owner = Departures.Owner(kind: part.kind, id: String(decoding: part.documentID, as: UTF8.self))
          owners?[owner] = part.link.start
        }
        if let transaction {
          take(part, into: transaction, isWhole: isWhole(part, whole: patients), isFound: resource.isFound)
        } else if isWhole(part, whole: patients) {
          wholes.append(record: part.record)
        } else {
          spill(part)
        }
      }
      if let owners {
        context.departures?.see(owners, of: result.home.id)
      }
      note(result, of: resource, sequence: sequence)
    } catch {
      refuse(record, resource, error, issues, source: source, sequence: sequence)
    }
  }

  /// Sets a resource aside that no document can hold.
  func refuse(
    _ record: Record, _ resource: RecordResource, _ refusal: PartFactory.Refusal, _ issues: [Issue],
    source: String, sequence: UInt64
  ) {
    let issue = Issue(
      .error, refusal.rule, at: record.tree.expression(of: refusal.node, table: .r4),
      position: record.tree.position(of: refusal.node), refusal.message)
    summary.errors += 1
    summary.types[resource.type, default: .init()].quarantined += 1
    setAside(record, source, sequence, issues + [issue])
  }

  /// Takes note of what a resource became.
  ///
  /// - Parameter isStored: whether it was found there, as it is.
  func note(
    _ result: PartFactory.Result, of resource: RecordResource, sequence: UInt64, isStored: Bool = false
  ) {
    context.deletions.note(resource, sequence: sequence)
    context.bases.see(resource)
    context.seeVersion(of: resource, in: result.home, sequence: sequence, isStored: isStored)
    if result.derived > 0 {
      summary.types[EncounterAppointment.type, default: .init()].read += result.derived
      transaction?.derived += result.derived
    }
    let references = ImportSummary.References(resolved: result.resolved, unresolved: result.unresolved)
    if let transaction { transaction.references.add(references) } else { summary.references.add(references) }
    guard !result.waits.isEmpty else { return }
    let home = result.home
    if let transaction {
      transaction.waits.add(result.waits, kind: home.kind, documentID: home.id)
    } else {
      context.waiting?.add(result.waits, kind: home.kind, documentID: home.id)
    }
  }

  func setAside(_ record: Record, _ source: String, _ sequence: UInt64, _ issues: [Issue]) {
    guard let transaction else { return context.ledger.setAside(record, source: source, issues: issues) }
    transaction.failures[sequence] = issues
  }

  /// What is wrong with a search that finds more than one resource.
  static let severalFound = "the search finds several resources of this type: expected one or none"

  /// Notes what an entry wants deleted.
  private func delete(
    _ record: Record, _ source: String, resolver: ReferenceResolver, sequence: UInt64
  ) {
    guard let request = EntryRequest(record) else { return }
    guard let target = request.deleted(inHistory: atHand?.type == "history") else {
      let issue = request.issue(
        .documentRefused, at: KnownNames.r4.url,
        "nothing is deleted: expected Type/id, or a search by identifier or _id alone")
      summary.errors += 1
      return setAside(record, source, sequence, record.issues + [issue])
    }
    let issue = request.issue(.documentRefused, at: KnownNames.r4.url, ImportWorker.severalFound)
    var order = Deletions.Order(
      target: target, sequence: sequence, url: request.url, expression: issue.expression,
      position: issue.position)
    if atHand?.type == "history" { order.gone = request.gone }
    switch target {
    case .resource(let named): transaction?.changed.add(named.key)
    case .search(let search):
      order.sequence = atHand?.mark ?? sequence
      // What the run has of it comes before the entry, or after it: that is known at the end.
      let inRun = [resolver.bundle.matches(of: search), context.index.matches(of: search)]
      let others = context.deletions.stored(search).filter { !inRun.contains(.one($0)) }
      if others.count > 1, !inRun.contains(.several) {
        summary.errors += 1
        return setAside(record, source, sequence, record.issues + [issue])
      }
    }
    if let transaction { transaction.deletions.append(order) } else { context.deletions.add(order) }
  }

  /// Sets a resource aside that stands where Bundles are to say what was deleted.
  private func refuseUndeleted(
    _ record: Record, _ resource: RecordResource, _ source: String, _ sequence: UInt64
  ) {
    guard pass.counts else { return }
    let issue = Issue(
      .error, .documentRefused, at: record.tree.expression(of: 0, table: .r4),
      position: record.tree.position(of: 0),
      "stands in a file that the manifest names under \"deleted\", and is neither loaded nor deleted: expected a Bundle with an entry "
        + "for each deletion (request.method DELETE)")
    summary.errors += 1
    summary.types[resource.type, default: .init()].read += 1
    summary.types[resource.type, default: .init()].quarantined += 1
    setAside(record, source, sequence, record.issues + [issue])
  }

  /// Sets an entry aside that asks for a resource to be written, and has none.
  private func refuseEmpty(_ record: Record, _ source: String, _ sequence: UInt64, _ issues: [Issue]) {
    let issue = Issue(
      .error, .documentRefused, at: record.tree.expression(of: 0, table: .r4),
      position: record.tree.position(of: 0),
      "has no resource, and its request asks for one to be written: there is nothing to load")
    summary.errors += 1
    setAside(record, source, sequence, issues + [issue])
  }

  /// What a transaction has loaded of its entries.
  enum Loaded {
    case all
    /// What is its own; see ``belongsToTransaction(_:isFound:)``.
    case own
  }

  /// Whether the pass that counted has loaded a part.
  private func isLoaded(_ part: PartView, of resource: RecordResource, whole patients: WholePatients) -> Bool
  {
    switch loaded {
    case .all: true
    case .own:
      isWhole(part, whole: patients) || belongsToTransaction(part, isFound: resource.isFound)
    case nil: isWhole(part, whole: patients)
    }
  }

  /// Maps one record for the documents that are not as they are stored. What there was to say of it was said before, unless it
  /// was only compared.
  private func handleAgain(
    _ record: Record, _ resource: RecordResource, source: String, resolver: ReferenceResolver,
    sequence: UInt64, whole patients: WholePatients
  ) {
    guard !resource.isAmbiguous, case .changed(let marks, _) = pass else { return }
    let isFirst = isOnlyCompared(record, resource)
    let home = factory.home(of: resource, resolver)
    if factory.staysIn(home, resource) {
      guard marks.contains(home.mark) else { return }
    }
    defer { scattered.reset() }
    let result: PartFactory.Result
    do {
      result = try factory.parts(
        of: resource, at: home, resolver: resolver, sequence: sequence,
        origin: context.origin(of: resource, sequence: sequence)
      ) { part in
        guard isFirst || !isLoaded(part, of: resource, whole: patients) else { return }
        if marks.contains(ImportPass.mark(of: part)) {
          scattered.append(record: part.record)
        }
      }
    } catch {
      return
    }
    guard scattered.count > 0 else { return }
    var issues = record.issues
    validator.validate(record.tree, into: &issues)
    let errors = issues.count { ImportWorker.setsAside($0) }
    if isFirst {
      summary.errors += errors
      summary.warnings += issues.count { $0.severity >= .warning } - errors
    }
    guard errors == 0 else {
      guard isFirst else { return }
      summary.types[resource.type, default: .init()].quarantined += 1
      return setAside(record, source, sequence, issues)
    }
    scattered.forEach { spill($0) }
    // It was taken for stored before.
    if isFirst { context.seeVersion(of: resource, in: result.home, sequence: sequence, isStored: false) }
  }

  /// Counts and tells what is wrong with a Bundle's own members.
  func report(_ record: Record, source: String) {
    var issues = record.issues
    validator.validate(record.tree, into: &issues)
    let errors = issues.filter { $0.severity >= .error }
    summary.errors += errors.count
    summary.warnings += issues.count { $0.severity == .warning }
    // Entries that are no array are none: what stands there is no other resource's.
    if let entry = record.tree.child(KnownNames.r4.entry, of: 0),
      record.tree.child(KnownNames.r4.resource, of: entry) != nil
    {
      summary.types["Bundle", default: .init()].read += 1
      summary.types["Bundle", default: .init()].quarantined += 1
      context.ledger.setAside(record, source: source, issues: issues)
    } else {
      for issue in errors { context.run.say(FindingText.line(issue, source: source)) }
    }
  }
}
