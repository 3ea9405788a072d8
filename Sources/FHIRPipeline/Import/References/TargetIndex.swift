import BSON
import FHIRMapping

/// Where the resources of a run can be found by what others call them: their identifiers and their `fullUrl`s.
///
/// Filled by a first pass over the inputs, read by the second. Keys are 64-bit hashes; see ``NameHash``. Those of a run may be
/// millions, of a Bundle they are asked for by every other resource: the one needs little memory, the other little time.
package struct TargetIndex: Sendable {
  /// A resource of the run.
  ///
  /// Every reference leads to one, and few are asked for more than their key: that is all it holds.
  package struct Target: Sendable, Equatable {
    /// `Type/id`
    package let key: String

    package init(type: String, id: String) {
      key = type.withUTF8Bytes { type in id.withUTF8Bytes { id in Target.key(type, id) } }
    }

    /// - Parameter key: `Type/id`
    init(key: String) { self.key = key }

    init(key: UnsafeRawBufferPointer) { self.key = String(decoding: key, as: UTF8.self) }

    package var type: String { withParts { type, _ in String(decoding: type, as: UTF8.self) } }

    /// The `_id` under which it is loaded, less the source's prefix.
    package var id: String { withParts { _, id in String(decoding: id, as: UTF8.self) } }

    func isOfType(_ name: String) -> Bool {
      withParts { type, _ in name.withUTF8Bytes { $0.isSame(as: UnsafeRawBufferPointer(type)) } }
    }

    /// Lends the bytes of the type and of the id.
    @inline(__always)
    func withParts<R>(
      _ body: (_ type: UnsafeBufferPointer<UInt8>, _ id: UnsafeBufferPointer<UInt8>) -> R
    ) -> R {
      key.withUTF8Bytes { key in
        let bytes = key.bindMemory(to: UInt8.self)
        let end = bytes.firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        return body(
          UnsafeBufferPointer(rebasing: bytes[..<end]),
          UnsafeBufferPointer(rebasing: bytes[min(end + 1, bytes.count)...]))
      }
    }

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

  /// By the hash of a name, the position of the target.
  private var table = NameTable()
  private var targets: TargetList
  private var names: [String: String] = [:]
  /// Organizations that have several names, in several versions.
  private(set) var renamed: Set<String> = []
  /// The versions that organizations say they are, the newest of each.
  private var versions: [String: ResourceVersion] = [:]

  /// - Parameter isLarge: whether there may be very many.
  package init(isLarge: Bool = false) { targets = TargetList(isLarge: isLarge) }

  /// Takes little memory from now on.
  mutating func becomeLarge() { targets.becomeLarge() }

  /// Adds a resource under names, given by their hashes.
  mutating func add(_ target: Target, names hashes: [UInt64]) {
    guard !hashes.isEmpty else { return }
    let position = Int32(targets.count)
    targets.append(target)
    for hash in hashes { table.note(position, under: hash, among: targets) }
  }

  package mutating func merge(_ other: TargetIndex) {
    if targets.count == 0, names.isEmpty {
      self = other
      return
    }
    let first = Int32(targets.count)
    targets.append(other.targets)
    other.table.forEach { position, hash in
      let moved = position == NameTable.several ? position : first + position
      table.note(moved, under: hash, among: targets)
    }
    // The same whichever worker met which; in the end the one that is stored counts.
    renamed.formUnion(other.renamed)
    for (key, name) in other.names { addName(name, of: key) }
    for (key, version) in other.versions { addVersion(version, of: key) }
  }

  /// Makes what is known quick to find, when all has come.
  mutating func settle() { table.settle(targets) }

  /// How a search by id begins, behind the type and its question mark.
  static let idParameter = "_id="

  /// The resources that a search finds, as far as is told: none, one, or several.
  func matches(of name: String) -> Matches {
    switch table.position(of: NameHash.of(name), among: targets) {
    case nil: .none
    case NameTable.several: .several
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
    guard let position = table.position(of: hash, among: targets), position != NameTable.several else {
      return nil
    }
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

  /// Remembers which version of an organization has come.
  mutating func addVersion(_ version: ResourceVersion, of key: String) {
    guard version.isSaid, versions[key].map({ $0.isOlder(than: version) }) ?? true else { return }
    versions[key] = version
  }

  /// The organizations that may be called otherwise than the run says.
  var doubtfullyNamed: Set<String> { renamed.union(versions.keys) }

  /// Whether an organization is called as it is stored, for all that the run's inputs tell.
  func isNamedAsStored(_ key: String, _ stored: ResourceVersion) -> Bool {
    renamed.contains(key) || versions[key]?.isOlder(than: stored) ?? false
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
