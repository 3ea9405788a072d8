import BSON
import DocumentStore
import FHIRMapping

/// Finds the documents that hold resources in a section, by the resources' ids. No index helps: it reads what there is.
struct SectionSearch {
  let place: DocumentPlace
  let section: String
  /// Those whose resources are looked for.
  var types: Set<String> = []
  /// Of every `_id` of the run's source, with its dot. Another hospital's resource of the same id is another.
  let prefix: String

  /// More ids than these are not asked for: everything is, and looked through here.
  static let idsPerQuestion = 1000

  /// - Parameter body: takes the type and id of a resource, and what the document goes by that it stands in, or on a page of.
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
        let projection = projection([path + ".id", path + ".resourceType", path + "._fhirline.key"])
        var filter: BSONFields = [path: ["$exists": true]]
        if asked.count <= SectionSearch.idsPerQuestion {
          let ids = asked.sorted()
          let keys = types.flatMap { type in ids.map { BSONValue.string(type + "/" + $0) } }
          filter = [
            "$or": [
              .document([path + ".id": ["$in": .array(ids.map { .string($0) })]]),
              .document([path + "._fhirline.key": ["$in": .array(keys)]]),
            ]
          ]
        }
        if !condition.fields.isEmpty { filter = ["$and": [.document(condition), .document(filter)]] }
        try connection.find(
          try BSONDocument(filter), in: collection, options: FindOptions(projection: projection)
        ) { document in
          guard let own = try owner(of: document, others), let items = try document.find(path: path)?.array
          else { return }
          try items.forEachElement { item in
            guard let resource = item.document, let type = try resource.find("resourceType")?.text,
              let id = try SectionSearch.id(of: resource, type), asked.contains(id)
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

  /// The id of an item: its own, or the one that import gave it.
  private static func id(of resource: BSONView, _ type: String) throws -> String? {
    if let own = try resource.find("id")?.text { return own }
    let key = try resource.find(path: "_fhirline.key")?.text
    return key.flatMap { $0.hasPrefix(type + "/") ? String($0.dropFirst(type.utf8.count + 1)) : nil }
  }

  /// Hands over the keys of an application's own items that have no id, which stand for their content, each with its document.
  func eachUnnamed(
    _ connection: borrowing StoreConnection, _ body: (_ key: String, _ document: String) -> Void
  ) throws {
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(connection) : []
    let path = (place.field.map { $0 + "." } ?? "") + section
    let unnamed: BSONFields = ["id": .null, "_fhirline": .null, "resourceType": ["$exists": true]]
    try connection.find(
      try BSONDocument([path: ["$elemMatch": .document(unnamed)]]), in: place.collection,
      options: FindOptions(projection: projection([path]))
    ) { document in
      guard let own = try owner(of: document, others), let items = try document.find(path: path)?.array
      else { return }
      try items.forEachElement { item in
        guard let resource = item.document, try resource.find("resourceType")?.text != nil,
          try resource.find("id") == nil, try resource.find("_fhirline") == nil
        else { return }
        body(try StoredContent.key(of: resource, in: own), own)
      }
    }
  }

  /// What is read of documents beside what tells whose they are.
  private func projection(_ paths: [String]) -> BSONFields {
    BSONFields((paths + ["chart_id"] + [place.owner].compactMap(\.self)).map { .init($0, .int32(1)) })
  }

  /// What the document goes by that a document is, or a further page of; nil for one of another source.
  ///
  /// - Parameter others: prefixes of other sources, where this one has none.
  private func owner(of document: BSONView, _ others: [String]) throws -> String? {
    guard let own = try document.find("chart_id")?.text ?? place.name(of: document),
      prefix.isEmpty ? !others.contains(where: own.hasPrefix) : own.hasPrefix(prefix)
    else { return nil }
    return own
  }

  /// Hands over the key, `Observation/1`, of every resource in the section, with what its document goes by.
  func eachKey(
    _ connection: borrowing StoreConnection, _ body: (_ key: [UInt8], _ document: String) -> Void
  ) throws {
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(connection) : []
    var key: [UInt8] = []
    for (collection, field) in [(place.collection, place.field), (place.pages, nil)] {
      let path = (field.map { $0 + "." } ?? "") + section
      let projection = projection([path + ".id", path + ".resourceType", path + "._fhirline.key"])
      try connection.find(
        try BSONDocument([path: ["$exists": true]]), in: collection,
        options: FindOptions(projection: projection)
      ) { document in
        guard let own = try owner(of: document, others), let items = try document.find(path: path)?.array
        else { return }
        try items.forEachElement { item in
          guard let resource = item.document, let type = try resource.find("resourceType")?.string else {
            return
          }
          key.removeAll(keepingCapacity: true)
          guard let id = try resource.find("id")?.string else {
            // Import says what it is called.
            guard let given = try resource.find(path: "_fhirline.key")?.string else { return }
            key += given
            return body(key, own)
          }
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
