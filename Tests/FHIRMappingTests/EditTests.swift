import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// What an application changes in a document's fields flows to FHIR, and nothing else moves.
@Suite struct EditTests {
  private static let patient = #"""
    {"resourceType":"Patient","id":"p1","meta":{"versionId":"1"},
     "extension":[{"url":"http://example.org/e","valueString":"kept"}],
     "identifier":[{"system":"http://example.org/mrn","value":"77"}],
     "name":[{"use":"maiden","family":"Old"},{"use":"official","family":"Li","given":["Ann","B."],"prefix":["Dr."]}],
     "telecom":[{"system":"phone","value":"555-0100","use":"home"},{"system":"email","value":"a@example.org"},
                {"system":"phone","value":"555-0199","use":"mobile"}],
     "gender":"female","birthDate":"1980-12-31",
     "address":[{"use":"home","line":["1 Main St","Apt 2"],"city":"Springfield","state":"IL","postalCode":"62701"}],
     "communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en"}]},"preferred":true},
                      {"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es"}],"text":"Spanish"}},
                      {"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"fr"}]}}],
     "managingOrganization":{"reference":"Organization/o1","display":"North Clinic"}}
    """#
  private static let coverage = #"""
    {"resourceType":"Coverage","id":"c1","status":"active","subscriberId":"12345678901",
     "beneficiary":{"reference":"Patient/p1"},"period":{"start":"2020-01-01"},
     "payor":[{"identifier":{"system":"http://example.org/payers","value":"P9"}}]}
    """#

  private func exported(_ edit: (inout BSONFields) -> Void) throws -> (
    patient: BSONValue, coverage: BSONValue
  ) {
    let lens = try Lens()
    var fields = try lens.assemble(.patient, id: "p1", [Self.patient, Self.coverage])[0].fields()
    edit(&fields)
    let (resources, notes) = try lens.export([try BSONDocument(fields)], kind: .patient)
    #expect(notes.isEmpty)
    let patient = try #require(resources["Patient/p1"])
    let coverage = try #require(resources["Coverage/c1"])
    return (.document(try encoded(patient).fields()), .document(try encoded(coverage).fields()))
  }

  /// The patient with one change made to its JSON.
  private func patient(_ old: String, _ new: String) throws -> BSONValue {
    #expect(Self.patient.contains(old))
    return .document(try encoded(Self.patient.replacing(old, with: new)).fields())
  }

  @Test func `the fields have the platform's types`() throws {
    let fields = try Lens().assemble(.patient, id: "p1", [Self.patient, Self.coverage])[0].fields()
    #expect(fields["_id"] == "p1")
    #expect(fields["name"] == "Dr. Ann B. Li")
    #expect(fields["date_of_birth"] == .date(347_068_800_000))
    #expect(fields["address"] == "1 Main St\nApt 2\nSpringfield, IL 62701")
    #expect(fields["primary_phone"] == ["555-0100", "555-0199"])
    #expect(fields["email"] == "a@example.org")
    #expect(fields["medical_group"] == "North Clinic")
    #expect(fields["insurance_id"] == "12345678901")
    #expect(fields["insurance_payer_id"] == "P9")
    #expect(fields["languages"] == ["en", "es", "fr"])
    #expect(fields["appointments"] == nil)
    // What a field gives back exactly is not kept twice.
    #expect(fields["fhir"]?["birthDate"] == nil)
    #expect(fields["fhir"]?["name"] != nil)
  }

  @Test func `nothing changed, nothing moves`() throws {
    let (patient, coverage) = try exported { _ in }
    #expect(patient == .document(try encoded(Self.patient).fields()))
    #expect(coverage == .document(try encoded(Self.coverage).fields()))
  }

  @Test func `a corrected birth date`() throws {
    let (patient, _) = try exported { $0["date_of_birth"] = .date(347_155_200_000) }
    #expect(patient == (try self.patient("1980-12-31", "1981-01-01")))
    let (drifted, _) = try exported { $0["date_of_birth"] = "1981-01-01" }
    #expect(drifted == patient)
  }

  @Test func `a birth date taken away`() throws {
    let (patient, _) = try exported { $0["date_of_birth"] = nil }
    #expect(patient == (try self.patient(#""birthDate":"1980-12-31","#, "")))
  }

  @Test func `a new phone, one changed, one taken away`() throws {
    let (changed, _) = try exported { $0["primary_phone"] = ["555-0100", "555-0142"] }
    #expect(changed == (try patient("555-0199", "555-0142")))
    let (fewer, _) = try exported { $0["primary_phone"] = ["555-0199"] }
    #expect(fewer == (try patient(#"{"system":"phone","value":"555-0100","use":"home"},"#, "")))
    let (more, _) = try exported { $0["primary_phone"] = ["555-0100", "555-0199", "555-0142"] }
    #expect(
      more
        == (try patient(
          #""use":"mobile"}"#, #""use":"mobile"},{"system":"phone","value":"555-0142"}"#)))
    let (single, _) = try exported { $0["primary_phone"] = "555-0100" }
    #expect(single["telecom"]?.elements?.count == 2)
  }

  @Test func `items in another order take along what the field does not say`() throws {
    let (phones, _) = try exported { $0["primary_phone"] = ["555-0199", "555-0100"] }
    let old = #"{"system":"phone","value":"555-0100","use":"home"}"#
    let new = #"{"system":"phone","value":"555-0199","use":"mobile"}"#
    // What stands between them stays where it is.
    let swapped = Self.patient.replacing(old, with: "#").replacing(new, with: old).replacing("#", with: new)
    #expect(phones == .document(try encoded(swapped).fields()))
    let (languages, _) = try exported { $0["languages"] = ["fr", "German", "en"] }
    let items = languages["communication"]?.elements ?? []
    #expect(items.map { $0["language"]?["coding"]?.elements?.first?["code"] } == ["fr", "de", "en"])
    #expect(items.map { $0["preferred"] } == [Optional.none, Optional.none, true])
  }

  @Test func `what is said about a part of a name or an address stays with a part that stays`() throws {
    let own = #"{"extension":[{"url":"http://example.org/own","valueString":"L"}]}"#
    let patient =
      #"{"resourceType":"Patient","id":"p1","name":[{"family":"Li","_family":\#(own),"given":["Ann"]}],"#
      + #""address":[{"line":["1 Main St"],"city":"Springfield","_city":\#(own),"district":"Sangamon","state":"IL","#
      + #""postalCode":"62701"}]}"#
    let lens = try Lens()
    let document = try lens.assemble(.patient, id: "p1", [patient])[0]
      .setting("name", "Bea Li").setting("address", "2 Oak Ave\nSpringfield, IL 62702")
    let (resources, _) = try lens.export([document], kind: .patient)
    let expected = patient.replacing("Ann", with: "Bea").replacing("1 Main St", with: "2 Oak Ave")
      .replacing("62701", with: "62702")
    #expect(json(try #require(resources["Patient/p1"])) == json(try tree(expected)))
  }

  @Test func `insurance that is taken away leaves the Coverage that was the only one to say it`() throws {
    let (_, coverage) = try exported { $0["insurance_id"] = nil }
    let expected = Self.coverage.replacing(#""subscriberId":"12345678901","#, with: "")
    #expect(coverage == .document(try encoded(expected).fields()))
    // Of two the older one would speak in its place.
    let lens = try Lens()
    let older = Self.coverage.replacing(#""id":"c1""#, with: #""id":"c0""#).replacing("2020", with: "2010")
    let document = try lens.assemble(.patient, id: "p1", [Self.patient, Self.coverage, older])[0]
      .setting("insurance_id", nil)
    let (resources, notes) = try lens.export([document], kind: .patient)
    #expect(notes.map { $0.prefix { $0 != ":" } } == ["insurance_id"])
    #expect(json(try #require(resources["Coverage/c1"])) == json(try tree(Self.coverage)))
  }

  @Test func `what is contained goes with the last reference to it, and nothing else that is contained`()
    throws
  {
    let lens = try Lens()
    let practitioner = #"""
      {"resourceType":"Practitioner","id":"d1","contained":[
       {"resourceType":"Organization","id":"board","partOf":{"reference":"#above"}},
       {"resourceType":"Organization","id":"above","name":"Above"},
       {"resourceType":"Organization","id":"other","name":"Other"},
       {"resourceType":"Organization","id":"nobodys","name":"Nobody's"}],
       "identifier":[{"system":"http://example.org/i","value":"1","assigner":{"reference":"#other"}}],
       "qualification":[{"code":{"text":"Nephrology"},"issuer":{"reference":"#board"}}]}
      """#
    let document = try lens.assemble(.provider, id: "d1", [practitioner])[0]
    func contained(_ document: BSONDocument) throws -> [String] {
      let tree = try #require(try lens.export([document], kind: .provider).resources["Practitioner/d1"])
      return try encoded(tree).fields()["contained"]?.elements?.compactMap { $0["id"]?.text } ?? []
    }
    #expect(try contained(document) == ["board", "above", "other", "nobodys"])
    #expect(try contained(document.setting("email", "d@example.org")).count == 4)
    #expect(try contained(document.setting("credentialed_skills", nil)) == ["other", "nobodys"])
  }

  @Test func `a removed language`() throws {
    let (patient, _) = try exported { $0["languages"] = ["en", "fr"] }
    #expect(patient["communication"]?.elements?.count == 2)
    #expect(patient["communication"]?.elements?.first?["preferred"] == true)
    let (named, _) = try exported { $0["languages"] = ["English", "German", "French"] }
    let codings = named["communication"]?.elements?.map {
      $0["language"]?["coding"]?.elements?.first?["code"]
    }
    #expect(codings == ["en", "de", "fr"])
  }

  @Test func `a new name and address`() throws {
    let (renamed, _) = try exported { $0["name"] = "Dr. Ann C. Li" }
    #expect(renamed == (try patient(#"["Ann","B."]"#, #"["Ann","C."]"#)))
    let (moved, _) = try exported { $0["address"] = "2 Oak Ave\nShelbyville, IL 62565" }
    let address = moved["address"]?.elements?.first
    #expect(address?["line"] == ["2 Oak Ave"])
    #expect(address?["city"] == "Shelbyville")
    #expect(address?["use"] == "home")
  }

  @Test func `insurance flows to the Coverage`() throws {
    let (patient, coverage) = try exported {
      $0["insurance_id"] = .int64(99_345_678_901)
      $0["insurance_payer_id"] = 42
    }
    #expect(patient == .document(try encoded(Self.patient).fields()))
    let expected = Self.coverage.replacing("12345678901", with: "99345678901").replacing(
      "\"P9\"", with: "\"42\"")
    #expect(coverage == .document(try encoded(expected).fields()))
  }

  @Test func `what cannot be understood changes nothing and is told`() throws {
    let lens = try Lens()
    let document = try lens.assemble(.patient, id: "p1", [Self.patient])[0].setting(
      "date_of_birth", "yesterday")
    let (resources, notes) = try lens.export([document], kind: .patient)
    #expect(notes.count == 1)
    #expect(notes.first?.hasPrefix("date_of_birth: ") == true)
    // The value itself is the patient's and is not told.
    #expect(notes.first?.contains("yesterday") == false)
    #expect(resources.count == 1)
  }

  @Test func `an application's own fields stay where they are, and are told`() throws {
    let lens = try Lens()
    let document = try lens.assemble(.patient, id: "p1", [Self.patient])[0].setting("vip", true)
    #expect(try lens.export([document], kind: .patient).notes.map { $0.prefix(4) } == ["vip:"])
  }

  @Test func `an edit outlives an import that does not touch it`() throws {
    let lens = try Lens()
    let edited = try lens.assemble(.patient, id: "p1", [Self.patient])[0].setting("email", "new@example.org")
    let newer = Self.patient.replacing("555-0199", with: "555-0777").replacing(
      #""versionId":"1""#, with: #""versionId":"2""#)
    let again = try lens.assembler.assemble(
      kind: .patient, id: "p1", parts: try lens.parts(.patient, id: "p1", [newer]), stored: [edited])
    #expect(again.tally.total == .init(replaced: 1))
    let fields = try again.pages[0].fields()
    #expect(fields["email"] == "new@example.org")
    #expect(fields["primary_phone"] == ["555-0100", "555-0777"])
    let same = try lens.assembler.assemble(
      kind: .patient, id: "p1", parts: try lens.parts(.patient, id: "p1", [newer]), stored: again.pages)
    #expect(same.tally.total == .init(unchanged: 1))
    #expect(try same.pages == again.pages)
  }

  @Test func `a field of a newer mapping is not taken for one that was taken away`() throws {
    let lens = try Lens()
    var fields = try lens.assemble(.patient, id: "p1", [Self.patient])[0].fields()
    fields["email"] = nil
    var bookkeeping = try #require(fields["_fhirline"]?.fields)
    var marks = try #require(bookkeeping["fields"]?.fields)
    marks["email"] = nil
    bookkeeping["fields"] = .document(marks)
    fields["_fhirline"] = .document(bookkeeping)
    let (resources, _) = try lens.export([try BSONDocument(fields)], kind: .patient)
    let patient = try #require(resources["Patient/p1"])
    #expect(json(patient).contains("a@example.org"))
  }
}
