import FHIRModel

/// A Bundle's entries by their fullUrl, and what a reference finds among them.
///
/// See https://hl7.org/fhir/R4/bundle.html#references. Hashed once: every look-up costs the length of its text.
struct BundleIndex {
  /// What a reference leads to within the Bundle.
  enum Target: Equatable {
    case entry(Int)
    /// Several entries have the fullUrl, and the reference names no version.
    case ambiguous(first: Int)
    case none
  }

  private let scope: BundleScope
  /// Entry numbers + 1 by the hash of their fullUrl; 0 is an empty slot. A power of two.
  private var slots: FiledArray<UInt32>
  /// The next entry with the same fullUrl, + 1.
  private var next: FiledArray<UInt32>

  init(of scope: BundleScope) {
    self.scope = scope
    var size = 16
    while size < scope.entries.count * 2 { size *= 2 }
    slots = FiledArray(repeating: 0, count: size)
    next = FiledArray(repeating: 0, count: scope.entries.count)
    var last = next
    for (number, entry) in scope.entries.enumerated() where entry.fullUrl.isThere {
      let text = scope.slice(entry.fullUrl)
      let slot = slot(of: text)
      if slots[slot] == 0 {
        slots[slot] = UInt32(number + 1)
        last[number] = UInt32(number)
      } else {
        let first = Int(slots[slot]) - 1
        next[Int(last[first])] = UInt32(number + 1)
        last[first] = UInt32(number)
      }
    }
  }

  /// The slot where a fullUrl stands, or would.
  private func slot(of text: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    // Seeded anew for every run: nobody can make texts that meet in one slot.
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text)))
    var slot = hasher.finalize() & (slots.count - 1)
    while slots[slot] != 0, !scope.slice(scope.entries[Int(slots[slot]) - 1].fullUrl).elementsEqual(text) {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  /// The entries of a fullUrl, in their order.
  private func entries(_ url: Slice<UnsafeBufferPointer<UInt8>>) -> UnfoldFirstSequence<Int> {
    let first = slots[slot(of: url)]
    return sequence(first: Int(first) - 1) { [next] in next[$0] == 0 ? nil : Int(next[$0]) - 1 }
  }

  /// Whether another entry has the same fullUrl as this one.
  func isShared(fullUrlOf entry: Int) -> Bool {
    if next[entry] != 0 { return true }
    return Int(slots[slot(of: scope.slice(scope.entries[entry].fullUrl))]) - 1 != entry
  }

  /// What a reference of an entry finds.
  func target(of reference: BundleScope.Reference, from entry: Int) -> Target {
    var text = scope.slice(reference.text)
    var version: Slice<UnsafeBufferPointer<UInt8>>?
    if reference.isVersioned, let history = Self.historyStart(in: text) {
      version = text[(history + Self.history.count)...]
      text = text[..<history]
    }
    if reference.form == .relative {
      guard let url = absolute(text, from: entry) else { return .none }
      return url.withUnsafeBufferPointer { target($0[...], version: version) }
    }
    if let fragment = text.firstIndex(of: UInt8(ascii: "#")) { text = text[..<fragment] }
    return target(text, version: version)
  }

  private func target(_ url: Slice<UnsafeBufferPointer<UInt8>>, version: Slice<UnsafeBufferPointer<UInt8>>?)
    -> Target
  {
    guard slots[slot(of: url)] != 0 else { return .none }
    var found: Int?
    for number in entries(url) {
      if let version, !scope.slice(scope.entries[number].versionID).elementsEqual(version) { continue }
      if let found { return .ambiguous(first: found) }
      found = number
    }
    return found.map { .entry($0) } ?? .none
  }

  /// A relative reference made absolute with the fullUrl of the entry that it stands in: `[base]/Type/id`, or beside a
  /// `urn:uuid:` the urn of its id.
  private func absolute(_ relative: Slice<UnsafeBufferPointer<UInt8>>, from entry: Int) -> [UInt8]? {
    let fullUrl = scope.entries[entry].fullUrl
    guard fullUrl.isThere else { return nil }
    let url = scope.slice(fullUrl)
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

  private static func historyStart(in text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
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
