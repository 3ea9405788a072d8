import FHIRModel
import Synchronization

/// What one thread keeps while it validates: plans it has met, and memory it uses again.
final class ProfileSession {
  let library: ProfileLibrary
  /// Plans by their number; the library keeps them alive.
  @exclusivity(unchecked) private var plans: [PlanReference?] = []
  @exclusivity(unchecked) private var known: [Bool] = []
  @exclusivity(unchecked) var canonicals = CanonicalTable()
  @exclusivity(unchecked) private(set) var counters: UnsafeMutablePointer<Int32>
  private var capacity = 256
  @exclusivity(unchecked) private var top = 0
  let scratch = TextBuffer()
  /// The Bundle whose entries are being checked one by one, where all of them are at hand.
  @exclusivity(unchecked) private(set) var bundle: BundledResources?
  /// A reference could not be followed that leads to another entry, perhaps.
  @exclusivity(unchecked) var isTargetMissed = false
  /// Whether nodes meet profiles, as far as it was asked: good for one tree, or one Bundle.
  @exclusivity(unchecked) var answers: [Question: Bool] = [:]

  /// Definitions that are not at hand, told already.
  @exclusivity(unchecked) var toldMissing: Set<ProfileNumber> = []

  /// Snapshots that expressions asked for.
  var snapshots: [String: SnapshotIndex?] = [:]

  struct Question: Hashable {
    var tree: ObjectIdentifier
    var node: Int
    var profile: ProfileNumber
  }

  /// Begins with another tree.
  func begin(_ bundle: BundledResources?) {
    isTargetMissed = false
    // What was found out of a Bundle's resources is good until it ends.
    if bundle == nil || self.bundle !== bundle, !answers.isEmpty { answers = [:] }
    self.bundle = bundle
  }

  /// Those that are not in use.
  var evaluators: [ProfileEvaluator] = []

  init(library: ProfileLibrary) {
    self.library = library
    counters = .allocate(capacity: capacity)
  }

  deinit { counters.deallocate() }

  /// The plan of a number; nil if there is none to be had.
  @inline(__always)
  func plan(_ number: ProfileNumber) -> PlanReference? {
    let index = Int(number.rawValue)
    if index < known.count, known[index] { return plans[index] }
    return find(number)
  }

  private func find(_ number: ProfileNumber) -> PlanReference? {
    let index = Int(number.rawValue)
    while plans.count <= index {
      plans.append(nil)
      known.append(false)
    }
    if case .plan(let plan) = library.entry(number) { plans[index] = PlanReference(plan) }
    known[index] = true
    return plans[index]
  }

  /// The number of a canonical URL given as text.
  @inline(__always)
  func number(of canonical: UnsafeBufferPointer<UInt8>) -> ProfileNumber {
    if let known = canonicals.number(of: canonical) { return known }
    let number = library.number(of: String(decoding: canonical, as: UTF8.self))
    canonicals.insert(canonical, number)
    return number
  }

  // MARK: Counters

  /// Makes room for counters, all zero, and returns where they begin.
  @inline(__always)
  func pushCounters(_ count: Int) -> Int {
    let start = top
    top &+= count
    if top > capacity { growCounters() }
    (counters + start).initialize(repeating: 0, count: count)
    return start
  }

  @inline(__always)
  func popCounters(to start: Int) { top = start }

  private func growCounters() {
    let size = max(top, capacity * 2)
    let larger = UnsafeMutablePointer<Int32>.allocate(capacity: size)
    larger.update(from: counters, count: capacity)
    counters.deallocate()
    counters = larger
    capacity = size
  }
}

/// A plan without the counting of references: the library keeps every plan it made.
struct PlanReference {
  let records: Records
  private let object: Unmanaged<ProfilePlan>

  init(_ plan: ProfilePlan) {
    records = plan.records
    object = .passUnretained(plan)
  }

  var plan: ProfilePlan { object.takeUnretainedValue() }

  func isSame(as other: PlanReference) -> Bool { object.toOpaque() == other.object.toOpaque() }
}

/// Canonical URLs by their bytes, for a look-up without making a string.
struct CanonicalTable {
  private var slots: [Int32] = Array(repeating: 0, count: 256)
  private var entries: [(bytes: [UInt8], number: ProfileNumber)] = []

  func number(of text: UnsafeBufferPointer<UInt8>) -> ProfileNumber? {
    var slot = Self.hash(text) & (slots.count - 1)
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      let isSame = entry.bytes.withUnsafeBufferPointer {
        $0.count == text.count && memoryEqual($0.baseAddress, text.baseAddress, text.count)
      }
      if isSame { return entry.number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  mutating func insert(_ text: UnsafeBufferPointer<UInt8>, _ number: ProfileNumber) {
    entries.append((Array(text), number))
    if entries.count * 2 > slots.count {
      slots = Array(repeating: 0, count: slots.count * 2)
      for index in entries.indices.dropLast() {
        entries[index].bytes.withUnsafeBufferPointer { place(index, $0) }
      }
    }
    place(entries.count - 1, text)
  }

  private mutating func place(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) {
    var slot = Self.hash(text) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(index + 1)
  }

  /// Canonicals differ at their ends.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var hash = UInt64(truncatingIfNeeded: text.count)
    for byte in text.suffix(16) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 29) & 0x7FFF_FFFF)
  }
}
