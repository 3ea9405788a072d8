import BSON
package import FHIRMapping
import FHIRModel
import Foundation

/// The work of `fhirline mapping test`: every example both ways, and what its edits change.
package struct MappingTestRun {
  /// What was found wrong, a line each.
  package private(set) var failures: [String] = []
  /// The names of the examples, each with whether it holds.
  package private(set) var results: [(document: String, example: String, holds: Bool)] = []
  private let bench: MappingBench

  package init(_ mappings: MappingSet) { bench = MappingBench(mappings) }

  package var summary: String {
    let failed = results.count { !$0.holds }
    return "\(Amount.of(results.count, "example")): \(results.count - failed) hold, \(failed) do not"
  }

  /// Runs the examples of a file.
  package mutating func run(file: String) throws {
    try run(try TextFile.read(file, .mapping), file: file)
  }

  package mutating func run(_ text: String, file: String) throws {
    for example in try MappingExample.read(text, file: file) {
      let before = failures.count
      do {
        if let resources = example.resources { try check(example, resources) }
        if let stored = example.stored { try check(example, stored) }
      } catch let failure as PipelineFailure {
        fail(example.place, example, failure.message)
      } catch {
        fail(example.place, example, "\(error)")
      }
      results.append((example.kind.rawValue, example.name, failures.count == before))
    }
  }

  private mutating func fail(_ place: String, _ example: MappingExample, _ message: String) {
    failures.append("\(place): error: \(example.name): \(message)")
  }

  // MARK: Resources that become a document

  private mutating func check(_ example: MappingExample, _ resources: [BSONValue]) throws {
    let trees = try resources.map { try MappingBench.tree($0) }
    for tree in trees { try checkValidity(tree) }
    let documents = try bench.documents(of: trees)
    guard let document = documents.first(where: { $0.kind == example.kind }) else {
      return fail(example.place, example, "no document \(example.kind.rawValue) comes of these resources")
    }
    if let expected = example.document {
      for field in expected.fields {
        if let difference = ExampleValue.difference(
          field.value, document.fields[field.key], at: field.key, isPart: true)
        {
          fail(example.place, example, difference)
        }
      }
    }
    try checkReturn(example, trees, documents)
    for edit in example.edits { try check(edit, example, document, trees) }
  }

  /// What came in goes out, and comes in again as the same documents.
  private mutating func checkReturn(
    _ example: MappingExample, _ trees: [ResourceTree], _ documents: [MappingBench.Document]
  ) throws {
    var exported: [String: ResourceTree] = [:]
    for document in documents {
      for resource in try bench.export(document, references: .original).resources {
        exported[resource.key] = resource.tree
      }
    }
    for tree in trees {
      let key = RecordResource(whole: tree).identity.key
      guard let back = exported.removeValue(forKey: key) else {
        fail(example.place, example, "\(key) does not come back")
        continue
      }
      if let difference = MappingBench.difference(tree, back) {
        fail(example.place, example, "\(key) does not come back as it was: \(difference)")
      }
    }
    for key in exported.keys.sorted() {
      fail(example.place, example, "\(key) is exported, and nobody sent it")
    }
    let again = try bench.documents(of: trees.map { try MappingBench.tree(json: MappingBench.json($0)) })
    if again.map(\.fields) != documents.map(\.fields) {
      fail(example.place, example, "importing the export again changes a document")
    }
  }

  private mutating func check(
    _ edit: MappingExample.Edit, _ example: MappingExample, _ document: MappingBench.Document,
    _ trees: [ResourceTree]
  ) throws {
    var edited = document
    for (name, value) in edit.fields { edited.fields[name] = value == .null ? Optional.none : value }
    let before = try values(bench.export(document).resources)
    let (resources, notes) = try bench.export(edited)
    for resource in resources { try checkValidity(resource.tree) }
    checkNotes(notes, edit.told, edit.place, example)
    var expected = before
    for (key, elements) in edit.changes {
      guard var resource = expected[key] else {
        expected[key] = .document(elements)
        continue
      }
      for (path, value) in elements.fields.map({ ($0.key, $0.value) }) {
        guard let place = ElementPath(path), place.set(value, in: &resource) else {
          fail(edit.place, example, "\(path) leads nowhere in \(key)")
          continue
        }
      }
      expected[key] = resource
    }
    compare(expected, try values(resources), edit.place, example)
  }

  // MARK: Documents that never came from FHIR

  private mutating func check(_ example: MappingExample, _ stored: BSONFields) throws {
    let id = stored["_id"]?.text ?? ""
    let (resources, notes) = try bench.export(.init(kind: example.kind, id: id, fields: stored))
    for resource in resources { try checkValidity(resource.tree) }
    checkNotes(notes, example.told, example.place, example)
    if let exports = example.exports {
      var expected: [String: BSONValue] = [:]
      for resource in exports {
        let tree = try MappingBench.tree(resource)
        expected[RecordResource(whole: tree).identity.key] = resource
      }
      compare(expected, try values(resources), example.place, example)
    }
    guard let document = example.document else { return }
    let back = try bench.documents(of: resources.map(\.tree)).first { $0.kind == example.kind }
    for field in document.fields {
      if let difference = ExampleValue.difference(
        field.value, back?.fields[field.key], at: "imported again, \(field.key)", isPart: true)
      {
        fail(example.place, example, difference)
      }
    }
  }

  // MARK: Comparing

  private func checkValidity(_ tree: ResourceTree) throws {
    guard let issue = bench.errors(in: tree).first else { return }
    throw PipelineFailure(.input, "\(issue.expression): not valid FHIR: \(issue.message)")
  }

  private mutating func checkNotes(
    _ notes: [MappingBench.Note], _ told: [String], _ place: String, _ example: MappingExample
  ) {
    for note in notes where !told.contains(note.field) {
      fail(place, example, "\(note.field) is told of, and not under told: \(note.reason)")
    }
    for field in told where !notes.contains(where: { $0.field == field }) {
      fail(place, example, "\(field) is not told of, though it stands under told")
    }
  }

  private mutating func compare(
    _ expected: [String: BSONValue], _ found: [String: BSONValue], _ place: String, _ example: MappingExample
  ) {
    for key in Set(expected.keys).union(found.keys).sorted() {
      guard let resource = found[key] else {
        fail(place, example, "\(key) is not exported")
        continue
      }
      guard let wanted = expected[key] else {
        fail(place, example, "\(key) is exported, and not expected")
        continue
      }
      if let difference = ExampleValue.difference(wanted, resource, at: "") {
        fail(place, example, "\(key): \(difference)")
      }
    }
  }

  private func values(_ resources: [MappingBench.Exported]) throws -> [String: BSONValue] {
    var values: [String: BSONValue] = [:]
    for resource in resources { values[resource.key] = try MappingBench.value(resource.tree) }
    return values
  }
}
