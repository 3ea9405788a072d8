import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// Writes that are confirmed together, at the end.
@Suite(.serialized, .enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
struct ConfirmationTests {
  private static let options = StoreOptions(confirmsAtEnd: true)

  @Test func `a server that stayed confirms what was written`() throws {
    let server = try OwnServer()
    defer { server.kill() }
    let store = try server.store(database: "x", options: Self.options)
    try store.withConnection { (connection) throws in
      #expect(try connection.insert([["_id": 1]], into: "c").inserted == 1)
    }
    #expect(try store.confirmWrites(in: "c"))
    // There is nothing to wait for, and nothing wrong with that.
    #expect(try store.confirmWrites(in: "empty"))
  }

  @Test func `a server that was started anew confirms nothing`() throws {
    let server = try OwnServer()
    defer { server.kill() }
    let store = try server.store(database: "x", options: Self.options)
    try store.withConnection { (connection) throws in
      _ = try connection.insert([["_id": 1]], into: "c")
    }
    server.kill()
    try server.start()
    #expect(try !store.confirmWrites(in: "c"))
    // What is written from now on has a server that stayed.
    try store.withConnection { (connection) throws in
      _ = try connection.insert([["_id": 2]], into: "c")
    }
    #expect(try store.confirmWrites(in: "c"))
  }
}
