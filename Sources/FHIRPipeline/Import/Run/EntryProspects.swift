import FHIRFormats
import FHIRModel
import FHIRValidation

/// Tells before an import which of the entries that ask for the same new resource will be loaded: one that is set aside, by itself or
/// with its transaction, must not keep the others out.
///
/// Only files whose entries compete are looked at, and each once.
final class EntryProspects {
  private let files: [InputFile]
  private let reading: ReadOptions
  private let honoursTransactions: Bool
  private let validator: Validator
  /// By the file's number: the keys of the entries with a condition that will be loaded.
  private var sound: [Int: Set<String>] = [:]

  init(_ run: ImportRun, _ files: [InputFile]) {
    self.files = files
    reading = run.reading
    honoursTransactions = run.honoursTransactions
    validator = ImportContext.validator(of: run)
  }

  func isLoaded(_ entry: Conditions.Entry) -> Bool {
    let file = Int(entry.sequence >> 40)
    let keys = sound[file] ?? soundKeys(of: file)
    sound[file] = keys
    return keys.contains(entry.target.key)
  }

  private func soundKeys(of file: Int) -> Set<String> {
    var keys: Set<String> = []
    var pending: [String] = []
    var hasFailure = false
    // What breaks off is told of when it is loaded.
    guard let reader = try? files[file].open(options: reading) else { return keys }
    while let record = try? reader.next() {
      if Interruption.isAsked { return keys }
      var issues = record.issues
      validator.validate(record.tree, into: &issues)
      let request = EntryRequest(record)
      let fails =
        record.content == .unreadable || issues.contains(where: ImportWorker.setsAside)
        || request?.method == .patch
      hasFailure = hasFailure || fails
      if let request, !fails, let resource = RecordResource(record),
        request.condition(ofType: resource.type) != nil
      {
        pending.append(resource.key)
      }
      guard case .bundle = record.content else { continue }
      let type = record.tree.child(KnownNames.r4.type, of: 0).map { record.tree.string(at: $0) }
      if !hasFailure || type != "transaction" || !honoursTransactions { keys.formUnion(pending) }
      pending = []
      hasFailure = false
    }
    return keys
  }
}
