import Glibc
import Synchronization

/// The files that are being written and are not whole: a signal that ends the program takes them away.
///
/// A signal's handler may run in the midst of anything: it takes no lock and no memory, and finds names in rooms that never move.
enum PartialFiles {
  private static let roomCount = 512
  private static let roomBytes = Int(PATH_MAX)

  private enum Room {
    static let free: UInt8 = 0
    /// Somebody writes the name.
    static let taken: UInt8 = 1
    static let named: UInt8 = 2
  }

  // Safe to share: made once; a name is written by who took its room, and read once the room says that it is there.
  nonisolated(unsafe) private static let rooms: UnsafeMutablePointer<Atomic<UInt8>> = {
    let rooms = UnsafeMutablePointer<Atomic<UInt8>>.allocate(capacity: roomCount)
    for number in 0..<roomCount { (rooms + number).initialize(to: Atomic(Room.free)) }
    return rooms
  }()
  nonisolated(unsafe) private static let names = UnsafeMutablePointer<CChar>.allocate(
    capacity: roomCount * roomBytes)

  /// Set once the program ends: from then on no name changes.
  private static let isEnding = Atomic<Bool>(false)

  /// Makes the rooms: a signal's handler must not be the first to touch them.
  static func prepare() {
    _ = rooms
    _ = names
    _ = isEnding.load(ordering: .relaxed)
  }

  /// Notes a file before it is made; returns its room, for ``remove(_:)``. nil where there is no room for it.
  static func add(_ path: String) -> Int? {
    let bytes = path.utf8CString
    guard bytes.count <= roomBytes else { return nil }
    for number in 0..<roomCount {
      let room = rooms + number
      guard
        room.pointee.compareExchange(
          expected: Room.free, desired: Room.taken, ordering: .sequentiallyConsistent
        ).exchanged
      else { continue }
      // The handler is going through the rooms; the process has ended before this thread goes on.
      while isEnding.load(ordering: .sequentiallyConsistent) { pause() }
      bytes.withUnsafeBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return }
        (names + number * roomBytes).update(from: start, count: bytes.count)
      }
      room.pointee.store(Room.named, ordering: .sequentiallyConsistent)
      return number
    }
    return nil
  }

  /// Lets go of a file that is whole, or gone.
  static func remove(_ number: Int?) {
    if let number { rooms[number].store(Room.free, ordering: .sequentiallyConsistent) }
  }

  /// Removes all files that are noted, for a program that ends at once. Nothing here but atomics and system calls.
  static func unlinkAll() {
    isEnding.store(true, ordering: .sequentiallyConsistent)
    for number in 0..<roomCount where rooms[number].load(ordering: .sequentiallyConsistent) == Room.named {
      unlink(names + number * roomBytes)
    }
  }
}
