import BSON

/// What of a document a collection's validation rules refuse, as the server tells it: fields, rules and types, and no values.
///
/// See https://www.mongodb.com/docs/manual/core/schema-validation/handle-invalid-documents/
struct ValidationFaults {
  /// More are counted.
  private static let shown = 4
  /// Schemas and queries nest no deeper.
  private static let deepest = 40

  private var lines: [String] = []

  /// - Parameter errorInfo: `errInfo` of a write error.
  init(_ errorInfo: BSONFields?) {
    if let details = errorInfo?["details"]?.fields { walk(details, at: "", 0) }
  }

  /// nil where the server does not tell.
  var text: String? {
    guard !lines.isEmpty else { return nil }
    let rest = lines.count - ValidationFaults.shown
    return lines.prefix(ValidationFaults.shown).joined(separator: "; ")
      + (rest > 0 ? "; and \(rest) more" : "")
  }

  private mutating func add(_ line: String) {
    if !lines.contains(line) { lines.append(line) }
  }

  private static func join(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : path + "." + name
  }

  private mutating func walk(_ fault: BSONFields, at path: String, _ depth: Int) {
    guard depth < ValidationFaults.deepest, let rule = fault["operatorName"]?.text else { return }
    func all(_ name: String) -> [BSONFields] { (fault[name]?.elements ?? []).compactMap(\.fields) }
    let place = path.isEmpty ? "the document" : path
    switch rule {
    case "$jsonSchema":
      for own in all("schemaRulesNotSatisfied") { walk(own, at: path, depth + 1) }
    case "properties":
      for property in all("propertiesNotSatisfied") {
        let name = ValidationFaults.join(path, property["propertyName"]?.text ?? "?")
        for own in (property["details"]?.elements ?? []).compactMap(\.fields) {
          walk(own, at: name, depth + 1)
        }
      }
    case "items":
      let item = path + (fault["itemIndex"]?.integer.map { "[\($0)]" } ?? "[]")
      for own in all("details") { walk(own, at: item, depth + 1) }
    case "required":
      for name in (fault["missingProperties"]?.elements ?? []).compactMap(\.text) {
        add("\(ValidationFaults.join(path, name)) is wanting, and is required")
      }
    case "additionalProperties":
      for name in (fault["additionalProperties"]?.elements ?? []).compactMap(\.text) {
        add("\(ValidationFaults.join(path, name)) is no field that the rules know, and no others are allowed")
      }
    case "bsonType", "type", "$type":
      let field = fault["specifiedAs"]?.fields?.fields.first { !$0.key.hasPrefix("$") && $0.key != rule }
      let own = rule == "$type" ? field?.key ?? place : place
      let wanted = (rule == "$type" ? field?.value.fields?[rule] : fault["specifiedAs"]?.fields?[rule])
      let types = wanted?.text.map { [$0] } ?? wanted?.elements?.compactMap(\.text) ?? []
      add(
        "\(own) is of type \(fault["consideredType"]?.text ?? "?")"
          + (types.isEmpty ? "" : ", expected: \(types.joined(separator: " or "))"))
    case "allOf", "$and":
      for own in all("schemasNotSatisfied") + all("clausesNotSatisfied") { walkAll(own, at: path, depth + 1) }
    case "anyOf", "oneOf", "$or":
      let before = lines
      lines = []
      for own in all("schemasNotSatisfied") + all("clausesNotSatisfied") { walkAll(own, at: path, depth + 1) }
      let alternatives = lines.joined(separator: ", or ")
      lines = before
      add(alternatives.isEmpty ? "\(place) does not satisfy \(rule)" : "\(alternatives) (\(rule))")
    default:
      // A query's condition names its field.
      let field = fault["specifiedAs"]?.fields?.fields.first?.key
      let own = field.map { rule.hasPrefix("$") && !$0.hasPrefix("$") ? $0 : place } ?? place
      add("\(own) does not satisfy \(rule)")
    }
  }

  /// What one of several alternatives says: a fault, or a list of them.
  private mutating func walkAll(_ clause: BSONFields, at path: String, _ depth: Int) {
    if let one = clause["details"]?.fields { walk(one, at: path, depth) }
    for own in (clause["details"]?.elements ?? []).compactMap(\.fields) { walk(own, at: path, depth) }
  }
}
