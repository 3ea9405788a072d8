import FHIRFormats
import FHIRModel

/// A Bundle on its way in: its entries as long as they are few, and who they are.
struct HeldBundle {
  let isLine: Bool
  private(set) var entries: [Entry] = []
  private(set) var index = TargetIndex()
  /// Ids of the patients in the Bundle.
  private(set) var patients: Set<String> = []
  private(set) var isHeld = true
  /// `Bundle.type`, once the Bundle's own members have come.
  private(set) var type: String?
  /// Entries whose resources are there already, so that they are not made: their sequences.
  private(set) var known: Set<UInt64> = []
  /// Entries that ask for one of several resources.
  private(set) var ambiguous: Set<UInt64> = []
  /// Entries whose resources change others: these, by their sequences.
  private(set) var changed: [UInt64: TargetIndex.Target] = [:]
  /// Of the source.
  private(set) var bytes = 0

  /// An entry as it came.
  struct Entry {
    let record: Record
    /// nil where it has none.
    let resource: RecordResource?
    let sequence: UInt64
  }

  /// What is there in the place of an entry's own resource.
  enum Existing {
    /// It stays as it is.
    case kept(TargetIndex.Target)
    /// It becomes what the entry has.
    case changed(TargetIndex.Target)
    /// Several resources: which is meant, nobody can tell.
    case ambiguous
  }

  private let most: Int
  /// Of a Bundle that is a line: to go through it once more.
  private(set) var lineBatch: RecordBatch?
  /// The number of that line.
  private(set) var line: Int?

  /// - Parameter most: how many bytes of memory are held, or about so many.
  init(isLine: Bool, most: Int) {
    self.isLine = isLine
    self.most = most
  }

  /// - Parameters:
  ///   - batch: what the record came in.
  ///   - repeated: hashes of keys that come in other inputs as well.
  ///   - strangers: of these nothing is loaded.
  ///   - existing: the resource that is there in the place of an entry's own, if it is to be made only where there is none.
  mutating func add(
    _ record: Record, of batch: RecordBatch, sequence: UInt64, repeated: Set<UInt64>,
    without strangers: StrangeServers, existing: (Record, RecordResource) -> Existing?
  ) {
    let resource = RecordResource(record)
    if strangers.cause(of: record) != nil {
      // Nobody means it; it is set aside when its turn comes.
    } else if let own = resource, let found = existing(record, own) {
      switch found {
      case .kept(let target):
        known.insert(sequence)
        index.add(target, names: own.nameHashes)
      case .changed(let target):
        changed[sequence] = target
        index.add(target, names: own.nameHashes)
        resource?.change(target)
      case .ambiguous:
        ambiguous.insert(sequence)
        own.isAmbiguous = true
        index.add(own)
      }
    } else if let own = resource {
      index.add(own)
      if own.type == "Patient", !repeated.contains(NameHash.of(own.identity.key)) {
        patients.insert(own.identity.id)
      }
    }
    if mark == nil {
      mark = sequence
      if isLine { line = HeldBundle.line(of: record) }
    }
    if !hasRequests { hasRequests = EntryRequest(record) != nil }
    guard isHeld else { return }
    entries.append(Entry(record: record, resource: resource, sequence: sequence))
    // A line is counted when it ends, which is too late.
    if isLine { bytes += record.raw?.range.count ?? 0 }
    if bytes + entries.count * HeldBundle.bytesPerEntry > most { release(record, batch) }
  }

  /// Lets go of the entries: they are read once more when all of them are known.
  private mutating func release(_ record: Record, _ batch: RecordBatch) {
    if isLine { lineBatch = batch.line(of: record) }
    isHeld = false
    entries = []
    index.becomeLarge()
  }

  /// Takes note that the source broke off within the Bundle. If its type did not come before, and entries ask for something, it may be
  /// a transaction, of which nothing is to be loaded.
  mutating func breakOff(_ unfinished: UnfinishedBundle) {
    type = unfinished.type ?? (hasRequests ? "transaction" : nil)
    isUnfinished = true
    hasUnreadable = true
  }

  /// Takes note of the Bundle's own members.
  mutating func end(_ record: Record) {
    type = record.tree.child(KnownNames.r4.type, of: 0).map { record.tree.string(at: $0) }
  }

  /// Whether an entry could not be read.
  var hasUnreadable = false
  /// Whether entries are missing, for the source broke off.
  private(set) var isUnfinished = false
  private var hasRequests = false

  /// What tells it from other Bundles of the run.
  private(set) var mark: UInt64?

  static func line(of record: Record) -> Int? {
    record.tree.count > 0 ? record.tree.line(of: 0) : nil
  }

  /// An entry's place in time. A history has its newest entries first, so that they come last here.
  ///
  /// See http://hl7.org/fhir/R4/http.html#history
  static func moment(_ sequence: UInt64, type: String?) -> UInt64 {
    type == "history" ? sequence ^ (1 << 40 - 1) : sequence
  }

  func moment(_ sequence: UInt64) -> UInt64 { HeldBundle.moment(sequence, type: type) }

  /// What an entry takes in memory beside its text, and its elements.
  private static let bytesPerEntry = 1 << 10

  mutating func countBytes(_ count: Int) { bytes += count }
}
