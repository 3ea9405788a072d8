import BSON
import FHIRMapping
import FHIRPipeline
import Foundation
import Testing

/// `ifNoneExist` on resources that are sections of documents, by identifier and by id: http://hl7.org/fhir/R4/http.html#ccreate
@Suite(.enabled(if: TestDatabase.mayRun)) struct ConditionalCreateTests {
  private func bundle(_ entries: [String], type: String = "transaction") -> String {
    #"{"resourceType":"Bundle","type":"\#(type)","entry":["# + entries.joined(separator: ",") + "]}"
  }

  private func uuid(_ number: Int) -> String { "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f\(10000 + number)" }

  private func create(_ number: Int, _ resource: String, _ ifNoneExist: String? = nil) -> String {
    let type = resource.split(separator: "\"")[2]
    let condition = ifNoneExist.map { #","ifNoneExist":"\#($0)""# } ?? ""
    return
      #"{"fullUrl":"\#(uuid(number))","resource":\#(resource),"request":{"method":"POST","url":"\#(type)"\#(condition)}}"#
  }

  private func observation(_ identifier: String, _ text: String) -> String {
    #"{"resourceType":"Observation","identifier":[{"system":"urn:x","value":"\#(identifier)"}],"status":"final","#
      + #""code":{"text":"x"},"subject":{"reference":"Patient/p"},"valueString":"\#(text)"}"#
  }

  private func report(on observation: Int, _ id: String) -> String {
    create(
      100 + observation,
      #"{"resourceType":"DiagnosticReport","status":"final","code":{"text":"\#(id)"},"subject":{"reference":"Patient/p"},"#
        + #""result":[{"reference":"\#(uuid(observation))"}]}"#)
  }

  private let patient = #"{"resourceType":"Patient","id":"p"}"#

  private func chart(_ database: TestDatabase, _ section: String = "observations") throws -> [BSONFields] {
    (try database.documents("patient_chart")["p"]?[section]?.elements ?? []).compactMap(\.fields)
  }

  private func id(_ number: Int) -> String { String(uuid(number).dropFirst("urn:uuid:".count)) }

  /// By the entry itself, or by another of its transaction.
  @Test(arguments: [("batch", true), ("transaction", true), ("transaction", false)])
  func `an entry that is set aside keeps no other out`(_ type: String, isBadItself: Bool) throws {
    func patient(_ number: Int, isBad: Bool) -> String {
      create(
        number,
        #"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"7"}],"gender":"\#(isBad ? "M" : "male")"}"#,
        "identifier=urn:x|7")
    }
    let bad = #"{"resourceType":"Observation","status":"done","code":{"text":"x"}}"#
    let first = bundle(
      [patient(1, isBad: isBadItself)] + (isBadItself ? [] : [create(2, bad)]), type: type)
    let files = [
      ("1.json", first), ("2.json", bundle([patient(3, isBad: false)], type: type)),
      ("3.json", bundle([patient(4, isBad: false)], type: type)),
    ]
    let database = try TestDatabase()
    let made = try database.importFiles(files).total
    #expect(made.inserted == 1 && made.read == made.inserted + made.unchanged + made.quarantined)
    #expect(try Array(database.documents("patient").keys) == [id(3)])
    let again = try database.importFiles(files).total
    #expect(again.inserted == 0 && again.replaced == 0)
    #expect(try Array(database.documents("patient").keys) == [id(3)])
  }

  @Test(arguments: ["transaction", "batch"])
  func `a section's resource is made once, and who refers to another finds it`(_ type: String) throws {
    let database = try TestDatabase()
    let search = "identifier=urn:x%7C7"
    let first = bundle([create(1, observation("7", "first"), search), report(on: 1, "A")], type: type)
    let second = bundle([create(2, observation("7", "second"), search), report(on: 2, "B")], type: type)
    let made = try database.importFiles([("p.json", patient), ("1.json", first), ("2.json", second)]).total
    #expect(made.inserted == 4 && made.unchanged == 1 && made.quarantined == 0)
    // Another day, with the database alone to tell; by the value alone, too.
    let third = bundle(
      [create(3, observation("7", "third"), "identifier=7"), report(on: 3, "C")], type: type)
    let next = try database.importFiles([("3.json", third)]).total
    #expect(next.inserted == 1 && next.unchanged == 1)
    #expect(try chart(database).map { $0["valueString"]?.text } == ["first"])
    let results = try chart(database, "reports").compactMap {
      $0["result"]?.elements?.first?.fields?["reference"]?.text
    }
    #expect(results == Array(repeating: "Observation/" + id(1), count: 3))
    let again = try database.importFiles([("1.json", first), ("3.json", third)]).total
    #expect(again.unchanged == again.read)
    // Another identifier is another resource.
    let other = bundle([create(4, observation("8", "other"), "identifier=urn:x|8")], type: type)
    #expect(try database.importFiles([("4.json", other)]).total.inserted == 1)
    #expect(try chart(database).count == 2)
  }

  @Test func `an id is asked for as an identifier is`() throws {
    let database = try TestDatabase()
    let stored = [
      patient, #"{"resourceType":"Organization","id":"o","name":"N"}"#,
      #"{"resourceType":"Observation","id":"known","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#,
    ]
    _ = try database.importFiles([("s.ndjson", stored.joined(separator: "\n") + "\n")])
    let asking = bundle([
      create(1, observation("7", "another"), "_id=known"), report(on: 1, "A"),
      create(2, #"{"resourceType":"Organization","name":"Other"}"#, "_id=o"),
      create(
        3, #"{"resourceType":"Patient","managingOrganization":{"reference":"\#(uuid(2))"}}"#, "_id=nobody"),
    ])
    let summary = try database.importFiles([("a.json", asking)]).total
    #expect(summary.inserted == 2 && summary.unchanged == 2 && summary.quarantined == 0)
    #expect(try chart(database).map { $0["id"]?.text } == ["known"])
    #expect(Array(try database.documents("resource").keys) == ["Organization/o"])
    #expect(try database.documents("patient")[id(3)]?["medical_group"]?.text == "N")
    let result = try chart(database, "reports").first?["result"]?.elements?.first?.fields?["reference"]?.text
    #expect(result == "Observation/known")
  }

  @Test func `fields of other documents are asked for, too`() throws {
    let database = try TestDatabase()
    func coverage(_ number: Int, _ status: String) -> String {
      bundle([
        create(
          number,
          #"{"resourceType":"Coverage","identifier":[{"value":"c"}],"status":"\#(status)","#
            + #""beneficiary":{"reference":"Patient/p"},"payor":[{"reference":"Patient/p"}]}"#, "identifier=c"
        )
      ])
    }
    func role(_ number: Int, _ active: Bool) -> String {
      bundle([
        create(
          number,
          #"{"resourceType":"PractitionerRole","identifier":[{"system":"urn:r","value":"1"}],"active":\#(active),"#
            + #""practitioner":{"reference":"Practitioner/d"}}"#, "identifier=urn:r|1")
      ])
    }
    let doctor = #"{"resourceType":"Practitioner","id":"d"}"#
    _ = try database.importFiles([
      ("p.ndjson", patient + "\n" + doctor + "\n"), ("1.json", coverage(1, "active")),
      ("2.json", role(2, true)),
    ])
    let again = try database.importFiles([("3.json", coverage(3, "draft")), ("4.json", role(4, false))]).total
    #expect(again.unchanged == 2 && again.inserted == 0)
    #expect(try database.documents("patient")["p"]?["coverages"]?.elements?.count == 1)
    #expect(try database.documents("provider")["d"]?["roles"]?.elements?.count == 1)
  }

  @Test func `of several that answer nobody knows which`() throws {
    let database = try TestDatabase()
    func stored(_ id: String) -> String {
      #"{"resourceType":"Observation","id":"\#(id)","identifier":[{"system":"urn:x","value":"secret-7"}],"status":"final","#
        + #""code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#
    }
    _ = try database.importFiles([("s.ndjson", [patient, stored("a"), stored("b")].joined(separator: "\n"))])
    let asking = bundle([
      create(1, observation("secret-7", "x"), "identifier=urn:x|secret-7"),
      create(2, #"{"resourceType":"Organization","name":"N"}"#),
    ])
    let summary = try database.importFiles([("a.json", asking)]).total
    #expect(summary.quarantined == 2 && summary.inserted == 0)
    #expect(try database.documents("resource").isEmpty)
    let file = try String(contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
    let messages = file.matches(of: /"message": ?"([^"]*)"/).map { String($0.1) }
    #expect(messages.contains { $0.contains("identifier finds several") })
    #expect(!messages.contains { $0.contains("secret") })
    // In a batch the others are loaded.
    let batch = try database.importFiles([("b.json", asking.replacing("transaction", with: "batch"))]).total
    #expect(batch.quarantined == 1 && batch.inserted == 1)
  }

  @Test func `what the run itself has without a condition counts`() throws {
    let database = try TestDatabase()
    let known =
      #"{"resourceType":"Organization","id":"o","identifier":[{"system":"urn:x","value":"7"}],"name":"N"}"#
    let asking = bundle([
      create(
        1, #"{"resourceType":"Organization","identifier":[{"system":"urn:x","value":"7"}],"name":"M"}"#,
        "identifier=urn:x|7"),
      create(2, #"{"resourceType":"Patient","managingOrganization":{"reference":"\#(uuid(1))"}}"#),
    ])
    let summary = try database.importFiles([("o.json", known), ("a.json", asking)]).total
    #expect(summary.inserted == 2 && summary.unchanged == 1)
    #expect(Array(try database.documents("resource").keys) == ["Organization/o"])
    #expect(try database.documents("patient")[id(2)]?["medical_group"]?.text == "N")
  }
}
