internal import CDefinitions
internal import FHIRModel
internal import Synchronization

/// The code systems met so far, found without a lock.
///
/// Slots are filled once and never emptied. When all are taken, further systems are looked up each time: data that names
/// a new system in every resource costs time, not memory.
final class SystemRegistry: Sendable {
  private static let capacity = 2048

  private let slots: Slots
  private let source: any TerminologySource
  private let count = Atomic<Int>(0)

  /// A fixed number of references that are each set once.
  private final class Slots: @unchecked Sendable {
    // Safe to share: every slot is atomic, and the memory lives as long as the object.
    let base: UnsafeMutablePointer<SetOnce<KnownSystem>>

    init() {
      base = .allocate(capacity: SystemRegistry.capacity)
      for i in 0..<SystemRegistry.capacity { (base + i).initialize(to: SetOnce()) }
    }

    deinit {
      base.deinitialize(count: SystemRegistry.capacity)
      base.deallocate()
    }
  }

  init(source: any TerminologySource) {
    self.source = source
    slots = Slots()
  }

  func system(_ url: UnsafeBufferPointer<UInt8>) -> KnownSystem {
    var slot = Int(definition_name_hash(url.baseAddress, url.count)) & (Self.capacity - 1)
    while let known = slots.base[slot].load() {
      if isEqual(known.bytes, url) { return known }
      slot = (slot &+ 1) & (Self.capacity - 1)
    }
    let new = make(String(decoding: url, as: UTF8.self))
    // Slots must stay free for searches to end.
    guard count.load(ordering: .relaxed) < Self.capacity * 3 / 4 else { return new }
    while true {
      let kept = slots.base[slot].storeIfNil(new)
      if kept === new {
        count.add(1, ordering: .relaxed)
        return new
      }
      if isEqual(kept.bytes, url) { return kept }
      slot = (slot &+ 1) & (Self.capacity - 1)
    }
  }

  func system(_ url: String) -> KnownSystem {
    var url = url
    return url.withUTF8 { system($0) }
  }

  /// The code system in a version, if that one is at hand; else the one that is.
  func system(_ url: String, version: String?) -> KnownSystem {
    let any = system(url)
    guard let version, any.version != version, let tree = source.codeSystem(url + "|" + version) else {
      return any
    }
    let plan = CodeSystemPlan(tree)
    return plan.content == .notPresent ? any : KnownSystem(url: url, content: .plan(plan))
  }

  private func make(_ url: String) -> KnownSystem {
    if let standard = KnownSystem.standard(url) { return KnownSystem(url: url, content: standard) }
    guard let tree = source.codeSystem(url) else {
      return KnownSystem(url: url, content: .unknown, isValueSet: source.valueSet(url) != nil)
    }
    let plan = CodeSystemPlan(tree, supplements: source.supplements(of: url))
    return KnownSystem(url: url, content: plan.content == .notPresent ? .unknown : .plan(plan))
  }

  @inline(__always)
  private func isEqual(_ a: [UInt8], _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    a.count == b.count && a.withUnsafeBufferPointer { memoryEqual($0.baseAddress, b.baseAddress, b.count) }
  }
}
