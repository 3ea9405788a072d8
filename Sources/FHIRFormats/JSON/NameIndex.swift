import CDefinitions
import FHIRModel

/// The definition table's element names, laid out for the scanner: a name of up to 16 bytes is found with one load,
/// one multiplication and one comparison.
final class NameIndex: @unchecked Sendable {
  // Safe to share: written in `init` only.

  /// Stands for JSON's `resourceType` in tables that have no element of that name.
  static let noElement = NameID(rawValue: 0x7FFF)

  struct Slot {
    /// The name's first eight bytes, and the next (or, of a longer name, the last) eight; zeros behind its end.
    var low: UInt64 = 0
    var high: UInt64 = 0
    var count: UInt32 = 0
    var name: UInt16 = 0
  }

  private static let r4 = NameIndex(.r4)

  let table: DefinitionTable
  /// JSON's `resourceType`: in a resource its type, elsewhere an element (`ExampleScenario.instance` has one).
  let resourceType: NameID
  let div: NameID?
  let entry: NameID?
  let text: NameID?
  private let slots: UnsafeMutablePointer<Slot>
  private let shift: UInt64
  private let mask: Int
  /// A bit for each name under which some type holds a resource: `contained`, `resource`, `outcome`.
  private let resourceHolders: UnsafeMutablePointer<UInt64>

  /// The index of a table; that of R4 is made once.
  static func of(_ table: DefinitionTable) -> NameIndex { table.isEmbedded ? r4 : NameIndex(table) }

  private init(_ table: DefinitionTable) {
    self.table = table
    resourceType = table.nameID("resourceType") ?? NameIndex.noElement
    div = table.nameID("div")
    entry = table.nameID("entry")
    text = table.nameID("text")
    // At most a quarter full.
    let bits = max(8, Int.bitWidth - (table.nameCount * 4).leadingZeroBitCount)
    shift = UInt64(64 - bits)
    mask = (1 << bits) - 1
    slots = .allocate(capacity: 1 << bits)
    slots.initialize(repeating: Slot(), count: 1 << bits)
    resourceHolders = .allocate(capacity: 0x8000 / 64)
    resourceHolders.initialize(repeating: 0, count: 0x8000 / 64)
    for element in table.elements where element.flags & UInt16(ELEMENT_RESOURCE) != 0 {
      resourceHolders[Int(element.name) >> 6] |= 1 << (UInt64(element.name) & 63)
    }
    for id in 1..<max(table.nameCount, 1) {
      insert(table.bytes(of: NameID(rawValue: UInt16(id))), UInt16(id))
    }
    if resourceType == NameIndex.noElement {
      var name = "resourceType"
      name.withUTF8 { insert($0, resourceType.rawValue) }
    }
  }

  deinit {
    slots.deallocate()
    resourceHolders.deallocate()
  }

  private func insert(_ name: UnsafeBufferPointer<UInt8>, _ id: UInt16) {
    guard !name.isEmpty, let slot = slot(of: Array(name)) else { return }
    var index = Int(NameIndex.hash(slot) >> shift)
    while slots[index].name != 0 { index = (index + 1) & mask }
    slots[index] = slot
    slots[index].name = id
  }

  private func slot(of name: [UInt8]) -> Slot? {
    guard name.count <= Int(UInt16.max) else { return nil }
    let padded = name + [UInt8](repeating: 0, count: 16)
    return padded.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { NameIndex.slot($0, name.count) }
    }
  }

  @inline(__always)
  fileprivate static func slot(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Slot {
    let raw = UnsafeRawPointer(bytes)
    var low = raw.loadUnaligned(as: UInt64.self)
    var high: UInt64 = 0
    if count < 8 {
      low &= (1 &<< (UInt64(count) &* 8)) &- 1
    } else if count <= 16 {
      high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      if count < 16 { high &= (1 &<< (UInt64(count &- 8) &* 8)) &- 1 }
    } else {
      high = raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }
    return Slot(low: low, high: high, count: UInt32(truncatingIfNeeded: count))
  }

  @inline(__always)
  fileprivate static func hash(_ slot: Slot) -> UInt64 {
    (slot.low ^ (slot.high << 7 | slot.high >> 57) ^ UInt64(slot.count)) &* 0x9E37_79B9_7F4A_7C15
  }

  /// See ``Lookup/find(_:_:)``.
  func find(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> NameID? { lookup.find(bytes, count) }

  /// The index as plain pointers, for loops that cannot afford to retain it. It lives no longer than the index.
  var lookup: Lookup {
    Lookup(
      table: table, resourceType: resourceType, div: div ?? NameIndex.noElement,
      text: text ?? NameIndex.noElement,
      slots: slots, resourceHolders: resourceHolders, shift: shift, mask: mask)
  }

  struct Lookup {
    let table: DefinitionTable
    let resourceType: NameID
    let div: NameID
    let text: NameID
    fileprivate let slots: UnsafeMutablePointer<Slot>
    fileprivate let resourceHolders: UnsafeMutablePointer<UInt64>
    fileprivate let shift: UInt64
    fileprivate let mask: Int

    /// The id of a name; nil when the table does not know it. At least 16 bytes from `bytes` on must be readable.
    @inline(__always)
    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> NameID? {
      if count == 0 { return nil }
      let wanted = NameIndex.slot(bytes, count)
      var index = Int(truncatingIfNeeded: NameIndex.hash(wanted) &>> shift)
      while true {
        let slot = slots + index
        if slot.pointee.name == 0 { return nil }
        if slot.pointee.low == wanted.low && slot.pointee.high == wanted.high
          && slot.pointee.count == wanted.count
        {
          let id = NameID(rawValue: slot.pointee.name)
          if count <= 16 || memoryEqual(table.bytes(of: id).baseAddress, bytes, count) { return id }
        }
        index = (index &+ 1) & mask
      }
    }

    /// Whether some type holds a resource under this name.
    @inline(__always)
    func holdsResource(_ name: NameID) -> Bool {
      !name.isUnknown && resourceHolders[Int(name.rawValue) &>> 6] &>> (UInt64(name.rawValue) & 63) & 1 != 0
    }
  }
}
