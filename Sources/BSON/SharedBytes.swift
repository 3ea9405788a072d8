import Glibc

/// Bytes that several may hold and nobody copies: a stretch of a buffer that lives as long as any of them does.
@usableFromInline package struct SharedBytes: @unchecked Sendable {
  // Safe to share: the bytes are written before the first of these is made, and never again while one is left.

  @usableFromInline let owner: AnyObject?
  @usableFromInline package let pointer: UnsafeRawBufferPointer

  /// All of an array's bytes, which are not copied.
  package init(_ bytes: [UInt8]) {
    let owner = ArrayOwner(bytes)
    // An array's storage stays where it is as long as nobody changes it, and nobody can change the owner's.
    self.init(owner.bytes.withUnsafeBytes { $0 }, of: owner)
  }

  /// A part of these bytes, to be held on its own.
  package func part(_ part: UnsafeRawBufferPointer) -> SharedBytes {
    guard let owner, let start = part.baseAddress else { return SharedBytes([UInt8](part)) }
    precondition(
      pointer.baseAddress.map { $0 <= start && start + part.count <= $0 + pointer.count } ?? false,
      "a part of other bytes")
    return SharedBytes(part, of: owner)
  }

  /// Bytes that nobody keeps alive: for use within a call, never to be stored.
  package init(lent pointer: UnsafeRawBufferPointer) {
    owner = nil
    self.pointer = pointer
  }

  init(_ pointer: UnsafeRawBufferPointer, of owner: AnyObject) {
    self.owner = owner
    self.pointer = pointer
  }

  /// Whether both keep the same memory alive.
  package func sharesMemory(with other: SharedBytes) -> Bool { owner === other.owner }

  @inlinable package var count: Int { pointer.count }

  /// Lends the bytes, which stay where they are as long as this or a copy of it is held.
  @inlinable
  package func withUnsafeBytes<R, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> R
  ) throws(Failure) -> R {
    defer { withExtendedLifetime(owner) {} }
    return try body(pointer)
  }
}

extension SharedBytes: Equatable {
  @usableFromInline
  package static func == (a: SharedBytes, b: SharedBytes) -> Bool {
    guard a.count == b.count, let left = a.pointer.baseAddress, let right = b.pointer.baseAddress else {
      return a.count == b.count
    }
    return memcmp(left, right, a.count) == 0
  }
}

private final class ArrayOwner: Sendable {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
}
