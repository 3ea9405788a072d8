import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// A database that is not there, does not let one in, or goes away: what is said, the exit code, and how one goes on.
@Suite struct DatabaseTroubleTests {
  @Test(arguments: ["import", "export"]) func `no server answers`(command: String) throws {
    let workspace = try Workspace()
    let port = try UnusedPort.choose()
    let uri = "mongodb://somebody:geheim@127.0.0.1:\(port)/?serverSelectionTimeoutMS=500"
    let arguments = command == "import" ? ["Samples/clinic"] : ["--out", workspace.path("out")]
    let outcome = try Program.run([command] + arguments, environment: ["MONGODB_URI": uri])
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("fhirline: no MongoDB server answers at 127.0.0.1:\(port)"))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(!outcome.errors.contains("geheim"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out")))
  }

  @Test(arguments: [
    ("http://127.0.0.1", "mongodb://"), ("mongodb://", "mongodb://user:password@host:port"),
    ("127.0.0.1:27017", "mongodb://"),
  ])
  func `a URI that is none`(uri: String, message: String) throws {
    let outcome = try Program.run(["import", "Samples/clinic", "--to", uri])
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("fhirline: ") && outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test(.enabled(if: Workspace.hasMongoDB), arguments: ["admin", "config", "local"])
  func `MongoDB's own databases are nobody's patients`(name: String) throws {
    let outcome = try Program.run(["import", "Samples/clinic", "--database", name])
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("fhirline: \(name) is a database of MongoDB's own"), "\(outcome.errors)")
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
  func `a wrong password`() throws {
    let workspace = try Workspace()
    let server = try OwnServer(folder: workspace.path("data"), arguments: ["--auth"])
    try server.store(database: "admin").withConnection { (connection) throws in
      _ = try connection.command(["createUser": "root", "pwd": "geheim", "roles": ["root"]])
    }
    let options = "authSource=admin&serverSelectionTimeoutMS=5000"
    let right = try workspace.write(
      "right", server.uri("root:geheim@", database: workspace.database, options) + "\n")
    let wrong = try workspace.write(
      "wrong", server.uri("root:falsch@", database: workspace.database, options))
    let refused = try Program.run(["import", "Samples/clinic", "--uri-file", wrong])
    #expect(refused.status == 2)
    #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
    #expect(!refused.errors.contains("falsch"))
    let done = try Program.run([
      "import", "Samples/clinic", "--uri-file", right, "--quiet", "--no-transactions",
    ])
    #expect(done.status == 0, "\(done.errors)")
    // A single server has no transactions.
    let single = try Program.run(["import", "Samples/clinic", "--uri-file", right, "--quiet"])
    #expect(single.status == 2)
    #expect(single.errors.contains("--no-transactions"), "\(single.errors)")
    // What else there is to load is not loaded, either: half of it would be of no use.
    let fresh = try Program.run(
      ["import", "Samples/clinic", "--uri-file", right, "--database", "fresh", "--no-progress"])
    #expect(fresh.status == 2 && fresh.errors.split(separator: "\n").count == 1, "\(fresh.errors)")
    let planned = try Program.run(
      ["plan", "Samples/clinic", "--uri-file", right, "--database", "fresh", "--no-progress"])
    #expect(planned.status == 2 && planned.output.isEmpty && planned.errors.contains("--no-transactions"))
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
  func `a server that dies during an import, and comes back`() throws {
    let workspace = try Workspace()
    let server = try OwnServer(folder: workspace.path("data"))
    let store = try server.store(database: workspace.database)
    let count = 150
    for number in 0..<count { try workspace.write("in/\(number).json", bundle(number)) }
    let arguments = ["import", workspace.path("in"), "--summary", "json", "--workers", "1"]
    let environment = ["MONGODB_URI": server.uri(database: workspace.database)]

    // Killed when the first batch of charts is there; there are a dozen of them.
    let killer = Thread {
      while (try? store.withConnection { try $0.count(in: "patient_chart") }) ?? 0 == 0 { usleep(1000) }
      server.kill()
    }
    killer.start()
    let stopped = try Program.run(arguments, environment: environment)
    while !killer.isFinished { usleep(1000) }
    #expect(stopped.status == 3, "\(stopped.errors)")
    #expect(stopped.errors.contains("run the import again to go on"))
    let part = try JSONDecoder().decode(Workspace.Summary.self, from: Data(stopped.output.utf8))
    #expect(part.stopped && part.read == part.accounted)

    try server.start()
    _ = try server.store(database: workspace.database)
    let whole = try Program.run(arguments, environment: environment)
    #expect(whole.status == 0, "\(whole.errors)")
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(whole.output.utf8))
    #expect(!summary.stopped && summary.read == count * 41 && summary.accounted == summary.read)
    let export = try Program.run(
      ["export", "--out", workspace.path("out"), "--quiet"], environment: environment)
    #expect(export.status == 0, "\(export.errors)")
    #expect(try workspace.run("compare", workspace.path("in"), workspace.path("out")).status == 0)
  }

  /// A patient with forty observations.
  private func bundle(_ number: Int) -> String {
    let observations = (0..<40).map {
      #",{"resource":{"resourceType":"Observation","id":"o\#(number)-\#($0)","status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/p\#(number)"},"valueString":"\#(String(repeating: "v", count: 2000))"}}"#
    }
    return #"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","#
      + #""id":"p\#(number)"}}\#(observations.joined())]}"#
  }
}
