@testable import FHIRPipeline
import Testing

@Suite struct ReferenceTextTests {
  @Test func `each form is told`() {
    #expect(ReferenceText("Patient/1") == .relative(TargetIndex.Target(type: "Patient", id: "1")))
    #expect(ReferenceText("Patient/1/_history/2") == .relative(TargetIndex.Target(type: "Patient", id: "1")))
    #expect(ReferenceText("#p") == .contained)
    #expect(ReferenceText("urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001") == .url)
    #expect(ReferenceText("https://example.org/fhir/Patient/1") == .url)
    #expect(
      ReferenceText("Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893")
        == .identifierSearch(
          type: "Practitioner", system: "http://hl7.org/fhir/sid/us-npi", value: "1234567893"))
    #expect(
      ReferenceText("Location?identifier=https%3A%2F%2Fx.org%7C7")
        == .identifierSearch(type: "Location", system: "https://x.org", value: "7"))
    #expect(
      ReferenceText("Patient?identifier=7") == .identifierSearch(type: "Patient", system: nil, value: "7"))
    #expect(ReferenceText("Patient?name=x") == .search)
    #expect(
      ReferenceText("Patient?identifier=|7") == .identifierSearch(type: "Patient", system: nil, value: "7"))
    #expect(
      ReferenceText("Patient?identifier=ä|%C3%A4")
        == .identifierSearch(type: "Patient", system: "ä", value: "ä"))
    #expect(ReferenceText("Type2/a.b-c") == .relative(TargetIndex.Target(type: "Type2", id: "a.b-c")))
    for text in ["", "Patient", "Patient/", "Patient//1", "/Patient/1", "7/8", "urn:x", "äPatient/1"] {
      #expect(ReferenceText(text) == .url)
    }
    #expect(ReferenceText("Patient?identifier=7&name=x") == .search)
  }

  @Test(arguments: [false, true]) func `an index gives the one resource of a name, and none of two`(
    isLarge: Bool
  ) {
    var index = TargetIndex(isLarge: isLarge)
    let name = TargetIndex.identifierName(type: "Practitioner", system: "s", value: "1")
    let a = TargetIndex.Target(type: "Practitioner", id: "a")
    let b = TargetIndex.Target(type: "Practitioner", id: "b")
    index.add(a, names: [NameHash.of(name), NameHash.of("urn:x")])
    #expect(index.target(named: name) == a)
    index.add(a, names: [NameHash.of(name)])
    #expect(index.target(named: name)?.id == "a")
    var other = TargetIndex(isLarge: !isLarge)
    other.add(b, names: [NameHash.of(name)])
    index.merge(other)
    #expect(index.target(named: name) == nil)
    #expect(index.target(named: "urn:x") == a)
    #expect(index.target(named: "urn:y") == nil)
  }
}
