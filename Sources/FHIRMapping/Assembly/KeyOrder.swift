import Glibc

/// Keys of resources are ordered by their bytes.
extension UnsafeRawBufferPointer {
  func precedes(_ other: UnsafeRawBufferPointer) -> Bool { order(other) < 0 }

  func isSame(as other: UnsafeRawBufferPointer) -> Bool { count == other.count && order(other) == 0 }

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
