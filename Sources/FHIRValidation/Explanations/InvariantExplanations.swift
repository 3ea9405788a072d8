import CDefinitions
import FHIRModel

extension RuleExplanation {
  /// The invariants of FHIR R4, by key: what they demand in words of our own, and where they hold.
  package static let invariants: [RuleExplanation] = {
    let places = invariantPlaces()
    return InvariantTexts.keys.compactMap { key in
      guard let text = InvariantTexts.text(of: key) else { return nil }
      let story = InvariantStory.all[key]
      let place = places[key]
      return RuleExplanation(
        key, text.prefix(1).uppercased() + text.dropFirst(),
        meaning: place?.words ?? "It holds for profiles and extensions of the specification that name it.",
        reason: story?.reason ?? "It is an invariant of the specification, which each resource must satisfy.",
        remedy: story?.remedy ?? "Change the element so that this is so: \(text).",
        bad: story?.bad, good: story?.good)
    }
  }()

  /// Where an invariant holds, how grave it is, and how the specification writes it.
  private struct Place {
    var elements: [String] = []
    let isWarning: Bool
    let isBestPractice: Bool
    let expression: String

    var words: String {
      let shown = elements.prefix(8).joined(separator: ", ")
      let more = elements.count > 8 ? " and \(elements.count - 8) more" : ""
      let weight =
        isBestPractice ? "as best practice, not as an error" : isWarning ? "as a warning" : "as an error"
      return "It holds for \(shown)\(more), \(weight). In FHIRPath: `\(expression)`."
    }
  }

  private static func invariantPlaces(_ table: DefinitionTable = .r4) -> [String: Place] {
    var places: [String: Place] = [:]
    func note(_ invariant: definition_invariant, _ element: String) {
      let key = table.string(invariant.key)
      if places[key] == nil {
        places[key] = Place(
          isWarning: Int(invariant.severity) == INVARIANT_WARNING.rawValue,
          isBestPractice: Int32(invariant.flags) & INVARIANT_BEST_PRACTICE != 0,
          expression: table.string(invariant.expression))
      }
      if let last = places[key]?.elements.last, last == element { return }
      places[key]?.elements.append(element)
    }
    for index in 0..<table.types.count {
      let type = TypeID(rawValue: UInt16(index))
      let base = table.base(of: type)
      let inherited = Set(base.map { table.invariants(of: $0).map { table.string($0.key) } } ?? [])
      for invariant in table.invariants(of: type) where !inherited.contains(table.string(invariant.key)) {
        note(invariant, table.name(of: type))
      }
      for element in table.elements(of: type) {
        for invariant in table.invariants(of: element) {
          note(invariant, table.name(of: type) + "." + table.string(of: NameID(rawValue: element.name)))
        }
      }
    }
    return places
  }
}

/// Why an invariant is there, and how it looks when it is broken and when it is kept.
struct InvariantStory {
  let reason: String
  let remedy: String
  let bad: RuleExplanation.Example
  let good: RuleExplanation.Example

  init(_ reason: String, _ remedy: String, bad: String, good: String) {
    self.reason = reason
    self.remedy = remedy
    self.bad = .json(bad)
    self.good = .json(good)
  }

  static let all: [String: InvariantStory] = resources.merging(bundles) { first, _ in first }

  private static let resources: [String: InvariantStory] = [
    "pat-1": InvariantStory(
      "A contact without a name, a telecom, an address or an organization cannot be contacted.",
      "Add one of the four, or take the contact out.",
      bad: #"{"resourceType":"Patient","contact":[{"gender":"female"}]}"#,
      good:
        #"{"resourceType":"Patient","contact":[{"gender":"female","name":{"text":"Ida"}}]}"#),
    "obs-6": InvariantStory(
      "A value and a reason why there is none contradict each other.", "Keep one of them.",
      bad: """
        {"resourceType":"Observation","status":"final","code":{"text":"mood"},"valueInteger":70,
          "dataAbsentReason":{"coding":[
            {"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"not-asked"}]}}
        """,
      good: """
        {"resourceType":"Observation","status":"final","code":{"text":"mood"},
          "dataAbsentReason":{"coding":[
            {"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"not-asked"}]}}
        """),
    "obs-7": InvariantStory(
      "If a component has the code of the whole, two values could be meant for the same thing.",
      "Leave the value of the whole out, or give the component a code of its own.",
      bad: """
        {"resourceType":"Observation","status":"final",
          "code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"valueInteger":70,
          "component":[{"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"valueInteger":71}]}
        """,
      good: """
        {"resourceType":"Observation","status":"final",
          "code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},
          "component":[{"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"valueInteger":71}]}
        """),
    "app-1": InvariantStory(
      "A participant of whom neither is said could be anyone.", "Add an actor or a type.",
      bad: #"{"resourceType":"Appointment","status":"proposed","participant":[{"status":"accepted"}]}"#,
      good: """
        {"resourceType":"Appointment","status":"proposed",
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """),
    "app-2": InvariantStory(
      "With one of them alone nobody knows how long the appointment takes.", "Give both or neither.",
      bad: """
        {"resourceType":"Appointment","status":"proposed","start":"2024-05-01T09:00:00Z",
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """,
      good: """
        {"resourceType":"Appointment","status":"proposed","start":"2024-05-01T09:00:00Z","end":"2024-05-01T09:30:00Z",
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """),
    "app-3": InvariantStory(
      "An appointment that is booked takes place at a time.", "Add start and end, or correct the status.",
      bad: """
        {"resourceType":"Appointment","status":"booked",
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """,
      good: """
        {"resourceType":"Appointment","status":"booked","start":"2024-05-01T09:00:00Z","end":"2024-05-01T09:30:00Z",
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """),
    "app-4": InvariantStory(
      "A reason for cancelling what was not cancelled misleads.",
      "Correct the status, or take the reason out.",
      bad: """
        {"resourceType":"Appointment","status":"proposed","cancelationReason":{"text":"ill"},
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """,
      good: """
        {"resourceType":"Appointment","status":"cancelled","cancelationReason":{"text":"ill"},
          "participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}
        """),
    "per-1": InvariantStory(
      "A period that ends before it begins has no length: one of the two was mistyped.",
      "Correct the start or the end.",
      bad:
        #"{"resourceType":"Patient","name":[{"text":"Ada","period":{"start":"2020-01-01","end":"2019-01-01"}}]}"#,
      good:
        #"{"resourceType":"Patient","name":[{"text":"Ada","period":{"start":"2019-01-01","end":"2020-01-01"}}]}"#
    ),
    "qty-3": InvariantStory(
      "A code means something in its system only.", "Add the system of the unit's code.",
      bad: """
        {"resourceType":"Observation","status":"final","code":{"text":"weight"},
          "valueQuantity":{"value":70,"unit":"kg","code":"kg"}}
        """,
      good: """
        {"resourceType":"Observation","status":"final","code":{"text":"weight"},
          "valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}
        """),
    "ext-1": InvariantStory(
      "An extension that has a value and extensions says two things with one name.", "Keep one of them.",
      bad: """
        {"resourceType":"Patient","active":true,"extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace"}]}
        """,
      good: """
        {"resourceType":"Patient","active":true,"extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}
        """),
    "ref-1": InvariantStory(
      "A reference beginning with # can be resolved in its own container only.",
      "Contain the resource, or correct the reference.",
      bad: ##"{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}"##,
      good: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """),
    "dom-2": InvariantStory(
      "References within a container look in one list only.",
      "Move the inner resource up into the outermost container.",
      bad: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[
          {"resourceType":"Organization","id":"o","name":"Clinic","partOf":{"reference":"#p"},"contained":[
            {"resourceType":"Organization","id":"p","name":"Group"}]}]}
        """,
      good: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[
          {"resourceType":"Organization","id":"o","name":"Clinic","partOf":{"reference":"#p"}},
          {"resourceType":"Organization","id":"p","name":"Group"}]}
        """),
    "dom-3": InvariantStory(
      "What is contained and not referred to has lost its connection.",
      "Refer to it, or take it out.",
      bad: """
        {"resourceType":"Patient","active":true,
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """,
      good: """
        {"resourceType":"Patient","active":true,"managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """),
    "dom-4": InvariantStory(
      "A contained resource has no versions of its own: it changes with its container.",
      "Take meta.versionId and meta.lastUpdated out of it.",
      bad: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","meta":{"versionId":"1"},"name":"Clinic"}]}
        """,
      good: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """),
    "dom-5": InvariantStory(
      "Access is given to the container as a whole; labels within it would not be seen.",
      "Label the container.",
      bad: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic","meta":{"security":[
            {"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}}]}
        """,
      good: """
        {"resourceType":"Patient","managingOrganization":{"reference":"#o"},"meta":{"security":[
            {"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """),
    "txt-1": InvariantStory(
      "A narrative is shown in other systems' pages: a script in it would run there.",
      "Use the basic elements and attributes of HTML only.",
      bad: """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p onclick=\\"go()\\">Ada</p></div>"}}
        """,
      good: """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Ada</p></div>"}}
        """),
    "txt-2": InvariantStory(
      "An empty narrative pretends that there is something to read.", "Fill it, or leave text out.",
      bad: """
        {"resourceType":"Patient","active":true,"text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"> </div>"}}
        """,
      good: #"{"resourceType":"Patient","active":true}"#),
  ]

  private static let bundles: [String: InvariantStory] = [
    "bdl-1": InvariantStory(
      "A total counts what a search or a history found; other Bundles found nothing.", "Take total out.",
      bad: #"{"resourceType":"Bundle","type":"collection","total":0}"#,
      good: #"{"resourceType":"Bundle","type":"searchset","total":0}"#),
    "bdl-2": InvariantStory(
      "entry.search says why a search found the entry.", "Take entry.search out, or correct the type.",
      bad: """
        {"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://example.org/fhir/Patient/1",
          "resource":{"resourceType":"Patient","id":"1","active":true},"search":{"mode":"match"}}]}
        """,
      good: """
        {"resourceType":"Bundle","type":"searchset","entry":[{"fullUrl":"http://example.org/fhir/Patient/1",
          "resource":{"resourceType":"Patient","id":"1","active":true},"search":{"mode":"match"}}]}
        """),
    "bdl-3": InvariantStory(
      "A server must know what to do with each entry of a batch or transaction.",
      "Add a request to each entry, or correct the type.",
      bad: """
        {"resourceType":"Bundle","type":"transaction","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient","active":true}}]}
        """,
      good: """
        {"resourceType":"Bundle","type":"transaction","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient","active":true},
            "request":{"method":"POST","url":"Patient"}}]}
        """),
    "bdl-7": InvariantStory(
      "A reference to a fullUrl that stands twice could mean either entry.",
      "Give each entry a fullUrl of its own.",
      bad: """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient","active":true}},
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient","active":false}}]}
        """,
      good: """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient","active":true}},
          {"fullUrl":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11","resource":{"resourceType":"Patient","active":false}}]}
        """),
    "bdl-9": InvariantStory(
      "A document is known by its identifier wherever it goes.", "Add an identifier with system and value.",
      bad: document(#""timestamp":"2024-05-01T09:00:00Z","#),
      good: document(identifier + #""timestamp":"2024-05-01T09:00:00Z","#)),
    "bdl-10": InvariantStory(
      "A reader must know how old a document is.", "Add the timestamp of its making.",
      bad: document(identifier), good: document(identifier + #""timestamp":"2024-05-01T09:00:00Z","#)),
  ]

  private static let identifier =
    #""identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:9a2b6f0e-5c1d-4e7f-8a3b-2c4d6e8f0a1b"},"#

  private static func document(_ members: String) -> String {
    """
    {"resourceType":"Bundle","type":"document",\(members)"entry":[
      {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Composition",
        "status":"final","type":{"text":"letter"},"date":"2024-05-01","title":"Letter",
        "author":[{"reference":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11"}]}},
      {"fullUrl":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11","resource":{"resourceType":"Organization",
        "name":"Clinic"}}]}
    """
  }
}
