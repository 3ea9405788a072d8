import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// What entries of Bundles ask for: transactions, deletions, patches.
@Suite(.enabled(if: TestDatabase.mayRun)) struct BundleRequestTests {
  private func patient(_ id: String, birthDate: String = "1970-01-01") -> String {
    BundleText.put(#"{"resourceType":"Patient","id":"\#(id)","birthDate":"\#(birthDate)"}"#, "Patient/\(id)")
  }

  private func observation(_ id: String, of patient: String, status: String = "final") -> String {
    BundleText.put(
      #"{"resourceType":"Observation","id":"\#(id)","status":"\#(status)","code":{"text":"x"},"#
        + #""subject":{"reference":"Patient/\#(patient)"},"valueString":"y"}"#, "Observation/\(id)")
  }

  private func organization(_ id: String) -> String {
    BundleText.put(#"{"resourceType":"Organization","id":"\#(id)","name":"N"}"#, "Organization/\(id)")
  }

  private func items(_ database: TestDatabase, _ patient: String) throws -> [String] {
    let chart = try database.documents("patient_chart")[patient]
    return (chart?["observations"]?.elements ?? []).compactMap { $0.fields?["id"]?.text }
  }

  @Test func `of a transaction with an error nothing is loaded, of a batch the rest`() throws {
    for (type, loaded) in [("transaction", 0), ("batch", 3)] {
      let database = try TestDatabase()
      let entries = [
        patient("p"), observation("good", of: "p"), observation("bad", of: "p", status: "done"),
        organization("o"),
      ]
      let summary = try database.importFiles([("b.json", BundleText.bundle(type, entries))])
      #expect(summary.total.read == 4)
      #expect(summary.total.inserted == loaded)
      #expect(summary.total.quarantined == 4 - loaded)
      #expect(try database.documents("patient").count == (loaded == 0 ? 0 : 1))
      #expect(try database.documents("patient_chart").count == (loaded == 0 ? 0 : 1))
      #expect(try database.documents("resource").count == (loaded == 0 ? 0 : 1))
      let file = try String(contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
      #expect(file.split(separator: "\n").count == 4 - loaded)
      #expect(file.contains("transaction-refused") == (type == "transaction"))
    }
  }

  @Test func `a transaction that MongoDB refuses one document of leaves nothing behind`() throws {
    let database = try TestDatabase()
    try database.store.withConnection { connection in
      try connection.createCollection("resource", options: ["validator": ["fhir.name": ["$ne": "N"]]])
    }
    let refused = BundleText.bundle(
      "transaction", [patient("p"), observation("o1", of: "p"), organization("o")])
    let accepted = BundleText.bundle("transaction", [patient("q"), observation("o2", of: "q")])
    let summary = try database.importFiles([("a.json", refused), ("b.json", accepted)])
    #expect(summary.total.inserted == 2)
    #expect(summary.total.quarantined == 3)
    #expect(summary.total.read == 5)
    #expect(Set(try database.documents("patient").keys) == ["q"])
    #expect(Set(try database.documents("patient_chart").keys) == ["q"])
  }

  @Test func `transactions are the same again, and add to what is stored`() throws {
    let database = try TestDatabase()
    let first = BundleText.bundle(
      "transaction", [patient("p"), observation("o1", of: "p"), organization("o")])
    #expect(try database.importFiles([("a.json", first)]).total.inserted == 3)
    let again = try database.importFiles([("a.json", first)])
    #expect(again.total.unchanged == 3)
    let more = BundleText.bundle(
      "transaction", [patient("p", birthDate: "1971-01-01"), observation("o2", of: "p")])
    let summary = try database.importFiles([("a.json", first), ("b.json", more)])
    #expect(summary.total.quarantined == 0)
    #expect(summary.total.read == 5)
    #expect(try items(database, "p") == ["o1", "o2"])
  }

  @Test func `what is to be deleted goes, wherever it is`() throws {
    let database = try TestDatabase()
    let all = [
      patient("p"), observation("o1", of: "p"), observation("o2", of: "p"), organization("o"),
      organization("k"),
      patient("q"),
    ]
    _ = try database.importFiles([("a.json", BundleText.bundle("transaction", all))])
    let deletions = BundleText.bundle(
      "transaction",
      ["Observation/o1", "Organization/o", "Patient/q", "http://example.org/fhir/Patient/nobody"].map(
        BundleText.delete))
    let summary = try database.importFiles([("deleted.ndjson", deletions + "\n")])
    #expect(summary.deleted == 3)
    #expect(try items(database, "p") == ["o2"])
    #expect(Set(try database.documents("resource").keys) == ["Organization/k"])
    #expect(Set(try database.documents("patient").keys) == ["p"])
    #expect(Set(try database.documents("patient_chart").keys) == ["p"])
    // The same again finds nothing.
    #expect(try database.importFiles([("deleted.ndjson", deletions + "\n")]).deleted == 0)
  }

  @Test func `a patient whose last resource is deleted keeps the chart, one who is deleted has none`() throws
  {
    let database = try TestDatabase()
    let all = [patient("p"), observation("o", of: "p"), patient("q"), observation("r", of: "q")]
    _ = try database.importFiles([("a.json", BundleText.bundle("batch", all))])
    let deletions = ["Observation/o", "Patient/q", "Observation/r"].map { BundleText.delete($0) }
    _ = try database.importFiles([("b.json", BundleText.bundle("transaction", deletions))])
    #expect(Set(try database.documents("patient").keys) == ["p"])
    let charts = try database.documents("patient_chart")
    #expect(Set(charts.keys) == ["p"])
    // As if there had never been any.
    let other = try TestDatabase()
    _ = try other.importFiles([("a.json", BundleText.bundle("batch", [patient("p")]))])
    #expect(
      charts["p"]?["_fhirline"]?.fields?["hash"]
        == (try other.documents("patient_chart")["p"]?["_fhirline"]?.fields?["hash"]))
  }

  @Test func `a deletion holds for what came before it, not for what comes after`() throws {
    let database = try TestDatabase()
    let files = [
      ("1.json", BundleText.bundle("transaction", [organization("early"), organization("late")])),
      (
        "2.json",
        BundleText.bundle(
          "transaction", [BundleText.delete("Organization/early"), BundleText.delete("Organization/late")])
      ),
      ("3.json", BundleText.bundle("transaction", [organization("late")])),
    ]
    for _ in 0..<2 {
      _ = try database.importFiles(files)
      #expect(Set(try database.documents("resource").keys) == ["Organization/late"])
    }
  }

  @Test func `a search that names what is to be deleted finds it in the run, too`() throws {
    let database = try TestDatabase()
    func person(_ id: String) -> String {
      BundleText.put(
        #"{"resourceType":"Practitioner","id":"\#(id)","identifier":[{"system":"urn:x","value":"\#(id)"}]}"#,
        "Practitioner/\(id)")
    }
    let files = [
      ("1.json", BundleText.bundle("batch", [person("early")])),
      (
        "2.json",
        BundleText.bundle(
          "batch", ["early", "late"].map { BundleText.delete("Practitioner?identifier=urn:x|\($0)") })
      ),
      ("3.json", BundleText.bundle("batch", [person("late")])),
    ]
    for _ in 0..<2 {
      let summary = try database.importFiles(files)
      #expect(summary.deleted == 1)
      #expect(Set(try database.documents("provider").keys) == ["late"])
    }
  }

  @Test func `deletions of a transaction that is refused are not done`() throws {
    let database = try TestDatabase()
    _ = try database.importFiles([("a.json", BundleText.bundle("batch", [organization("o")]))])
    let refused = BundleText.bundle(
      "transaction", [observation("bad", of: "p", status: "done"), BundleText.delete("Organization/o")])
    let summary = try database.importFiles([("b.json", refused)])
    #expect(summary.deleted == 0)
    #expect(Set(try database.documents("resource").keys) == ["Organization/o"])
  }

  @Test func `a deletion of one resource leaves the pages of a large chart whole`() throws {
    let database = try TestDatabase()
    let many = (0..<60).map { observation("o\($0)", of: "p") }
    _ = try database.importFiles(
      [("a.json", BundleText.bundle("batch", [patient("p")] + many))], pageBytes: 3000)
    #expect(try database.documents("patient_chart").count > 3)
    let orders = (0..<60).filter { $0 % 2 == 1 }.map { BundleText.delete("Observation/o\($0)") }
    let summary = try database.importFiles([("d.json", BundleText.bundle("batch", orders))], pageBytes: 3000)
    #expect(summary.deleted == 30)
    let pages = try database.documents("patient_chart")
    let left = pages.values.flatMap { $0["observations"]?.elements ?? [] }.compactMap {
      $0.fields?["id"]?.text
    }
    #expect(Set(left) == Set((0..<60).filter { $0 % 2 == 0 }.map { "o\($0)" }))
    #expect(left.count == 30)
    #expect(pages["p"]?["_fhirline"]?.fields?["pages"]?.integer ?? 1 == Int64(pages.count))
  }

  @Test func `the newest entries of a history come first, and count`() throws {
    let database = try TestDatabase()
    let response = #""response":{"status":"200"}"#
    let entries = [
      BundleText.delete("Patient/gone"), patient("kept", birthDate: "1972-02-02"), patient("gone"),
      patient("kept"), BundleText.delete("Patient/back"),
    ].map { $0.dropLast() + "," + response + "}" }
    let history = BundleText.bundle(
      "history", [#"{"request":{"method":"GET","url":"Patient"},\#(response)}"#] + entries)
    _ = try database.importFiles([
      ("1.json", BundleText.bundle("batch", [patient("back")])), ("2.json", history),
    ])
    let patients = try database.documents("patient")
    #expect(Set(patients.keys) == ["kept"])
    #expect(patients["kept"]?["date_of_birth"] == .date(65_836_800_000))
  }

  /// An entry of a history; what has no resource deletes.
  private func version(
    _ number: Int, of id: String, deletes: Bool = false, says: String = "lastModified"
  ) -> String {
    version(
      number, ofType: "Patient", id, #""birthDate":"197\#(number)-01-01""#, deletes: deletes, says: says)
  }

  private func observation(_ number: Int, of patient: String, deletes: Bool = false, says: String) -> String {
    version(
      number, ofType: "Observation", patient,
      #""status":"final","code":{"text":"c"},"subject":{"reference":"Patient/\#(patient)"}"#,
      deletes: deletes,
      says: says)
  }

  private func version(
    _ number: Int, ofType type: String, _ id: String, _ content: String, deletes: Bool, says: String
  ) -> String {
    let moment = "2022-01-\(number + 10)T00:00:00Z"
    let meta = #""meta":{"versionId":"\#(number)","lastUpdated":"\#(moment)"}"#
    let resource = #""resource":{"resourceType":"\#(type)","id":"\#(id)",\#(meta),\#(content)},"#
    let url = says == "url" ? "\(type)/\(id)/_history/\(number)" : "\(type)/\(id)"
    let response =
      switch says {
      case "lastModified": #","lastModified":"\#(moment)""#
      case "etag": #","etag":"W/\"\#(number)\"""#
      default: ""
      }
    return #"{"fullUrl":"http://clinic.example/\#(type)/\#(id)",\#(deletes ? "" : resource)"#
      + #""request":{"method":"\#(deletes ? "DELETE" : "PUT")","url":"\#(url)"},"response":{"status":"200"\#(response)}}"#
  }

  @Test(arguments: ["lastModified", "etag", "url"])
  func `an old history that comes after newer data deletes nothing of it`(says: String) throws {
    let history = [
      (
        "old.json",
        BundleText.bundle(
          "history",
          [
            version(3, of: "back", deletes: true, says: says),
            version(3, of: "gone", deletes: true, says: says),
            version(1, of: "back", says: says), observation(3, of: "back", deletes: true, says: says),
            observation(3, of: "gone", deletes: true, says: says),
          ])
      )
    ]
    let database = try TestDatabase()
    let newer = BundleText.bundle(
      "history",
      [
        version(4, of: "back", says: says), version(2, of: "gone", says: says),
        observation(4, of: "back", says: says), observation(2, of: "gone", says: says),
      ])
    _ = try database.importFiles([("new.json", newer)])
    let plan = try database.plan(history)
    #expect(plan.summary.deleted == 2)
    #expect(
      plan.lines(showsValues: false, colours: false).filter { $0.hasSuffix(": delete") }.count == 2)
    let summary = try database.importFiles(history)
    #expect(summary.deleted == 2 && summary.total.quarantined == 0)
    let patients = try database.documents("patient")
    #expect(Set(patients.keys) == ["back"])
    #expect(patients["back"]?["date_of_birth"] == .date(126_230_400_000))
    let charts = try database.documents("patient_chart")
    #expect(Set(charts.keys) == ["back"])
    #expect(charts["back"]?["observations"]?.elements?.count == 1)
  }

  @Test(arguments: ["lastModified", "etag", "url"])
  func `a history's versions tell what was deleted last, in whatever order its pages and entries come`(
    says: String
  ) throws {
    func entry(_ number: Int, _ id: String, deletes: Bool = false) -> String {
      version(number, of: id, deletes: deletes, says: says)
    }
    let pages = [
      [entry(4, "back"), entry(3, "gone", deletes: true)],
      [entry(3, "back", deletes: true), entry(2, "gone"), entry(2, "back"), entry(1, "gone")],
    ]
    let files = pages.enumerated().map { ("\($0).json", BundleText.bundle("history", $1)) }
    let oldestFirst = [("all.json", BundleText.bundle("history", pages.joined().reversed()))]
    for files in [files, files.reversed(), oldestFirst] {
      let database = try TestDatabase()
      for _ in 0..<2 {
        let summary = try database.importFiles(files)
        #expect(summary.total.quarantined == 0)
        let patients = try database.documents("patient")
        #expect(Set(patients.keys) == ["back"])
        #expect(patients["back"]?["date_of_birth"] == .date(126_230_400_000))
      }
    }
  }

  @Test func `a transaction that is the only input takes with it what others might share`() throws {
    let database = try TestDatabase()
    // Documents of providers are put together from many inputs, and last.
    try database.store.withConnection { connection in
      try connection.createCollection("provider", options: ["validator": ["fhir.gender": ["$ne": "male"]]])
    }
    let doctor = BundleText.put(
      #"{"resourceType":"Practitioner","id":"d","gender":"male"}"#, "Practitioner/d")
    let summary = try database.importFiles([
      ("a.json", BundleText.bundle("transaction", [patient("p"), doctor]))
    ])
    #expect(summary.total.quarantined == 2)
    #expect(try database.documents("patient").isEmpty)
  }

  @Test func `a patch is set aside, not taken for a resource`() throws {
    let database = try TestDatabase()
    let patch =
      #"{"resource":{"resourceType":"Binary","id":"b","contentType":"application/json-patch+json","data":"W10="},"#
      + #""request":{"method":"PATCH","url":"Patient/p"}}"#
    let summary = try database.importFiles([("b.json", BundleText.bundle("batch", [patient("p"), patch]))])
    #expect(summary.total.inserted == 1)
    #expect(summary.total.quarantined == 1)
    let aside = try String(
      contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
    #expect(aside.contains(#""expression":"Bundle.entry[1].request.method""#))
  }

  // MARK: ifNoneExist

  private func create(_ resource: String, _ fullUrl: String, ifNoneExist: String? = nil) -> String {
    let type = resource.split(separator: "\"")[2]
    let condition = ifNoneExist.map { #","ifNoneExist":"\#($0)""# } ?? ""
    return
      #"{"fullUrl":"\#(fullUrl)","resource":\#(resource),"request":{"method":"POST","url":"\#(type)"\#(condition)}}"#
  }

  private func clinic(_ number: Int, name: String) -> [String] {
    let hospital = "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"
    return [
      create(
        #"{"resourceType":"Organization","identifier":[{"system":"urn:x","value":"77"}],"name":"\#(name)"}"#,
        hospital, ifNoneExist: "identifier=urn:x|77"),
      create(
        #"{"resourceType":"Patient","managingOrganization":{"reference":"\#(hospital)"}}"#,
        "urn:uuid:1b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"),
    ]
  }

  @Test func `a PUT says who a resource without an id is`() throws {
    for type in ["transaction", "batch"] {
      let database = try TestDatabase()
      let nobody = #"{"resourceType":"Patient","birthDate":"1970-01-01"}"#
      let entries = [
        #"{"fullUrl":"urn:uuid:aaaaaaaa-1111-4222-8333-444455556666","resource":\#(nobody),"#
          + #""request":{"method":"PUT","url":"Patient/p"}}"#,
        #"{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"http://a.b/fhir/Patient/q"}}"#,
        observation("o", of: "p"),
        // What no id may be, and another type's, say nothing.
        #"{"fullUrl":"urn:uuid:bbbbbbbb-1111-4222-8333-444455556666","resource":\#(nobody),"#
          + #""request":{"method":"PUT","url":"Patient/a_b"}}"#,
        #"{"fullUrl":"urn:uuid:cccccccc-1111-4222-8333-444455556666","resource":\#(nobody),"#
          + #""request":{"method":"PUT","url":"Group/g"}}"#,
      ]
      let file = [("b.json", BundleText.bundle(type, entries))]
      for inserted in [5, 0] {
        let summary = try database.importFiles(file)
        #expect(summary.total.inserted == inserted && summary.total.unchanged == 5 - inserted)
      }
      #expect(
        try Set(database.documents("patient").keys) == [
          "p", "q", "bbbbbbbb-1111-4222-8333-444455556666", "cccccccc-1111-4222-8333-444455556666",
        ])
      #expect(try items(database, "p") == ["o"])
    }
  }

  @Test func `a PUT that names another resource than it brings is told of`() throws {
    let database = try TestDatabase()
    let entry = BundleText.put(#"{"resourceType":"Patient","id":"own"}"#, "Patient/other")
      .replacingOccurrences(of: #""fullUrl":"http://example.org/Patient/other","#, with: "")
    let summary = try database.importFiles([("b.json", BundleText.bundle("batch", [entry]))])
    #expect(summary.warnings == 1)
    #expect(try Array(database.documents("patient").keys) == ["own"])
  }

  @Test func `a PUT with a search changes the one that there is`() throws {
    let database = try TestDatabase()
    func update(_ number: Int, _ birthDate: String) -> String {
      let fullUrl = "urn:uuid:2b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)"
      let identifier = #""identifier":[{"system":"urn:x","value":"7"}]"#
      let weight =
        #"{"resourceType":"Observation","identifier":[{"system":"urn:o","value":"1"}],"status":"final","#
        + #""code":{"text":"x"},"subject":{"reference":"\#(fullUrl)"},"valueString":"\#(birthDate)"}"#
      return BundleText.bundle(
        number.isMultiple(of: 2) ? "transaction" : "batch",
        [
          #"{"fullUrl":"\#(fullUrl)","resource":{"resourceType":"Patient",\#(identifier),"birthDate":"\#(birthDate)"},"#
            + #""request":{"method":"PUT","url":"Patient?identifier=urn:x%7C7"}}"#,
          #"{"fullUrl":"urn:uuid:3b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\#(number)","resource":\#(weight),"#
            + #""request":{"method":"PUT","url":"Observation?identifier=urn:o|1"}}"#,
        ])
    }
    let known = #"{"resourceType":"Patient","id":"known","identifier":[{"system":"urn:x","value":"7"}]}"#
    _ = try database.importFiles([("0.json", known)])
    for (number, birthDate) in [(1, "1971-01-01"), (2, "1972-01-01")] {
      let summary = try database.importFiles([("\(number).json", update(number, birthDate))]).total
      #expect(summary.quarantined == 0 && summary.replaced >= 1, "\(number)")
    }
    // Of two in one run the later counts.
    _ = try database.importFiles([("a.json", update(3, "1973-01-01")), ("b.json", update(4, "1974-01-01"))])
    let patients = try database.documents("patient")
    #expect(Array(patients.keys) == ["known"])
    #expect(patients["known"]?["date_of_birth"] == .date(126_230_400_000))
    let chart = try database.documents("patient_chart")["known"]?["observations"]?.elements ?? []
    #expect(chart.count == 1)
    // Where there is none, one is made; of two in one run, too.
    let other = try TestDatabase()
    _ = try other.importFiles([("a.json", update(1, "1971-01-01")), ("b.json", update(2, "1972-01-01"))])
    #expect(try other.documents("patient").count == 1)
    #expect(try other.documents("patient_chart").count == 1)
  }

  @Test(arguments: ["batch", "transaction"])
  func `a PUT with a search that finds several changes none, and makes no other`(type: String) throws {
    let database = try TestDatabase()
    func patient(_ id: String) -> String {
      #"{"resourceType":"Patient","id":"\#(id)","identifier":[{"system":"urn:x","value":"secret-7"}]}"#
    }
    _ = try database.importFiles([("0.ndjson", patient("a") + "\n" + patient("b") + "\n")])
    let update =
      #"{"fullUrl":"urn:uuid:2b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","resource":{"resourceType":"Patient","identifier":"#
      + #"[{"system":"urn:x","value":"secret-7"}],"gender":"male"},"#
      + #""request":{"method":"PUT","url":"Patient?identifier=urn:x|secret-7"}}"#
    let other = BundleText.put(#"{"resourceType":"Organization","id":"o","name":"N"}"#, "Organization/o")
    let file = ("1.json", BundleText.bundle(type, [update, other]))
    let summary = try database.importFiles([file]).total
    let isWhole = type == "transaction"
    #expect(summary.quarantined == (isWhole ? 2 : 1) && summary.inserted == (isWhole ? 0 : 1))
    #expect(try database.documents("patient").keys.sorted() == ["a", "b"])
    let text = try String(contentsOf: database.folder.appending(path: "quarantine.ndjson"), encoding: .utf8)
    #expect(text.contains("Bundle.entry[0].request.url") && text.contains("the search finds several"))
  }

  @Test func `what is to be made only once is made once, and who refers to another finds it`() throws {
    let database = try TestDatabase()
    let first = [
      ("1.json", BundleText.bundle("transaction", clinic(1, name: "A"))),
      ("2.json", BundleText.bundle("batch", clinic(2, name: "B"))),
    ]
    let made = try database.importFiles(first).total
    #expect(made.inserted == 3)
    #expect(made.unchanged == 1)
    // Another day, with the database alone to tell.
    let next = try database.importFiles([("3.json", BundleText.bundle("transaction", clinic(3, name: "C")))])
      .total
    #expect(next.inserted == 1)
    #expect(next.unchanged == 1)
    let organizations = try database.documents("resource")
    #expect(Array(organizations.keys) == ["Organization/0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001"])
    let groups = try database.documents("patient").values.map { $0["medical_group"]?.text }
    #expect(groups == ["A", "A", "A"])
    let again = try database.importFiles(first).total
    #expect(again.unchanged == 4)
  }
}
