package import BSON

extension DocumentPlan {
  /// What a document of this kind looks like, as MongoDB's `$jsonSchema` says it.
  ///
  /// Every field is of the type that import writes; none is required but `_id`, and fields of the application's own are
  /// allowed.
  package var schema: BSONFields {
    var properties: BSONFields = ["_id": ["bsonType": "string"]]
    for field in fields { properties[field.name] = .document(field.schema) }
    for section in sections { properties[section.name] = .document(StoredSchema.resources) }
    if root != nil { properties["fhir"] = .document(StoredSchema.resource) }
    return StoredSchema.document(title: collection, properties)
  }
}

/// The parts of schemas that are not the mapping's.
package enum StoredSchema {
  /// By this a validator is known to be of this program's making.
  package static let author = "fhirline"

  /// A document of a resource that has no other home.
  package static var other: BSONFields {
    document(title: "resource", ["_id": ["bsonType": "string"], "fhir": .document(resource)])
  }

  static var resource: BSONFields { ["bsonType": "object", "required": ["resourceType"]] }

  static var resources: BSONFields { ["bsonType": "array", "items": .document(resource)] }

  static func document(title: String, _ properties: BSONFields) -> BSONFields {
    var properties = properties
    properties["_fhirline"] = ["bsonType": "object"]
    return [
      "title": .string("\(author): \(title)"), "bsonType": "object", "required": ["_id"],
      "properties": .document(properties),
    ]
  }
}

extension FieldPlan {
  fileprivate var schema: BSONFields {
    if derived == .appointments { return FieldPlan.texts }
    if derived == .lastAppointment { return ["bsonType": "string"] }
    if isList, separator == nil { return FieldPlan.texts }
    switch transform?.shape {
    case .number: return ["bsonType": ["double", "int", "long", "decimal"]]
    case .date: return ["bsonType": "date"]
    case .strings: return FieldPlan.texts
    case .string, nil: return ["bsonType": "string"]
    }
  }

  private static var texts: BSONFields { ["bsonType": "array", "items": ["bsonType": "string"]] }
}
