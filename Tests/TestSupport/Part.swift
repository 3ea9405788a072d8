package import BSON
package import FHIRMapping

/// What one resource contributes to one document, as tests write it.
package struct Part {
  package enum Content {
    case root(Resource, names: [String])
    case section(String, Resource)
    case appointment(AppointmentLink)
  }

  package struct Resource {
    package var key: String
    package var bytes: SharedBytes

    package init(key: String, bytes: SharedBytes) {
      self.key = key
      self.bytes = bytes
    }
  }

  package var kind: DocumentKind
  package var documentID: String
  package var content: Content
  package var sequence: UInt64

  package init(kind: DocumentKind, documentID: String, content: Content, sequence: UInt64 = 0) {
    self.kind = kind
    self.documentID = documentID
    self.content = content
    self.sequence = sequence
  }
}

extension PartBuffer {
  package init(_ parts: [Part]) {
    self.init()
    for part in parts {
      switch part.content {
      case .root(let resource, let names):
        append(
          root: resource.key, bytes: resource.bytes.pointer, names: names, of: part.kind, part.documentID,
          sequence: part.sequence)
      case .section(let section, let resource):
        append(
          section: section, key: resource.key, bytes: resource.bytes.pointer, of: part.kind, part.documentID,
          sequence: part.sequence)
      case .appointment(let link):
        append(link: link, of: part.kind, part.documentID, sequence: part.sequence)
      }
    }
  }
}

extension DocumentAssembler {
  package func assemble(kind: DocumentKind, id: String, parts: [Part]) throws -> Assembly {
    let buffer = PartBuffer(parts)
    return try assemble(kind: kind, id: id, parts: buffer.list())
  }

  package func assemble(kind: DocumentKind, id: String, parts: [Part], stored: [BSONDocument]) throws
    -> Assembly
  {
    try assemble(try assemble(kind: kind, id: id, parts: parts), stored: stored)
  }
}
