import BSON
import FHIRModel

/// The names of the definition table as BSON keys, each with its companion (`_name`) beside it.
///
/// Made once; points into memory that lives as long as the process.
struct NameKeys: @unchecked Sendable {
  // Safe to share: written by the initialiser alone, and never freed.

  /// Of the name with this number, where its companion begins; the name itself begins one byte later.
  private let offsets: UnsafeMutablePointer<UInt32>
  private let bytes: UnsafeMutablePointer<UInt8>

  static let r4 = NameKeys(.r4)

  private init(_ table: DefinitionTable) {
    let count = table.nameCount
    offsets = .allocate(capacity: count + 1)
    var total = 0
    for id in 0..<count {
      offsets[id] = UInt32(total)
      total += table.bytes(of: NameID(rawValue: UInt16(id))).count + 1
    }
    offsets[count] = UInt32(total)
    bytes = .allocate(capacity: max(total, 1))
    for id in 0..<count {
      let name = table.bytes(of: NameID(rawValue: UInt16(id)))
      let start = bytes + Int(offsets[id])
      start.initialize(to: UInt8(ascii: "_"))
      if let first = name.baseAddress { (start + 1).initialize(from: first, count: name.count) }
    }
  }

  @inline(__always)
  func key(_ name: NameID) -> BSONKey {
    let start = Int(offsets[Int(name.rawValue)])
    let end = Int(offsets[Int(name.rawValue) &+ 1])
    return BSONKey(unchecked: UnsafeRawBufferPointer(start: bytes + start + 1, count: end &- start &- 1))
  }

  func companion(_ name: NameID) -> BSONKey {
    let start = Int(offsets[Int(name.rawValue)])
    let end = Int(offsets[Int(name.rawValue) &+ 1])
    return BSONKey(unchecked: UnsafeRawBufferPointer(start: bytes + start, count: end &- start))
  }
}
