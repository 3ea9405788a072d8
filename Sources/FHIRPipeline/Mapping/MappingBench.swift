import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRValidation

/// Runs a set of mappings in memory, as import and export do: resources to documents, documents to resources.
struct MappingBench {
  let mappings: MappingSet
  private let assembler: DocumentAssembler
  private let validator: Validator

  init(_ mappings: MappingSet) {
    self.mappings = mappings
    assembler = DocumentAssembler(mappings: mappings, pageBytes: 8_000_000)
    validator = Validator()
  }

  /// A document of one of the collections.
  struct Document {
    let kind: DocumentKind
    let id: String
    var fields: BSONFields
  }

  /// A resource that a document exports as.
  struct Exported {
    let tree: ResourceTree
    let id: String

    var key: String { tree.string(at: 0) + "/" + id }
  }

  /// A field that could not be carried, and why.
  struct Note: Equatable {
    let field: String
    let reason: String
  }

  // MARK: Import

  /// The documents that resources become, in the order of their kinds and ids.
  func documents(of trees: [ResourceTree]) throws -> [Document] {
    var factory = PartFactory(mappings: mappings, source: "")
    var index = TargetIndex()
    let resources = trees.map { RecordResource(whole: $0) }
    for resource in resources { index.add(resource) }
    let resolver = ReferenceResolver(run: index)
    var parts = PartBuffer()
    var sequence: UInt64 = 0
    for resource in resources {
      sequence += 1
      do {
        _ = try factory.parts(
          of: resource, resolver: resolver, sequence: sequence
        ) { part in
          parts.append(record: part.record)
        }
      } catch {
        throw PipelineFailure(.input, error.message)
      }
    }
    let groups = DocumentGroups(parts)
    let order = groups.groups.sorted { ($0.kind, groups.id(of: $0)) < ($1.kind, groups.id(of: $1)) }
    return try order.map { group in
      let id = groups.id(of: group)
      let assembly = try assembler.assemble(kind: group.kind, id: id, parts: groups.parts(of: group))
      return Document(kind: group.kind, id: id, fields: try assembly.first.fields())
    }
  }

  // MARK: Export

  func export(
    _ document: Document, references: ResourceDecoder.References = .resolved
  ) throws -> (resources: [Exported], notes: [Note]) {
    var resources: [Exported] = []
    var notes: [Note] = []
    let reader = DocumentReader(mappings: mappings, references: references)
    try BSONDocument(document.fields).withView { view in
      try reader.read(view, kind: document.kind) { resource in
        resources.append(Exported(tree: resource.tree, id: resource.id))
      } note: { field, reason in
        notes.append(Note(field: field, reason: reason))
      }
    }
    return (resources, notes)
  }

  /// What the validator holds against a resource.
  func errors(in tree: ResourceTree) -> [Issue] {
    // Read again as its reader gives it: what the tree does not show, the text does.
    var issues: [Issue] = []
    validator.validate(tree, into: &issues)
    return issues.filter { $0.severity >= .error }
  }

  // MARK: Texts

  static func tree(json: String) throws -> ResourceTree {
    let reader = try ResourceReader(source: MemorySource(Array(json.utf8)), name: "example")
    guard let record = try reader.next(), case .resource = record.content else {
      throw PipelineFailure(.input, "expected one resource of FHIR")
    }
    if let issue = record.issues.first(where: { $0.severity >= .error }) {
      throw PipelineFailure(.input, "\(issue.expression): \(issue.message)")
    }
    return record.tree
  }

  static func json(_ tree: ResourceTree) -> String {
    let output = OutputBuffer()
    JSONWriter(to: output).write(tree, at: 0)
    return String(decoding: output.array, as: UTF8.self)
  }

  static func difference(_ a: ResourceTree, _ b: ResourceTree) -> String? {
    TreeComparison(xhtml: { XHTMLComparison.canonical($0) }).difference(a, at: 0, b)?.description
  }
}

extension MappingBench {
  /// A resource given as a value.
  static func tree(_ resource: BSONValue) throws -> ResourceTree {
    try BSONDocument(resource.fields ?? BSONFields()).withView { (view) throws(BSONError) in
      try ResourceDecoder(references: .resolved).decode(view)
    }
  }

  static func value(_ tree: ResourceTree) throws -> BSONValue {
    var encoder = ResourceEncoder()
    var writer = BSONWriter()
    try encoder.encode(tree, into: &writer)
    return .document(try writer.finish().fields())
  }
}
