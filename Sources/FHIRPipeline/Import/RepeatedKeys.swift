import Synchronization

/// Which documents several resources of a run contribute to, found without keeping all keys.
///
/// A bit map of hashes tells whether a key came before. It may say so of a key that did not: its document then waits for
/// more parts that never come, which costs a little time and is never wrong.
final class RepeatedKeys: Sendable {
  private struct State {
    var bits: [UInt64]
    var repeated: Set<UInt64> = []
  }

  private let state: Mutex<State>
  private let mask: UInt64

  /// - Parameter expectedBytes: size of the inputs; decides how many bits there are (at most 16 MB).
  init(expectedBytes: Int) {
    var words = 1 << 10
    while words < 1 << 21 && words * 64 < expectedBytes / 64 { words *= 2 }
    mask = UInt64(words * 64 - 1)
    state = Mutex(State(bits: [UInt64](repeating: 0, count: words)))
  }

  /// Takes note of keys, by their hashes.
  func note(_ hashes: some Sequence<UInt64>) {
    state.withLock { state in
      for hash in hashes {
        let place = (hash ^ hash >> 32) & mask
        let bit = UInt64(1) << (place & 63)
        if state.bits[Int(place >> 6)] & bit != 0 {
          state.repeated.insert(hash)
        } else {
          state.bits[Int(place >> 6)] |= bit
        }
      }
    }
  }

  /// The hashes of keys that came more than once; the bit map is given up.
  func take() -> Set<UInt64> {
    state.withLock { state in
      state.bits = []
      return state.repeated
    }
  }
}
