import Foundation
import Testing

@Suite struct FhirpathTests {
  private let patient =
    #"{"resourceType":"Patient","id":"p","name":[{"given":["Ada","Bo"],"family":"Li"}],"active":true}"#
  private let observation =
    #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},"subject":{"reference":"Patient/p"},"#
    + #""valueQuantity":{"value":1.50,"unit":"mg"}}"#

  @Test func `results are shown with their types, resource by resource`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", patient)
    let outcome = try workspace.run("fhirpath", "name.given | active", file, "--quiet")
    #expect(outcome.status == 0)
    #expect(
      outcome.lines == [
        "\(file): Patient/p", "  FHIR.string  Ada", "  FHIR.string  Bo", "  FHIR.boolean  true",
      ])
  }

  @Test func `JSON says where each result stands`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("o.ndjson", observation + "\n" + patient + "\n")
    let outcome = try workspace.run("fhirpath", "Observation.value", file, "--format", "json", "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let found = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
    #expect(found.map { $0["resource"] as? String } == ["Observation/o", "Patient/p"])
    let results = found.compactMap { $0["results"] as? [[String: Any]] }
    #expect(results.map(\.count) == [1, 0])
    #expect(results.first?.first?["type"] as? String == "FHIR.Quantity")
    #expect(results.first?.first?["expression"] as? String == "Observation.value.ofType(Quantity)")
    #expect(outcome.output.contains(#""value":{"value":1.50,"unit":"mg"}"#))
  }

  @Test func `each entry of a Bundle is a resource, and what it refers to is found`() throws {
    let workspace = try Workspace()
    let bundle =
      #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://x.org/Patient/p","resource":"#
      + patient + #"},{"resource":"# + observation + "}]}"
    let file = try workspace.write("b.json", bundle)
    let resolved = try workspace.run("fhirpath", "Observation.subject.resolve().name.family", file, "--quiet")
    #expect(resolved.lines.last == "  FHIR.string  Li")
    let whole = try workspace.run("fhirpath", "Bundle.entry.resource.id", file, "--quiet")
    #expect(whole.lines.suffix(2) == ["  FHIR.id  p", "  FHIR.id  o"])
  }

  @Test func `a mistake in the expression is shown with a caret`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", patient)
    let outcome = try workspace.run("fhirpath", "Patient.name.gven", file)
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains(
        "HumanName has no element gven: did you mean given?\n  Patient.name.gven\n               ^"))
    #expect(try Program.run(["fhirpath", "1 +"]).status == 2)
  }

  @Test func `an expression for a type of which none came finds nothing, and is checked all the same`() throws
  {
    let workspace = try Workspace()
    let file = try workspace.write("o.json", #"{"resourceType":"Organization","name":"x"}"#)
    let none = try workspace.run("fhirpath", "Patient.name.family", file)
    #expect(none.status == 0)
    #expect(none.errors.hasPrefix("0 results from 1 resource"), "\(none.errors)")
    let slip = try workspace.run("fhirpath", "Patient.nam", file)
    #expect(slip.status == 2)
    #expect(slip.errors.contains("Patient has no element nam: did you mean name?\n"), "\(slip.errors)")
    // Of several types that came it is told of the one that it is for.
    let patient = try workspace.write("p.json", #"{"resourceType":"Patient"}"#)
    let mixed = try workspace.run("fhirpath", "Patient.nam", file, patient)
    #expect(mixed.errors.contains("Patient has no element nam: did you mean name?\n"), "\(mixed.errors)")
  }

  @Test func `data that an expression does not take is a finding`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", patient)
    let outcome = try workspace.run("fhirpath", "name.given + 'x'", file)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("error: "))
    let broken = try workspace.write("broken.json", "{")
    let unread = try workspace.run("fhirpath", "id", broken)
    #expect(unread.status == 1)
    #expect(unread.output.contains(":1:2: error: "), "\(unread.output)")
  }

  @Test func `without a file an expression stands for itself`() throws {
    let outcome = try Program.run(["fhirpath", "0.1 + 0.2", "--quiet"])
    #expect(outcome.output == "  System.Decimal  0.3\n")
    #expect(outcome.status == 0)
    #expect(try Program.run(["fhirpath", "-3 + 1", "--quiet"]).output == "  System.Integer  -2\n")
    #expect(
      try Program.run(["fhirpath", "--quiet", "-1.not() +"]).errors.contains("  -1.not() +\n            ^"))
  }
}
