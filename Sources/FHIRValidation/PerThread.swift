import Glibc
import Synchronization

/// What is dear to make and good for one thread at a time, kept while nobody uses it.
///
/// A thread gets back what it gave back: that is in its own processor's cache, and changing it costs the other processors nothing.
final class PerThread<Value: AnyObject>: @unchecked Sendable {
  // Safe to share: places are atomic, their memory lives as long as the object, and whoever takes a value out of its place is the only one
  // to have it.

  /// As large as what processors take from each other at once.
  private struct Place: ~Copyable {
    /// The address of a value that is retained; 0 while there is none.
    let address = Atomic<UInt>(0)
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
  }

  private static var bits: UInt64 { 6 }

  private let places: UnsafeMutablePointer<Place>

  init() {
    places = .allocate(capacity: 1 << PerThread.bits)
    for number in 0..<1 << PerThread.bits { (places + Int(number)).initialize(to: Place()) }
  }

  deinit {
    for number in 0..<1 << PerThread.bits {
      PerThread.release(places[Int(number)].address.load(ordering: .acquiring))
    }
    places.deinitialize(count: 1 << PerThread.bits)
    places.deallocate()
  }

  /// Takes the value that this thread gave back, or makes one.
  func take(_ make: () -> Value) -> Value {
    let address = places[place].address.exchange(0, ordering: .acquiring)
    guard let value = UnsafeRawPointer(bitPattern: address) else { return make() }
    return Unmanaged<Value>.fromOpaque(value).takeRetainedValue()
  }

  /// Two threads may come upon the same place: then one of their values is let go of.
  func giveBack(_ value: consuming Value) {
    let address = UInt(bitPattern: Unmanaged.passRetained(value).toOpaque())
    PerThread.release(places[place].address.exchange(address, ordering: .acquiringAndReleasing))
  }

  private static func release(_ address: UInt) {
    guard let value = UnsafeRawPointer(bitPattern: address) else { return }
    Unmanaged<Value>.fromOpaque(value).release()
  }

  private var place: Int {
    // Threads' descriptors stand on pages of their own.
    let thread = UInt64(pthread_self()) >> 12
    return Int((thread &* 0x9E37_79B9_7F4A_7C15) >> (64 - PerThread.bits))
  }
}
