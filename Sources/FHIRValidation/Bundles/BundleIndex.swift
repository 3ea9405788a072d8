import FHIRModel

/// Which of a Bundle's entries its references lead to, and which entries have one fullUrl.
///
/// See https://hl7.org/fhir/R4/bundle.html#references. Entries and references are sorted by hashes of what they name, so that a Bundle
/// of millions takes no more memory than some: names that are the same stand side by side.
struct BundleIndex: Sendable {
  /// What an entry is named, or what a reference names: a fullUrl, or a version of one.
  private struct Name: BitwiseCopyable, Comparable {
    // Seeded anew for every run: nobody can make texts that have the same two.
    let hash: UInt64
    let secondHash: UInt64
    /// Of the entry, or of the reference.
    let number: UInt32
    /// The type of the entry's resource.
    let type: TypeID?
    let role: Role

    static func < (a: Name, b: Name) -> Bool {
      if a.hash != b.hash { return a.hash < b.hash }
      if a.secondHash != b.secondHash { return a.secondHash < b.secondHash }
      // Entries come before the references to them.
      if a.role != b.role { return a.role.rawValue < b.role.rawValue }
      return a.number < b.number
    }

    func isSame(as other: Name) -> Bool { hash == other.hash && secondHash == other.secondHash }
  }

  private enum Role: UInt8, BitwiseCopyable {
    /// An entry by all that tells it from others.
    case entry
    /// An entry that has a version, without it.
    case anyVersion
    case reference
  }

  /// The entry that a reference leads to.
  struct Target: BitwiseCopyable, Comparable {
    let reference: UInt32
    let entry: UInt32
    let type: TypeID?
    /// Others have the name as well.
    let isAmbiguous: Bool

    static func < (a: Target, b: Target) -> Bool { a.reference < b.reference }
  }

  private var names = SortedRuns<Name>()

  init(of scope: BundleScope) { add(scope, behind: 0, references: 0) }

  /// Takes entries and references, whose numbers are those in their scope and so many more.
  mutating func add(_ scope: BundleScope, behind entries: Int, references: Int) {
    for (number, entry) in scope.entries.enumerated() {
      if entry.isNamed {
        let (url, version) = (scope.slice(entry.fullUrl), scope.slice(entry.versionID))
        add(url, nil, entries + number, entry.type, version.isEmpty ? .entry : .anyVersion)
        if !version.isEmpty { add(url, version, entries + number, entry.type, .entry) }
      }
      for number in scope.references(of: number) {
        add(scope.references[number], number: references + number, of: entry, in: scope)
      }
    }
  }

  private mutating func add(
    _ reference: BundleScope.Reference, number: Int, of entry: BundleScope.Entry, in scope: BundleScope
  ) {
    var text = scope.slice(reference.text)
    var version: Text?
    if reference.isVersioned, let history = Self.historyStart(in: text) {
      version = text[(history + Self.history.count)...]
      text = text[..<history]
    }
    if reference.form == .relative {
      guard let url = absolute(text, from: entry, in: scope) else { return }
      url.withUnsafeBufferPointer { add($0[...], version, number, nil, .reference) }
      return
    }
    if let fragment = text.firstIndex(of: UInt8(ascii: "#")) { text = text[..<fragment] }
    add(text, version, number, nil, .reference)
  }

  private typealias Text = Slice<UnsafeBufferPointer<UInt8>>

  private mutating func add(_ url: Text, _ version: Text?, _ number: Int, _ type: TypeID?, _ role: Role) {
    func hash(_ seed: UInt8) -> UInt64 {
      var hasher = Hasher()
      hasher.combine(seed)
      hasher.combine(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: url)))
      if let version {
        // No UTF-8 has it.
        hasher.combine(0xFF as UInt8)
        hasher.combine(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: version)))
      }
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
    names.append(
      Name(hash: hash(0), secondHash: hash(1), number: UInt32(clamping: number), type: type, role: role))
  }

  /// Brings together what has the same name.
  ///
  /// - Returns: the targets of references that lead to an entry, in the order of the references; and the first entry that has fullUrl and version
  ///   of one before it.
  func joined() -> (targets: SortedRuns<Target>.Sorted, twin: Int?) {
    var targets = SortedRuns<Target>()
    var twin: Int?
    var first: Name?
    var isAmbiguous = false
    var last: Name?
    for name in names.sorted() {
      let isNew = last.map { !name.isSame(as: $0) } ?? true
      defer { last = name }
      if isNew { (first, isAmbiguous) = (nil, false) }
      guard name.role == .reference else {
        if !isNew, name.role == .entry { twin = min(twin ?? .max, Int(name.number)) }
        isAmbiguous = first != nil
        if first.map({ name.number < $0.number }) ?? true { first = name }
        continue
      }
      guard let first else { continue }
      targets.append(
        Target(reference: name.number, entry: first.number, type: first.type, isAmbiguous: isAmbiguous))
    }
    return (targets.sorted(), twin)
  }

  /// A relative reference made absolute with the fullUrl of the entry that it stands in: `[base]/Type/id`, or beside a
  /// `urn:uuid:` the urn of its id.
  private func absolute(_ relative: Text, from entry: BundleScope.Entry, in scope: BundleScope) -> [UInt8]? {
    guard entry.isNamed else { return nil }
    let url = scope.slice(entry.fullUrl)
    if url.starts(with: "urn:".utf8) {
      guard let colon = url.lastIndex(of: UInt8(ascii: ":")),
        let slash = relative.lastIndex(of: UInt8(ascii: "/"))
      else { return nil }
      return Array(url[...colon]) + relative[(slash + 1)...]
    }
    guard let id = url.lastIndex(of: UInt8(ascii: "/")),
      let type = url[..<id].lastIndex(of: UInt8(ascii: "/"))
    else { return nil }
    return Array(url[...type]) + relative
  }

  private static let history = Array("/_history/".utf8)

  private static func historyStart(in text: Text) -> Int? {
    guard text.count > history.count else { return nil }
    var start = text.endIndex - history.count
    while start >= text.startIndex {
      if text[start] == history[0], text[start..<start + history.count].elementsEqual(history) {
        return start
      }
      start -= 1
    }
    return nil
  }
}
