import BSON
import DocumentStore
import Foundation
import Synchronization

extension ImportRun {
  /// One document an import that changed anything: its number, its files, when it began and ended. Exports take their
  /// time from the newest, `trace` its files.
  package static let runCollection = "fhirline_run"
}

/// The note of an import in the database: made before anything is loaded, completed at the end.
///
/// Its `_id` is a number, counted up by one, which stands for the import in the documents' origins. Names of files that do
/// not fit it follow in documents of their own, `12/1`, `12/2`, …
///
/// An import that goes on where another of the same input was killed or stopped takes over its note and its number: the
/// documents of both then tell the same origin, and are what they would be had the first come to its end.
final class RunRecord: Sendable {
  static let namesPerDocument = 5_000

  private let store: DocumentStore
  private let thread: WorkerThread
  private let noted: Noted

  private final class Noted: Sendable {
    let number = Mutex<Int32>(0)
    let goesOn = Mutex<Bool>(false)
    let hasSameRules = Mutex<Bool>(false)
    /// Whether another import was under way when this one was noted.
    let foundOthers = Mutex<Bool>(false)
    /// The last import that there was when this one was noted, or went on where another had ended.
    let last = Mutex<Int32>(0)
    /// What was noted at the beginning: a server that takes over may not have it.
    let beginning = Mutex<Beginning?>(nil)
    /// The last import that there was before this one looked at anything.
    let first: Int32
    let heartbeat = Mutex<RunHeartbeat?>(nil)

    init(after first: Int32) { self.first = first }

    func begin(_ number: Int32, last: Int32, in store: DocumentStore) {
      self.number.withLock { $0 = number }
      self.last.withLock { $0 = last }
      heartbeat.withLock { $0 = RunHeartbeat(of: number, in: store) }
    }

    func end() { heartbeat.withLock { $0.take() }?.stop() }

    deinit { end() }
    let failure = Mutex<PipelineFailure?>(nil)
  }

  /// Notes the import, beside other work.
  ///
  /// - Parameters:
  ///   - input: stands for what is imported and how; imports of equal input do the same.
  ///   - rules: stand for what resources are checked by; nil where nothing tells that.
  init(
    files: [String], input: String, rules: String?, source: String, chart: ChartLayout = .collection,
    store: DocumentStore
  ) {
    self.store = store
    // Known before anything else is asked: what an import brings that is noted and has ended by the time that this one is noted may be
    // too late for what this one found at its beginning.
    let first = Result { try store.persevering { try RunRecord.last($0) } }
    let noted = Noted(after: (try? first.get()) ?? 0)
    self.noted = noted
    thread = WorkerThread {
      do {
        _ = try first.get()
        let names = RunRecord.names(of: files)
        try RunRecord.endOthers(in: store)
        try store.persevering { connection in try PageJournal.recover(connection) }
        if let rules {
          let isSame = try RunRecord.isRule(rules, ofAllIn: store)
          noted.hasSameRules.withLock { $0 = isSame }
        }
        if let left = try RunRecord.takeOver(input: input, rules: rules, furtherNames: names.rest, in: store)
        {
          noted.goesOn.withLock { $0 = true }
          noted.begin(left.number, last: left.last, in: store)
        } else {
          let (number, beginning) = try RunRecord.note(
            files: names, input: input, rules: rules, source: source, chart: chart, in: store)
          noted.beginning.withLock { $0 = beginning }
          noted.begin(number, last: number, in: store)
        }
        let others = try RunRecord.hasOthers(than: noted.number.withLock { $0 }, in: store)
        noted.foundOthers.withLock { $0 = others }
      } catch {
        let reason = (error as? StoreError)?.message ?? "\(error)"
        noted.failure.withLock {
          $0 = PipelineFailure(.connection, "the import could not be noted in the database: \(reason)")
        }
      }
    }
  }

  /// Waits until the import is noted, and gives its number.
  func number() throws -> Int32 {
    thread.join()
    if let failure = noted.failure.withLock({ $0 }) { throw failure }
    return noted.number.withLock { $0 }
  }

  /// Whether another import's note was taken over; after ``number()``.
  var goesOn: Bool { noted.goesOn.withLock { $0 } }

  /// Whether all imports before checked by the same rules; after ``number()``.
  var hasSameRules: Bool { noted.hasSameRules.withLock { $0 } }

  private static func isRule(_ rules: String, ofAllIn store: DocumentStore) throws -> Bool {
    try store.persevering { connection in
      let others: BSONDocument = ["_id": ["$type": "number"], "rules": ["$ne": .string(rules)]]
      return try connection.count(others, in: ImportRun.runCollection) == 0
    }
  }

  private typealias Names = (first: BSONValue, rest: [BSONValue])

  /// The documents of a note as they are made at first.
  private struct Beginning {
    let fields: BSONFields
    let furtherNames: [BSONValue]
  }

  /// Names of files as the documents of a note hold them.
  private static func names(of files: [String]) -> Names {
    var parts = stride(from: 0, to: max(files.count, 1), by: namesPerDocument).map { start in
      BSONValue.array(files[start..<min(start + namesPerDocument, files.count)].map { .string($0) })
    }
    let first = parts.removeFirst()
    return (first, parts)
  }

  private static func write(
    furtherNames: [BSONValue], of number: Int32, _ connection: borrowing StoreConnection
  ) throws {
    for (part, names) in furtherNames.enumerated() {
      let document = try BSONDocument(["_id": .string("\(number)/\(part + 1)"), "files": names])
      _ = try connection.replace([document], in: ImportRun.runCollection, upsert: true)
    }
  }

  private static func note(
    files: Names, input: String, rules: String?, source: String, chart: ChartLayout,
    in store: DocumentStore
  ) throws -> (number: Int32, beginning: Beginning) {
    let started = now()
    return try store.persevering { connection in
      // Somebody else may take the number that is free.
      for _ in 0..<100 {
        let number = try last(connection) + 1
        var fields: BSONFields = [
          "_id": .int32(number), "started": .string(started), "program": .string(ProgramVersion.current),
          "input": .string(input), "process": .string(ImportingProcess.current.text),
        ]
        if let rules { fields["rules"] = .string(rules) }
        if chart != .collection { fields["chart"] = .string(chart.rawValue) }
        if !source.isEmpty { fields["source"] = .string(source) }
        fields["files"] = files.first
        let result = try connection.insert([try BSONDocument(fields)], into: ImportRun.runCollection)
        if let failure = result.failures.first {
          guard failure.reason == .duplicateKey else { throw StoreError(.writeFailed, failure.message) }
          // It may be our own, whose confirmation was lost.
          let own: BSONDocument = ["_id": .int32(number), "process": fields["process"] ?? .null]
          guard try connection.count(own, in: ImportRun.runCollection) == 1 else { continue }
        }
        try write(furtherNames: files.rest, of: number, connection)
        try RunHeartbeat.beat(number, connection)
        return (number, Beginning(fields: fields, furtherNames: files.rest))
      }
      throw StoreError(.writeFailed, "other imports keep taking its number")
    }
  }

  /// Ends the transactions of imports that were killed, of any input: this one might wait for them. What such an import had sent
  /// is done, or lost, before this one looks at anything.
  private static func endOthers(in store: DocumentStore) throws {
    try store.persevering { connection in
      // One that was killed at its beginning may have sent its note, which is not there yet.
      var gone = Set(
        connection.applications(beginningWith: ImportingProcess.program)
          .filter { ImportingProcess.isGone(applicationName: $0) })
      try connection.find(
        ["finished": ["$exists": false], "stopped": ["$exists": false]], in: ImportRun.runCollection,
        options: FindOptions(projection: ["process": 1])
      ) { note in
        guard let process = try note.find("process")?.text.flatMap(ImportingProcess.init), process.isGone
        else { return }
        gone.insert(process.applicationName)
      }
      if !gone.isEmpty { _ = connection.endTransactions(ofApplications: gone.sorted()) }
    }
  }

  /// An import of the same input that has not come to its end, and that nobody goes on with: its number, and that of the last import.
  private static func takeOver(
    input: String, rules: String?, furtherNames: [BSONValue], in store: DocumentStore
  ) throws -> (number: Int32, last: Int32)? {
    var isAgain = false
    return try store.persevering { connection in
      defer { isAgain = true }
      var left: [(number: Int32, process: String, rules: String?, isSilent: Bool)] = []
      let silent = try silentNumbers(connection)
      try connection.find(
        ["input": .string(input), "finished": ["$exists": false]], in: ImportRun.runCollection,
        options: FindOptions(sort: ["_id": -1], projection: ["process": 1, "stopped": 1, "rules": 1])
      ) { note in
        guard let number = try note.find("_id")?.integer.map(Int32.init(clamping:)),
          let process = try note.find("process")?.text
        else { return }
        let hasEnded = try note.find("stopped") != nil
        let other = ImportingProcess(process)
        let isSilent = other?.isElsewhere == true && silent.contains(number) && !hasEnded
        // One's own is one whose taking over was not confirmed.
        guard
          hasEnded || isAgain && process == ImportingProcess.current.text || other?.isGone == true || isSilent
        else { return }
        left.append((number, process, try note.find("rules")?.text, isSilent))
      }
      for (number, process, earlier, isSilent) in left {
        // Of several that find it, one changes the process, and the others then find none.
        var gone: BSONFields = ["stopped": ""]
        if earlier != rules { gone["rules"] = "" }
        let change = try BSONDocument([
          "$set": ["process": .string(ImportingProcess.current.text), "resumed": .string(now())],
          "$currentDate": ["alive": true], "$unset": .document(gone),
        ])
        var filter: BSONFields = ["_id": .int32(number), "process": .string(process)]
        if isSilent { filter = filter.merging(.isPast("alive", milliseconds: RunHeartbeat.patience)) }
        let result = try connection.write(
          [.update(filter: try BSONDocument(filter), change, upsert: false, many: false)],
          in: ImportRun.runCollection)
        guard result.matched == 1 else { continue }
        try write(furtherNames: furtherNames, of: number, connection)
        // Imports that are noted from here on find this one under way; it finds those before by their numbers.
        let last = try last(connection)
        _ = try connection.write(
          [
            .update(
              filter: ["_id": .int32(number)], try BSONDocument(["$set": ["resumed_after": .int32(last)]]),
              upsert: false, many: false)
          ], in: ImportRun.runCollection)
        return (number, last)
      }
      return nil
    }
  }

  /// Imports that did not end, and have not said for long that they are alive.
  private static func silentNumbers(_ connection: borrowing StoreConnection) throws -> Set<Int32> {
    var numbers: Set<Int32> = []
    let filter: BSONFields = ["finished": ["$exists": false], "stopped": ["$exists": false]]
    try connection.find(
      try BSONDocument(filter.merging(.isPast("alive", milliseconds: RunHeartbeat.patience))),
      in: ImportRun.runCollection, options: FindOptions(projection: ["_id": 1])
    ) { note in
      if let number = try note.find("_id")?.integer { numbers.insert(Int32(clamping: number)) }
    }
    return numbers
  }

  /// Whether others have imported into the database at any time since this import began; after ``number()``.
  ///
  /// One that began later has a higher number than any before this one, or went on at a time when this one's was there; one that began
  /// earlier and has ended meanwhile was found under way.
  func hasCompany() throws -> Bool {
    let number = noted.number.withLock { $0 }
    guard number > 0 else { return false }
    if noted.foundOthers.withLock({ $0 }) { return true }
    let last = noted.last.withLock { $0 }
    return try store.persevering { connection in
      try connection.count(
        [
          "_id": ["$type": "number", "$ne": .int32(number)],
          "$or": [["_id": ["$gt": .int32(noted.first)]], ["resumed_after": ["$gte": .int32(last)]]],
        ], in: ImportRun.runCollection) > 0
    }
  }

  /// Whether another import is under way.
  private static func hasOthers(than number: Int32, in store: DocumentStore) throws -> Bool {
    try store.persevering { connection in
      var isFound = false
      let silent = try silentNumbers(connection)
      try connection.find(
        [
          "_id": ["$type": "number", "$ne": .int32(number)], "finished": ["$exists": false],
          "stopped": ["$exists": false],
        ], in: ImportRun.runCollection, options: FindOptions(projection: ["process": 1])
      ) { note in
        let process = try note.find("process")?.text.flatMap(ImportingProcess.init)
        let other = try note.find("_id")?.integer.map(Int32.init(clamping:)) ?? 0
        let isGone = process?.isGone == true || process?.isElsewhere == true && silent.contains(other)
        if !isGone { isFound = true }
      }
      return isFound
    }
  }

  /// Whether an import was cut short, and may not have done what is done at the end; but for this one.
  func hasUnfinished() throws -> Bool {
    try RunRecord.hasUnfinished(in: store, but: noted.number.withLock { $0 })
  }

  static func hasUnfinished(in store: DocumentStore, but number: Int32 = 0) throws -> Bool {
    let unfinished: BSONDocument = [
      "_id": ["$type": "number", "$ne": .int32(number)], "finished": ["$exists": false],
    ]
    return try store.persevering { try $0.count(unfinished, in: ImportRun.runCollection) > 0 }
  }

  private static func last(_ connection: borrowing StoreConnection) throws -> Int32 {
    var last: Int32 = 0
    try connection.find(
      ["_id": ["$type": "number"]], in: ImportRun.runCollection,
      options: FindOptions(sort: ["_id": -1], projection: ["_id": 1], limit: 1)
    ) { document in
      last = Int32(clamping: try document.find("_id")?.integer ?? 0)
    }
    return last
  }

  /// Notes the end of the import; one that changed nothing leaves no note. Returns why that was not possible.
  ///
  /// - Parameter leavesWaiting: whether its number stands on notes of what waits, so that no other may have it.
  func finish(_ summary: ImportSummary, isWhole: Bool, leavesWaiting: Bool = false) -> PipelineFailure? {
    noted.end()
    let number = noted.number.withLock { $0 }
    guard number > 0 else { return nil }
    let total = summary.total
    do {
      // A run that was stopped does not wait for a server that is away.
      func connected(_ body: (borrowing StoreConnection) throws -> Void) throws {
        if isWhole { try store.persevering(body) } else { try store.withConnection(body) }
      }
      try connected { connection in
        // The note that was taken over stands in documents.
        let hasChanges = total.inserted + total.replaced + summary.deleted > 0
        guard hasChanges || leavesWaiting || !isWhole || goesOn else {
          _ = try connection.write(
            [
              .delete(filter: ["_id": .int32(number)], many: false),
              .delete(filter: ["_id": ["$regex": .string("^\(number)/")]], many: true),
            ], in: ImportRun.runCollection)
          return
        }
        var fields: BSONFields = [
          "read": .int64(Int64(total.read)), "inserted": .int64(Int64(total.inserted)),
          "replaced": .int64(Int64(total.replaced)), "unchanged": .int64(Int64(total.unchanged)),
          "quarantined": .int64(Int64(total.quarantined)),
        ]
        fields[isWhole ? "finished" : "stopped"] = .string(RunRecord.now())
        var change: BSONFields = ["$set": .document(fields)]
        let beginning = noted.beginning.withLock { $0 }
        if let beginning {
          change["$setOnInsert"] = .document(
            BSONFields(beginning.fields.fields.filter { $0.key != "_id" && fields[$0.key] == nil }))
        }
        let result = try connection.write(
          [
            .update(
              filter: ["_id": .int32(number)], try BSONDocument(change), upsert: beginning != nil, many: false
            )
          ], in: ImportRun.runCollection)
        if let beginning, result.upserted > 0 {
          try RunRecord.write(furtherNames: beginning.furtherNames, of: number, connection)
        }
      }
      return nil
    } catch {
      let reason = (error as? StoreError)?.message ?? "\(error)"
      return isWhole
        ? PipelineFailure(.stopped, "all is loaded, but the run's end could not be noted: \(reason)") : nil
    }
  }

  private static func now() -> String { Date().formatted(.iso8601) }
}
