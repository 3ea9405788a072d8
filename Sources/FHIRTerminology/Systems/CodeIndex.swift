internal import CDefinitions
internal import FHIRModel

/// A hash table from codes to their numbers, read without allocating.
final class CodeIndex: @unchecked Sendable {
  // Safe to share: the memory is written in `init` only.

  private let bytes: UnsafeMutablePointer<UInt8>
  private let ends: UnsafeMutablePointer<UInt32>
  /// A code's number + 1; 0 is empty.
  private let slots: UnsafeMutablePointer<UInt32>
  private let mask: Int
  let count: Int
  /// Whether upper and lower case of ASCII letters are the same.
  let ignoresCase: Bool

  init(_ codes: [String], ignoresCase: Bool = false) {
    var size = 8
    while size < codes.count * 2 { size *= 2 }
    mask = size - 1
    count = codes.count
    self.ignoresCase = ignoresCase
    let total = codes.reduce(0) { $0 + $1.utf8.count }
    bytes = .allocate(capacity: max(total, 1))
    ends = .allocate(capacity: codes.count + 1)
    slots = .allocate(capacity: size)
    slots.initialize(repeating: 0, count: size)
    ends[0] = 0
    var end = 0
    for (number, code) in codes.enumerated() {
      for byte in code.utf8 {
        (bytes + end).initialize(to: ignoresCase ? Self.folded(byte) : byte)
        end += 1
      }
      ends[number + 1] = UInt32(end)
      let own = self.code(number)
      var slot = Int(definition_hash(own.baseAddress, own.count)) & mask
      // Of codes that are equal, the first counts.
      var isKnown = false
      while slots[slot] != 0, !isKnown {
        isKnown = self.code(Int(slots[slot]) - 1).elementsEqual(own)
        slot = (slot + 1) & mask
      }
      if !isKnown { slots[slot] = UInt32(number) + 1 }
    }
  }

  deinit {
    bytes.deallocate()
    ends.deallocate()
    slots.deallocate()
  }

  /// A code by its number; in lower case where case does not count.
  func code(_ number: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + Int(ends[number]), count: Int(ends[number + 1] - ends[number]))
  }

  func number(of code: UnsafeBufferPointer<UInt8>) -> Int? {
    guard ignoresCase, code.contains(where: { $0 != Self.folded($0) }) else { return find(code) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: code.count) { folded in
      for i in code.indices { folded.initializeElement(at: i, to: Self.folded(code[i])) }
      return find(UnsafeBufferPointer(folded))
    }
  }

  func number(of code: String) -> Int? {
    var code = code
    return code.withUTF8 { number(of: $0) }
  }

  private func find(_ code: UnsafeBufferPointer<UInt8>) -> Int? {
    var slot = Int(definition_hash(code.baseAddress, code.count)) & mask
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      let own = self.code(number)
      if own.count == code.count, memoryEqual(own.baseAddress, code.baseAddress, code.count) { return number }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  static func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
