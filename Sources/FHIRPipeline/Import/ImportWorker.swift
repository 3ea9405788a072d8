import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRValidation

/// One worker of an import: takes batches, checks and maps their resources, and hands on documents or parts of them.
final class ImportWorker {
  /// A Bundle up to this size is held while its references are resolved; a larger one is read twice.
  static let heldBundleBytes = 16 << 20

  private let context: ImportContext
  private var factory: PartFactory
  private var summary = ImportSummary()
  private var bundle: HeldBundle?
  private var memory = PageMemory()
  private let runResolver: ReferenceResolver

  init(_ context: ImportContext) {
    self.context = context
    factory = PartFactory(mappings: context.run.mappings, source: context.run.source)
    runResolver = ReferenceResolver(run: context.index, stored: context.stored)
  }

  deinit { context.ledger.add(summary) }

  func run(_ feed: BatchFeed) {
    var worker = BatchFeed.Worker(feed)
    while !context.mustStop, let item = worker.next() {
      let source = context.files[item.file].name
      switch item.content {
      case .batch(let batch):
        take(batch, of: item, source: source)
      case .failure(let message):
        finishBundle(file: item.file)
        summary.unreadableFiles += 1
        summary.errors += 1
        context.run.say("\(source): \(message)")
      case .end: finishBundle(file: item.file)
      }
    }
    if context.mustStop { feed.stop() }
  }

  private func take(_ batch: RecordBatch, of item: BatchFeed.Item, source: String) {
    var documents = DocumentGroups()
    var number: UInt64 = 0
    var resources = 0
    let base = UInt64(item.file) << 40 | UInt64(item.step) << 20
    batch.forEach { record in
      number += 1
      switch record.content {
      case .resource:
        resources += 1
        handle(
          record, source: source, resolver: runResolver, sequence: base | number, whole: [], into: &documents)
      case .entry:
        resources += 1
        if bundle == nil { bundle = HeldBundle(isLine: batch.isLines) }
        bundle?.add(record, sequence: base | number, repeated: context.repeated)
      case .bundle:
        report(record, source: source)
        // The next line may be a Bundle of its own, and another worker may get what follows.
        if batch.isLines { finishBundle(file: item.file) }
      case .unreadable:
        let type = "unreadable"
        summary.types[type, default: .init()].read += 1
        summary.types[type, default: .init()].quarantined += 1
        summary.errors += 1
        context.ledger.setAside(record, source: source, issues: record.issues)
      }
    }
    if batch.isLines { finishBundle(file: item.file) }
    bundle?.countBytes(batch.byteCount)
    summary.bytes += batch.byteCount
    context.progress.advance(bytes: batch.byteCount, resources: resources)
    load(documents)
  }

  /// Errors that say nothing against a resource itself: how its Bundle presents it, what its codes mean to others.
  private static let tolerated: Set<Rule> = [
    .bundleEntry, .referenceMissing, .referenceAmbiguous, .bundleUnreachable, .codeUnknown, .codeShape,
    .codeDisplay, .codeInactive, .codeSystemMissing, .codeSystem, .identifierCheckDigit, .narrativeLink,
  ]

  /// Whether a finding keeps a resource from being loaded; what does not counts as a warning.
  private static func setsAside(_ issue: Issue) -> Bool {
    issue.severity >= .error && !tolerated.contains(issue.rule)
  }

  /// Checks and maps one record with a resource.
  private func handle(
    _ record: Record, source: String, resolver: ReferenceResolver, sequence: UInt64,
    whole patients: Set<String>, into documents: inout DocumentGroups
  ) {
    var issues = record.issues
    context.validator.validate(record.tree, into: &issues)
    let errors = issues.count { ImportWorker.setsAside($0) }
    summary.errors += errors
    summary.warnings += issues.count { $0.severity >= .warning } - errors
    guard let resource = RecordResource(record) else {
      if case .entry = record.content, errors == 0 {
        summary.entriesWithoutResource += 1
      } else {
        summary.types["unreadable", default: .init()].read += 1
        summary.types["unreadable", default: .init()].quarantined += 1
        context.ledger.setAside(record, source: source, issues: issues)
      }
      return
    }
    summary.types[resource.type, default: .init()].read += 1
    if errors > 0 {
      summary.types[resource.type, default: .init()].quarantined += 1
      context.ledger.setAside(record, source: source, issues: issues)
      return
    }
    do {
      let result = try factory.parts(
        of: resource, identity: resource.identity, resolver: resolver, sequence: sequence,
        origin: context.origin(of: resource, sequence: sequence)
      ) { kind, id in
        ImportWorker.mayBeWhole(kind, id, whole: patients)
      }
      summary.references.resolved += result.resolved
      summary.references.unresolved += result.unresolved
      for part in result.parts {
        if ImportWorker.mayBeWhole(part.kind, part.documentID, whole: patients) {
          documents.add(part)
        } else {
          spill(part)
        }
      }
    } catch {
      let issue = Issue(
        .error, .documentRefused, at: record.tree.expression(of: error.node, table: .r4),
        position: record.tree.position(of: error.node), error.message)
      summary.errors += 1
      summary.types[resource.type, default: .init()].quarantined += 1
      context.ledger.setAside(record, source: source, issues: issues + [issue])
    }
  }

  /// Counts and tells what is wrong with a Bundle's own members.
  private func report(_ record: Record, source: String) {
    var issues = record.issues
    context.validator.validate(record.tree, into: &issues)
    for issue in issues where issue.severity >= .error {
      summary.errors += 1
      context.run.say(FindingText.line(issue, source: source))
    }
    summary.warnings += issues.count { $0.severity == .warning }
  }

  // MARK: Bundles

  private func finishBundle(file: Int) {
    guard let held = bundle else { return }
    bundle = nil
    let source = context.files[file].name
    let resolver = ReferenceResolver(run: context.index, bundle: held.index, stored: context.stored)
    if held.isHeld {
      var documents = DocumentGroups()
      let patients = Set(held.patients.map { factory.documentID($0) })
      for (record, sequence) in held.records {
        handle(
          record, source: source, resolver: resolver, sequence: sequence, whole: patients, into: &documents)
      }
      load(documents)
    } else {
      readAgain(file: file, source: source, resolver: resolver)
    }
  }

  /// Goes through a large Bundle a second time, now that all of its entries are known.
  private func readAgain(file: Int, source: String, resolver: ReferenceResolver) {
    do {
      let reader = try context.files[file].open(options: context.run.reading)
      var step: UInt64 = 0
      while !context.mustStop, let batch = try reader.nextBatch() {
        var documents = DocumentGroups()
        var number: UInt64 = 0
        batch.forEach { record in
          number += 1
          guard case .entry = record.content else { return }
          handle(
            record, source: source, resolver: resolver, sequence: UInt64(file) << 40 | step << 20 | number,
            whole: [], into: &documents)
        }
        step += 1
        load(documents)
      }
    } catch {
      context.fail(PipelineFailure(.stopped, "\(source): could not be read a second time: \(error)"))
    }
  }

  // MARK: Loading

  /// Whether a document may be loaded at once, and does not wait for parts from elsewhere.
  ///
  /// - Parameter whole: patients of whom all is at hand.
  private static func mayBeWhole(_ kind: DocumentKind, _ id: String, whole patients: Set<String>) -> Bool {
    switch kind {
    case .resource, .appointment: true
    case .patient, .chart: !patients.isEmpty && patients.contains(id)
    case .provider: false
    }
  }

  /// Hands documents to the loader, but for those of which the run has more resources elsewhere.
  private func load(_ documents: DocumentGroups) {
    var requests: [LoadRequest] = []
    var documents = documents
    for number in documents.groups.indices {
      let (key, parts) = documents.take(number)
      if key.kind == .resource || key.kind == .appointment, isRepeated(key, parts) {
        for part in parts { spill(part) }
        continue
      }
      if let request = request(key, parts) { requests.append(request) }
    }
    _ = context.loader.put(requests)
  }

  /// Whether the run has more resources for a document: all of them are loaded together, so that the last counts in
  /// every run alike.
  private func isRepeated(_ key: DocumentGroups.Key, _ parts: [Part]) -> Bool {
    parts.contains { part in
      part.resource.map { context.repeated.contains(ContentHash.of($0.key)) } ?? false
    }
  }

  private func spill(_ part: Part) {
    do {
      try context.spill.append(key: ContentHash.of(part.documentID)) { PartRecord.encode(part, into: &$0) }
    } catch let failure as PipelineFailure {
      context.fail(failure)
    } catch {
      context.fail(PipelineFailure(.output, "\(error)"))
    }
  }

  private func request(_ key: DocumentGroups.Key, _ parts: [Part]) -> LoadRequest? {
    do {
      let assembly = try context.assembler.assemble(kind: key.kind, id: key.id, parts: parts, in: &memory)
      var request = LoadRequest(kind: key.kind, id: key.id, parts: parts, assembly: assembly)
      if request.byteCount <= PageMemory.smallBytes { request.holdsParts(in: &memory) }
      return request
    } catch {
      context.ledger.refuse(parts, reason: "the document could not be put together: \(error)")
      return nil
    }
  }

  /// Puts together and loads the documents of one partition of the spill.
  func loadPartition(_ number: Int) {
    do {
      var documents = DocumentGroups()
      var texts = TextPool()
      try context.spill.take(number).forEach { documents.add(PartRecord.decode($0, texts: &texts)) }
      var requests: [LoadRequest] = []
      var bytes = 0
      for number in documents.groups.indices {
        let (key, parts) = documents.take(number)
        guard let request = request(key, parts) else { continue }
        requests.append(request)
        bytes += request.byteCount
        if bytes >= 1 << 20 {
          _ = context.loader.put(requests)
          requests = []
          bytes = 0
        }
      }
      _ = context.loader.put(requests)
    } catch let failure as PipelineFailure {
      context.fail(failure)
    } catch {
      context.fail(PipelineFailure(.stopped, "\(error)"))
    }
  }
}
