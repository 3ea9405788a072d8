import FHIRFormats
package import FHIRModel

/// Snapshots that were made, as resources: for those who ask of elements by the names of the specification.
extension ConformanceStore {
  /// The StructureDefinition of a canonical URL with a snapshot: as it came or, where it came without one, with the facts of the
  /// one that was made; nil if there is none.
  package func snapshotTree(_ canonical: String) -> ResourceTree? {
    guard let tree = resource(.structureDefinition, canonical: canonical) else { return nil }
    let hasSnapshot = !NamedElement(root: tree, table: .forDefinitions).children("snapshot").isEmpty
    guard !hasSnapshot, let structure = structureDefinition(canonical) else { return tree }
    let chunk = SourceChunk(Array(SnapshotText(structure).text.utf8))
    return (try? NamedElement.read(chunk, package: structure.package, file: structure.file)) ?? tree
  }
}

/// A structure's facts in JSON.
private struct SnapshotText {
  private(set) var text = ""

  init(_ structure: StructureDefinition) {
    let elements = structure.elements.map { Self.element($0) }.joined(separator: ",")
    text = Self.object([
      ("resourceType", Self.quoted("StructureDefinition")), ("url", Self.quoted(structure.url)),
      ("type", Self.quoted(structure.type)), ("snapshot", #"{"element":[\#(elements)]}"#),
    ])
  }

  private static func element(_ element: ElementDefinition) -> String {
    var members: [(String, String)] = []
    func add(_ name: String, _ value: String?) {
      if let value { members.append((name, value)) }
    }
    add("id", element.id.map(quoted))
    add("path", quoted(element.path))
    add("sliceName", element.sliceName.map(quoted))
    add("slicing", element.slicing.map(slicing))
    add("min", String(element.min))
    add("max", quoted(element.max.map { String($0) } ?? "*"))
    add("contentReference", element.contentReference.map(quoted))
    add("type", list(element.types.map(type)))
    for (stem, value) in [
      ("fixed", element.fixed), ("pattern", element.pattern), ("minValue", element.minValue),
      ("maxValue", element.maxValue),
    ] {
      guard let value else { continue }
      add(stem + value.type.prefix(1).uppercased() + value.type.dropFirst(), json(value))
    }
    add("maxLength", element.maxLength.map { String($0) })
    add("constraint", list(element.constraints.map(constraint)))
    if element.mustSupport { add("mustSupport", "true") }
    if element.isModifier { add("isModifier", "true") }
    if element.isSummary { add("isSummary", "true") }
    add("binding", element.binding.map(binding))
    return object(members)
  }

  private static func slicing(_ slicing: ElementDefinition.Slicing) -> String {
    let discriminators = slicing.discriminators.map {
      object([("type", quoted($0.kind.rawValue)), ("path", quoted($0.path))])
    }
    var members = [("ordered", String(slicing.isOrdered)), ("rules", quoted(slicing.rules.rawValue))]
    if let list = list(discriminators) { members.insert(("discriminator", list), at: 0) }
    return object(members)
  }

  private static func type(_ type: ElementDefinition.TypeReference) -> String {
    var members = [("code", quoted(type.code))]
    for (name, values) in [
      ("profile", type.profiles), ("targetProfile", type.targetProfiles), ("aggregation", type.aggregation),
    ] {
      if let list = list(values.map(quoted)) { members.append((name, list)) }
    }
    if let versioning = type.versioning { members.append(("versioning", quoted(versioning))) }
    return object(members)
  }

  private static func constraint(_ constraint: ElementDefinition.Constraint) -> String {
    var members = [
      ("key", quoted(constraint.key)), ("severity", quoted(constraint.isWarning ? "warning" : "error")),
      ("expression", quoted(constraint.expression)),
    ]
    if let source = constraint.source { members.append(("source", quoted(source))) }
    return object(members)
  }

  private static func binding(_ binding: ElementDefinition.ElementBinding) -> String {
    object([("strength", quoted(binding.strength.rawValue)), ("valueSet", quoted(binding.valueSet))])
  }

  // MARK: JSON

  private static func json(_ value: ElementValue) -> String {
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(value.tree, at: value.node)
    return buffer.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }

  private static func list(_ items: [String]) -> String? {
    items.isEmpty ? nil : "[" + items.joined(separator: ",") + "]"
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
