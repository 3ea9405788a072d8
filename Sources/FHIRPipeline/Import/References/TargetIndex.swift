import BSON

/// Where the resources of a run can be found by what others call them: their identifiers and their `fullUrl`s.
///
/// Filled by a first pass over the inputs, read by the second. Keys are 64-bit hashes; see ``NameHash``. Those of a run may be
/// millions, of a Bundle they are asked for by every other resource: the one needs little memory, the other little time.
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
      type = String(decoding: UnsafeRawBufferPointer(rebasing: key[..<slash]), as: UTF8.self)
      id = String(decoding: UnsafeRawBufferPointer(rebasing: key[slash...].dropFirst()), as: UTF8.self)
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

  /// Targets by their positions.
  private enum Targets: Sendable {
    case few([Target])
    case many(TargetKeys)

    var count: Int {
      switch self {
      case .few(let targets): targets.count
      case .many(let keys): keys.count
      }
    }

    subscript(position: Int) -> Target {
      switch self {
      case .few(let targets): targets[position]
      case .many(let keys): keys.withKey(position) { Target(key: $0) }
      }
    }

    mutating func append(_ target: Target) {
      switch self {
      case .few(var targets):
        self = .few([])
        targets.append(target)
        self = .few(targets)
      case .many(var keys):
        self = .many(TargetKeys())
        keys.append(target.key)
        self = .many(keys)
      }
    }
  }

  /// By the hash of a name, the position of the target.
  private var entries: [UInt64: Int32] = [:]
  /// Stands for a position: several resources answer to the name. A reference by it resolves to none, as the specification has
  /// it.
  private static let several: Int32 = -1
  private var targets: Targets
  /// By the hashes of their keys.
  private var positions: [UInt64: Int32] = [:]
  private var names: [String: String] = [:]
  /// Organizations that have several names, in several versions.
  private(set) var renamed: Set<String> = []

  /// - Parameter isLarge: whether there may be very many.
  package init(isLarge: Bool = false) { targets = isLarge ? .many(TargetKeys()) : .few([]) }

  package var count: Int { targets.count }

  /// Takes little memory from now on.
  mutating func becomeLarge() {
    guard case .few(let few) = targets else { return }
    targets = .many(TargetKeys())
    for target in few { targets.append(target) }
  }

  /// Adds a resource under names, given by their hashes.
  mutating func add(_ target: Target, names hashes: [UInt64]) {
    guard !hashes.isEmpty else { return }
    let position = position(of: target)
    for hash in hashes { note(position, under: hash) }
  }

  /// Where a target is, which is added if it is new.
  private mutating func position(of target: Target) -> Int32 {
    let hash = NameHash.of(target.key)
    if let known = positions[hash] { return known }
    let position = Int32(targets.count)
    positions[hash] = position
    targets.append(target)
    return position
  }

  private mutating func note(_ position: Int32, under hash: UInt64) {
    let known = entries.updateValue(position, forKey: hash)
    if let known, known != position { entries[hash] = TargetIndex.several }
  }

  package mutating func merge(_ other: TargetIndex) {
    if entries.isEmpty, targets.count == 0, names.isEmpty {
      self = other
      return
    }
    var moved: [Int32] = []
    moved.reserveCapacity(other.count)
    for number in 0..<other.count { moved.append(position(of: other.targets[number])) }
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
    case let position?: .one(targets[Int(position)])
    }
  }

  enum Matches: Sendable, Equatable {
    case none
    case one(Target)
    case several

    init(_ targets: [Target]) {
      self = targets.count > 1 ? .several : targets.first.map { .one($0) } ?? .none
    }
  }

  /// The one resource of that name, or nil when there is none or more than one.
  package func target(named name: String) -> Target? {
    target(hash: NameHash.of(name))
  }

  /// The same, by the hash of the name.
  func target(hash: UInt64) -> Target? {
    guard let position = entries[hash], position != TargetIndex.several else { return nil }
    return targets[Int(position)]
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
