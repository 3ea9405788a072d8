/// A complete document as bytes that stay as long as it does.
@usableFromInline package struct BSONDocument: Sendable, Equatable {
  @usableFromInline package let shared: SharedBytes

  /// A copy of the bytes.
  package var bytes: [UInt8] { shared.withUnsafeBytes { [UInt8]($0) } }

  @inlinable package var count: Int { shared.count }

  /// Checks length and terminator; the elements are checked as they are read.
  package init(_ bytes: [UInt8]) throws(BSONError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(BSONError) in
      _ = try BSONView(UnsafeRawBufferPointer(bytes))
    }
    shared = SharedBytes(bytes)
  }

  /// Copies a document out of the bytes it lies in.
  package init(copying view: BSONView) { shared = SharedBytes([UInt8](view.bytes)) }

  /// Bytes that were one document before.
  package init(unchecked bytes: SharedBytes) { shared = bytes }

  /// The document without elements.
  package init() { shared = SharedBytes([5, 0, 0, 0, 0]) }

  @inlinable package var isEmpty: Bool { count <= 5 }

  /// Lends the document for reading.
  @inlinable package func withView<R>(_ body: (BSONView) throws -> R) rethrows -> R {
    try shared.withUnsafeBytes { try body(BSONView(checked: $0)) }
  }
}

/// Documents one behind the other in one run of bytes, as a writer leaves them; each begins with its own length.
@usableFromInline package struct BSONBatch: Sendable, Equatable {
  @usableFromInline package private(set) var bytes: [UInt8]
  @usableFromInline package private(set) var count: Int

  package init() {
    bytes = []
    count = 0
  }

  package init(_ documents: some Sequence<BSONDocument>) {
    self.init()
    for document in documents { append(document) }
  }

  init(unchecked bytes: [UInt8], count: Int) {
    self.bytes = bytes
    self.count = count
  }

  @inlinable package var isEmpty: Bool { count == 0 }

  package mutating func append(_ document: BSONDocument) {
    document.shared.withUnsafeBytes { bytes.append(contentsOf: $0) }
    count += 1
  }

  package mutating func append(_ view: BSONView) {
    bytes.append(contentsOf: view.bytes)
    count += 1
  }

  package mutating func removeAll(keepingCapacity: Bool = true) {
    bytes.removeAll(keepingCapacity: keepingCapacity)
    count = 0
  }

  /// Lends the documents one by one, in their order.
  @inlinable package func forEachDocument(_ body: (BSONView) throws -> Void) throws {
    try bytes.withUnsafeBytes { all in
      var rest = all
      while !rest.isEmpty {
        let view = try BSONView(prefixOf: rest)
        try body(view)
        rest = UnsafeRawBufferPointer(rebasing: rest[view.bytes.count...])
      }
    }
  }
}
