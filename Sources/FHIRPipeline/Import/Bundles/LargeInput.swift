import FHIRMapping
import Foundation
import Synchronization

/// A large Bundle while its entries are loaded, by whichever worker takes them.
///
/// Of a transaction the parts are gathered in a spill of its own; whoever is through with the last of its batches finishes it.
final class LargeInput: @unchecked Sendable {
  // Safe to share: what changes is touched only while `monitor` is locked, but for `comparison`, which is set before anybody gets
  // a part, and taken when all are through.

  let file: Int
  let type: String?
  /// See ``LargeBundle/Contents/isUnfinished``.
  let isUnfinished: Bool
  let resolver: ReferenceResolver
  let patients: WholePatients
  /// Tells it from other Bundles of the run.
  var mark: UInt64 { UInt64(file) << 40 }

  private let monitor = Monitor()
  private var isBegun = false
  private var batches = 0
  private var steps: Int?
  private var open: OpenTransaction?
  /// What tells whether all of it is stored already; nil where that is not asked.
  private(set) var comparison: SpillStore?
  /// Set once something in it is not as it is stored.
  private let isOther = Atomic<Bool>(false)

  init(
    file: Int, _ contents: LargeBundle.Contents, resolver: ReferenceResolver, patients: WholePatients
  ) {
    self.file = file
    type = contents.type
    isUnfinished = contents.isUnfinished
    self.resolver = resolver
    self.patients = patients
  }

  /// See ``HeldBundle/moment(_:)``.
  func moment(_ sequence: UInt64) -> UInt64 { HeldBundle.moment(sequence, type: type) }

  var differs: Bool { isOther.load(ordering: .relaxed) }

  func noteDifference() { isOther.store(true, ordering: .relaxed) }

  /// Begins a transaction, where nobody has; nil where that cannot be.
  ///
  /// - Parameters:
  ///   - make: makes what is written.
  ///   - compares: whether it is looked at first whether all is stored already.
  func begin(_ make: () -> OpenTransaction?, compares: () -> SpillStore?) -> OpenTransaction? {
    monitor.lock()
    defer { monitor.unlock() }
    if !isBegun {
      isBegun = true
      open = make()
      if open != nil { comparison = compares() }
    }
    return open.map { OpenTransaction(partOf: $0) }
  }

  /// Takes what a worker made of a batch; true where it was the last.
  func add(_ part: OpenTransaction) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    open?.add(part)
    batches += 1
    return batches == steps
  }

  /// Takes note of how many batches there are; true where all are through.
  func end(steps: Int) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    self.steps = steps
    return batches == steps
  }

  /// Hands over what was made of it, when all is through.
  func take() -> (OpenTransaction?, comparison: SpillStore?) {
    monitor.lock()
    defer { monitor.unlock() }
    defer { (open, comparison) = (nil, nil) }
    return (open, comparison)
  }
}
