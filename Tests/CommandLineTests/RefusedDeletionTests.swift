import BSON
import Foundation
import TestSupport
import Testing

/// Deletions that cannot be done: they are told with their place, counted, and the program's exit code says so.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct RefusedDeletionTests {
  private struct Counts: Decodable, Equatable {
    var read: Int
    var quarantined: Int
    var deleted: Int
    var notDeleted: Int
  }

  private func load(_ workspace: Workspace, _ file: String, status: Int32) throws -> (Counts, String) {
    let outcome = try workspace.run(
      "import", file, "--summary", "json", "--quarantine", workspace.path("quarantine.ndjson"))
    #expect(outcome.status == status, "\(outcome.errors)")
    return (try JSONDecoder().decode(Counts.self, from: Data(outcome.output.utf8)), outcome.errors)
  }

  private func quarantined(_ workspace: Workspace) throws -> [Substring] {
    try workspace.read("quarantine.ndjson").split(separator: "\n")
  }

  private static let patient = BundleText.put(#"{"resourceType":"Patient","id":"p"}"#, "Patient/p")
  private static let unclear = BundleText.delete("Patient?name=Okafor")

  @Test func `a batch does what it can, and sets aside what it cannot`() throws {
    let workspace = try Workspace()
    let text = BundleText.bundle(
      "batch", [Self.patient, Self.unclear, BundleText.delete("Patient/nobody"), "\n" + Self.unclear])
    let file = try workspace.write("in.json", text)
    let (counts, said) = try load(workspace, file, status: 1)
    #expect(counts == Counts(read: 1, quarantined: 0, deleted: 0, notDeleted: 2))
    #expect(said.contains("\(file):2:"), "\(said)")
    #expect(said.contains("Bundle.entry[3].request.url: nothing is deleted"))
    #expect(try quarantined(workspace).count == 2)
    #expect(try workspace.documents(in: "patient").count == 1)
    let list = try workspace.run("quarantine", "list", "--file", workspace.path("quarantine.ndjson")).output
    #expect(list.contains("(entry without a resource)"), "\(list)")
    let text2 = try workspace.run("import", file, "--quarantine", workspace.path("q.ndjson")).errors
    #expect(text2.contains("2 deletions that entries of Bundles ask for could not be done"), "\(text2)")
    #expect(text2.contains("2 set aside, with reasons"))
  }

  @Test func `a transaction is set aside whole`() throws {
    let workspace = try Workspace()
    let text = BundleText.bundle(
      "transaction", [Self.patient, Self.unclear, BundleText.delete("Patient/nobody")])
    let (counts, _) = try load(workspace, try workspace.write("in.json", text), status: 1)
    #expect(counts == Counts(read: 1, quarantined: 1, deleted: 0, notDeleted: 2))
    #expect(try quarantined(workspace).count == 3)
    #expect(try workspace.documents(in: "patient").isEmpty)
  }

  @Test func `to delete what is not there is done`() throws {
    let workspace = try Workspace()
    let deletions = ["Patient/nobody", "Patient?identifier=urn:x|7", "Observation/none"].map(
      BundleText.delete)
    for type in ["batch", "transaction"] {
      let file = try workspace.write("\(type).json", BundleText.bundle(type, deletions))
      #expect(try load(workspace, file, status: 0).0.notDeleted == 0)
    }
  }

  @Test(arguments: ["batch", "transaction"])
  func `what an application made by itself is not deleted, and that is told`(type: String) throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "own", "name": "Ada Okafor"]], into: "patient")
    let file = try workspace.write(
      "in.json", BundleText.bundle(type, [Self.patient, "\n" + BundleText.delete("Patient/own")]))
    let plan = try workspace.run("plan", file, "--format", "json")
    #expect(plan.status == 1 && plan.output.contains(#""deleted":0,"notDeleted":1,"#))
    let (counts, said) = try load(workspace, file, status: 1)
    #expect(counts.notDeleted == 1 && counts.deleted == 0)
    #expect(said.contains("the document is the application's own"), "\(said)")
    #expect(said.contains("\(file):2:"))
    #expect(try quarantined(workspace).count == (type == "batch" ? 1 : 2))
    let replay = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(replay.status == 1 && replay.errors.contains("the document is the application's own"))
    #expect(try quarantined(workspace).count == (type == "batch" ? 1 : 2))
    #expect(try workspace.documents(in: "patient").count == (type == "batch" ? 2 : 1))
  }

  @Test(arguments: ["batch", "transaction"])
  func `what MongoDB does not let go stays, and that is told`(type: String) throws {
    let workspace = try Workspace()
    let observations = ["o1", "o2"].map {
      BundleText.put(
        #"{"resourceType":"Observation","id":"\#($0)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/p"}}"#, "Observation/\($0)")
    }
    let stored = try workspace.write("0.json", BundleText.bundle("batch", [Self.patient] + observations))
    _ = try load(workspace, stored, status: 0)
    try workspace.command([
      "collMod": "patient_chart",
      "validator": [
        "$jsonSchema": ["properties": ["observations": ["bsonType": "array", "minItems": .int32(2)]]]
      ],
    ])
    let file = try workspace.write("1.json", BundleText.bundle(type, [BundleText.delete("Observation/o1")]))
    let (counts, said) = try load(workspace, file, status: 1)
    #expect(counts.notDeleted == 1 && counts.deleted == 0, "\(said)")
    #expect(said.contains("1.json:1:") && said.contains("observations"), "\(said)")
    #expect(try workspace.document("p", in: "patient_chart")["observations"]?.elements?.count == 2)
    try workspace.command(["collMod": "patient_chart", "validator": .document([:])])
    let replay = try workspace.run("quarantine", "replay", "--file", workspace.path("quarantine.ndjson"))
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try workspace.document("p", in: "patient_chart")["observations"]?.elements?.count == 1)
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `a patient who is deleted leaves nothing, wherever charts are`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    func load(_ name: String, _ text: String) throws {
      let outcome = try workspace.run("import", try workspace.write(name, text), "--config", config)
      #expect(outcome.status == 0, "\(layout): \(outcome.errors)")
    }
    // Of one the database knows the chart alone.
    let observation =
      #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/q"}}"#
    try load(
      "0.json", BundleText.bundle("batch", [Self.patient, BundleText.put(observation, "Observation/o")]))
    for type in ["batch", "transaction"] {
      let deletions = ["Patient/p", "Patient/q"].map(BundleText.delete)
      try load("\(type).json", BundleText.bundle(type, deletions))
      let charts = try workspace.documents(in: "patient_chart").compactMap { $0["_id"]?.text }
      #expect(charts == (layout == "embedded" ? [] : ["q"]), "\(layout), \(type)")
      let patients = try workspace.documents(in: "patient").map { $0.keys.sorted() }
      #expect(patients == (layout == "collection" ? [] : [["_id", "patient_chart"]]), "\(layout), \(type)")
    }
    try load("1.json", BundleText.bundle("batch", [BundleText.delete("Observation/o")]))
    for collection in ["patient", "patient_chart"] {
      #expect(try workspace.documents(in: collection).isEmpty, "\(layout), \(collection)")
    }
  }

  @Test func `a history may name the version with which a resource was gone`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("0.json", #"{"resourceType":"Patient","id":"p"}"#))
    let deletion = BundleText.delete("https://a.org/fhir/Patient/p/_history/2")
    for (type, isDeleted) in [("batch", false), ("history", true)] {
      let file = try workspace.write("\(type).json", BundleText.bundle(type, [deletion]))
      let counts = try load(workspace, file, status: isDeleted ? 0 : 1).0
      #expect(counts.deleted == (isDeleted ? 1 : 0) && counts.notDeleted == (isDeleted ? 0 : 1))
      #expect(try workspace.documents(in: "patient").isEmpty == isDeleted)
    }
  }

  @Test func `what an entry shows of the resource that it deletes is not loaded`() throws {
    let workspace = try Workspace()
    let entry =
      #"{"resource":{"resourceType":"Patient","id":"p"},"request":{"method":"DELETE","url":"Patient/p"}}"#
    for stored in [false, true] {
      if stored {
        _ = try workspace.importFiles(try workspace.write("0.json", #"{"resourceType":"Patient","id":"p"}"#))
      }
      let file = try workspace.write("1.json", BundleText.bundle("transaction", [entry]))
      #expect(try load(workspace, file, status: 0).0.deleted == (stored ? 1 : 0))
      #expect(try workspace.documents(in: "patient").isEmpty)
    }
  }

  @Test(arguments: ["POST", "PUT", "PATCH"])
  func `an entry that is to write and has no resource is set aside`(method: String) throws {
    let workspace = try Workspace()
    let entry = #"{"request":{"method":"\#(method)","url":"Patient/p"}}"#
    let file = try workspace.write("1.json", BundleText.bundle("batch", [entry]))
    let (counts, said) = try load(workspace, file, status: 1)
    #expect(counts.read == 0 && counts.notDeleted == 0)
    #expect(said.contains("Bundle.entry[0]: has no resource"), "\(said)")
    #expect(try quarantined(workspace).count == 1)
  }
}
