import BSON
import FHIRMapping

/// What one resource contributes to one document, as tests write it.
struct Part {
  enum Content {
    case root(Resource, names: [String])
    case section(String, Resource)
    case appointment(AppointmentLink)
  }

  struct Resource {
    var key: String
    var bytes: SharedBytes
  }

  var kind: DocumentKind
  var documentID: String
  var content: Content
  var sequence: UInt64 = 0
}

extension PartBuffer {
  init(_ parts: [Part]) {
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
  func assemble(kind: DocumentKind, id: String, parts: [Part]) throws -> Assembly {
    let buffer = PartBuffer(parts)
    return try assemble(kind: kind, id: id, parts: buffer.views()[...])
  }

  func assemble(kind: DocumentKind, id: String, parts: [Part], stored: [BSONDocument]) throws -> Assembly {
    try assemble(try assemble(kind: kind, id: id, parts: parts), stored: stored)
  }
}
