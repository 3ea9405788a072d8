import BSON
import DocumentStore
import TestSupport

/// A server at which users log in, all of them with one password.
final class GuardedServer {
  private let server: OwnServer

  init(_ workspace: Workspace) throws {
    server = try OwnServer(folder: workspace.path("data"), arguments: ["--auth"])
    try server.store(database: "admin").withConnection { (connection) throws in
      _ = try connection.command(["createUser": "root", "pwd": "r", "roles": ["root"]])
    }
  }

  /// How a user comes to the database `clinic`.
  func uri(_ user: String) -> String {
    server.uri("\(user):r@", database: "clinic", "authSource=admin&serverSelectionTimeoutMS=30000")
  }

  /// Makes a user, and a role of the same name, with these rights and no others.
  ///
  /// - Parameter rights: actions on collections of `clinic`; an empty name stands for all of them.
  func makeUser(_ name: String, _ rights: [(actions: [String], collections: [String])]) throws {
    let privileges = rights.flatMap { actions, collections in
      collections.map { collection -> BSONValue in
        let resource: BSONValue = ["db": "clinic", "collection": .string(collection)]
        return ["resource": resource, "actions": .array(actions.map { .string($0) })]
      }
    }
    let admin = try DocumentStore(uri: uri("root"), databaseName: "admin")
    try admin.withConnection { (connection) throws in
      _ = try connection.command(
        try BSONDocument(["createRole": .string(name), "privileges": .array(privileges), "roles": []]))
      _ = try connection.command(
        try BSONDocument(["createUser": .string(name), "pwd": "r", "roles": .array([.string(name)])]))
    }
  }
}
