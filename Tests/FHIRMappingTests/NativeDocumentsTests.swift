import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// Documents that never came from FHIR, in every shape that the platform has them in.
@Suite struct NativeDocumentsTests {
  private func exported(_ document: BSONDocument, _ kind: DocumentKind) throws -> (
    resources: [String: BSONValue], notes: [String]
  ) {
    let (resources, notes) = try Lens().export([document], kind: kind)
    return (try resources.mapValues { .document(try encoded($0).fields()) }, notes)
  }

  @Test func `a patient`() throws {
    let (resources, notes) = try exported(
      [
        "_id": .int64(10_234_567), "name": "Dr. Jane Q. Doe", "date_of_birth": "1980-12-31",
        "address": "PSC 3, Box 4120, APO AE 09021", "primary_phone": .int32(412_345_678),
        "email": "jane@example.org",
        "medical_group": "North Clinic", "insurance_id": .int64(12_345_678_901), "insurance_payer_id": 60_054,
        "languages": ["English", "Spanish", "Klingon"], "appointments": [1, 1, 7],
      ], .patient)
    let patient = try #require(resources["Patient/10234567"])
    #expect(patient["name"] == [["family": "Doe", "given": ["Jane", "Q."], "prefix": ["Dr."]]])
    #expect(patient["birthDate"] == "1980-12-31")
    #expect(
      patient["telecom"]
        == [["system": "phone", "value": "0412345678"], ["system": "email", "value": "jane@example.org"]])
    #expect(patient["managingOrganization"] == ["display": "North Clinic"])
    let languages = patient["communication"]?.elements?.map { $0["language"] }
    #expect(languages?.map { $0?["coding"]?.elements?.first?["code"] } == ["en", "es", "und"])
    #expect(languages?.last??["text"] == "Klingon")
    let coverage = try #require(resources["Coverage/10234567-coverage"])
    #expect(coverage["subscriberId"] == "12345678901")
    #expect(coverage["payor"] == [["identifier": ["value": "60054"]]])
    #expect(coverage["status"] == "active")
    #expect(coverage["beneficiary"] == ["reference": "Patient/10234567"])
    #expect(notes == ["languages: no language of this name is known: it is kept as text"])
  }

  @Test func `a patient of whom almost nothing is known`() throws {
    let (resources, notes) = try exported(
      ["_id": "a", "name": "", "languages": .null, "primary_phone": []], .patient)
    #expect(resources == ["Patient/a": ["resourceType": "Patient", "id": "a"]])
    #expect(notes.isEmpty)
  }

  @Test func `an id that FHIR does not allow`() throws {
    let (resources, _) = try exported(["_id": "Clinic/North 7"], .patient)
    let patient = try #require(resources.values.first)
    let id = try #require(patient["id"]?.text)
    #expect(DocumentID.isFHIRID(id))
    #expect(patient["identifier"]?.elements?.first?["value"] == "Clinic/North 7")
    let (visits, _) = try exported(
      [
        "_id": .objectID([UInt8](repeating: 0xAB, count: 12)), "patient_id": "Clinic/North 7",
        "disposition": "cancelled",
      ],
      .appointment)
    let visit = try #require(visits["Appointment/abababababababababababab"])
    #expect(visit["participant"]?.elements?.first?["actor"]?["reference"] == .string("Patient/" + id))
  }

  @Test func `a provider`() throws {
    let (resources, notes) = try exported(
      [
        "_id": "d1", "npi": .int64(123_456_789), "name": "Gregory House MD",
        "date_of_birth": .date(-331_257_600_000),
        "email": "g@example.org", "primary_phone": "555 0100", "date_employed": "2004-11-16",
        "credentialed_skills": ["Nephrology", "Infectious disease"], "appointments": ["9"],
        "last_appointment": "9",
      ], .provider)
    let practitioner = try #require(resources["Practitioner/d1"])
    #expect(
      practitioner["identifier"] == [["system": "http://hl7.org/fhir/sid/us-npi", "value": "123456789"]])
    #expect(practitioner["name"] == [["family": "House", "given": ["Gregory"], "suffix": ["MD"]]])
    #expect(practitioner["birthDate"] == "1959-07-04")
    #expect(
      practitioner["qualification"]
        == [["code": ["text": "Nephrology"]], ["code": ["text": "Infectious disease"]]])
    let role = try #require(resources["PractitionerRole/d1-practitionerrole"])
    #expect(role["period"] == ["start": "2004-11-16"])
    #expect(role["practitioner"] == ["reference": "Practitioner/d1"])
    #expect(notes.count == 1)
    #expect(notes.first?.hasPrefix("npi: ") == true)
  }

  @Test func `a completed visit`() throws {
    let (resources, notes) = try exported(
      [
        "_id": "a1", "patient_id": 42, "provider_id": "d1", "date_scheduled": "2024-02-01",
        "date_of_visit": "2024-03-01T09:00:00-05:00", "telehealth_device": "smartphone",
        "confirmed_phone": .int64(5_551_234_567), "confirmed_email": "x@example.org",
        "disposition": "Completed",
        "billing_disposition": "not billed",
      ], .appointment)
    let visit = try #require(resources["Appointment/a1"])
    #expect(visit["status"] == "fulfilled")
    #expect(visit["created"] == "2024-02-01")
    #expect(visit["start"] == "2024-03-01T09:00:00-05:00")
    #expect(visit["end"] == "2024-03-01T14:30:00Z")
    #expect(visit["_end"]?["extension"]?.elements?.first?["url"] == .string(DocumentPlan.assumedEnd))
    #expect(visit["serviceType"] == [["text": "smartphone"]])
    #expect(
      visit["participant"]
        == [
          ["actor": ["reference": "Patient/42"], "status": "accepted"],
          ["actor": ["reference": "Practitioner/d1"], "status": "accepted"],
        ])
    #expect(visit["extension"]?.elements?.count == 4)
    #expect(notes.isEmpty)
    // Imported again it says the same.
    let text = json(try decoded(try BSONDocument(visit.fields ?? [:])))
    let fields = try Lens().assemble(.appointment, id: "a1", [text])[0].fields()
    #expect(fields["telehealth_device"] == "smartphone")
    #expect(fields["confirmed_phone"] == "5551234567")
    #expect(fields["billing_disposition"] == "not billed")
    #expect(fields["disposition"] == "completed")
    #expect(fields["date_of_visit"] == .date(1_709_301_600_000))
  }

  @Test func `a visit that is only scheduled starts then`() throws {
    let (resources, _) = try exported(
      ["_id": "a", "patient_id": "p", "date_scheduled": .date(1_709_301_600_000)], .appointment)
    let visit = try #require(resources["Appointment/a"])
    #expect(visit["start"] == "2024-03-01T14:00:00Z")
    #expect(visit["created"] == nil)
    #expect(visit["status"] == "booked")
  }

  @Test func `a visit without a date keeps its word and gets a status that needs none`() throws {
    let (resources, notes) = try exported(["_id": "a", "disposition": "no show"], .appointment)
    let visit = try #require(resources["Appointment/a"])
    #expect(visit["status"] == "proposed")
    #expect(visit["extension"]?.elements?.first?["valueString"] == "no-show")
    #expect(visit["participant"]?.elements?.first?["type"] != nil)
    #expect(notes.map { $0.prefix { $0 != ":" } } == ["date_of_visit", "patient_id"])
  }

  @Test func `rescheduled and words unheard of are kept beside the status`() throws {
    for (word, status) in [("rescheduled", "cancelled"), ("lost in space", "booked")] {
      let (resources, _) = try exported(
        ["_id": "a", "patient_id": "p", "date_of_visit": .date(0), "disposition": .string(word)], .appointment
      )
      let visit = try #require(resources["Appointment/a"])
      #expect(visit["status"] == .string(status))
      #expect(visit["extension"]?.elements?.first?["valueString"] == .string(word))
    }
  }

  @Test func `values that JSON has none for are left out of an application's resources, and told`() throws {
    func observation(_ id: String, _ member: BSONFields.Field) -> BSONValue {
      var fields: BSONFields = [
        "resourceType": "Observation", "id": .string(id), "status": "final", "code": ["text": "x"],
      ]
      fields.fields.append(member)
      return .document(fields)
    }
    let values: [(BSONValue, String)] = [
      (.double(.nan), "NaN"), (.double(-.infinity), "-Infinity"),
      (.decimal128(Decimal128(low: 0, high: 0x1F << 58)), "Decimal128"),
    ]
    for (value, name) in values {
      let items = [
        observation("a", .init("valueQuantity", ["value": value])),
        observation("b", .init("valueQuantity", ["value": value, "unit": "mg"])),
      ]
      let (resources, notes) = try exported(["_id": "p", "observations": .array(items)], .chart)
      #expect(resources["Observation/a"]?["valueQuantity"] == nil, "\(name)")
      #expect(resources["Observation/b"]?["valueQuantity"] == ["unit": "mg"], "\(name)")
      let told =
        "observations: a value is not exported, for FHIR has none such (NaN, an infinity, a regular expression, …)"
      #expect(notes == [told, told], "\(name)")
    }
  }

  @Test(arguments: [253_402_300_740_000, 253_402_300_799_999])
  func `a visit in the last minutes of the year 9999 ends in that year`(visit: Int64) throws {
    let (made, _) = try exported(
      ["_id": "a", "patient_id": "p", "date_of_visit": .date(visit), "disposition": "booked"], .appointment)
    #expect(made["Appointment/a"]?["end"] == "9999-12-31T23:59:59.999Z")
  }

  @Test func `a document that waits for its resource makes none`() throws {
    let lens = try Lens()
    let pages = try lens.assembler.assemble(
      kind: .patient, id: "p",
      parts: [
        Part(kind: .patient, documentID: "p", content: .appointment(AppointmentLink(id: "a", start: "2024")))
      ]
    ).pages
    #expect(try lens.export(pages, kind: .patient).resources.isEmpty)
  }
}
