import CMongoC
import Glibc

/// The yardstick of an import: the documents as they stand in a database, inserted again by libmongoc alone.
final class RawInsertion {
  private let client: OpaquePointer
  /// Documents by collection, one behind the other.
  private var collections: [(name: String, bytes: [UInt8], offsets: [Int])] = []

  private static let documentsPerBatch = 1000
  /// The message may have 48 MB; the last document added to one has up to 16.
  private static let bytesPerBatch = 31_000_000

  init(uri: String) throws {
    mongoc_init()
    var error = bson_error_t()
    guard let parsed = mongoc_uri_new_with_error(uri, &error) else { throw RawInsertion.failure(error) }
    defer { mongoc_uri_destroy(parsed) }
    guard let client = mongoc_client_new_from_uri(parsed) else {
      throw Program.Failure(description: "no client can be made of the MongoDB URI")
    }
    mongoc_client_set_appname(client, "fhirline-bench")
    self.client = client
  }

  deinit { mongoc_client_destroy(client) }

  var documents: Int { collections.reduce(0) { $0 + $1.offsets.count } }

  var bytes: Int { collections.reduce(0) { $0 + $1.bytes.count } }

  /// Takes all documents of a database into memory.
  func load(database: String) throws {
    collections = []
    guard let handle = mongoc_client_get_database(client, database) else { return }
    defer { mongoc_database_destroy(handle) }
    var error = bson_error_t()
    guard let names = mongoc_database_get_collection_names_with_opts(handle, nil, &error) else {
      throw RawInsertion.failure(error)
    }
    defer { bson_strfreev(names) }
    var next = names
    while let name = next.pointee {
      try load(database: database, collection: String(cString: name))
      next += 1
    }
    collections.sort { $0.name < $1.name }
  }

  private final class Taken {
    var bytes: [UInt8] = []
    var offsets: [Int] = []
  }

  private func load(database: String, collection name: String) throws {
    guard let handle = mongoc_client_get_collection(client, database, name) else { return }
    defer { mongoc_collection_destroy(handle) }
    let taken = Taken()
    var error = bson_error_t()
    let done = cmongoc_for_each(
      handle, Unmanaged.passUnretained(taken).toOpaque(),
      { context, bytes, length in
        guard let context else { return }
        let taken = Unmanaged<Taken>.fromOpaque(context).takeUnretainedValue()
        taken.offsets.append(taken.bytes.count)
        taken.bytes.append(contentsOf: UnsafeBufferPointer(start: bytes, count: length))
      }, &error)
    guard done else { throw RawInsertion.failure(error) }
    collections.append((name, taken.bytes, taken.offsets))
  }

  /// Inserts the documents into empty collections of another database, and returns the seconds it took.
  func insert(database: String) throws -> Double {
    try drop(database: database)
    let started = Clock.now()
    for (name, bytes, offsets) in collections {
      guard let handle = mongoc_client_get_collection(client, database, name) else { continue }
      defer { mongoc_collection_destroy(handle) }
      try bytes.withUnsafeBufferPointer { all in
        // A collection is only there if a document was in it.
        guard let base = all.baseAddress else { return }
        var next = 0
        while next < offsets.count {
          var pointers: [UnsafePointer<UInt8>?] = []
          var lengths: [Int] = []
          var size = 0
          while next < offsets.count, pointers.count < RawInsertion.documentsPerBatch,
            size < RawInsertion.bytesPerBatch
          {
            let end = next + 1 < offsets.count ? offsets[next + 1] : all.count
            pointers.append(base + offsets[next])
            lengths.append(end - offsets[next])
            size += end - offsets[next]
            next += 1
          }
          var error = bson_error_t()
          guard cmongoc_insert_raw(handle, &pointers, &lengths, pointers.count, &error) else {
            throw RawInsertion.failure(error)
          }
        }
      }
    }
    return Clock.now() - started
  }

  func drop(database: String) throws {
    guard let handle = mongoc_client_get_database(client, database) else { return }
    defer { mongoc_database_destroy(handle) }
    var error = bson_error_t()
    guard mongoc_database_drop(handle, &error) else { throw RawInsertion.failure(error) }
  }

  private static func failure(_ error: bson_error_t) -> Program.Failure {
    var error = error
    return Program.Failure(description: "MongoDB: \(String(cString: cmongoc_error_message(&error)))")
  }
}
