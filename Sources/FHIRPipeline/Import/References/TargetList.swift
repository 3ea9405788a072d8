import FHIRMapping
import FHIRModel

/// Resources by their positions. Those of a run may be millions, of a Bundle they are asked for by every other resource: the ones need
/// little memory, the others little time.
enum TargetList: Sendable {
  case few([TargetIndex.Target])
  case many(TargetKeys)

  init(isLarge: Bool) { self = isLarge ? .many(TargetKeys()) : .few([]) }

  var count: Int {
    switch self {
    case .few(let targets): targets.count
    case .many(let keys): keys.count
    }
  }

  subscript(position: Int) -> TargetIndex.Target {
    switch self {
    case .few(let targets): targets[position]
    case .many(let keys): keys.withKey(position) { TargetIndex.Target(key: $0) }
    }
  }

  /// Whether two positions are of the same resource, which came twice.
  func isSame(_ a: Int, _ b: Int) -> Bool {
    switch self {
    case .few(let targets): targets[a] == targets[b]
    case .many(let keys): keys.withKey(a) { a in keys.withKey(b) { a.isSame(as: $0) } }
    }
  }

  mutating func append(_ target: TargetIndex.Target) {
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

  mutating func append(_ other: TargetList) {
    for position in 0..<other.count { append(other[position]) }
  }

  /// Takes little memory from now on.
  mutating func becomeLarge() {
    guard case .few(let few) = self else { return }
    self = .many(TargetKeys())
    for target in few { append(target) }
  }
}
