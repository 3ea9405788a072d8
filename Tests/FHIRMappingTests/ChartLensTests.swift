import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

@Suite struct ChartLensTests {
  private func vital(_ id: String, _ code: String, _ value: String, _ unit: String, _ date: String) -> String
  {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"\#(code)"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"\#(date)","valueQuantity":{"value":\#(value),"unit":"\#(unit)","system":"http://unitsofmeasure.org","code":"\#(unit)"}}"#
  }

  private func pressure(_ id: String, _ high: Int, _ low: Int, _ date: String) -> String {
    func component(_ code: String, _ value: Int) -> String {
      #"{"code":{"coding":[{"system":"http://loinc.org","code":"\#(code)"}]},"valueQuantity":{"value":\#(value),"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}"#
    }
    return
      #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"\#(date)","component":[\#(component("8480-6", high)),\#(component("8462-4", low))]}"#
  }

  private func condition(_ id: String, _ code: String, system: String = "http://hl7.org/fhir/sid/icd-10-cm")
    -> String
  {
    #"{"resourceType":"Condition","id":"\#(id)","code":{"coding":[{"system":"\#(system)","code":"\#(code)"},{"system":"http://snomed.info/sct","code":"1"}]},"subject":{"reference":"Patient/p"}}"#
  }

  private var resources: [String] {
    [
      vital("h1", "8302-2", "170.5", "cm", "2020-01-01"),
      vital("h2", "8302-2", "170", "cm", "2023-05-01T08:00:00+02:00"),
      vital("h3", "8302-2", "169", "cm", "2023-04-30T23:00:00-10:00"),
      vital("w1", "29463-7", "80", "kg", "2022-01-01"),
      vital("w2", "29463-7", "81.5", "furlong", "2023-01-01"),
      vital("g1", "15074-8", "5", "mmol/L", "2022-01-01"),
      pressure("b1", 120, 80, "2021-01-01"), pressure("b2", 130, 85, "2022-01-01"),
      condition("c1", "I10"), condition("c2", "E11.9"), condition("c3", "I10"),
      condition("c4", "J45", system: "http://hl7.org/fhir/sid/icd-10"),
      #"{"resourceType":"DocumentReference","id":"d1","status":"current","subject":{"reference":"Patient/p"},"date":"2021-01-01T00:00:00Z","content":[{"attachment":{"contentType":"text/plain","data":"c2VlbiB0b2RheQ=="}}]}"#,
    ]
  }

  @Test func `fields are those of the newest resources, in the platform's units`() throws {
    let fields = try Lens().assemble(
      .chart, id: "p", resources,
      links: [
        AppointmentLink(id: "a1", start: "2024-01-01T10:00:00+10:00"),
        AppointmentLink(id: "a2", start: "2024-01-01T01:00:00Z"),
      ])[0].fields()
    #expect(fields["height_in"] == .double(66.54))
    // Newer, but in no unit of mass.
    #expect(fields["weight"] == .double(176.37))
    #expect(fields["blood_pressure"] == "130/85")
    #expect(fields["blood_sugar"] == .double(90.08))
    #expect(fields["icd_10_codes"] == ["I10", "E11.9", "J45"])
    #expect(fields["notes"] == "seen today")
    #expect(fields["last_appointment_id"] == "a2")
    #expect(fields["observations"]?.elements?.count == 8)
  }

  @Test func `a section that an application changed is not set back by the field that it left alone`() throws
  {
    let lens = try Lens()
    let chart = try lens.assemble(
      .chart, id: "p",
      [vital("w1", "29463-7", "80", "kg", "2022-01-01"), vital("w2", "29463-7", "90", "kg", "2023-01-01")])[0]
    let items = try #require(try chart.fields()["observations"]?.elements)
    // The newer of the two is taken away: its weight is not the other's.
    let shorter = try chart.setting("observations", .array(Array(items.dropLast())))
    let kept = try lens.export([shorter], kind: .chart).resources
    #expect(kept.count == 1)
    let older = BSONValue.document(try encoded(try #require(kept["Observation/w1"])).fields())
    #expect(older["valueQuantity"]?["value"] == 80)
    // None is left: none is made.
    #expect(try lens.export([chart.setting("observations", .array([]))], kind: .chart).resources.isEmpty)
  }

  @Test func `the order of arrival does not matter`() throws {
    let lens = try Lens()
    let parts = try lens.parts(.chart, id: "p", resources)
    let expected = try lens.assembler.assemble(kind: .chart, id: "p", parts: parts).pages
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<5 {
      let shuffled = parts.shuffled(using: &generator)
      #expect(try lens.assembler.assemble(kind: .chart, id: "p", parts: shuffled).pages == expected)
      let cut = Int.random(in: 1..<parts.count, using: &generator)
      let first = try lens.assembler.assemble(kind: .chart, id: "p", parts: Array(shuffled[..<cut]))
      let rest = try lens.assembler.assemble(
        kind: .chart, id: "p", parts: Array(shuffled[cut...]), stored: first.pages)
      #expect(try rest.pages == expected)
      let again = try lens.assembler.assemble(kind: .chart, id: "p", parts: shuffled, stored: rest.pages)
      #expect(try again.pages == expected)
      #expect(again.tally == again.tally.allUnchanged)
    }
  }

  private func exported(_ edit: (inout BSONFields) -> Void, pageBytes: Int = 8_000_000) throws -> [String:
    String]
  {
    var lens = try Lens()
    lens.pageBytes = pageBytes
    var pages = try lens.assemble(.chart, id: "p", resources)
    var fields = try pages[0].fields()
    edit(&fields)
    pages[0] = try BSONDocument(fields)
    return try lens.export(pages, kind: .chart).resources.mapValues { json($0) }
  }

  private func original() throws -> [String: String] {
    var all: [String: String] = [:]
    for text in resources {
      let tree = try decoded(try encoded(text))
      let fields = try encoded(text).fields()
      all["\(tree.string(at: 0))/\(fields["id"]?.text ?? "")"] = json(tree)
    }
    return all
  }

  @Test(arguments: [8_000_000, 2_500])
  func `nothing changed, nothing moves, on one page or many`(_ pageBytes: Int) throws {
    #expect(try exported({ _ in }, pageBytes: pageBytes) == (try original()))
  }

  @Test(arguments: [8_000_000, 2_500])
  func `an edited vital sign flows to its newest observation alone`(_ pageBytes: Int) throws {
    var expected = try original()
    expected["Observation/h3"] = expected["Observation/h3"]?.replacing(
      #""value":169,"#, with: #""value":177.8,"#)
    expected["Observation/b2"] = expected["Observation/b2"]?.replacing(
      #""value":130,"#, with: #""value":125,"#)
    let found = try exported(
      {
        $0["height_in"] = 70
        $0["blood_pressure"] = "125/85"
      }, pageBytes: pageBytes)
    #expect(found == expected)
  }

  @Test func `codes come and go`() throws {
    let found = try exported { $0["icd_10_codes"] = ["E11.9", "J45", "Z00.0"] }
    #expect(found["Condition/c1"]?.contains("I10") == false)
    #expect(found["Condition/c3"]?.contains("I10") == false)
    #expect(found["Condition/c1"]?.contains("snomed") == true)
    let made = try #require(found["Condition/p-Z00.0"])
    #expect(made.contains(#""code":"Z00.0""#))
    #expect(made.contains(#""reference":"Patient/p""#))
    #expect(made.contains("document-field"))
    #expect(try exported({ $0["icd_10_codes"] = ["I10", "E11.9", "J45"] }) == (try original()))
  }

  @Test func `codes that are written otherwise are the codes that were there`() throws {
    #expect(try exported({ $0["icd_10_codes"] = ["i10", "E119", " J45 "] }) == (try original()))
    #expect(try exported({ $0["icd_10_codes"] = "I10, e11.9; J45" }) == (try original()))
    let found = try exported { $0["icd_10_codes"] = "I10 E119 j45 Z000" }
    #expect(found.count == (try original().count) + 1)
    #expect(found["Condition/p-Z00.0"]?.contains(#""code":"Z00.0""#) == true)
  }

  private func notes(_ codes: BSONValue) throws -> [String] {
    let lens = try Lens()
    let page = try lens.assemble(.chart, id: "p", resources)[0]
    return try lens.export([try page.setting("icd_10_codes", codes)], kind: .chart).notes
  }

  @Test func `it is told what of a list of codes FHIR does not say`() throws {
    #expect(try notes(["i10", "E11.9", "J45"]).isEmpty)
    #expect(
      try notes(["I10", "E11.9", "I10", "J45"]) == ["icd_10_codes: says a value again: FHIR has it once"])
    #expect(
      try notes(["E11.9", "I10", "J45"]) == [
        "icd_10_codes: only the order of its items was changed: FHIR has none for them"
      ])
    #expect(
      try notes("I10,E11.9,J45") == [
        "icd_10_codes: several codes stand in one text: each was taken by itself"
      ])
    #expect(
      try notes(["I10", "E11.9", "J45", 123_456]) == [
        "icd_10_codes: this is no code of ICD-10: expected one such as E11.9"
      ])
  }

  @Test func `several codes in one text are a Condition each`() throws {
    let lens = try Lens()
    let (resources, notes) = try lens.export([["_id": "q", "icd_10_codes": "E11.9, I10"]], kind: .chart)
    #expect(Set(resources.keys) == ["Condition/q-E11.9", "Condition/q-I10"])
    #expect(notes == ["icd_10_codes: several codes stand in one text: each was taken by itself"])
  }

  @Test(arguments: ["observations", "problems"])
  func `an application's resource is its patient's, in whatever list it stands`(_ list: String) throws {
    let item: BSONValue = ["resourceType": "Immunization", "id": "i", "status": "completed"]
    let lens = try Lens()
    for chart in [["_id": "p"], try lens.assemble(.chart, id: "p", resources)[0]] as [BSONDocument] {
      let edited = try chart.setting(list, .array([item]))
      let (resources, _) = try lens.export([edited], kind: .chart)
      let found = json(try #require(resources["Immunization/i"]))
      #expect(found.contains(#""patient":{"reference":"Patient/p"}"#), "\(found)")
    }
  }

  @Test func `a note that was changed is written back as text`() throws {
    let found = try exported { $0["notes"] = "seen again" }
    #expect(found["DocumentReference/d1"]?.contains(Base64.encode(Array("seen again".utf8))) == true)
  }

  @Test func `a chart that never came from FHIR makes resources of its fields`() throws {
    let lens = try Lens()
    let chart: BSONDocument = [
      "_id": 4711, "height_in": 70, "weight": "180.5", "blood_pressure": "120/80", "blood_sugar": 95,
      "icd_10_codes": ["I10", "E11.9"], "notes": "first visit", "last_appointment_id": 12, "mood": "good",
    ]
    let (resources, notes) = try lens.export([chart], kind: .chart)
    #expect(
      Set(resources.keys) == [
        "Observation/4711-height-in", "Observation/4711-weight", "Observation/4711-blood-pressure",
        "Observation/4711-blood-sugar", "Condition/4711-I10", "Condition/4711-E11.9",
        "DocumentReference/4711-documentreference",
      ])
    #expect(notes == ["mood: has no home in FHIR: it stays in the document"])
    let weight = json(try #require(resources["Observation/4711-weight"]))
    #expect(weight.contains(#""value":180.5"#))
    #expect(weight.contains(#""code":"[lb_av]""#))
    #expect(weight.contains(#""subject":{"reference":"Patient/4711"}"#))
    // And these, imported, say the same.
    let texts = resources.values.map { json($0) }
    let fields = try lens.assemble(.chart, id: "4711", texts)[0].fields()
    #expect(fields["height_in"] == .double(70))
    #expect(fields["weight"] == .double(180.5))
    #expect(fields["blood_pressure"] == "120/80")
    #expect(Set(fields["icd_10_codes"]?.elements?.compactMap(\.text) ?? []) == ["I10", "E11.9"])
    #expect(fields["notes"] == "first visit")
  }
}
