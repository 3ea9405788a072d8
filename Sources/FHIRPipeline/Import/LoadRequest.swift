import BSON
package import FHIRMapping

/// A document on its way into the database: the parts it is made of, and what they alone make.
package struct LoadRequest: Sendable {
  package let kind: DocumentKind
  package let id: String
  package private(set) var parts: [Part]
  /// The document as it is if the database has none yet.
  package let assembly: DocumentAssembler.Assembly

  package init(kind: DocumentKind, id: String, parts: [Part], assembly: DocumentAssembler.Assembly) {
    self.kind = kind
    self.id = id
    self.parts = parts
    self.assembly = assembly
  }

  /// Gives the parts memory that they share with small documents only.
  mutating func holdsParts(in memory: inout PageMemory) {
    for index in parts.indices { memory.keep(&parts[index]) }
  }

  package var byteCount: Int { assembly.pages.reduce(0) { $0 + $1.count } }
}
