import FHIRDefinitions
import FHIRFormats
import FHIRModel
import FHIRValidation
import Foundation

/// A StructureDefinition with a snapshot, written for a test.
struct SmallDefinition {
  static let base = "http://example.org/fhir/StructureDefinition/"

  let name: String
  let type: String
  /// Members of the resource besides those that every definition has.
  var members = ""
  /// The snapshot's elements as JSON objects; the root is put before them if it is not among them.
  let elements: [String]

  init(_ name: String, of type: String, members: String = "", _ elements: [String]) {
    self.name = name
    self.type = type
    self.members = members
    self.elements = elements
  }

  var url: String { Self.base + name }

  var json: String {
    let hasRoot = elements.contains { $0.contains("\"path\": \"\(type)\"") }
    let root = hasRoot ? [] : [#"{"id": "\#(type)", "path": "\#(type)", "min": 0, "max": "*"}"#]
    return """
      {"resourceType": "StructureDefinition", "url": "\(url)", "name": "\(name)", "status": "active",
       "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "\(type)", \(members)
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/\(type)", "derivation": "constraint",
       "snapshot": {"element": [\((root + elements).joined(separator: ",\n"))]}}
      """
  }
}

/// An element of a snapshot: `element("Patient.name", min: 1, #""mustSupport": true"#)`.
func element(_ path: String, slice: String? = nil, min: Int = 0, max: String = "*", _ more: String...)
  -> String
{
  var members = [#""path": "\#(path)""#, #""min": \#(min)"#, #""max": "\#(max)""#]
  if let slice { members.append(#""sliceName": "\#(slice)""#) }
  return "{\((members + more).joined(separator: ", "))}"
}

/// The definitions of a test, and the core's.
func store(_ definitions: [SmallDefinition]) throws -> ConformanceStore {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let files = try definitions.map { definition in
    let file = folder.appending(path: definition.name + ".json")
    try definition.json.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
  let store = ConformanceStore(packages: [try ConformancePackage(files: files)])
  // Read while the files are there.
  for definition in definitions { _ = store.structureDefinition(definition.url) }
  return store
}

/// What is found in a resource that must meet the first of some profiles.
func findings(
  _ text: String, meeting definitions: [SmallDefinition], options: ProfileOptions = ProfileOptions(),
  tellsUndecided: Bool = false
) throws -> [FHIRModel.Issue] {
  var validation = ValidationOptions()
  validation.tellsUndecided = tellsUndecided
  validation.profiles = options
  if let first = definitions.first, first.type != "Extension" {
    validation.profiles.rootProfiles.append(first.url)
  }
  let validator = Validator(definitions: try store(definitions), options: validation)
  var reading = ReadOptions()
  reading.splitBundles = false
  let isXML = text.first { !$0.isWhitespace } == "<"
  let reader = try ResourceReader(
    source: MemorySource(text), name: isXML ? "test.xml" : "test.json", options: reading)
  var issues: [FHIRModel.Issue] = []
  while let record = try reader.next() {
    issues += record.issues
    if record.content != .unreadable { validator.validate(record.tree, into: &issues) }
  }
  return issues
}

extension [FHIRModel.Issue] {
  /// `rule expression`, one for each.
  var places: [String] { map { "\($0.rule.code) \($0.expression)" } }
}
