package import BSON
import FHIRModel

/// A document while it is put together: root, sections by key, links, and what the application keeps beside them.
///
/// A draft of parts is valid as long as the buffer that holds them.
package struct DocumentDraft {
  package let kind: DocumentKind
  package let id: String
  var root: Root?
  /// In the order of their names.
  var sections: [DraftSection] = []
  var appointments: [String: AppointmentLink] = [:]
  /// What the database itself says otherwise of appointments; nil for one that is not this document's.
  var corrections: [String: AppointmentLink?] = [:]
  /// Appointments that are the document's no longer.
  private(set) var formerAppointments: Set<String> = []
  /// Elements of the stored document but for sections, residual and bookkeeping: fields, and the application's own.
  var others = BSONFields()
  /// Whether the stored document is no longer as it ought to be.
  var isChanged = false
  /// By field: what stands for the value that import wrote.
  var marks: [String: Int32] = [:]
  /// The stored document's `_fhirline.hash`.
  var storedHash: String?
  /// Whether the stored document's fields were made by another mapping: what only that one knows how to read is missing in the root.
  var isOfOtherMapping = false
  /// What the stored document's fields say of its resources. When these come so, they are no news.
  var said = SaidResources()
  /// By key: digests of the stored items that fields say otherwise.
  var digestsOfSaid: [String: ContentDigest.Words] = [:]
  /// A root that came as the stored document's fields say it, where no resource of it is stored.
  var saidRoot: Root?
  /// The stored document's residual, as long as no part replaces the root.
  var residual: BSONDocument?
  /// Whether it has references that lead to others by now, or to what is called otherwise.
  var hasNewTargets = false
  /// Stands for what was read of all that the draft is made of; nil where not all of it is known.
  private var input: UInt64?
  /// What became of the resources that were added.
  package internal(set) var tally = Tally()
  /// Resources that lost to others of the same input.
  var contests: [Contest] = []
  /// Stored pages, and keys that stand nowhere in them.
  var owners: [SharedBytes] = []
  /// Files that resources stand in; memory is let go of while they are gone through.
  private(set) var files: [MappedBytes] = []

  struct Root: Sendable {
    var key: String
    var bytes: SharedBytes
    var names: [String]
    /// Digest of the root as it was imported; edits in the database do not change it.
    var digest: String
    /// Digest of the root as it was written, where that is known to be another.
    var came: String?
    var origin: Origin

    /// What stands for the root as it was written.
    var written: String { came ?? WrittenForm.digest(of: bytes.pointer) ?? digest }
  }

  /// A resource that came beside a newer, or later, one of the same key.
  struct Contest: Sendable {
    let key: String
    let isSame: Bool
    var bytes: SharedBytes
    let origin: Origin
  }

  package init(kind: DocumentKind, id: String) {
    self.kind = kind
    self.id = id
  }

  // MARK: Merging

  /// Adds parts; of two for one resource the newer counts, else the later.
  package mutating func merge(_ parts: PartList) { parts.withRecords { merge($0) } }

  private mutating func merge(_ records: UnsafeBufferPointer<UnsafeRawPointer>) {
    let isFirst = isEmpty && storedHash == nil
    let files = files
    let isFiled = !files.isEmpty
    var touches = 0
    func part(_ index: UInt32) -> PartView {
      if isFiled {
        touches += 1
        files.passed(touches)
      }
      return PartBuffer.part(at: records[Int(index)])
    }
    var resources: [UInt32] = []
    resources.reserveCapacity(records.count)
    var links: [PartView] = []
    for index in 0..<UInt32(records.count) {
      let part = part(index)
      switch part.form {
      case .link: links.append(part)
      case .root, .section: resources.append(index)
      case .presence: break
      }
    }
    links.sort { $0.sequence < $1.sequence }
    for part in links { add(part.link) }
    var input: UInt64? = 0
    func note(_ part: PartView, version: Int = 0) {
      // A sum, for parts come in any order.
      guard let sum = input, let digest = InputDigest.of(part, version: version) else { return input = nil }
      input = sum &+ digest
    }
    for (number, part) in links.enumerated() { note(part, version: number) }
    KeyOrder.sort(&resources, key: { part($0).key }, rank: { part($0).sequence })
    var arrivals = Arrivals()
    var rest = resources[...]
    var next = rest.popFirst().map(part)
    while let first = next {
      next = rest.popFirst().map(part)
      guard let second = next, second.key.isSame(as: first.key) else {
        note(first)
        arrivals.add(first, expecting: rest.count + 2)
        continue
      }
      let start = rest.startIndex - 2
      while let rival = next, rival.key.isSame(as: first.key) { next = rest.popFirst().map(part) }
      // Looked at where they lie: all that came may be versions of one resource.
      let rivals = resources[start..<rest.startIndex - (next == nil ? 0 : 1)].lazy.map(part)
      for (number, rival) in rivals.enumerated() { note(rival, version: number) }
      arrivals.add(settle(rivals), expecting: rest.count + 2)
    }
    merge(arrivals)
    self.input = isFirst ? input : nil
  }

  /// Which of several parts of one key counts; the others are noted.
  private mutating func settle(_ rivals: some BidirectionalCollection<PartView>) -> PartView {
    let index = ResourceVersion.counting(of: rivals.lazy.map { ResourceVersion(of: $0.bytes) })
    let winner = rivals[index]
    let key = String(decoding: winner.key, as: UTF8.self)
    for (other, part) in zip(rivals.indices, rivals) where other != index {
      contests.append(
        Contest(
          key: key, isSame: part.digest == winner.digest, bytes: SharedBytes(lent: part.bytes),
          origin: part.origin))
    }
    return winner
  }

  /// Adds what another draft of the document holds, which was made of parts alone.
  mutating func merge(_ other: DocumentDraft) {
    input = nil
    for link in other.sortedAppointments { add(link) }
    contests = other.contests
    var arrivals = Arrivals()
    arrivals.root = other.root
    arrivals.sections = other.sections.map { ($0.name, $0.items) }
    owners += other.owners
    for file in other.files { take(file) }
    merge(arrivals)
  }

  /// Takes note of a file that parts or stored pages stand in.
  package mutating func take(_ file: MappedBytes?) {
    if let file, !files.contains(where: { $0 === file }) { files.append(file) }
  }

  /// What comes to a document: its root, and items of its sections in the order of their keys.
  private struct Arrivals {
    var root: Root?
    var sections: [(name: String, items: FiledArray<DraftSection.Item>)] = []
    private var last: (name: UnsafeRawBufferPointer, number: Int)?

    init() {}

    /// - Parameter most: how many parts may come, this one among them.
    mutating func add(_ part: PartView, expecting most: Int) {
      guard part.form == .section else {
        root = Root(
          key: String(decoding: part.key, as: UTF8.self), bytes: SharedBytes(lent: part.bytes),
          names: part.names, digest: part.digest.text, origin: part.origin)
        return
      }
      let item = DraftSection.Item(
        key: part.key, bytes: part.bytes, digest: part.digest, origin: part.origin)
      // Types come one after another, and each has its section.
      if let last, last.name.isSame(as: part.section) {
        sections[last.number].items.append(item)
        return
      }
      let name = String(decoding: part.section, as: UTF8.self)
      let number = sections.firstIndex { $0.name == name } ?? sections.count
      if number == sections.count {
        sections.append((name, FiledArray()))
        sections[number].items.reserveCapacity(most)
      }
      last = (part.section, number)
      sections[number].items.append(item)
    }
  }

  private mutating func merge(_ arrivals: Arrivals) {
    var tally = Tally()
    let contested = Set(contests.map(\.key))
    var decided: [String: Outcome] = [:]
    func note(_ outcome: Outcome, key: UnsafeRawBufferPointer) {
      tally.add(outcome, key: key)
      guard !contested.isEmpty else { return }
      let key = String(decoding: key, as: UTF8.self)
      if contested.contains(key) { decided[key] = outcome }
    }
    if let root = arrivals.root {
      let outcome = put(root: root)
      var key = root.key
      key.withUTF8 { note(outcome, key: UnsafeRawBufferPointer($0)) }
    }
    let files = files
    let said = said.resources
    var number = 0
    var made: [SharedBytes] = []
    let arriving = sections.isEmpty ? arrivals.sections : arrivals.sections.flatMap { divided($0) }
    for (name, items) in arriving {
      changeSection(name) { section in
        section.merge(items, said: said) {
          made.append($0)
        } _: { item, outcome in
          note(outcome, key: item.key)
          files.passed(number)
          number += 1
        }
      }
    }
    owners += made
    // Of one to which nothing came but what fields say.
    sections.removeAll { $0.items.isEmpty }
    let total = tally.total
    if total.inserted + total.replaced > 0 { isChanged = true }
    // What lost to another of the same input is in the document in the winner's form.
    for contest in contests {
      let isSame = decided[contest.key] == .unchanged || contest.isSame
      var key = contest.key
      key.withUTF8 { tally.add(isSame ? .unchanged : .replaced, key: UnsafeRawBufferPointer($0)) }
    }
    self.tally = tally
  }

  private mutating func add(_ link: AppointmentLink) {
    guard appointments.updateValue(link, forKey: link.id) != link else { return }
    isChanged = true
    // It is corrected no longer.
    corrections[link.id] = nil
  }

  /// Lends a section for a change; makes it where there is none.
  mutating func changeSection<R>(_ name: String, _ body: (inout DraftSection) -> R) -> R {
    let number = sections.firstIndex { $0.name >= name } ?? sections.count
    if number == sections.count || sections[number].name != name {
      sections.insert(DraftSection(name: name), at: number)
    }
    return body(&sections[number])
  }

  /// Takes resources out by their keys; returns how many were there.
  mutating func remove(_ keys: Set<String>) -> Int {
    var removed = 0
    if let root, keys.contains(root.key) {
      self.root = nil
      residual = nil
      removed += 1
    }
    for number in sections.indices { removed += sections[number].remove(keys) }
    sections.removeAll { $0.items.isEmpty }
    if removed > 0 { isChanged = true }
    return removed
  }

  /// Takes links to appointments out; returns whether there was one.
  mutating func remove(links ids: Set<String>) -> Bool {
    var found = false
    for id in ids {
      // The doctor has taken it out of the lists before.
      if case .some(.none) = corrections[id] { continue }
      if appointments.removeValue(forKey: id) != nil { found = true }
      if corrections.removeValue(forKey: id) != nil { found = true }
    }
    if found {
      isChanged = true
      formerAppointments.formUnion(ids)
    }
    return found
  }

  // MARK: Content

  var origins: OriginList {
    OriginList(root: root?.origin, sections: sections.map { $0.items.map(\.origin) })
  }

  var sortedAppointments: [AppointmentLink] { appointments.values.sorted() }

  /// The appointments that the derived fields are made of.
  private var correctedAppointments: [AppointmentLink] {
    guard !corrections.isEmpty else { return sortedAppointments }
    var links = appointments
    for (id, link) in corrections { links[id] = link }
    return links.values.sorted()
  }

  /// Whether nothing came to it but that there is to be the document.
  package var isEmpty: Bool { root == nil && sections.isEmpty && appointments.isEmpty }

  /// Stands for what FHIR says, and for the mapping that makes fields of it: the same whether or not the application
  /// edited fields since.
  ///
  /// - Parameter fingerprint: stands for the mapping; nil where fields are of several.
  package func hash(fingerprint: UInt64?) -> String {
    var digest = DocumentDigest()
    if let root { digest.add(root: root.digest, names: root.names) }
    for section in sections {
      digest.add(section: section.name)
      for (number, item) in section.items.enumerated() {
        digest.add(item: item.key, item.digest)
        files.passed(number)
      }
    }
    for link in sortedAppointments { digest.add(link) }
    return digest.text(fingerprint: fingerprint)
  }

  /// What a document of the draft's parts alone says of its input, if it has a hash; nil where that is not known.
  package func inputMark(hash: String) -> Int64? { input.map { InputDigest.mark($0, hash: hash) } }

  package var isWithoutResources: Bool {
    root == nil && contests.isEmpty && sections.allSatisfy { $0.items.isEmpty }
  }

  /// Hands the resources that the draft was made of to the closure, each with its key.
  package func forEachResource(
    _ body: (_ key: String, _ bytes: UnsafeRawBufferPointer, _ origin: Origin) -> Void
  ) {
    withExtendedLifetime(self) {
      if let root { body(root.key, root.bytes.pointer, root.origin) }
      for section in sections {
        for (number, item) in section.items.enumerated() {
          body(String(decoding: item.key, as: UTF8.self), item.bytes, item.origin)
          files.passed(number)
        }
      }
      for contest in contests { body(contest.key, contest.bytes.pointer, contest.origin) }
    }
  }

  /// Lends the content to the mapping.
  func withContent<R>(_ body: (DocumentContent) throws -> R) throws -> R {
    // The items' bytes stay where they are as long as the draft lives.
    try withExtendedLifetime(self) {
      let sections = try sections.map { section in
        var items = FiledArray<BSONView>()
        items.reserveCapacity(section.items.count)
        for (number, item) in section.items.enumerated() {
          items.append(try BSONView(item.bytes))
          files.passed(number)
        }
        return DocumentContent.Section(name: section.name, items: items, files: files)
      }
      let content = DocumentContent(
        kind: kind, id: id, root: try root.map { try BSONView($0.bytes.pointer) }, sections: sections,
        appointments: correctedAppointments, rootKey: root?.key)
      return try body(content)
    }
  }
}
