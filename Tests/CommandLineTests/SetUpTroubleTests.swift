import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// `init` on databases that are not as it would like them, for users who may not do all, and beside others.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct SetUpTroubleTests {
  @Test func `an index that documents do not allow is told, and the rest is made`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [["_id": "p", "name": ["Ann", "Bee"], "date_of_birth": ["1980", "1981"]]], into: "patient")
    let outcome = try workspace.run("init")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        "patient: index on name, date_of_birth: NOT DONE: some documents have lists in more than one of these fields"
      ),
      "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(outcome.output.contains("patient: index on insurance_id: made"))
    #expect(outcome.output.contains("provider: index on npi: made"))
    try workspace.set("name", to: "Ann Bee", of: "p", in: "patient")
    let again = try workspace.run("init")
    #expect(again.status == 0 && again.output.contains("patient: index on name, date_of_birth: made"))
  }

  @Test func `a view in the place of a collection`() throws {
    let workspace = try Workspace()
    try workspace.command(["create": "provider", "viewOn": "staff", "pipeline": []])
    let outcome = try workspace.run("init", "--format", "json")
    #expect(outcome.status == 1)
    let refused = outcome.lines.filter { $0.contains(#""state":"refused""#) }
    #expect(refused.count == 1 && refused[0].contains("there is a view of that name"), "\(refused)")
    #expect(outcome.output.contains(#"{"collection":"patient","what":"collection","state":"made"}"#))
  }

  @Test(
    arguments: [
      ("a view", ["create": "patient_chart", "viewOn": "charts", "pipeline": []]),
      ("a time series", ["create": "patient_chart", "timeseries": ["timeField": "at"]]),
      ("a capped collection", ["create": "patient_chart", "capped": true, "size": 4096]),
    ] as [(String, BSONFields)])
  func `what is no collection for documents is told before anything is loaded`(
    what: String, command: BSONFields
  ) throws {
    let workspace = try Workspace()
    try workspace.command(command)
    let outcome = try workspace.run("import", "Samples/clinic", "--quarantine", workspace.path("q"))
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("patient_chart: there is \(what) of that name")
        && outcome.errors.contains("pipeline.yml can name another collection"), "\(outcome.errors)")
    #expect(try workspace.command(["count": "patient"])["n"] == 0)
    let setUp = try workspace.run("init")
    #expect(setUp.status == 1 && setUp.errors.contains("there is \(what) of that name"), "\(setUp.errors)")
  }

  @Test func `another mapping's validator is changed, and its indexes are told`() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("init", "--validation", "error").status == 0)
    try FileManager.default.copyItem(
      atPath: Program.folder.appending(path: "Mappings").path, toPath: workspace.path("Mappings"))
    let text = try workspace.read("Mappings/patient.yml").replacing("  date_of_birth:", with: "  born:")
    try workspace.write("Mappings/patient.yml", text)
    let config = try workspace.write("pipeline.yml", "documents:\n  mappings: Mappings\n")
    let outcome = try workspace.run("init", "--config", config)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("patient: validator (error): changed"))
    #expect(outcome.output.contains("patient: index on name, born: made"))
    #expect(
      outcome.output.contains(
        "patient: index on name, date_of_birth, which another mapping had made (fhirline_name_date_of_birth); drop it if "
          + "nobody needs it: is kept"), "\(outcome.output)")
    let again = try workspace.run("init", "--config", config)
    #expect(again.lines.allSatisfy { $0.hasSuffix(": is there") || $0.hasSuffix(": is kept") })
    let file = try workspace.write(
      "p.ndjson", #"{"resourceType":"Patient","id":"p","birthDate":"1980-01-01"}"# + "\n")
    #expect(try workspace.importFiles(file, "--config", config).loaded.inserted == 1)
    // The new field is held to its type.
    let document: BSONValue = ["_id": "x", "born": "1980"]
    let reply = try workspace.command(["insert": "patient", "documents": [document]])
    #expect(reply["writeErrors"]?.elements?.first?.fields?["code"]?.integer == 121)
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
  func `users who may not do all, on a single server`() throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    let uri = server.uri
    let admin = try DocumentStore(uri: uri("root"), databaseName: "admin")
    try admin.withConnection { (connection) throws in
      for (name, role) in [("writer", "readWrite"), ("reader", "read"), ("nobody", "")] {
        let roles: BSONValue = role.isEmpty ? [] : [["role": .string(role), "db": "clinic"]]
        _ = try connection.command(
          try BSONDocument(["createUser": .string(name), "pwd": "r", "roles": roles]))
      }
    }
    func setUp(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(["init"] + arguments, environment: ["MONGODB_URI": uri(user)])
    }
    let planned = try setUp("reader", "--dry-run")
    #expect(planned.status == 0 && planned.output.contains("patient: collection: would be made"))
    let reader = try setUp("reader")
    #expect(reader.status == 1 && reader.output.isEmpty)
    #expect(reader.errors.split(separator: "\n").count == 7, "\(reader.errors)")
    #expect(
      reader.errors.contains(
        "patient: collection: NOT DONE: the user of the connection may not; it needs the role dbAdmin besides readWrite"
      ))
    let nobody = try setUp("nobody")
    #expect(nobody.status == 2 && nobody.errors.split(separator: "\n").count == 1, "\(nobody.errors)")

    // What is new a writer may make, validators and all; what is there it may not change.
    let writer = try setUp("writer")
    #expect(writer.status == 0 && writer.errors.isEmpty, "\(writer.errors)")
    #expect(try setUp("writer").lines.allSatisfy { $0.hasSuffix(": is there") })
    let changed = try setUp("writer", "--validation", "error")
    #expect(changed.status == 1)
    #expect(changed.errors.contains("provider: validator (error): NOT DONE: "), "\(changed.errors)")
    #expect(try setUp("root", "--validation", "error").status == 0)
    #expect(try setUp("reader").status == 0)

    let outcome = try Program.run(
      ["import", "Samples/clinic", "Samples/bulk", "--no-transactions", "--quiet"],
      environment: ["MONGODB_URI": uri("writer")])
    #expect(outcome.status == 0, "\(outcome.errors)")
    // What only reads asks for no more than the right to.
    for arguments in [
      ["export", "--out", workspace.path("out")], ["doctor"], ["plan", "Samples/bulk"],
      ["trace", "a-1001"],
    ] {
      let read = try Program.run(arguments, environment: ["MONGODB_URI": uri("reader")])
      #expect(read.status == 0, "\(arguments) \(read.errors)")
      let refused = try Program.run(arguments, environment: ["MONGODB_URI": uri("nobody")])
      #expect(refused.status == 2 && refused.errors.contains("needs the role read, or readWrite to import"))
    }
    let written = try Program.run(
      ["import", "Samples/bulk", "--quarantine", workspace.path("q")],
      environment: ["MONGODB_URI": uri("reader")])
    #expect(written.status == 2 && written.errors.contains("needs the role readWrite"), "\(written.errors)")
  }

  /// A thread that still talks to the server when the process ends can crash it.
  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
  func `an import that cannot be noted waits for what it began`() throws {
    let workspace = try Workspace()
    let server = try OwnServer(
      folder: workspace.path("data"), arguments: ["--setParameter", "enableTestCommands=1"])
    let store = try server.store(database: "clinic")
    try store.withConnection { (connection) throws in
      // Nothing can be inserted into a view, and indexes take their time.
      _ = try connection.command(["create": "fhirline_run", "viewOn": "none", "pipeline": []])
      _ = try connection.command(
        [
          "configureFailPoint": "failCommand", "mode": "alwaysOn",
          "data": ["failCommands": ["createIndexes"], "blockConnection": true, "blockTimeMS": 1500],
        ], database: "admin")
    }
    let outcome = try Program.run(
      ["import", "Samples/bulk", "--quiet", "--quarantine", workspace.path("q")],
      environment: ["MONGODB_URI": server.uri("", database: "clinic", "")])
    let indexes = try store.withConnection { (connection) throws in try connection.indexes(of: "patient") }
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("the import could not be noted in the database"), "\(outcome.errors)")
    #expect(indexes.count == 2, "\(indexes)")
  }

  @Test(arguments: [TortureInput.bundles, .bulk])
  func `while an import runs, and several at once`(input: TortureInput) throws {
    let source = try Workspace()
    try input.write(into: source)
    func start(_ target: Workspace, _ arguments: [String]) throws -> RunningProgram {
      try RunningProgram(arguments, environment: ["FHIRLINE_DATABASE": target.database])
    }
    func importing(_ target: Workspace) throws -> RunningProgram {
      try start(
        target,
        ["import", source.path("in"), "--no-progress", "--quarantine", target.path("quarantine.ndjson")])
    }
    let alone = try Workspace()
    let outcome = try importing(alone).outcome()
    #expect(outcome.status == 1, "\(outcome.errors)")
    let whole = try Torture.contents(of: alone.database)

    let target = try Workspace()
    let running = try importing(target)
    for validation in ["warn", "error", "off"] {
      let programs = try (0..<2).map { _ in try start(target, ["init", "--validation", validation]) }
      for program in programs {
        let outcome = try program.outcome()
        #expect(outcome.status == 0, "\(validation): \(outcome.errors)")
      }
    }
    let beside = try running.outcome()
    #expect(beside.status == 1, "\(beside.errors)")
    try Torture.compare(try Torture.contents(of: target.database), whole, "beside init")
    let again = try workspace(target, "init", "--validation", "error")
    #expect(again.status == 0 && again.output.contains("patient: validator (error): made"), "\(again.output)")
    try Torture.compare(try Torture.contents(of: target.database), whole, "after init")
  }

  private func workspace(_ target: Workspace, _ arguments: String...) throws -> Program.Outcome {
    try Program.run(arguments, environment: ["FHIRLINE_DATABASE": target.database])
  }
}
