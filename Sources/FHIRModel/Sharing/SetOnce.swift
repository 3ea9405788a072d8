public import Synchronization

/// A reference that is set once, and from then on read without a lock.
///
/// What the standard library has for it, `AtomicLazyReference`, asks the runtime for its own type at every read; where a check
/// of each code reads it, that was one percent of all work.
@usableFromInline
package struct SetOnce<Value: AnyObject & Sendable>: ~Copyable, Sendable {
  /// The address of a value that is retained; 0 until there is one.
  @usableFromInline let address = Atomic<UInt>(0)

  package init() {}

  deinit {
    guard let value = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return }
    Unmanaged<Value>.fromOpaque(value).release()
  }

  @inlinable
  package func load() -> Value? {
    guard let value = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return nil }
    // it is retained as long as this lives
    return Unmanaged<Value>.fromOpaque(value).takeUnretainedValue()
  }

  /// Sets the reference if that was not done yet; returns the one that it has then.
  package func storeIfNil(_ value: Value) -> Value {
    let retained = Unmanaged.passRetained(value)
    let (isStored, known) = address.compareExchange(
      expected: 0, desired: UInt(bitPattern: retained.toOpaque()), ordering: .acquiringAndReleasing)
    guard !isStored, let known = UnsafeRawPointer(bitPattern: known) else { return value }
    retained.release()
    return Unmanaged<Value>.fromOpaque(known).takeUnretainedValue()
  }
}
