/// Names of collections that MongoDB takes, and that the program does not keep for itself.
///
/// See https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
package enum CollectionName {
  package static func isAllowed(_ name: String) -> Bool {
    (1...120).contains(name.utf8.count) && !name.contains(where: { "$\0".contains($0) })
      && !["system.", "fhirline_", "."].contains(where: name.hasPrefix)
  }

  /// What `isAllowed` asks for, in words.
  package static let form = "up to 120 bytes, without $, not beginning with a dot, system. or fhirline_"
}
