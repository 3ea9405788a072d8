package import BSON

/// A field with values to try it with.
package struct FieldProbe: Sendable {
  package let name: String
  package let place: MappingPlace
  /// As import writes them.
  package let values: [BSONValue]
}

extension DocumentPlan {
  /// The fields that an application may write, each with values of its kind.
  package var probes: [FieldProbe] {
    fields.compactMap { field in
      guard field.derived == nil, let samples = field.transform?.samples else { return nil }
      guard field.isList else { return FieldProbe(name: field.name, place: field.place, values: samples) }
      let lists = samples.map { [$0] } + (samples.count > 1 ? [samples] : [])
      return FieldProbe(name: field.name, place: field.place, values: lists.compactMap { field.joined($0) })
    }
  }

  /// The names of all fields, derived ones included.
  package var fieldNames: [String] { fields.map(\.name) }
}
