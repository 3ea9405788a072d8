import BSON

/// Where the resources of a run can be found by what others call them: their identifiers and their `fullUrl`s.
///
/// Filled by a first pass over the inputs, read by the second. Keys are 64-bit hashes, and targets lie one behind the other, so
/// that a million of them cost some hundred megabytes less than as objects; see ``NameHash``.
package struct TargetIndex: Sendable {
  /// A resource of the run.
  package struct Target: Sendable, Equatable {
    package let type: String
    /// The `_id` under which it is loaded, less the source's prefix.
    package let id: String
    /// `Type/id`
    package let key: String

    package init(type: String, id: String) {
      self.type = type
      self.id = id
      key = type.withUTF8Bytes { type in id.withUTF8Bytes { id in Target.key(type, id) } }
    }

    /// - Parameter key: `Type/id`
    fileprivate init(key: UnsafeRawBufferPointer) {
      let slash = key.firstIndex(of: UInt8(ascii: "/")) ?? key.endIndex
      type = String(decoding: key[..<slash], as: UTF8.self)
      id = String(decoding: key[slash...].dropFirst(), as: UTF8.self)
      self.key = String(decoding: key, as: UTF8.self)
    }

    /// In one allocation: every resource has a key, and many a reference.
    private static func key(_ type: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) -> String {
      let count = type.count + 1 + id.count
      return String(unsafeUninitializedCapacity: count) { room in
        let raw = UnsafeMutableRawBufferPointer(room)
        raw.copyMemory(from: type)
        raw[type.count] = UInt8(ascii: "/")
        UnsafeMutableRawBufferPointer(rebasing: raw[(type.count + 1)...]).copyMemory(from: id)
        return count
      }
    }
  }

  /// The keys of targets, one behind the other.
  private struct Keys: Sendable {
    private var texts: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    mutating func append(_ key: UnsafeRawBufferPointer) {
      texts.append(contentsOf: key)
      ends.append(texts.count)
    }

    func withKey<R>(_ position: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
      let start = position > 0 ? ends[position - 1] : 0
      return texts.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[position]])) }
    }
  }

  /// By the hash of a name, the position of the target.
  private var entries: [UInt64: Int32] = [:]
  /// Stands for a position: several resources answer to the name. A reference by it resolves to none, as the specification has
  /// it.
  private static let several: Int32 = -1
  private var keys = Keys()
  /// By the hashes of their keys.
  private var positions: [UInt64: Int32] = [:]
  private var names: [String: String] = [:]
  /// Organizations that have several names, in several versions.
  private(set) var renamed: Set<String> = []

  package init() {}

  package var count: Int { keys.count }

  /// Adds a resource under names, given by their hashes.
  mutating func add(_ target: Target, names hashes: [UInt64]) {
    guard !hashes.isEmpty else { return }
    let position = target.key.withUTF8Bytes { self.position(of: $0) }
    for hash in hashes { note(position, under: hash) }
  }

  /// Where a target is, which is added if it is new.
  private mutating func position(of key: UnsafeRawBufferPointer) -> Int32 {
    let hash = NameHash.of(key)
    if let known = positions[hash] { return known }
    let position = Int32(keys.count)
    positions[hash] = position
    keys.append(key)
    return position
  }

  private mutating func note(_ position: Int32, under hash: UInt64) {
    let known = entries.updateValue(position, forKey: hash)
    if let known, known != position { entries[hash] = TargetIndex.several }
  }

  package mutating func merge(_ other: TargetIndex) {
    if entries.isEmpty, keys.count == 0, names.isEmpty {
      self = other
      return
    }
    var moved: [Int32] = []
    moved.reserveCapacity(other.keys.count)
    for position in 0..<other.keys.count {
      moved.append(other.keys.withKey(position) { self.position(of: $0) })
    }
    for (hash, position) in other.entries {
      note(position < 0 ? TargetIndex.several : moved[Int(position)], under: hash)
    }
    // The same whichever worker met which; in the end the one that is stored counts.
    renamed.formUnion(other.renamed)
    for (key, name) in other.names { addName(name, of: key) }
  }

  /// How a search by id begins, behind the type and its question mark.
  static let idParameter = "_id="

  /// The resources that a search finds, as far as is told: none, one, or several.
  func matches(of name: String) -> Matches {
    switch entries[NameHash.of(name)] {
    case nil: .none
    case TargetIndex.several: .several
    case let position?: .one(target(at: position))
    }
  }

  enum Matches: Sendable {
    case none
    case one(Target)
    case several
  }

  /// The one resource of that name, or nil when there is none or more than one.
  package func target(named name: String) -> Target? {
    target(hash: NameHash.of(name))
  }

  /// The same, by the hash of the name.
  func target(hash: UInt64) -> Target? {
    guard let position = entries[hash], position != TargetIndex.several else { return nil }
    return target(at: position)
  }

  private func target(at position: Int32) -> Target { keys.withKey(Int(position)) { Target(key: $0) } }

  /// Remembers an organization's name, which its patients' documents show.
  package mutating func setName(_ name: String, of key: String) { names[key] = name }

  /// Remembers one of the names that an organization has in a run.
  mutating func addName(_ name: String, of key: String) {
    if let known = names[key], known != name {
      renamed.insert(key)
      names[key] = min(known, name)
    } else {
      names[key] = name
    }
  }

  /// The organizations whose names are known: their keys.
  var named: some Sequence<String> { names.keys }

  package func name(of key: String) -> String? { names[key] }

  // MARK: Names

  /// The name of a resource by a business identifier: what `Practitioner?identifier=system|value` asks for.
  package static func identifierName(type: String, system: String?, value: String) -> String {
    "\(type)?identifier=\(system ?? "")|\(value)"
  }
}
