import CDefinitions
import FHIRModel

/// Writes the least that R4 wants of a resource of some type, from the definitions.
struct MinimalResource {
  private let table = DefinitionTable.r4
  /// What invariants want besides.
  private static let extras = [
    "AllergyIntolerance": [
      #""clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}"#
    ],
    "Consent": [#""policyRule":{"text":"sample"}"#],
    "ImmunizationRecommendation": [
      #""recommendation":[{"vaccineCode":[{"text":"x"}],"forecastStatus":{"text":"due"}}]"#
    ],
  ]

  /// - Parameter owner: the element that refers to the Patient or Practitioner, and what it says.
  func json(_ type: String, id: String, owner: (element: String, reference: String)) -> String {
    guard let own = table.typeID(type) else { return "" }
    var members = [#""resourceType":"\#(type)""#, #""id":"\#(id)""#]
    members += MinimalResource.extras[type] ?? []
    // The Recommendation has its one backbone element among the extras.
    members += self.members(of: own, depth: 0, without: ["id", "recommendation", owner.element])
    members.append(
      #""\#(owner.element)":"# + (repeats(owner.element, of: own) ? "[" : "")
        + #"{"reference":"\#(owner.reference)"}"#
        + (repeats(owner.element, of: own) ? "]" : ""))
    return "{" + members.joined(separator: ",") + "}"
  }

  private func repeats(_ name: String, of type: TypeID) -> Bool {
    table.elements(of: type).contains { table.string(of: NameID(rawValue: $0.name)) == name && $0.max > 1 }
  }

  private func members(of type: TypeID, depth: Int, without: Set<String> = []) -> [String] {
    table.elements(of: type).compactMap { element in
      guard element.min > 0, !without.contains(table.string(of: NameID(rawValue: element.name))) else {
        return nil
      }
      let refs = Array(table.typeRefs(of: element))
      guard let ref = refs.first else { return nil }
      let value = value(element, TypeID(rawValue: ref.type), depth)
      return #""\#(table.string(of: NameID(rawValue: ref.json_name)))":"#
        + (element.max > 1 ? "[\(value)]" : value)
    }
  }

  private func value(_ element: definition_element, _ type: TypeID, _ depth: Int) -> String {
    let name = table.name(of: type)
    if table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) { return primitive(element, name) }
    switch name {
    case "CodeableConcept": return #"{"text":"sample"}"#
    case "Coding": return #"{"system":"http://example.org/codes","code":"sample"}"#
    case "Reference": return #"{"display":"somebody"}"#
    case "Identifier": return #"{"value":"1"}"#
    case "Quantity": return #"{"value":1}"#
    case "Period": return #"{"start":"2024-01-01"}"#
    case "Attachment": return #"{"contentType":"text/plain","url":"http://example.org/a"}"#
    default:
      let inner = members(of: type, depth: depth + 1)
      return inner.isEmpty || depth > 5 ? #"{"id":"e"}"# : "{" + inner.joined(separator: ",") + "}"
    }
  }

  private func primitive(_ element: definition_element, _ name: String) -> String {
    switch name {
    case "boolean": return "true"
    case "integer", "positiveInt", "unsignedInt": return "1"
    case "decimal": return "1.0"
    case "date", "dateTime": return #""2024-01-01""#
    case "instant": return #""2024-01-01T00:00:00Z""#
    case "time": return #""12:00:00""#
    case "base64Binary": return #""TGk=""#
    case "code":
      if let binding = table.binding(of: element), let set = table.requiredValueSet(of: binding),
        let code = table.codes(of: set).first
      {
        return #""\#(table.string(code.code))""#
      }
      return #""sample""#
    case "uri", "url", "canonical": return #""http://example.org/a""#
    default: return #""sample""#
    }
  }
}
