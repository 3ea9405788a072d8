import BSON
import DocumentStore
import Glibc
import Synchronization

/// Who changes the pages of a document, and what they were before: without a transaction they change one by one.
///
/// A change has a note in the collection `fhirline_pages`, with the hash that the first page is to have; beside it stand the pages
/// that are overwritten, as they were. The first page changes last, and then the notes go. Whoever finds a change that broke off puts it
/// right: where the first page has the hash that it was to have, needless pages go; else the document gets back what it had.
///
/// **Invariant:** a document has one such note at most, and nobody but who made it writes its pages. Of a process of another machine,
/// whom nobody here can ask after, it holds as long as it is renewed: by the server's clock, by who writes, before it writes. Who
/// hung for so long that another took it for gone finds that out before it writes again.
struct PageJournal {
  static let collection = "fhirline_pages"

  let place: DocumentPlace

  /// After so many milliseconds a note that nobody renewed is that of a change that broke off.
  static let patience: Int64 = 120_000
  /// After so many seconds it is renewed: long before, for the write that comes next may take its time.
  private static let renewal = 20

  private static let own = ImportingProcess.current.text
  /// The changes that this process is at, by number.
  private static let live = Mutex<(last: Int64, numbers: Set<Int64>)>((0, []))

  /// A change that was begun.
  final class Change {
    fileprivate let note: Note
    fileprivate var isNoted = false
    /// When the note was renewed last, in seconds of this machine's running, its sleep included.
    var renewed: Int

    private var copies = 0

    fileprivate init(_ note: Note, at renewed: Int) {
      self.note = note
      self.renewed = renewed
    }

    /// Renews the note where it is time; called before every write of a page. Another may have taken this for broken off.
    func hold(_ connection: borrowing StoreConnection) throws {
      let now = PageJournal.seconds()
      guard now - renewed >= PageJournal.renewal else { return }
      guard try note.renew(connection) else { throw CollectionLoader.Setback.changed }
      renewed = now
    }

    /// Says what the document is to be, before any page is written; false where somebody else took this for broken off.
    ///
    /// - Parameters:
    ///   - hash: of its first page; nil where it is to go.
    ///   - pages: the `_id`s of its pages, from the first.
    ///   - found: the `_id`s of those that are there.
    func begin(
      hash: String?, pages: [String], over found: some Collection<String>,
      _ connection: borrowing StoreConnection
    ) throws -> Bool {
      isNoted = true
      let there = Set(found.compactMap { PageNumbers.number(of: $0, in: note.document) })
      let made = PageNumbers(pages.indices.lazy.map { $0 + 1 }.filter { $0 > 1 && !there.contains($0) })
      let last = max(pages.count, there.max() ?? 1)
      var fields: BSONFields = ["pages": .int32(Int32(clamping: last)), "made": made.value]
      if let hash { fields["hash"] = .string(hash) }
      let now = PageJournal.seconds()
      guard try note.renew(connection, setting: fields) else { return false }
      renewed = now
      return true
    }

    /// Keeps a further page as it is, before it is overwritten.
    func keep(_ page: BSONDocument, _ connection: borrowing StoreConnection) throws {
      try hold(connection)
      var writer = BSONWriter(capacity: page.count + 256)
      writer.beginDocument()
      writer.append("_id", string: "\(note.id) \(copies)")
      writer.append("of", string: note.id)
      writer.append("page", document: page)
      writer.endDocument()
      copies += 1
      let result = try connection.replace([try writer.finish()], in: PageJournal.collection, upsert: true)
      if let failure = result.failures.first { throw CollectionLoader.Setback.refused(failure.message) }
    }
  }

  /// Changes a document while nobody else does.
  func change<R>(
    _ id: String, _ connection: borrowing StoreConnection, _ body: (Change) throws -> R
  ) throws -> R {
    let change = try take(id, connection)
    let note = change.note
    defer { PageJournal.live.withLock { _ = $0.numbers.remove(note.number) } }
    let result: R
    do {
      result = try body(change)
    } catch {
      // Where the server is away the next try does it.
      try? PageJournal.settle(note, connection)
      throw error
    }
    if change.isNoted {
      try PageJournal.settle(note, connection)
    } else {
      try note.delete(connection)
    }
    return result
  }

  /// Makes the note of a change; waits while another has one.
  private func take(_ id: String, _ connection: borrowing StoreConnection) throws -> Change {
    let number = PageJournal.live.withLock { live in
      live.last += 1
      live.numbers.insert(live.last)
      return live.last
    }
    var isTaken = false
    defer { if !isTaken { PageJournal.live.withLock { _ = $0.numbers.remove(number) } } }
    let note = Note(
      id: noteID(of: id), place: place, document: id, process: PageJournal.own, number: number)
    var pause: UInt32 = 1_000
    while true {
      let now = PageJournal.seconds()
      let result = try connection.insert([try note.text], into: PageJournal.collection)
      guard let failure = result.failures.first else {
        // Somebody who found it in between without its date gave it one.
        guard try note.renew(connection) else { continue }
        isTaken = true
        return Change(note, at: now)
      }
      guard failure.reason == .duplicateKey else { throw StoreError(.writeFailed, failure.message) }
      guard let other = try PageJournal.note(note.id, connection) else { continue }
      if let own = try other.taken(by: note, connection) {
        try PageJournal.settle(own, connection)
        continue
      }
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      usleep(pause)
      pause = min(pause * 2, 100_000)
    }
  }

  /// Whether somebody changes a document without a transaction, or did and broke off.
  func hasNote(of id: String, _ connection: borrowing StoreConnection) throws -> Bool {
    try PageJournal.note(noteID(of: id), connection) != nil
  }

  private func noteID(of document: String) -> String { "\(place.pages)/\(document)" }

  /// Seconds of the machine's running, its sleep included.
  private static func seconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return time.tv_sec
  }

  /// Puts all changes right that broke off.
  static func recover(_ connection: borrowing StoreConnection) throws {
    var notes: [Note] = []
    try connection.find(["process": ["$exists": true]], in: collection) { document in
      if let note = try Note(document), note.mayBeBroken { notes.append(note) }
    }
    for note in notes {
      let number = live.withLock { live in
        live.last += 1
        live.numbers.insert(live.last)
        return live.last
      }
      defer { live.withLock { _ = $0.numbers.remove(number) } }
      var own = note
      own.process = PageJournal.own
      own.number = number
      if let own = try note.taken(by: own, connection) { try settle(own, connection) }
    }
  }

  private static func note(_ id: String, _ connection: borrowing StoreConnection) throws -> Note? {
    var found: Note?
    try connection.find(ids: [id], in: collection) { found = try Note($0) }
    return found
  }

  /// Brings a document to the end of its change, or back to what it was before, and deletes the note.
  private static func settle(_ note: Note, _ connection: borrowing StoreConnection) throws {
    let place = note.place
    // Somebody else may have taken it for broken off, and does it.
    guard try note.renew(connection) else { return }
    let change = Change(note, at: seconds())
    var hash: String?
    var pages: Int?
    var made: PageNumbers?
    try connection.find(ids: [note.id], in: collection) { stored in
      hash = try stored.find("hash")?.text
      pages = try stored.find("pages")?.integer.map { Int($0) }
      made = try stored.find("made")?.array.flatMap { try PageNumbers($0) }
    }
    if let pages {
      let first = try StoredState.states(of: [note.document], in: place, connection)[note.document]
      let isDone = hash == nil ? first == nil : first?.hash == hash
      if !isDone {
        var options = FindOptions()
        options.isFromPrimary = true
        try connection.find(["of": .string(note.id)], in: collection, options: options) { copy in
          guard let page = try copy.find("page")?.document else { return }
          try change.hold(connection)
          let result = try connection.replace([BSONDocument(copying: page)], in: place.pages, upsert: true)
          if let failure = result.failures.first { throw StoreError(.writeFailed, failure.message) }
        }
      }
      // Of a change that did not come to its end only those pages go that it made: the first may not tell of all the others. What an
      // earlier version of this program noted does not say which those are.
      let count = max(first?.pages ?? 1, 1)
      var needless = count < pages ? [count + 1...pages] : []
      if !isDone, let made { needless = made.ranges }
      for range in needless {
        _ = try connection.delete(ids: range.map { "\(note.document)#\($0)" }, from: place.pages)
      }
    }
    // The note goes last: it says that there may be copies.
    _ = try connection.write([.delete(filter: ["of": .string(note.id)], many: true)], in: collection)
    try note.delete(connection)
  }
}

extension PageJournal {
  /// Who changes a document.
  fileprivate struct Note: Equatable {
    let id: String
    let place: DocumentPlace
    let document: String
    var process: String
    var number: Int64

    init(id: String, place: DocumentPlace, document: String, process: String, number: Int64) {
      self.id = id
      self.place = place
      self.document = document
      self.process = process
      self.number = number
    }

    init?(_ stored: BSONView) throws {
      guard let id = try stored.find("_id")?.text, let collection = try stored.find("collection")?.text,
        let pages = try stored.find("pages_in")?.text, let document = try stored.find("document")?.text,
        let process = try stored.find("process")?.text, let number = try stored.find("number")?.integer
      else { return nil }
      var place = DocumentPlace(collection: collection)
      place.field = try stored.find("field")?.text
      place.pages = pages
      // Nobody has told yet: it is looked for under all that it may have.
      place.hasOtherIDs = true
      self.init(id: id, place: place, document: document, process: process, number: number)
    }

    static func == (a: Note, b: Note) -> Bool {
      a.id == b.id && a.process == b.process && a.number == b.number
    }

    var text: BSONDocument {
      get throws {
        var fields: BSONFields = [
          "_id": .string(id), "collection": .string(place.collection), "pages_in": .string(place.pages),
          "document": .string(document), "process": .string(process), "number": .int64(number),
        ]
        if let field = place.field { fields["field"] = .string(field) }
        return try BSONDocument(fields)
      }
    }

    var filter: BSONDocument {
      get throws {
        try BSONDocument(["_id": .string(id), "process": .string(process), "number": .int64(number)])
      }
    }

    /// Whether it is not surely that of somebody who is at it.
    var mayBeBroken: Bool { isBroken || ImportingProcess(process)?.isElsewhere ?? true }

    /// Whether surely nobody is at it any more.
    private var isBroken: Bool {
      process == PageJournal.own
        ? PageJournal.live.withLock { !$0.numbers.contains(number) }
        : ImportingProcess(process)?.isGone ?? false
    }

    /// The note in another's name, where nobody is at it any more; nil where that is not so, or somebody else was first.
    func taken(by other: Note, _ connection: borrowing StoreConnection) throws -> Note? {
      guard mayBeBroken else { return nil }
      var condition = try filter.fields()
      if !isBroken {
        // One without a date, which an earlier version of this program made, gets one.
        let undated = condition.merging(["renewed": ["$exists": false]])
        _ = try connection.write(
          [
            .update(
              filter: try BSONDocument(undated), ["$currentDate": ["renewed": true]], upsert: false,
              many: false)
          ], in: PageJournal.collection)
        condition = condition.merging(.isPast("renewed", milliseconds: PageJournal.patience))
      }
      let change = try BSONDocument([
        "$set": ["process": .string(other.process), "number": .int64(other.number)],
        "$currentDate": ["renewed": true],
      ])
      let result = try connection.write(
        [.update(filter: try BSONDocument(condition), change, upsert: false, many: false)],
        in: PageJournal.collection)
      guard result.matched == 1 else { return nil }
      return Note(id: id, place: place, document: document, process: other.process, number: other.number)
    }

    /// Says by the server's clock that somebody is at it; false where it is another's by now.
    func renew(_ connection: borrowing StoreConnection, setting fields: BSONFields = [:]) throws -> Bool {
      var update: BSONFields = ["$currentDate": ["renewed": true]]
      if !fields.fields.isEmpty { update["$set"] = .document(fields) }
      return try connection.write(
        [.update(filter: try filter, try BSONDocument(update), upsert: false, many: false)],
        in: PageJournal.collection
      ).matched == 1
    }

    func delete(_ connection: borrowing StoreConnection) throws {
      _ = try connection.write([.delete(filter: try filter, many: false)], in: PageJournal.collection)
    }
  }
}
