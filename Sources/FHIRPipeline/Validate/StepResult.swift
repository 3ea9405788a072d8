import FHIRFormats
import FHIRModel
import FHIRValidation
import Synchronization

/// What one step of reading gave, or all the steps of a file that one worker read.
struct StepResult: Sendable {
  var findings: [Finding] = []
  var resources = 0
  /// What stands by itself in the file, as a line of NDJSON does.
  var lines = 0
  var bytes = 0
  var failed = false
  /// Entries of a Bundle that began, or goes on, in another step.
  var scope = BundleScope()
  /// The other members of a Bundle that began in another step: it ends here, after `scope`'s entries.
  var members: BundleMembers?
  /// What Bundles say of pages that follow them.
  var pages = ResultPages()
  /// A Bundle went by in parts whose profiles ask for the whole.
  var asksForWholeBundle = false
  /// A rule wanted to look at another entry of a Bundle, and could not.
  var asksForTargets = false

  /// Checks what a step read; returns whether it was the file's last. A Bundle in a line is looked at when all of its entries have come.
  mutating func add(_ item: BatchFeed.Item, _ validator: Validator) -> Bool {
    switch item.content {
    case .batch(let batch) where batch.isLines:
      bytes += batch.byteCount
      var held = HeldEntries()
      batch.forEach { held.take($0) { add($0, input: item.file, validator, among: $1) } }
      held.giveUp { add($0, input: item.file, validator, among: $1) }
      return false
    case .batch(let batch):
      bytes += batch.byteCount
      batch.forEach { add($0, input: item.file, validator) }
      return false
    case .failure(let message):
      fail(message, input: item.file)
      return true
    case .end: return true
    }
  }

  mutating func fail(_ message: String, input: Int) {
    failed = true
    findings.append(
      Finding(Issue(.fatal, .inputUnreadable, at: "", position: nil, message), input: input))
  }

  /// - Parameter bundle: all entries of the Bundle that the record is one of, where they are at hand.
  mutating func add(
    _ record: Record, input: Int, _ validator: Validator, among bundle: BundledResources? = nil
  ) {
    var issues = record.issues
    if case .entry = record.content {} else { lines += 1 }
    switch record.content {
    case .unreadable:
      // It may have been an entry, and what refers to it finds nothing.
      if issues.contains(where: { $0.expression.hasPrefix("Bundle") }) { scope.noteUnreadable() }
    case .resource, .entry:
      resources += 1
      // A Bundle of which a profile wants the whole; of others their members come by themselves.
      if case .resource = record.content { pages.take(record.tree) }
      check(record, into: &issues, validator, among: bundle)
    case .bundle:
      pages.take(record.tree)
      check(record, into: &issues, validator, among: nil)
    }
    guard !issues.isEmpty else { return }
    let type = record.subjectType
    findings += issues.map { Finding($0, input: input, resourceType: type) }
  }

  private mutating func check(
    _ record: Record, into issues: inout [Issue], _ validator: Validator, among bundle: BundledResources?
  ) {
    guard let members = validator.validate(record.tree, into: &issues, scope: &scope, among: bundle) else {
      return
    }
    if case .bundle(let count) = record.content, count > 0, validator.asksForWholeBundle(record.tree) {
      asksForWholeBundle = true
    }
    if case .bundle(let count) = record.content, count > scope.entryCount {
      // Its first entries went by in other steps.
      self.members = members
    } else {
      asksForTargets = asksForTargets || scope.asksForTargets
      scope.close(members, with: validator, into: &issues)
    }
  }
}

/// A Bundle's entries, held until all have come, so that what references lead to can be looked at.
struct HeldEntries {
  /// How large a file is whose Bundles are held, in bytes.
  static let limit = 16 << 20
  /// Bytes of memory that are held at once: a compressed file holds more than its size tells.
  static let most = 3 * limit
  /// What every worker may hold at once: the Bundle of one patient, as a rule.
  static let few = most / 8

  private let most: Int
  private var records: [Record] = []
  private var bytes = 0
  /// The Bundle that is being read is too large.
  private var isOver = false

  init(most: Int = HeldEntries.most) { self.most = most }

  /// Takes a record, and hands on what need not wait any longer.
  mutating func take(_ record: Record, _ body: (Record, BundledResources?) -> Void) {
    switch record.content {
    case .entry where !isOver, .unreadable where !records.isEmpty:
      records.append(record)
      bytes += record.memoryBytes
      if bytes > most {
        isOver = true
        giveUp(body)
      }
    case .entry, .unreadable, .resource: body(record, nil)
    case .bundle:
      let bundle = BundledResources(entries: records.filter { $0.content != .unreadable }.map(\.tree))
      for entry in records { body(entry, bundle) }
      clear()
      isOver = false
      body(record, nil)
    }
  }

  /// Hands on what is held, though not all has come.
  mutating func giveUp(_ body: (Record, BundledResources?) -> Void) {
    for record in records { body(record, nil) }
    clear()
  }

  private mutating func clear() {
    records = []
    bytes = 0
  }
}

/// Checks a file that one worker reads from its beginning to its end.
struct FileCheck {
  private let validator: Validator
  private let holdsAll: Bool
  private let reading: ReadOptions
  private let turn: Turn
  private var result = StepResult()
  private var held: HeldEntries
  /// Something was handed on already: what a second reading finds would come twice.
  private var isHandedOn = false

  /// Held by the worker that has a large Bundle in memory.
  final class Turn: Sendable {
    fileprivate let lock = Mutex(())
  }

  /// - Parameters:
  ///   - holdsAll: whether a large Bundle's entries are held from the start, or only where a rule asks for it.
  ///   - turn: shared by all workers.
  init(_ validator: Validator, holdsAll: Bool, reading: ReadOptions, turn: Turn) {
    self.validator = validator
    self.holdsAll = holdsAll
    self.reading = reading
    self.turn = turn
    held = HeldEntries(most: holdsAll ? HeldEntries.most : HeldEntries.few)
  }

  /// What has been read, for the progress.
  var soFar: (bytes: Int, resources: Int) { (result.bytes, result.resources) }

  /// Checks what a step read; returns whether it was the file's last.
  mutating func add(_ item: BatchFeed.Item) -> Bool {
    guard case .batch(let batch) = item.content else { return result.add(item, validator) }
    result.bytes += batch.byteCount
    batch.forEach { add($0, input: item.file) }
    return false
  }

  private mutating func add(_ record: Record, input: Int) {
    held.take(record) { result.add($0, input: input, validator, among: $1) }
  }

  /// The findings so far where they are many, to be kept no longer; else none.
  mutating func part() -> StepResult {
    var part = StepResult()
    guard result.findings.count > 5000 else { return part }
    swap(&part.findings, &result.findings)
    isHandedOn = true
    return part
  }

  /// What was found in the file; begins anew for the next.
  mutating func finish(_ file: InputFile, input: Int) -> StepResult {
    held.giveUp { result.add($0, input: input, validator, among: $1) }
    if result.asksForTargets, !holdsAll, !isHandedOn, !result.failed,
      let better = turn.lock.withLock({ _ in again(file, input: input) })
    {
      result = better
    }
    defer {
      result = StepResult()
      isHandedOn = false
    }
    return result
  }

  /// Reads the file once more, with a Bundle's entries held; nil where that fails.
  private func again(_ file: InputFile, input: Int) -> StepResult? {
    var check = FileCheck(validator, holdsAll: true, reading: reading, turn: turn)
    check.result.bytes = result.bytes
    do {
      let reader = try file.open(options: reading)
      while let record = try reader.next() { check.add(record, input: input) }
    } catch {
      return nil
    }
    check.held.giveUp { check.result.add($0, input: input, validator, among: $1) }
    return check.result
  }
}
