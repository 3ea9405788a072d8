import BSON
import FHIRModel
import Foundation
import Testing

@testable import FHIRMapping

/// One document of each kind, whole, as extended JSON in `Golden`.
///
/// With `FHIRLINE_UPDATE=1` the files are written anew, and the test fails so that they are looked at.
@Suite struct GoldenDocumentsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

  private static let patient = #"""
    {"resourceType":"Patient","id":"p1","name":[{"family":"Rivera","given":["Ana","M."],"prefix":["Mrs."]}],
     "telecom":[{"system":"phone","value":"+1 555 0100"},{"system":"email","value":"ana@example.org"}],"gender":"female",
     "birthDate":"1961-07-09","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1961-07-09T06:30:00-05:00"}]},
     "address":[{"line":["12 Elm St"],"city":"Peoria","state":"IL","postalCode":"61602","country":"US"}],
     "communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es"}]}}]}
    """#
  private static let coverage = #"""
    {"resourceType":"Coverage","id":"cov","status":"active","subscriberId":"00123456789","beneficiary":{"reference":"Patient/p1"},
     "payor":[{"identifier":{"value":"60054"}}]}
    """#
  private static let observation = #"""
    {"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},
     "subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-03-01T09:05:00Z",
     "valueQuantity":{"value":70.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}
    """#
  private static let condition = #"""
    {"resourceType":"Condition","id":"c1","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I10"}]},
     "subject":{"reference":"Patient/p1"},"recordedDate":"2023-01-01"}
    """#
  private static let practitioner = #"""
    {"resourceType":"Practitioner","id":"d1","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}],
     "name":[{"text":"Dr. Omar Haddad"}],"qualification":[{"code":{"text":"Cardiology"}}]}
    """#
  private static let role = #"""
    {"resourceType":"PractitionerRole","id":"r1","period":{"start":"2015-02-01"},"practitioner":{"reference":"Practitioner/d1"},
     "specialty":[{"coding":[{"system":"http://nucc.org/provider-taxonomy","code":"207RC0000X","display":"Cardiovascular Disease Physician"}]}]}
    """#
  private static let appointment = #"""
    {"resourceType":"Appointment","id":"a1","status":"fulfilled","start":"2024-03-01T09:00:00Z","end":"2024-03-01T09:20:00Z",
     "participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},
                    {"actor":{"reference":"Practitioner/d1"},"status":"accepted"}]}
    """#

  @Test(arguments: [
    (DocumentKind.patient, "p1", [patient, coverage]), (.chart, "p1", [observation, condition]),
    (.provider, "d1", [practitioner, role]), (.appointment, "a1", [appointment]),
  ])
  func `a document stands as its golden file has it`(
    _ kind: DocumentKind, _ id: String, _ resources: [String]
  ) throws {
    let links = kind == .appointment ? [] : [AppointmentLink(id: "a1", start: "2024-03-01T09:00:00Z")]
    let pages = try Lens().assemble(kind, id: id, resources, links: links)
    #expect(pages.count == 1)
    // The hash stands for the mapping's text, too.
    let hash = try #require(try pages[0].withView { try $0.find(path: "_fhirline.hash")?.text })
    let text = try pages[0].extendedJSON(isIndented: true).replacing(hash, with: "…") + "\n"
    let file = Self.folder.appending(path: kind.rawValue + ".json")
    let golden = try? String(contentsOf: file, encoding: .utf8)
    if golden != text, ProcessInfo.processInfo.environment["FHIRLINE_UPDATE"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(
      golden == text, "run FHIRLINE_UPDATE=1 swift test --filter GoldenDocuments, and look at the changes")
  }
}
