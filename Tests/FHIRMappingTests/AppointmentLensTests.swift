import BSON
import FHIRModel
import Testing

@testable import FHIRMapping

@Suite struct AppointmentLensTests {
  private static let appointment = #"""
    {"resourceType":"Appointment","id":"a1",
     "extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService",
        "extension":[{"url":"channelType","valueCoding":{"system":"http://example.org/ct","code":"zoom","display":"Zoom"}},
                     {"url":"addressUrl","valueUrl":"https://example.org/room"}]}],
     "status":"booked","serviceType":[{"text":"Zoom"}],
     "start":"2024-03-01T09:00:00-05:00","end":"2024-03-01T09:20:00-05:00","created":"2024-02-01",
     "participant":[{"actor":{"reference":"Location/l1"},"status":"accepted"},
                    {"actor":{"reference":"Patient/p1","display":"Ann"},"status":"accepted","required":"required"},
                    {"actor":{"reference":"Practitioner/d1"},"status":"tentative"}]}
    """#

  private func exported(_ edit: (inout BSONFields) -> Void) throws -> BSONValue {
    let lens = try Lens()
    var fields = try lens.assemble(.appointment, id: "a1", [Self.appointment])[0].fields()
    edit(&fields)
    let (resources, notes) = try lens.export([try BSONDocument(fields)], kind: .appointment)
    #expect(notes.isEmpty)
    return .document(try encoded(try #require(resources["Appointment/a1"])).fields())
  }

  private func appointment(_ old: String, _ new: String) throws -> BSONValue {
    #expect(Self.appointment.contains(old))
    return .document(try encoded(Self.appointment.replacing(old, with: new)).fields())
  }

  @Test func `the fields have the platform's types`() throws {
    let fields = try Lens().assemble(.appointment, id: "a1", [Self.appointment])[0].fields()
    #expect(fields["patient_id"] == "p1")
    #expect(fields["provider_id"] == "d1")
    #expect(fields["date_scheduled"] == .date(1_706_745_600_000))
    #expect(fields["date_of_visit"] == .date(1_709_301_600_000))
    #expect(fields["telehealth_device"] == "Zoom")
    #expect(fields["disposition"] == "booked")
    #expect(fields["billing_disposition"] == nil)
  }

  @Test func `a disposition that a status says`() throws {
    let done = try exported { $0["disposition"] = "completed" }
    #expect(done == (try appointment(#""status":"booked""#, #""status":"fulfilled""#)))
    let missed = try exported { $0["disposition"] = "No-Show" }
    #expect(missed == (try appointment(#""status":"booked""#, #""status":"noshow""#)))
  }

  @Test func `a disposition that no status says is kept beside it, and comes back`() throws {
    let moved = try exported { $0["disposition"] = "rescheduled" }
    #expect(moved["status"] == "cancelled")
    let extensions = moved["extension"]?.elements ?? []
    #expect(extensions.last?["url"] == "https://fhirline.dev/StructureDefinition/disposition")
    #expect(extensions.last?["valueString"] == "rescheduled")
    let lens = try Lens()
    let text = json(try decoded(try BSONDocument(moved.fields ?? [:])))
    let again = try lens.assemble(.appointment, id: "a1", [text])[0]
    #expect(try again.fields()["disposition"] == "rescheduled")
    // Changed on, the word beside the status goes.
    let (resources, _) = try lens.export([try again.setting("disposition", "booked")], kind: .appointment)
    #expect(
      BSONValue.document(try encoded(try #require(resources["Appointment/a1"])).fields())
        == .document(try encoded(Self.appointment).fields()))
  }

  @Test func `a visit moved within its time moves the start alone, beyond it the end as well`() throws {
    let earlier = try exported { $0["date_of_visit"] = .date(1_709_301_900_000) }
    #expect(earlier == (try appointment("T09:00:00", "T09:05:00")))
    let later = try exported { $0["date_of_visit"] = .date(1_709_305_200_000) }
    #expect(later["start"] == "2024-03-01T10:00:00-05:00")
    #expect(later["end"] == "2024-03-01T10:20:00-05:00")
  }

  @Test func `a visit moved to an earlier time is as long as it was`() throws {
    let dayBefore = try exported { $0["date_of_visit"] = .date(1_709_215_200_000) }
    #expect(dayBefore["start"] == "2024-02-29T09:00:00-05:00")
    #expect(dayBefore["end"] == "2024-02-29T09:20:00-05:00")
  }

  @Test func `a visit moved to the end of the year 9999 ends in that year`() throws {
    let last = try exported { $0["date_of_visit"] = .date(253_402_300_799_000) }
    #expect(last["start"] == "9999-12-31T18:59:59-05:00")
    #expect(last["end"]?.text?.hasPrefix("9999-12-31T") == true, "\(last)")
  }

  @Test func `another patient, another device, a bill`() throws {
    let changed = try exported {
      $0["patient_id"] = 42
      $0["telehealth_device"] = "Skype"
      $0["billing_disposition"] = "billed"
    }
    let participants = changed["participant"]?.elements ?? []
    #expect(participants.count == 3)
    #expect(participants[1]["actor"] == .object([("reference", "Patient/42")]))
    #expect(participants[1]["required"] == "required")
    #expect(changed["serviceType"]?.elements?.first?["text"] == "Skype")
    #expect(json(try decoded(try BSONDocument(changed.fields ?? [:]))).contains("https://example.org/room"))
    #expect(changed["extension"]?.elements?.last?["valueString"] == "billed")
  }

  @Test func `what had a start and no end keeps none`() throws {
    let text =
      #"{"resourceType":"Appointment","id":"a","status":"booked","start":"2024-03-01T09:00:00Z","participant":[{"status":"accepted"}]}"#
    let lens = try Lens()
    let (resources, _) = try lens.export(try lens.assemble(.appointment, id: "a", [text]), kind: .appointment)
    #expect(difference(try tree(text), try #require(resources["Appointment/a"])) == nil)
  }
}
