import FHIRModel

/// Names in mapping files: of elements of documents, of collections, of types; and what was perhaps meant by others.
extension MappingNode {
  /// Of what could have been meant the nearest, and all.
  static func expected(_ name: String, among known: [String]) -> String {
    (closest(to: name, among: known).map { "did you mean \($0)? " } ?? "")
      + "expected one of \(known.joined(separator: ", "))"
  }

  /// The name of an element of a kind of document, of those that neither the program nor MongoDB has a meaning for.
  func elementName(in kind: DocumentKind) throws(MappingError) -> String {
    let name = try string()
    guard !name.contains("."), !name.hasPrefix("$"), !name.hasPrefix("_"), name != "fhir" else {
      throw error(.wrongValue, "a name must not begin with '$' or '_', contain '.', or be fhir")
    }
    let taken: Set<String> =
      switch kind {
      case .patient: [DocumentKind.chart.rawValue]
      case .chart: ["page", "chart_id", "patient_id"]
      default: []
      }
    guard !taken.contains(name) else {
      throw error(
        .conflict, "\(name) is taken: it stands for something else in a document \(kind.rawValue)")
    }
    return name
  }

  /// The name of a collection that MongoDB takes, and the program does not keep for itself.
  func collectionName() throws(MappingError) -> String {
    let name = try string()
    guard CollectionName.isAllowed(name), name != DocumentKind.resource.rawValue else {
      throw error(
        .wrongValue,
        "expected the name of a collection: \(CollectionName.form), and not resource, which holds all other resources"
      )
    }
    return name
  }

  /// The name of a resource type of R4.
  func resourceType(_ table: DefinitionTable) throws(MappingError) -> (name: String, type: TypeID) {
    let name = try string()
    guard let type = table.resourceTypeID(name) else {
      throw error(
        .path,
        "R4 has no resource type \(name)"
          + (table.closestResourceType(to: name).map { ": did you mean \($0)?" } ?? ""))
    }
    return (name, type)
  }
}
