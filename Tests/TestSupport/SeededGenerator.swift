import Foundation

/// Random numbers that follow from a seed (SplitMix64), so that a failure can be repeated.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The seed of tests that disturb a program at random moments: 1, in `make torture` another each time. FHIRLINE_SEED repeats one.
  package static let seed: UInt64 = {
    let environment = ProcessInfo.processInfo.environment
    if let told = environment["FHIRLINE_SEED"].flatMap(UInt64.init) { return told }
    guard environment["FHIRLINE_TORTURE"] != nil else { return 1 }
    let seed = UInt64.random(in: 1...999_999)
    print("torture: FHIRLINE_SEED=\(seed) chooses the same moments again")
    return seed
  }()

  /// Those of a test that disturbs a program, and of no other.
  package static func ofTest(_ name: String) -> SeededGenerator {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return SeededGenerator(seed: hash ^ seed &* 0x9E37_79B9_7F4A_7C15)
  }
}
