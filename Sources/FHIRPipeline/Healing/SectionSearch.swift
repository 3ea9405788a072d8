import BSON
import DocumentStore
import FHIRMapping

/// Finds the documents that hold resources in a section, by the resources' ids. No index helps: it reads what there is.
struct SectionSearch {
  let place: DocumentPlace
  let section: String
  /// Of every `_id` of the run's source, with its dot. Another hospital's resource of the same id is another.
  let prefix: String

  /// More ids than these are not asked for: everything is, and looked through here.
  private static let idsPerQuestion = 1000

  /// - Parameter body: takes the type and id of a resource, and the `_id` of the document that it stands in, or on a page of.
  func find(
    _ ids: Set<String>, _ store: DocumentStore,
    _ body: (_ type: String, _ id: String, _ document: String) -> Void
  ) throws {
    var places: [(collection: String, field: String?)] = [(place.collection, place.field)]
    if place.field != nil { places.append((place.pages, nil)) }
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(store) : []
    for (collection, field) in places {
      let path = (field.map { $0 + "." } ?? "") + section
      let condition: BSONValue =
        ids.count <= SectionSearch.idsPerQuestion
        ? ["$in": .array(ids.sorted().map { .string($0) })] : ["$exists": true]
      let filter = try BSONDocument([path + ".id": condition])
      let projection: BSONFields = [
        "chart_id": 1, path + ".id": 1, path + ".resourceType": 1,
      ]
      try store.persevering { connection in
        try connection.find(filter, in: collection, options: FindOptions(projection: projection)) {
          document in
          // A further page names the document that it belongs to.
          guard let own = try document.find("chart_id")?.text ?? document.find("_id")?.text,
            prefix.isEmpty ? !others.contains(where: own.hasPrefix) : own.hasPrefix(prefix),
            let items = try document.find(path: path)?.array
          else { return }
          try items.forEachElement { item in
            guard let resource = item.document, let id = try resource.find("id")?.text, ids.contains(id),
              let type = try resource.find("resourceType")?.text
            else { return }
            body(type, id, own)
          }
        }
      }
    }
  }
  /// What stands before the ids of sources that have names, as far as the database knows of imports from them.
  static func sourcePrefixes(_ store: DocumentStore) throws -> [String] {
    var prefixes: Set<String> = []
    try store.persevering { connection in
      try connection.find(in: ImportRun.runCollection, options: FindOptions(projection: ["source": 1])) {
        run in
        if let source = try run.find("source")?.text, !source.isEmpty { prefixes.insert(source + ".") }
      }
    }
    return prefixes.sorted()
  }
}
