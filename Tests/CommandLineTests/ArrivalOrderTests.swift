import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// Whatever the order in which resources come, in one run or in many, the database is the same in the end: roles and
/// coverages, charts, appointments; references by id, by search, by identifier alone, to what has not come yet.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ArrivalOrderTests {
  private static let files: [(name: String, lines: [String])] = [
    (
      "patients",
      [
        #"{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://example.org/mrn","value":"77"}],"name":[{"family":"Li"}],"managingOrganization":{"reference":"Organization/o1"}}"#,
        #"{"resourceType":"Patient","id":"p2","identifier":[{"system":"http://example.org/mrn","value":"78"}],"name":[{"family":"Wu"}]}"#,
      ]
    ),
    (
      "coverages",
      [
        #"{"resourceType":"Coverage","id":"c1","status":"active","subscriberId":"1","beneficiary":{"reference":"Patient/p1"},"payor":[{"reference":"Organization?identifier=http://example.org/payers|P9"}]}"#,
        #"{"resourceType":"Coverage","id":"c2","status":"active","subscriberId":"2","beneficiary":{"reference":"Patient?identifier=http://example.org/mrn|78"},"payor":[{"display":"P"}]}"#,
        #"{"resourceType":"Coverage","id":"c3","status":"active","subscriberId":"3","beneficiary":{"identifier":{"system":"http://example.org/mrn","value":"77"}},"period":{"start":"2024-01-01"},"payor":[{"display":"P"}]}"#,
      ]
    ),
    (
      "practitioners",
      [
        #"{"resourceType":"Practitioner","id":"d1","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}],"name":[{"family":"House"}]}"#
      ]
    ),
    (
      "roles",
      [
        #"{"resourceType":"PractitionerRole","id":"r1","period":{"start":"2010-01-01"},"practitioner":{"reference":"Practitioner/d1"},"specialty":[{"text":"Surgery"}]}"#,
        #"{"resourceType":"PractitionerRole","id":"r2","period":{"start":"2005-01-01"},"practitioner":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"},"specialty":[{"text":"Nephrology"}]}"#,
      ]
    ),
    (
      "clinical",
      [
        #"{"resourceType":"Observation","id":"w1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2023-01-01","valueQuantity":{"value":150,"unit":"lb","system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#,
        #"{"resourceType":"Observation","id":"w2","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient?identifier=http://example.org/mrn|77"},"performer":[{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"}],"effectiveDateTime":"2024-01-01T10:00:00Z","valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}"#,
        #"{"resourceType":"Condition","id":"k1","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}]},"subject":{"identifier":{"system":"http://example.org/mrn","value":"78"}},"asserter":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"}}"#,
        #"{"resourceType":"Immunization","id":"i1","status":"completed","vaccineCode":{"text":"x"},"patient":{"reference":"Patient?identifier=http://example.org/mrn|nobody"},"occurrenceDateTime":"2024-01-01"}"#,
      ]
    ),
    (
      "appointments",
      [
        #"{"resourceType":"Appointment","id":"a1","status":"booked","start":"2024-03-01T09:00:00Z","end":"2024-03-01T09:30:00Z","participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"},"status":"accepted"}]}"#,
        #"{"resourceType":"Appointment","id":"a2","status":"booked","start":"2024-04-01T09:00:00Z","end":"2024-04-01T09:30:00Z","participant":[{"actor":{"reference":"Patient?identifier=http://example.org/mrn|77"},"status":"accepted"},{"actor":{"reference":"Practitioner/d1"},"status":"accepted"}]}"#,
      ]
    ),
    (
      "organizations",
      [
        #"{"resourceType":"Organization","id":"o1","identifier":[{"system":"http://example.org/payers","value":"P9"}],"name":"North Clinic"}"#
      ]
    ),
  ]

  private static let names = files.map(\.name)

  /// Orders in which each file comes in a run of its own.
  static let orders: [[String]] = [
    names, names.reversed(),
    ["clinical", "appointments", "roles", "coverages", "organizations", "practitioners", "patients"],
    ["roles", "clinical", "patients", "organizations", "appointments", "coverages", "practitioners"],
    ["coverages", "patients", "clinical", "practitioners", "roles", "organizations", "appointments"],
  ]

  private func write(_ workspace: Workspace, seed: Int = 0) throws {
    for (name, lines) in Self.files {
      let shift = seed % lines.count
      let order = Array(lines[shift...] + lines[..<shift])
      try workspace.write(name + ".ndjson", order.joined(separator: "\n") + "\n")
    }
  }

  /// Everything that the database holds, but for where it came from.
  private func content(_ workspace: Workspace) throws -> [String: BSONFields] {
    var found: [String: BSONFields] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      for document in try workspace.documents(in: collection) {
        found[collection + "/" + (document["_id"]?.text ?? "?")] = document.withoutHistory
      }
    }
    return found
  }

  private func expected() throws -> [String: BSONFields] {
    let workspace = try Workspace()
    try write(workspace)
    let summary = try workspace.importFiles(workspace.folder.path)
    #expect(summary.read == summary.accounted && summary.references.unresolved == 1)
    return try content(workspace)
  }

  @Test func `all at once, all is at home`() throws {
    let content = try expected()
    #expect(content["patient/p1"]?["medical_group"] == "North Clinic")
    #expect(content["patient/p1"]?["insurance_id"] == "3")
    #expect(content["patient/p2"]?["insurance_id"] == "2")
    #expect(content["patient/p1"]?["appointments"] == ["a1", "a2"])
    #expect(content["patient_chart/p1"]?["weight"] == .double(154.32))
    #expect(content["patient_chart/p2"]?["icd_10_codes"] == ["E11.9"])
    #expect(content["provider/d1"]?["credentialed_skills"] == ["Surgery", "Nephrology"])
    #expect(content["provider/d1"]?["last_appointment"] == "a2")
    #expect(content["appointment/a1"]?["provider_id"] == "d1")
    #expect(content["appointment/a2"]?["patient_id"] == "p1")
    #expect(content["resource/Immunization/i1"] != nil)
  }

  @Test(arguments: 1...3) func `in one run, in any order`(_ seed: Int) throws {
    let workspace = try Workspace()
    try write(workspace, seed: seed)
    var generator = SeededGenerator(seed: UInt64(seed))
    let paths = Self.names.shuffled(using: &generator).map { workspace.path($0 + ".ndjson") }
    let outcome = try Program.run(
      ["import", "--no-progress", "--quarantine", workspace.path("q")] + paths,
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == 0, "\(outcome.errors)")
    try compare(try content(workspace), try expected(), "\(paths)")
  }

  @Test(arguments: orders) func `each file in a run of its own`(_ order: [String]) throws {
    let workspace = try Workspace()
    try write(workspace)
    for name in order { _ = try workspace.importFiles(workspace.path(name + ".ndjson")) }
    try compare(try content(workspace), try expected(), "\(order)")
    // The same again changes nothing, and nothing is there twice.
    for name in order {
      let again = try workspace.importFiles(workspace.path(name + ".ndjson"))
      #expect(again.loaded.inserted == 0 && again.loaded.replaced == 0, "\(name) \(again)")
    }
    let out = try workspace.run(
      "export", "--out", workspace.path("out"), "--references", "original", "--quiet")
    #expect(out.status == 0)
    let compared = try Program.run(
      ["compare", workspace.path("out")] + [try joined(workspace)])
    #expect(compared.status == 0, "\(compared.output)")
  }

  private func joined(_ workspace: Workspace) throws -> String {
    try workspace.write("all.ndjson", Self.files.flatMap(\.lines).joined(separator: "\n") + "\n")
  }

  private func compare(
    _ found: [String: BSONFields], _ expected: [String: BSONFields], _ place: String
  ) throws {
    #expect(found.keys.sorted() == expected.keys.sorted(), "\(place)")
    for (id, document) in expected {
      guard let other = found[id] else { continue }
      let (a, b) = (try BSONDocument(document).extendedJSON(), try BSONDocument(other).extendedJSON())
      #expect(a == b, "\(place) \(id)")
    }
  }

  @Test func `what healed is told, and an edit made meanwhile stays`() throws {
    let workspace = try Workspace()
    try write(workspace)
    for name in ["patients", "appointments"] {
      _ = try workspace.importFiles(workspace.path(name + ".ndjson"))
    }
    try workspace.set("disposition", to: "arrived", of: "a1", in: "appointment")
    let outcome = try workspace.run(
      "import", workspace.path("practitioners.ndjson"), "--no-progress", "--quarantine", workspace.path("q"))
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("of earlier imports found their target now"), "\(outcome.errors)")
    let appointment = try workspace.document("a1", in: "appointment")
    #expect(appointment["provider_id"] == "d1")
    #expect(appointment["disposition"] == "arrived")
  }
}
