import Glibc

/// Keys of resources are ordered by their bytes.
extension UnsafeRawBufferPointer {
  func precedes(_ other: UnsafeRawBufferPointer) -> Bool { order(other) < 0 }

  /// As `elementsEqual`, without going byte by byte.
  package func isSame(as other: UnsafeRawBufferPointer) -> Bool { count == other.count && order(other) == 0 }

  func begins(with other: UnsafeRawBufferPointer) -> Bool {
    count >= other.count && UnsafeRawBufferPointer(rebasing: prefix(other.count)).order(other) == 0
  }

  /// Less than 0 where these bytes come first, more where the others do.
  func order(_ other: UnsafeRawBufferPointer) -> Int {
    let shared = Swift.min(count, other.count)
    if shared > 0, let mine = baseAddress, let theirs = other.baseAddress {
      let order = memcmp(mine, theirs, shared)
      if order != 0 { return Int(order) }
    }
    return count - other.count
  }
}

/// Sorting by keys.
enum KeyOrder {
  /// A key's type among those that came, and the bytes of its id that tell it from most others of the type.
  private struct Place {
    var start: UInt64 = 0
    /// First the type's number, then its rank.
    var type: UInt32
    let element: UInt32
  }

  /// The keys of one type, by the first of them.
  private struct KeyType {
    let first: UnsafeRawBufferPointer
    /// Where the id begins.
    let id: Int
    /// How many bytes all keys of the type begin with.
    var common: Int
    var rank = 0

    init(_ key: UnsafeRawBufferPointer) {
      first = key
      id = key.firstIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
      common = key.count
    }

    /// Whether a key is of this type; of none, one that names none.
    func has(_ key: UnsafeRawBufferPointer) -> Bool {
      id > 0 && key.count >= id && UnsafeRawBufferPointer(rebasing: key[..<id]).isSame(as: name)
    }

    var name: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: first[..<id]) }

    mutating func add(_ key: UnsafeRawBufferPointer) {
      var same = id
      let most = min(common, key.count)
      while same < most, key[same] == first[same] { same += 1 }
      common = same
    }
  }

  /// Sorts by keys, elements of one key by rank.
  ///
  /// Keys of thousands of resources begin alike and lie far from each other: so what decides is put side by side first.
  static func sort(
    _ elements: inout [UInt32], key: (UInt32) -> UnsafeRawBufferPointer, rank: (UInt32) -> UInt64
  ) {
    guard elements.count > 1 else { return }
    func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
      let order = key(a).order(key(b))
      return order == 0 ? rank(a) < rank(b) : order < 0
    }
    var types: [KeyType] = []
    var places: [Place] = []
    places.reserveCapacity(elements.count)
    for element in elements {
      let key = key(element)
      var number = places.last.map { Int($0.type) } ?? 0
      if types.isEmpty || !types[number].has(key) {
        number = types.firstIndex { $0.has(key) } ?? types.count
        if number == types.count {
          types.append(KeyType(key))
          // Such keys are ordered among those of all types.
          if types[number].id == 0 { return elements.sort { isBefore($0, $1) } }
        }
      }
      types[number].add(key)
      places.append(Place(type: UInt32(number), element: element))
    }
    for (rank, number) in types.indices.sorted(by: { types[$0].name.precedes(types[$1].name) }).enumerated() {
      types[number].rank = rank
    }
    for index in places.indices {
      let number = Int(places[index].type)
      places[index].start = start(of: key(places[index].element), from: types[number].common)
      places[index].type = UInt32(types[number].rank)
    }
    places.sort { a, b in
      if a.type != b.type { return a.type < b.type }
      if a.start != b.start { return a.start < b.start }
      return isBefore(a.element, b.element)
    }
    for (index, place) in places.enumerated() { elements[index] = place.element }
  }

  /// Eight bytes of a key, as a number of their order; what is behind the key's end counts as 0.
  private static func start(of key: UnsafeRawBufferPointer, from offset: Int) -> UInt64 {
    if offset + 8 <= key.count {
      return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var start: UInt64 = 0
    for index in offset..<max(offset, key.count) {
      start |= UInt64(key[index]) << UInt64(56 - 8 * (index - offset))
    }
    return start
  }
}
