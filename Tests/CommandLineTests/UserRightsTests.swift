import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// Users whose roles were made by hand, and lack one right or another.
@Suite(.enabled(if: Workspace.hasMongoDB && OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
struct UserRightsTests {
  private static let documents = ["patient", "patient_chart", "provider", "appointment", "resource"]
  private static let own = ["run", "pages", "departures", "waiting", "bases"].map { "fhirline_" + $0 }
  private static let loading = ["find", "insert", "update", "remove"]

  @Test func `what a user may not do is told before anything is loaded`() throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    let (documents, own) = (UserRightsTests.documents, UserRightsTests.own)
    let all = UserRightsTests.loading + ["createIndex"]
    for action in all { try server.makeUser("no_" + action, [(all.filter { $0 != action }, [""])]) }
    try server.makeUser("documents", [(all, documents)])
    try server.makeUser(
      "few", [(all, own + documents.filter { $0 != "provider" }), (["find"], ["provider"])])
    try server.makeUser("each", [(all, documents + own)])
    func load(_ user: String) throws -> Program.Outcome {
      try Program.run(
        ["import", "Samples/bulk", "--quiet", "--quarantine", workspace.path("q")],
        environment: ["MONGODB_URI": server.uri(user)])
    }
    func expectRefusal(_ user: String, _ message: String) throws {
      let refused = try load(user)
      #expect(refused.status == 2, "\(user): \(refused.errors)")
      #expect(
        refused.errors
          == "fhirline: the user of the connection may not use \(message); it needs the role readWrite\n")
      let clinic = try DocumentStore(uri: server.uri("root"))
      let found = try clinic.withConnection { (connection) throws in try connection.collectionNames() }
      #expect(found.isEmpty, "\(user): \(found)")
    }
    for action in UserRightsTests.loading {
      try expectRefusal("no_" + action, "\(action) on clinic")
    }
    // Who has no indexes to make needs no right to.
    try expectRefusal(
      "no_createIndex",
      "createIndex on clinic.patient, provider, appointment, resource, patient_chart, fhirline_waiting")
    try expectRefusal(
      "documents",
      "find, insert, update, remove on clinic.fhirline_run, fhirline_pages, fhirline_departures, fhirline_waiting, "
        + "fhirline_bases; nor createIndex on clinic.fhirline_waiting")
    try expectRefusal("few", "insert, update, remove, createIndex on clinic.provider")
    #expect(try load("each").status == 0)
  }

  @Test(arguments: [["listIndexes"], []])
  func `where all is set up, who may make no index imports what waits for others`(more: [String]) throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    try server.makeUser("loader", [(UserRightsTests.loading + more, [""])])
    let file = try workspace.write(
      "o.json",
      #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient?identifier=http://a.b|1"}}"#)
    func run(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["MONGODB_URI": server.uri(user)])
    }
    let arguments = ["import", file, "--quiet", "--quarantine", workspace.path("q")]
    let early = try Program.run(arguments, environment: ["MONGODB_URI": server.uri("loader")])
    #expect(early.status == 2 && early.errors.contains("createIndex on clinic"), "\(early.errors)")
    #expect(try run("root", "init", "--quiet").status == 0)
    let later = try Program.run(arguments, environment: ["MONGODB_URI": server.uri("loader")])
    #expect(later.status == 0, "\(later.errors)")
    let clinic = try DocumentStore(uri: server.uri("root"), databaseName: "clinic")
    #expect(
      try clinic.withConnection { (connection) throws in try connection.count(in: "fhirline_waiting") } > 0)
    // What a chart's patient is found by was to be made as well.
    try clinic.withConnection { (connection) throws in
      _ = try connection.command(["dropIndexes": "patient_chart", "index": "fhirline_patient_id"])
    }
    let lacking = try run("loader", "import", "Samples/bulk", "--quarantine", workspace.path("q"))
    #expect(lacking.status == 2 && lacking.errors.contains("createIndex on clinic.patient_chart"))
  }

  @Test func `who may read documents, and nothing else, plans, exports and looks for faults`() throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    try server.makeUser("reader", [(["find"], UserRightsTests.documents + UserRightsTests.own)])
    func run(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["MONGODB_URI": server.uri(user)])
    }
    let quarantine = workspace.path("q")
    #expect(try run("root", "import", "Samples/bulk", "--quiet", "--quarantine", quarantine).status == 0)
    let plan = try run(
      "reader", "plan", "Samples/bulk", "Samples/clinic", "--no-transactions")
    let whole = try run(
      "root", "plan", "Samples/bulk", "Samples/clinic", "--no-transactions")
    #expect(plan.status == 0 && plan.output == whole.output && !plan.output.isEmpty, "\(plan.errors)")
    #expect(plan.errors.contains("patient: whether its rules refuse documents cannot be foreseen"))
    #expect(try run("reader", "export", "--out", workspace.path("out")).status == 0)
    #expect(try run("reader", "doctor").status == 0)
    #expect(try run("reader", "trace", "p-1").status == 0)
    let setUp = try run("reader", "init")
    #expect(setUp.status == 2 && setUp.errors.contains("listCollections on clinic"), "\(setUp.errors)")
  }

  @Test func `a collection that may not be read ends an export as a fault of the user's`() throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    let all = UserRightsTests.documents + UserRightsTests.own
    try server.makeUser("reader", [(["find"], all.filter { $0 != "resource" })])
    func run(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["MONGODB_URI": server.uri(user)])
    }
    let quarantine = workspace.path("q")
    #expect(try run("root", "import", "Samples/bulk", "--quiet", "--quarantine", quarantine).status == 0)
    let export = try run("reader", "export", "--out", workspace.path("out"))
    #expect(export.status == 2, "\(export.errors)")
    #expect(export.errors.contains("may not use find on clinic.resource; it needs the role read"))
    let files = try FileManager.default.contentsOfDirectory(atPath: workspace.path("out"))
    #expect(files.isEmpty, "\(files)")
    // `count` is no right that a role could have.
    let doctor = try run("reader", "doctor")
    #expect(doctor.status == 2 && doctor.errors.contains("find on clinic.resource"), "\(doctor.errors)")
  }

  @Test func `who may change patients and no providers repairs neither`() throws {
    let workspace = try Workspace()
    let server = try GuardedServer(workspace)
    let reading = ["find", "listIndexes"]
    try server.makeUser("nurse", [(reading, [""]), (["listCollections"], [""]), (["update"], ["patient"])])
    try server.makeUser("setter", [(["find"], [""]), (["listCollections"], [""])])
    func run(_ user: String, _ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["MONGODB_URI": server.uri(user)])
    }
    let clinic = try DocumentStore(uri: server.uri("root"), databaseName: "clinic")
    for (collection, id) in [("patient", "p"), ("provider", "d")] {
      try clinic.withConnection { (connection) throws in
        _ = try connection.insert(
          [try BSONDocument(["_id": .string(id), "appointments": ["nobody"]])], into: collection)
      }
    }
    #expect(try run("nurse", "doctor").status == 1)
    let fixing = try run("nurse", "doctor", "--fix")
    #expect(fixing.status == 2, "\(fixing.output)")
    #expect(
      fixing.errors
        == "fhirline: the user of the connection may not use update on clinic.patient_chart, provider; it needs the role "
        + "readWrite\n")
    let unchanged = try clinic.withConnection { (connection) throws in
      try connection.count(["appointments": "nobody"], in: "patient")
    }
    #expect(unchanged == 1)
    // Each step of a set-up stands for itself, also where indexes may not be listed.
    let setUp = try run("setter", "init")
    #expect(setUp.status == 1, "\(setUp.errors)")
    #expect(setUp.errors.contains("patient: indexes: NOT DONE: "), "\(setUp.errors)")
    #expect(setUp.errors.contains("provider: indexes: NOT DONE: "), "\(setUp.errors)")
  }
}
