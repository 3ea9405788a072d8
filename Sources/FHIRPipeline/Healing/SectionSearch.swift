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
  static let idsPerQuestion = 1000

  /// - Parameter body: takes the type and id of a resource, and the `_id` of the document that it stands in, or on a page of.
  func find(
    _ ids: Set<String>, _ store: DocumentStore,
    _ body: (_ type: String, _ id: String, _ document: String) -> Void
  ) throws {
    try store.persevering { connection in
      try find(ids, lookingFirstIn: [], connection) { type, id, document in
        body(type, id, document)
        return true
      }
    }
  }

  /// The same in one go.
  ///
  /// - Parameters:
  ///   - likely: documents that are asked before all others: a resource has one home, so that those that are found there need not be
  ///     looked for elsewhere.
  ///   - body: says whether the resource is one of those that are meant.
  func find(
    _ ids: Set<String>, lookingFirstIn likely: [String], _ connection: borrowing StoreConnection,
    _ body: (_ type: String, _ id: String, _ document: String) -> Bool
  ) throws {
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(connection) : []
    var rest = ids
    func find(_ condition: BSONFields) throws {
      let asked = rest
      for (collection, field) in [(place.collection, place.field), (place.pages, nil)] {
        let path = (field.map { $0 + "." } ?? "") + section
        var filter = condition
        filter[path + ".id"] =
          asked.count <= SectionSearch.idsPerQuestion
          ? ["$in": .array(asked.sorted().map { .string($0) })] : ["$exists": true]
        let projection: BSONFields = [
          "chart_id": 1, path + ".id": 1, path + ".resourceType": 1,
        ]
        try connection.find(
          try BSONDocument(filter), in: collection, options: FindOptions(projection: projection)
        ) { document in
          guard let own = try owner(of: document, others), let items = try document.find(path: path)?.array
          else { return }
          try items.forEachElement { item in
            guard let resource = item.document, let id = try resource.find("id")?.text, asked.contains(id),
              let type = try resource.find("resourceType")?.text
            else { return }
            if body(type, id, own) { rest.remove(id) }
          }
        }
        // The pages of documents of one collection are in it.
        if place.field == nil { break }
      }
    }
    if !likely.isEmpty {
      let list = BSONValue.array(likely.map { .string($0) })
      try find(["$or": [["_id": ["$in": list]], ["chart_id": ["$in": list]]]])
    }
    if !rest.isEmpty { try find([:]) }
  }

  /// The `_id` of the document that a document is, or a further page of; nil for one of another source.
  ///
  /// - Parameter others: prefixes of other sources, where this one has none.
  private func owner(of document: BSONView, _ others: [String]) throws -> String? {
    guard let own = try document.find("chart_id")?.text ?? document.find("_id")?.text,
      prefix.isEmpty ? !others.contains(where: own.hasPrefix) : own.hasPrefix(prefix)
    else { return nil }
    return own
  }

  /// Hands over the key, `Observation/1`, of every resource in the section, with the `_id` of its document.
  func eachKey(
    _ connection: borrowing StoreConnection, _ body: (_ key: [UInt8], _ document: String) -> Void
  ) throws {
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(connection) : []
    var key: [UInt8] = []
    for (collection, field) in [(place.collection, place.field), (place.pages, nil)] {
      let path = (field.map { $0 + "." } ?? "") + section
      let projection: BSONFields = ["chart_id": 1, path + ".id": 1, path + ".resourceType": 1]
      try connection.find(
        try BSONDocument([path: ["$exists": true]]), in: collection,
        options: FindOptions(projection: projection)
      ) { document in
        guard let own = try owner(of: document, others), let items = try document.find(path: path)?.array
        else { return }
        try items.forEachElement { item in
          guard let resource = item.document, let type = try resource.find("resourceType")?.string,
            let id = try resource.find("id")?.string
          else { return }
          key.removeAll(keepingCapacity: true)
          key += type
          key.append(UInt8(ascii: "/"))
          key += id
          body(key, own)
        }
      }
      if place.field == nil { break }
    }
  }

  /// What stands before the ids of sources that have names, as far as the database knows of imports from them.
  static func sourcePrefixes(_ store: DocumentStore) throws -> [String] {
    try store.persevering { connection in try sourcePrefixes(connection) }
  }

  private static func sourcePrefixes(_ connection: borrowing StoreConnection) throws -> [String] {
    var prefixes: Set<String> = []
    try connection.find(in: ImportRun.runCollection, options: FindOptions(projection: ["source": 1])) { run in
      if let source = try run.find("source")?.text, !source.isEmpty { prefixes.insert(source + ".") }
    }
    return prefixes.sorted()
  }
}
