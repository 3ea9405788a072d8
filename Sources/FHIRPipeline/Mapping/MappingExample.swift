import BSON
import FHIRMapping
import Yams

/// One example of a mapping: resources and the document that they become, or a document and the resources that it
/// exports as; and edits of the document with what they change in FHIR.
struct MappingExample {
  let name: String
  let kind: DocumentKind
  let place: String
  /// Resources to be imported; nil for a document that never came from FHIR.
  let resources: [BSONValue]?
  /// A document as it is stored, that never came from FHIR.
  let stored: BSONFields?
  /// The resources that it exports as; nil where only their validity is asked for.
  let exports: [BSONValue]?
  /// The fields that export speaks of.
  let told: [String]
  /// Fields of the document that the resources become; null for one that is not to be there.
  let document: BSONFields?
  let edits: [Edit]

  /// Fields set or, with null, taken away, and the elements that move with them.
  struct Edit {
    let place: String
    let fields: [(name: String, value: BSONValue)]
    /// By resource: elements by their paths, or a whole new resource.
    let changes: [(key: String, elements: BSONFields)]
    let told: [String]
  }

  /// Reads a file of examples.
  static func read(_ text: String, file: String) throws -> [MappingExample] {
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch let error as YamlError {
      throw PipelineFailure(.mapping, ConfigurationReader.syntaxMessage(error, file: file))
    }
    guard let root else {
      throw PipelineFailure(.mapping, "\(file): expected the keys document and examples")
    }
    let reader = ExampleReader(file: file)
    let members = try reader.members(root, ["document", "examples"])
    guard let kindNode = members["document"], let kind = DocumentKind(rawValue: kindNode.string ?? ""),
      DocumentKind.mapped.contains(kind)
    else {
      let known = DocumentKind.mapped.map(\.rawValue).joined(separator: ", ")
      throw reader.failure(members["document"] ?? root, "document: expected one of \(known)")
    }
    guard let list = members["examples"], let items = list.sequence else {
      throw reader.failure(members["examples"] ?? root, "examples: expected a list")
    }
    return try items.map { try reader.example($0, kind) }
  }
}

/// Reads examples strictly: what is not expected is a mistake, told with its place.
private struct ExampleReader {
  let file: String

  func place(_ node: Node) -> String { node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file }

  func failure(_ node: Node, _ message: String) -> PipelineFailure {
    PipelineFailure(.mapping, "\(place(node)): error: \(message)")
  }

  func members(_ node: Node, _ allowed: [String]) throws -> [String: Node] {
    guard let mapping = node.mapping else { throw failure(node, "expected a mapping of keys to values") }
    var members: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, allowed.contains(name) else {
        throw failure(
          key, "there is no key \(key.string ?? "?") here: expected one of \(allowed.joined(separator: ", "))"
        )
      }
      members[name] = value
    }
    return members
  }

  func example(_ node: Node, _ kind: DocumentKind) throws -> MappingExample {
    let members = try members(node, ["example", "fhir", "stored", "exports", "told", "document", "edits"])
    guard let name = members["example"]?.string else {
      throw failure(node, "the key example is missing: its name")
    }
    guard (members["fhir"] == nil) != (members["stored"] == nil) else {
      throw failure(node, "expected either fhir, the resources that come, or stored, a document as it stands")
    }
    for key in ["exports", "told"] where members["fhir"] != nil {
      if let value = members[key] { throw failure(value, "\(key) belongs to an example with stored") }
    }
    if members["stored"] != nil, let edits = members["edits"] {
      throw failure(edits, "edits belong to an example with fhir")
    }
    return MappingExample(
      name: name, kind: kind, place: place(node), resources: try members["fhir"].map(resources),
      stored: try members["stored"].map { try fields($0, isStored: true) },
      exports: try members["exports"].map(resources), told: try texts(members["told"]),
      document: try members["document"].map { try fields($0, isStored: false) },
      edits: try (members["edits"]?.sequence ?? []).map(edit))
  }

  private func resources(_ node: Node) throws -> [BSONValue] {
    let items = node.sequence.map(Array.init) ?? [node]
    return try items.map { item in
      let value = ExampleValue.value(item, isStored: false)
      guard value.fields?["resourceType"]?.text != nil else {
        throw failure(item, "expected a resource: its resourceType is missing")
      }
      return value
    }
  }

  private func fields(_ node: Node, isStored: Bool) throws -> BSONFields {
    guard let fields = ExampleValue.value(node, isStored: isStored).fields else {
      throw failure(node, "expected the fields of a document")
    }
    return fields
  }

  private func texts(_ node: Node?) throws -> [String] {
    guard let node else { return [] }
    guard let items = node.sequence else { throw failure(node, "expected a list of fields") }
    return try items.map { item in
      guard let text = item.string else { throw failure(item, "expected the name of a field") }
      return text
    }
  }

  private func edit(_ node: Node) throws -> MappingExample.Edit {
    let members = try members(node, ["set", "fhir", "told"])
    guard let set = members["set"] else {
      throw failure(node, "the key set is missing: the fields that are changed")
    }
    var changes: [(String, BSONFields)] = []
    for (key, value) in members["fhir"]?.mapping.map(Array.init) ?? [] {
      guard let name = key.string, name.contains("/") else {
        throw failure(key, "expected a resource, such as Patient/1")
      }
      changes.append((name, try fields(value, isStored: false)))
    }
    return MappingExample.Edit(
      place: place(node), fields: try fields(set, isStored: true).fields.map { ($0.key, $0.value) },
      changes: changes, told: try texts(members["told"]))
  }
}
