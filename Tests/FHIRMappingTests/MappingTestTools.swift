import BSON
import FHIRFormats
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// The tree of one resource written as JSON.
func tree(_ json: String) throws -> ResourceTree {
  let reader = try ResourceReader(source: MemorySource(Array(json.utf8)), name: "test.json")
  return try #require(try reader.next()).tree
}

func json(_ tree: ResourceTree, at node: Int = 0) -> String {
  let output = OutputBuffer()
  JSONWriter(to: output).write(tree, at: node)
  return String(decoding: output.array, as: UTF8.self)
}

/// Whether a reference is one that a resolver may find somebody for.
func namesSomebody(_ reference: Int, in tree: ResourceTree) -> Bool {
  func child(_ name: String) -> Int? {
    DefinitionTable.r4.nameID(name).flatMap { tree.child($0, of: reference) }
  }
  return child("identifier") != nil || child("reference").map { tree.nodes[$0].textLength > 0 } ?? false
}

/// A resource as its encoder writes it.
func encoded(
  _ tree: ResourceTree, node: Int = 0, key: String? = nil, rewrites: ReferenceRewrites? = nil
) throws -> BSONDocument {
  var encoder = ResourceEncoder()
  var writer = BSONWriter()
  try encoder.encode(tree, node: node, key: key, rewrites: rewrites, into: &writer)
  return try writer.finish()
}

func encoded(_ json: String) throws -> BSONDocument { try encoded(try tree(json)) }

func decoded(
  _ document: BSONDocument, references: ResourceDecoder.References = .resolved
) throws -> ResourceTree {
  try document.withView { (view) throws(BSONError) in try ResourceDecoder(references: references).decode(view)
  }
}

/// What differs between two resources, if anything.
func difference(_ a: ResourceTree, at node: Int = 0, _ b: ResourceTree) -> String? {
  TreeComparison(xhtml: { XHTMLComparison.canonical($0) }).difference(a, at: node, b)?.description
}

/// Documents made of resources, and resources of documents, as import and export do it.
struct Lens {
  let mappings: MappingSet
  var pageBytes = 8_000_000

  /// Compiled once for all tests.
  static let builtIn = Result { try MappingSet.builtIn() }

  init() throws { mappings = try Lens.builtIn.get() }

  var assembler: DocumentAssembler { DocumentAssembler(mappings: mappings, pageBytes: pageBytes) }

  func assemble(
    _ kind: DocumentKind, id: String, _ resources: [String], links: [AppointmentLink] = []
  ) throws -> [BSONDocument] {
    try assembler.assemble(kind: kind, id: id, parts: try parts(kind, id: id, resources, links: links)).pages
  }

  func parts(
    _ kind: DocumentKind, id: String, _ resources: [String], links: [AppointmentLink] = []
  ) throws -> [Part] {
    var parts: [Part] = []
    for (number, text) in resources.enumerated() {
      let tree = try tree(text)
      let home = mappings.homes.home(
        of: tree, node: 0, id: "x\(number)", key: tree.string(at: 0) + "/x\(number)"
      ) { _, type in type == "Patient" ? id : nil }
      let document = try encoded(tree)
      let own = try document.fields()["id"]?.text ?? "x\(number)"
      let resource = Part.Resource(
        key: (try document.fields()["resourceType"]?.text ?? "") + "/" + own, bytes: document.shared)
      let isRoot = mappings.plan(kind)?.root?.name == tree.string(at: 0)
      let content: Part.Content =
        isRoot ? .root(resource, names: []) : .section(section(of: tree, home), resource)
      parts.append(Part(kind: kind, documentID: id, content: content, sequence: UInt64(number)))
    }
    for link in links { parts.append(Part(kind: kind, documentID: id, content: .appointment(link))) }
    return parts
  }

  private func section(of tree: ResourceTree, _ home: Home) -> String {
    mappings.homes.place(ofType: tree.string(at: 0)).section ?? "others"
  }

  /// The resources of documents, by `Type/id`, and what could not be carried.
  func export(
    _ pages: [BSONDocument], kind: DocumentKind, references: ResourceDecoder.References = .resolved
  ) throws -> (
    resources: [String: ResourceTree], notes: [String]
  ) {
    let reader = DocumentReader(mappings: mappings, references: references)
    var resources: [String: ResourceTree] = [:]
    var notes: [String] = []
    for page in pages {
      try page.withView { view in
        try reader.read(view, kind: kind) { resource in
          resources[resource.tree.string(at: 0) + "/" + resource.id] = resource.tree
        } note: { field, reason in
          // Tests put resources wherever they need them.
          if reason != DocumentReader.strangersNote { notes.append("\(field): \(reason)") }
        }
      }
    }
    return (resources, notes)
  }
}

extension BSONDocument {
  /// The document with one top-level field set, or with nil taken away, as an application does it.
  func setting(_ name: String, _ value: BSONValue?) throws -> BSONDocument {
    var fields = try fields()
    fields[name] = value
    return try BSONDocument(fields)
  }
}
