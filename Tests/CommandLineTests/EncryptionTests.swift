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
    // Who gets in has time for it; those who are refused at once, too, and one who is not waits as long.
    func uri(
      _ options: String, password: String = EncryptionTests.password, host: String = "127.0.0.1",
      patience: Int = 30_000
    ) -> String {
      "mongodb://loader:\(password)@\(host):\(server.port)/\(workspace.database)?authSource=admin"
        + "&serverSelectionTimeoutMS=\(patience)\(options.isEmpty ? "" : "&")\(options)"
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
      (uri("", patience: 6000), "add tls=true"),
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
    // Who gives what is no certificate is told so, and who encrypts where nobody does.
    let plain = try OwnServer(folder: workspace.path("plain"))
    _ = try plain.direct()
    for (uri, words) in [
      (uri("tls=true&tlsCAFile=\(file)"), "this file holds no certificate in PEM form"),
      (
        uri(encryption + "&tlsCertificateKeyFile=\(certificates.authority)"),
        "this file holds no private key in PEM form"
      ),
      (uri(encryption + "&authMechanism=SCRAM-SHA-265"), "authMechanism"),
      (plain.uri(database: "x", encryption + "&serverSelectionTimeoutMS=1500"), "leave tls=true out"),
    ] {
      let outcome = try Program.run(["import", "Samples/clinic"], environment: ["MONGODB_URI": uri])
      #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
      expectNoPassword(outcome)
    }
    // A user who may do too little: refused before it loads, and named is what is wanting.
    let elsewhere = try Program.run(
      ["import", "Samples/clinic", "--no-transactions", "--database", "another"],
      environment: ["MONGODB_URI": uri(encryption)])
    #expect(elsewhere.status != 0)
    #expect(elsewhere.errors.contains("readWrite"), "\(elsewhere.errors)")
    #expect(
      elsewhere.errors.contains("use find, insert, update, remove, createIndex on another;"),
      "\(elsewhere.errors)")
    expectNoPassword(elsewhere)
  }

  @Test func `a certificate that has expired, and one of another host`() throws {
    let workspace = try Workspace()
    let certificates = try Certificates(in: workspace)
    // No mongod starts with them; anybody who would listen in can.
    for (certificate, words) in [
      (try certificates.expired(), "expired"), (try certificates.ofAnother(), "mismatch"),
    ] {
      let port = try UnusedPort.choose()
      let listener = try Certificates.listen(port: port, certificate: certificate)
      defer { listener.send(SIGKILL) }
      let uri =
        "mongodb://loader:\(EncryptionTests.password)@127.0.0.1:\(port)/?tls=true&serverSelectionTimeoutMS=3000"
        + "&tlsCAFile=\(certificates.authority)"
      let outcome = try Program.run(["import", "Samples/clinic"], environment: ["MONGODB_URI": uri])
      #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.hasPrefix("fhirline: no encrypted connection to"))
      expectNoPassword(outcome)
    }
  }

  @Test func `rights to read and write are enough, once somebody has set the database up`() throws {
    let workspace = try Workspace()
    let server = try OwnServer(folder: workspace.path("data"), arguments: ["--auth"])
    try server.store(database: "admin").withConnection { (connection) throws in
      _ = try connection.command(["createUser": "root", "pwd": "r", "roles": ["root"]])
    }
    func uri(_ user: String) -> String {
      server.uri("\(user):r@", database: workspace.database, "authSource=admin&serverSelectionTimeoutMS=5000")
    }
    func run(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["MONGODB_URI": uri(user)])
    }
    #expect(try run("root", "init").status == 0)
    try DocumentStore(uri: uri("root")).withConnection { (connection) throws in _ = try connection.ping() }
    let resource = BSONValue.document(["db": .string(workspace.database), "collection": ""])
    let rights: BSONValue = ["find", "insert", "update", "remove", "listIndexes", "listCollections"]
    try DocumentStore(uri: uri("root"), databaseName: "admin").withConnection { (connection) throws in
      _ = try connection.command([
        "createRole": "load", "privileges": .array([.document(["resource": resource, "actions": rights])]),
        "roles": [],
      ])
      for (name, role) in [("loader", BSONValue.string("load")), ("nobody", "none")] {
        let roles: BSONValue = name == "nobody" ? [] : [role]
        _ = try connection.command(["createUser": .string(name), "pwd": "r", "roles": roles])
      }
    }
    for _ in 0..<2 {
      let done = try run(
        "loader", "import", "Samples", "--no-transactions", "--quiet", "--quarantine", workspace.path("q"))
      #expect(done.status == 1, "\(done.errors)")
    }
    #expect(try run("loader", "doctor", "--quiet").status < 2)
    #expect(try run("loader", "export", "--out", workspace.path("out"), "--quiet").status == 0)
    for command in [["doctor"], ["export", "--out", workspace.path("none")], ["trace", "zoe"]] {
      let refused = try Program.run(command, environment: ["MONGODB_URI": uri("nobody")])
      #expect(refused.status == 2)
      #expect(refused.errors.contains("may not use find on \(workspace.database)."), "\(refused.errors)")
    }
  }

  @Test func `a password on the command line is taken out of it`() throws {
    let port = try UnusedPort.choose()
    let uri = "mongodb://loader:\(EncryptionTests.password)@127.0.0.1:\(port)/?serverSelectionTimeoutMS=3000"
    for arguments in [
      ["--to", uri], ["--to=\(uri)&tlsCertificateKeyFilePassword=\(EncryptionTests.password)"],
    ] {
      let program = try RunningProgram(["import", "Samples/clinic"] + arguments)
      var line = ""
      while program.isRunning {
        line = program.commandLine ?? line
        if line.contains("xxx@127.0.0.1") { break }
        usleep(2000)
      }
      #expect(line.contains("import") && line.contains("xxx@127.0.0.1"), "\(line)")
      #expect(!line.contains(EncryptionTests.password) && !line.contains("loader"), "\(line)")
      let outcome = try program.outcome()
      #expect(outcome.status == 2 && outcome.errors.contains("127.0.0.1:\(port)"), "\(outcome.errors)")
    }
  }

  private func expectNoPassword(_ outcome: Program.Outcome) {
    #expect(!outcome.output.contains(EncryptionTests.password), "\(outcome.output)")
    #expect(!outcome.errors.contains(EncryptionTests.password), "\(outcome.errors)")
  }
}
