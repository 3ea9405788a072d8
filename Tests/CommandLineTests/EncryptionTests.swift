import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// A server that demands encryption and a password: who gets in, what others are told, and that the password stays untold.
@Suite(.enabled(if: OwnServer.program != nil && Certificates.isPossible, "no mongod, or no openssl"))
struct EncryptionTests {
  private static let password = "Tr0ub4dor-geheim"

  @Test func `with TLS and a password`() throws {
    let workspace = try Workspace()
    let certificates = try Certificates(in: workspace)
    let server = try OwnServer(
      folder: workspace.path("data"),
      arguments: [
        "--auth", "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", certificates.server, "--tlsCAFile",
        certificates.authority, "--tlsAllowConnectionsWithoutCertificates",
      ])
    let encryption = "tls=true&tlsCAFile=\(certificates.authority)"
    // Whom a server without users lets in may make one, who makes the others.
    try DocumentStore(
      uri: server.uri(database: "admin", encryption), options: StoreOptions(serverSelectionTimeout: 30_000)
    ).withConnection { (connection) throws in
      _ = try connection.command(["createUser": "root", "pwd": "first", "roles": ["root"]])
    }
    try DocumentStore(uri: server.uri("root:first@", database: "admin", encryption)).withConnection {
      (connection) throws in
      _ = try connection.command([
        "createUser": "loader", "pwd": .string(EncryptionTests.password),
        "roles": [["role": "readWrite", "db": .string(workspace.database)]],
        "mechanisms": ["SCRAM-SHA-256"],
      ])
    }
    func uri(_ options: String, password: String = EncryptionTests.password, host: String = "127.0.0.1")
      -> String
    {
      "mongodb://loader:\(password)@\(host):\(server.port)/\(workspace.database)?authSource=admin"
        + "&serverSelectionTimeoutMS=4000\(options.isEmpty ? "" : "&")\(options)"
    }

    // By a file, and by the environment; the command line tells no password while the program runs.
    let file = try workspace.write("uri", uri(encryption) + "\n")
    for (arguments, environment) in [
      (["--uri-file", file], [:]), ([], ["MONGODB_URI": uri(encryption)]),
    ] {
      let program = try RunningProgram(
        ["import", "Samples/clinic", "--no-transactions", "--no-progress"] + arguments,
        environment: environment)
      while program.isRunning {
        #expect(program.commandLine?.contains(EncryptionTests.password) != true)
        usleep(5000)
      }
      let outcome = try program.outcome()
      #expect(outcome.status == 0, "\(outcome.errors)")
      expectNoPassword(outcome)
    }
    let export = try Program.run(["export", "--out", workspace.path("out"), "--uri-file", file])
    #expect(export.status == 0, "\(export.errors)")
    expectNoPassword(export)

    // Who does not get in is told why in a line.
    let refusals = [
      (uri("tls=true&tlsCAFile=\(certificates.stranger)"), "no encrypted connection to 127.0.0.1"),
      (uri("tls=true&tlsCAFile=\(workspace.path("absent.pem"))"), "this file cannot be read; tlsCAFile"),
      (uri(encryption, host: "localhost"), "no encrypted connection to localhost"),
      (uri(""), "add tls=true"),
      (uri(encryption, password: "falsch"), "refused the user name or password"),
    ]
    for (uri, words) in refusals {
      let outcome = try Program.run(["import", "Samples/clinic"], environment: ["MONGODB_URI": uri])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      #expect(!outcome.errors.contains("falsch"))
      expectNoPassword(outcome)
    }
    // A user who may do too little: refused while it loads, and named is what is wanting.
    let elsewhere = try Program.run(
      ["import", "Samples/clinic", "--no-transactions", "--database", "another"],
      environment: ["MONGODB_URI": uri(encryption)])
    #expect(elsewhere.status != 0)
    #expect(elsewhere.errors.contains("readWrite"), "\(elsewhere.errors)")
    expectNoPassword(elsewhere)
  }

  private func expectNoPassword(_ outcome: Program.Outcome) {
    #expect(!outcome.output.contains(EncryptionTests.password), "\(outcome.output)")
    #expect(!outcome.errors.contains(EncryptionTests.password), "\(outcome.errors)")
  }
}
