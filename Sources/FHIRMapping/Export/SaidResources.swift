import BSON

/// Where an edit of a field that is taken from sections shows.
struct EditTrace {
  /// By key: the sections of the resources that it changes, or makes.
  var resources: [String: String] = [:]
  /// The member of the document's own resource that it changes.
  var rootMember: String?
  /// The keys of the resources that the field was taken from.
  var taken: Set<String> = []

  var isEmpty: Bool { resources.isEmpty && rootMember == nil }
}

/// What a stored document's fields say of its resources.
struct SaidResources {
  /// The resources that it exports otherwise than they stand in it, or without their standing in it, by their keys.
  var resources: [String: SharedBytes] = [:]
  /// The key of the document's own resource, where it says one.
  var rootKey: String?
  /// By field that the application edited, of those that are taken from sections.
  var traces: [String: EditTrace] = [:]
}
