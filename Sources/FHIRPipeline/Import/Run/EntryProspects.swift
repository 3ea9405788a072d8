import FHIRFormats
import FHIRModel
import FHIRValidation
import Synchronization

/// Tells before an import what of it will be set aside, by itself or with its transaction, where others depend on it: an entry must not
/// keep others out that ask for the same new resource, and who is called by a business identifier alone must be there.
///
/// Files are looked at only where somebody asks, and then once.
final class EntryProspects: Sendable {
  private let files: [InputFile]
  private let reading: ReadOptions
  private let honoursTransactions: Bool
  private let validator: Validator
  /// Hashes of the keys of resources of which the run has several.
  private let repeated: Set<UInt64>
  private let entities: EntityPlaces
  private let strangers: StrangeServers
  /// By the file's number: the keys of the entries with a condition that will be loaded.
  private let sound = Mutex<[Int: Set<String>]>([:])
  /// By the file's number.
  private let verdicts = Mutex<[Int: FileVerdict]>([:])

  private final class FileVerdict: Sendable {
    /// Hashes of the keys of people and the like of whom the file has no version that will be loaded; nil until it was looked at.
    let aside = Mutex<Set<UInt64>?>(nil)
  }

  init(
    _ run: ImportRun, _ files: [InputFile], _ validator: Validator, repeated: Set<UInt64> = [],
    entities: EntityPlaces = EntityPlaces(), strangers: StrangeServers
  ) {
    self.strangers = strangers
    self.files = files
    self.entities = entities
    self.repeated = repeated
    reading = run.reading
    honoursTransactions = run.honoursTransactions
    self.validator = validator
  }

  func isLoaded(_ entry: Conditions.Entry) -> Bool {
    let file = Int(entry.sequence >> 40)
    return sound.withLock { sound in
      let keys = sound[file] ?? soundKeys(of: file)
      sound[file] = keys
      return keys.contains(entry.target.key)
    }
  }

  private func soundKeys(of file: Int) -> Set<String> {
    var keys: Set<String> = []
    judge(file, reading) { record, resource in
      EntryRequest(record)?.condition(ofType: resource.type) == nil ? nil : resource.key
    } _: { key, isLoaded in
      if isLoaded { keys.insert(key) }
    }
    return keys
  }

  /// Whether a resource that others may call by an identifier is one of the run's, and will not be loaded.
  func isSetAside(_ target: TargetIndex.Target) -> Bool {
    let key = NameHash.of(target.key)
    let files = entities.files(of: key)
    return !files.isEmpty && files.allSatisfy { isSetAside(key, of: $0) }
  }

  /// The same, of what one file has of it. Whoever asks of a file that another looks at waits for the answer.
  private func isSetAside(_ key: UInt64, of file: Int) -> Bool {
    let verdict = verdicts.withLock { verdicts in
      let known = verdicts[file] ?? FileVerdict()
      verdicts[file] = known
      return known
    }
    return verdict.aside.withLock { aside in
      let known = aside ?? keysSetAside(of: file)
      aside = known
      return known.contains(key)
    }
  }

  private func keysSetAside(of file: Int) -> Set<UInt64> {
    var reading = reading
    // Lines stand for themselves; with a transaction's entry all others are set aside.
    reading.skipsEntries = false
    reading.skips = { type, _, _ in
      let name = String(decoding: type, as: UTF8.self)
      return name != "Bundle" && !IndexPass.entities.contains(name)
    }
    var keys: Set<UInt64> = []
    var loaded: Set<UInt64> = []
    judge(file, reading) { _, resource in
      IndexPass.entities.contains(resource.type) ? NameHash.of(resource.key) : nil
    } _: { key, isLoaded in
      if !isLoaded { keys.insert(key) } else if repeated.contains(key) { loaded.insert(key) }
    }
    return keys.subtracting(loaded)
  }

  /// Goes through a file, and tells of what it has whether it will be loaded.
  ///
  /// - Parameter fact: what is to be told of a resource; nil where nothing is.
  private func judge<Fact>(
    _ file: Int, _ reading: ReadOptions, _ fact: (Record, RecordResource) -> Fact?,
    _ body: (Fact, _ isLoaded: Bool) -> Void
  ) {
    var pending: [(fact: Fact, fails: Bool)] = []
    var hasFailure = false
    func end(_ type: String?) {
      let isRefused = hasFailure && type == "transaction" && honoursTransactions
      for (fact, fails) in pending { body(fact, !fails && !isRefused) }
      pending = []
      hasFailure = false
    }
    // What breaks off is told of when it is loaded.
    guard let reader = try? files[file].open(options: reading) else { return }
    while let record = try? reader.next() {
      if Interruption.isAsked { return }
      if case .bundle = record.content {
        end(record.tree.child(KnownNames.r4.type, of: 0).map { record.tree.string(at: $0) })
        continue
      }
      if strangers.cause(of: record) != nil {
        // It is nobody of the import's.
        hasFailure = true
        continue
      }
      var issues = record.issues
      validator.validate(record.tree, into: &issues)
      let fails =
        record.content == .unreadable || issues.contains(where: ImportWorker.setsAside)
        || EntryRequest(record)?.refusal != nil
      if case .entry = record.content { hasFailure = hasFailure || fails }
      guard let resource = RecordResource(record), let fact = fact(record, resource) else { continue }
      if case .entry = record.content { pending.append((fact, fails)) } else { body(fact, !fails) }
    }
    guard let unfinished = reader.unfinishedBundle else { return }
    hasFailure = true
    end(unfinished.type ?? "transaction")
  }
}
