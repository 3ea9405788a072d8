import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// The laws of the lens for every field of a root resource, over generated resources and values.
///
/// What was put is read; what was read and is put changes nothing; what import leaves out export gives back.
@Suite struct FieldLawsTests {
  private let mappings: MappingSet

  init() throws { mappings = try Lens.builtIn.get() }

  @Test(arguments: [DocumentKind.patient, .provider, .appointment], 1...40)
  func `what is put is read, and what is read moves nothing`(_ kind: DocumentKind, _ seed: Int) throws {
    var generator = ResourceGenerator(seed: UInt64(seed))
    let plan = try #require(mappings.plan(kind))
    let context = FieldPlan.Context()
    let text = generator.resource(kind)
    let resource = BSONValue.document(try encoded(text).fields())
    for field in plan.fields {
      guard let source = field.rootSource else { continue }
      let before = field.read(resource, source, context)
      if let before {
        var same = resource
        #expect(field.write(before, into: &same, source, context))
        #expect(same == resource, "\(field.name) of \(text)")
      }
      guard let value = field.understand(generator.value(for: field)).value else { continue }
      var changed = resource
      #expect(field.write(value, into: &changed, source, context), "\(field.name)")
      #expect(field.read(changed, source, context) == value, "\(field.name) \(value) in \(text)")
      // Putting twice is putting once.
      var twice = changed
      #expect(field.write(value, into: &twice, source, context))
      #expect(twice == changed, "\(field.name)")
      // Other fields do not move.
      for other in plan.fields where other.name != field.name {
        guard let source = other.rootSource, source.alternative == nil else { continue }
        #expect(
          other.read(changed, source, context) == other.read(resource, source, context),
          "\(field.name) moved \(other.name)")
      }
      // A list that is emptied is empty.
      if field.isList {
        #expect(field.write(nil, into: &changed, source, context))
        #expect(field.read(changed, source, context) == nil)
      }
    }
  }

  @Test(arguments: [DocumentKind.patient, .provider, .appointment], 1...40)
  func `what import leaves out export gives back`(_ kind: DocumentKind, _ seed: Int) throws {
    var generator = ResourceGenerator(seed: UInt64(seed))
    let text = generator.resource(kind)
    let lens = try Lens()
    let pages = try lens.assemble(kind, id: "x", [text])
    let (resources, notes) = try lens.export(pages, kind: kind)
    #expect(notes.isEmpty)
    let back = try #require(resources.values.first)
    #expect(difference(try tree(text), back) == nil, "\(text)")
    // And import after export changes nothing.
    #expect(try lens.assemble(kind, id: "x", [json(back)]) == pages)
  }
}

/// Resources that have now this and now that, and values for fields, drift included.
struct ResourceGenerator {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  private mutating func one(_ items: [String]) -> String { items.randomElement(using: &random) ?? "" }
  private mutating func some(_ items: [String]) -> [String] {
    items.filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
  }
  private mutating func list(_ name: String, _ items: [String]) -> [String] {
    let items = some(items)
    return items.isEmpty ? [] : ["\"\(name)\":[\(items.joined(separator: ","))]"]
  }

  mutating func resource(_ kind: DocumentKind) -> String {
    var members: [String] = []
    switch kind {
    case .patient: members = ["\"resourceType\":\"Patient\"", "\"id\":\"x\""] + person() + patient()
    case .provider:
      members = ["\"resourceType\":\"Practitioner\"", "\"id\":\"x\""] + person() + practitioner()
    default: members = ["\"resourceType\":\"Appointment\"", "\"id\":\"x\""] + appointment()
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  private mutating func person() -> [String] {
    list(
      "name",
      [
        #"{"family":"Li","given":["Ann"]}"#, #"{"text":"A. Li"}"#, #"{"use":"old","family":"Wu"}"#,
        #"{"use":"official","family":"de la Cruz","given":["Ana","M."],"suffix":["Jr."]}"#,
        #"{"given":["Ann"],"_given":[{"id":"g"}]}"#,
      ])
      + list(
        "telecom",
        [
          #"{"system":"phone","value":"1"}"#, #"{"system":"phone","value":"2","use":"work","rank":1}"#,
          #"{"system":"email","value":"a@b"}"#, #"{"system":"fax","value":"3"}"#, #"{"system":"phone"}"#,
          #"{"value":"lost"}"#, #"{"system":"email","value":"c@d","period":{"start":"2020"}}"#,
        ])
      + some([
        [#""birthDate":"1980-12-31""#, #""birthDate":"1980""#, #""birthDate":"1980-02-30""#].randomElement(
          using: &random) ?? ""
      ])
      + some([#""_birthDate":{"extension":[{"url":"u","valueString":"x"}]}"#])
  }

  private mutating func patient() -> [String] {
    list(
      "address",
      [
        #"{"line":["1 Main St"],"city":"Springfield","state":"IL","postalCode":"62701"}"#,
        #"{"text":"somewhere"}"#,
        #"{"use":"home","city":"Oslo","country":"NO"}"#, #"{"use":"old","line":["x"]}"#,
      ])
      + list(
        "communication",
        [
          #"{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en"}]}}"#,
          #"{"language":{"text":"Elvish"}}"#,
          #"{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es","display":"x"}]},"preferred":true}"#,
        ])
      + some([#""managingOrganization":{"reference":"Organization/1","display":"North"}"#])
  }

  private mutating func practitioner() -> [String] {
    list(
      "identifier",
      [
        #"{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}"#, #"{"value":"1"}"#,
        #"{"use":"official","system":"http://hl7.org/fhir/sid/us-npi","value":"9"}"#,
      ])
      + list(
        "qualification",
        [#"{"code":{"text":"Surgery"}}"#, #"{"code":{"coding":[{"code":"MD"}]},"issuer":{"display":"x"}}"#])
  }

  private mutating func appointment() -> [String] {
    let url = "https://fhirline.dev/StructureDefinition/"
    return ["\"status\":\"\(one(["booked", "fulfilled", "cancelled", "noshow", "proposed", "unheard-of"]))\""]
      + list(
        "extension",
        [
          "{\"url\":\"\(url)confirmed-phone\",\"valueString\":\"1\"}",
          "{\"url\":\"\(url)disposition\",\"valueString\":\"rescheduled\"}",
          "{\"url\":\"\(url)billing-disposition\",\"valueString\":\"billed\"}",
          "{\"url\":\"http://x\",\"valueCode\":\"y\"}",
          #"{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService","extension":[{"url":"channelType","valueCoding":{"code":"zoom"}}]}"#,
        ])
      + some([
        #""start":"2024-03-01T09:00:00Z""#, #""end":"2024-03-01T09:30:00.000+01:00""#,
        #""created":"2024-02-01T00:00:00Z""#,
      ])
      + some([#""serviceType":[{"text":"zoom"}]"#])
      + list(
        "participant",
        [
          #"{"actor":{"reference":"Patient/1"},"status":"accepted"}"#,
          #"{"actor":{"display":"x"},"status":"tentative"}"#,
          #"{"actor":{"reference":"Practitioner/2","display":"y"},"status":"accepted"}"#,
          #"{"actor":{"reference":"Patient/3"},"required":"optional","status":"declined"}"#,
        ])
  }

  mutating func value(for field: FieldPlan) -> BSONValue {
    switch field.transform?.shape {
    case .date: .date(Int64.random(in: -1_000_000_000...2_000_000_000, using: &random) * 1000)
    case .number: .double(Double(Int.random(in: 1...30000, using: &random)) / 100)
    case .string? where field.transform is ReferenceTransform: .string(one(["1", "2", "p-7"]))
    default:
      field.isList
        ? .array(some(["1", "2", "en", "es", "Elvish", "new", "Surgery", "MD", "three"]).map { .string($0) })
        : .string(
          one([
            "Ann Li", "new\nlines, IL 62701", "completed", "rescheduled", "never heard", "1", "x@y", "zoom",
            "Dr. No",
            "APO AE 09021", "no-show", "a,b,c",
          ]))
    }
  }
}
