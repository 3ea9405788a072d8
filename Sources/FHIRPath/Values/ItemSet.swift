/// Items of which none equals another, in the order in which they came: what `distinct()` and `|` gather.
///
/// Hashed once there are more than a few. What is equal and what hashes alike is the evaluator's to say.
struct ItemSet {
  private(set) var items: [Item] = []
  private var hashes: [Int] = []
  /// Open addressing: index within `items` + 1, 0 is empty.
  private var slots: [Int32] = []

  private static let fewest = 8

  /// Adds an item unless an equal one is there.
  ///
  /// - Returns: whether it was added.
  mutating func insert(_ item: Item, hash: Int, equals: (Item) throws -> Bool) rethrows -> Bool {
    if try contains(hash: hash, equals: equals) { return false }
    items.append(item)
    hashes.append(hash)
    if items.count > slots.count / 2 { grow() } else { place(items.count - 1) }
    return true
  }

  func contains(hash: Int, equals: (Item) throws -> Bool) rethrows -> Bool {
    guard !slots.isEmpty else {
      for (index, known) in items.enumerated() where hashes[index] == hash {
        if try equals(known) { return true }
      }
      return false
    }
    let mask = slots.count - 1
    var slot = ItemSet.mixed(hash) & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if hashes[index] == hash, try equals(items[index]) { return true }
      slot = (slot + 1) & mask
    }
    return false
  }

  private mutating func grow() {
    guard items.count > ItemSet.fewest else { return }
    var size = 32
    while size < items.count * 4 { size *= 2 }
    slots = [Int32](repeating: 0, count: size)
    for index in items.indices { place(index) }
  }

  private mutating func place(_ index: Int) {
    guard !slots.isEmpty else { return }
    let mask = slots.count - 1
    var slot = ItemSet.mixed(hashes[index]) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(index + 1)
  }

  private static func mixed(_ hash: Int) -> Int {
    let product = UInt(bitPattern: hash) &* 0x9E37_79B9_7F4A_7C15
    return Int(bitPattern: product ^ (product >> 32))
  }

  /// Adds a text, whole number or truth value that stands in an expression.
  mutating func insertConstant(_ item: Item) -> Bool {
    func key(_ item: Item) -> String {
      switch item {
      case .string(let text): "s" + text
      case .integer(let value): "i\(value)"
      case .boolean(let value): "b\(value)"
      default: ""
      }
    }
    let text = key(item)
    var hasher = StableHash()
    for byte in text.utf8 { hasher.combine(byte) }
    return insert(item, hash: hasher.value) { key($0).utf8.elementsEqual(text.utf8) }
  }
}

/// FNV-1a over bytes and numbers.
struct StableHash {
  private(set) var bits: UInt64 = 0xcbf2_9ce4_8422_2325

  var value: Int { Int(truncatingIfNeeded: bits) }

  @inline(__always)
  mutating func combine(_ byte: UInt8) { bits = (bits ^ UInt64(byte)) &* 0x100_0000_01b3 }

  @inline(__always)
  mutating func combine(_ number: Int) {
    bits = (bits ^ UInt64(truncatingIfNeeded: number)) &* 0x9E37_79B9_7F4A_7C15
    bits ^= bits >> 29
  }

  mutating func combine(_ bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes { combine(byte) }
  }
}
