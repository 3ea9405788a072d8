import BSON
import CMongoC

/// A small document that libmongoc may keep for the length of a call: a filter, options, a command.
struct NativeDocument: ~Copyable {
  let pointer: OpaquePointer

  init(_ document: BSONDocument, session: OpaquePointer? = nil) throws(StoreError) {
    let copy = document.withOctets { bson_new_from_data($0.baseAddress, $0.count) }
    guard let copy else { throw StoreError(.badDocument, "a filter or command is no BSON document") }
    if let session, !mongoc_client_session_append(session, copy, nil) {
      bson_destroy(copy)
      throw StoreError(.commandFailed, "the operation cannot take part in the transaction")
    }
    pointer = copy
  }

  deinit { bson_destroy(pointer) }
}

/// Room for the answer to a command, where libmongoc wants a `bson_t` of the caller's.
///
/// `bson_t` is aligned to 128 bytes, more than Swift gives a local, so that it has memory of its own.
struct NativeReply: ~Copyable {
  private let memory: UnsafeMutableRawPointer
  var pointer: OpaquePointer { OpaquePointer(memory) }

  init() {
    memory = .allocate(byteCount: 128, alignment: 128)
    bson_init(pointer)
  }

  deinit {
    bson_destroy(pointer)
    memory.deallocate()
  }

  /// Lends the answer for reading.
  func withView<R>(_ body: (BSONView) throws(BSONError) -> R) throws(BSONError) -> R {
    try body(try BSONView(native: pointer))
  }

  /// The answer as a tree; empty where it cannot be read.
  var fields: BSONFields {
    (try? withView { (view) throws(BSONError) in try BSONFields(view) }) ?? BSONFields()
  }
}

extension BSONView {
  /// The bytes of a libbson document, valid as long as that is.
  init(native pointer: OpaquePointer) throws(BSONError) {
    guard let data = bson_get_data(pointer) else { throw BSONError(.truncated) }
    // libbson's documents always hold their own length, in little-endian order.
    let length = Int32(littleEndian: UnsafeRawPointer(data).loadUnaligned(as: Int32.self))
    try self.init(UnsafeRawBufferPointer(start: data, count: Int(length)))
  }
}

extension BSONDocument {
  /// Lends the bytes as libbson takes them.
  func withOctets<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    shared.withUnsafeBytes { body($0.assumingMemoryBound(to: UInt8.self)) }
  }
}
