import BSON

/// Where the resources of a run can be found by what others call them: their identifiers and their `fullUrl`s.
///
/// Filled by a first pass over the inputs, read by the second. Keys are 64-bit hashes, so that a million targets cost
/// some tens of megabytes; see ``NameHash``.
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

  private enum Entry {
    case one(Int)
    /// Several resources answer to the name: a reference by it resolves to none, as the specification has it.
    case several
  }

  private var entries: [UInt64: Entry] = [:]
  private var targets: [Target] = []
  /// By the hashes of their keys.
  private var positions: [UInt64: Int] = [:]
  private var names: [String: String] = [:]
  /// Organizations that have several names, in several versions.
  private(set) var renamed: Set<String> = []

  package init() {}

  package var count: Int { targets.count }

  /// Adds a resource under names, given by their hashes.
  mutating func add(_ target: Target, names hashes: [UInt64]) {
    guard !hashes.isEmpty else { return }
    let position: Int
    let key = NameHash.of(target.key)
    if let known = positions[key] {
      position = known
    } else {
      position = targets.count
      targets.append(target)
      positions[key] = position
    }
    for hash in hashes {
      switch entries[hash] {
      case nil: entries[hash] = .one(position)
      case .one(let known) where known != position: entries[hash] = .several
      default: break
      }
    }
  }

  package mutating func merge(_ other: TargetIndex) {
    var moved: [Int] = []
    moved.reserveCapacity(other.targets.count)
    for target in other.targets {
      let key = NameHash.of(target.key)
      if let known = positions[key] {
        moved.append(known)
      } else {
        moved.append(targets.count)
        positions[key] = targets.count
        targets.append(target)
      }
    }
    for (hash, entry) in other.entries {
      guard case .one(let position) = entry else {
        entries[hash] = .several
        continue
      }
      switch entries[hash] {
      case nil: entries[hash] = .one(moved[position])
      case .one(let known) where known != moved[position]: entries[hash] = .several
      default: break
      }
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
    case .one(let position): .one(targets[position])
    case .several: .several
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
    guard case .one(let position) = entries[hash] else { return nil }
    return targets[position]
  }

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
