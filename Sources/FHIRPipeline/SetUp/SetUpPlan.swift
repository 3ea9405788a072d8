import BSON
import DocumentStore
import FHIRMapping

/// What a database is to have: collections, indexes, validators.
struct SetUpPlan {
  struct Collection {
    let name: String
    var indexes: [IndexDefinition] = []
    /// A `$jsonSchema`; nil for none.
    var schema: BSONFields?
  }

  private(set) var collections: [Collection] = []

  init(mappings: MappingSet, collections names: [DocumentKind: String], layout: ChartLayout) {
    for kind in DocumentKind.allCases.sorted() {
      var collection = Collection(name: names[kind] ?? kind.rawValue)
      collection.schema = mappings.plan(kind)?.schema ?? StoredSchema.other
      if kind == .patient, layout != .collection, let chart = mappings.plan(.chart)?.schema {
        collection.schema?.embed(chart, as: ChartLayout.field)
      }
      let roles = mappings.plan(kind).map { DocumentRoles($0) }
      collection.indexes = SetUpPlan.indexes(kind, roles)
      for field in mappings.namingFields where field.kind == kind {
        let index = StoredCollections.index(of: field.name)
        if !collection.indexes.contains(where: { $0.name == index.name }) { collection.indexes.append(index) }
      }
      collections.append(collection)
    }
    collections.append(Collection(name: ImportRun.runCollection))
    // Whoever imports later may be allowed to make no index.
    collections.append(Collection(name: WaitingReferences.collection, indexes: [WaitingReferences.index]))
  }

  /// What the names of this program's indexes begin with.
  static let indexPrefix = "fhirline_"

  /// The indexes that the platform's queries need, and those of the import itself.
  private static func indexes(_ kind: DocumentKind, _ roles: DocumentRoles?) -> [IndexDefinition] {
    var indexes: [IndexDefinition] = []
    func add(_ fields: [(String?, BSONValue)], isSparse: Bool = false) {
      let named = fields.compactMap { name, direction in name.map { BSONFields.Field($0, direction) } }
      // A mapping without the field has no such queries.
      guard named.count == fields.count else { return }
      indexes.append(
        IndexDefinition(
          name: indexPrefix + named.map(\.key).joined(separator: "_"), keys: BSONFields(named),
          isSparse: isSparse))
    }
    switch kind {
    case .patient:
      add([(roles?.name, 1), (roles?.birthDate, 1)])
      add([(roles?.insurance, 1)], isSparse: true)
    case .provider:
      // Not unique: what is stored has drifted, and a duplicate is a finding, no reason to lose a resource.
      add([(roles?.npi, 1)], isSparse: true)
      add([(roles?.name, 1)])
    case .appointment:
      add([(roles?.patient, 1), (roles?.visit, -1)])
      add([(roles?.provider, 1), (roles?.visit, -1)])
    case .chart:
      indexes.append(
        IndexDefinition(
          name: "fhirline_pages", keys: ["chart_id": 1, "page": 1],
          partialFilter: ["page": ["$exists": true]]))
      indexes.append(StoredCollections.ownerIndex)
    case .resource: break
    }
    if kind != .chart { indexes.append(StoredCollections.namesIndex) }
    return indexes
  }
}

extension BSONFields {
  /// Adds the schema of a subdocument.
  fileprivate mutating func embed(_ schema: BSONFields, as field: String) {
    var schema = schema
    for own in ["title", "required"] { schema[own] = nil }
    guard var properties = self["properties"]?.fields else { return }
    properties[field] = .document(schema)
    self["properties"] = .document(properties)
  }
}
