import BSON

/// Contained resources that an edit took the last reference from: R4 has none that nobody refers to.
///
/// See http://hl7.org/fhir/R4/references.html#contained
enum ContainedLeftovers {
  /// Takes out of an edited resource what was referred to before, and is no longer.
  ///
  /// - Parameter before: the resource as it came. What nobody referred to in it stays, as nobody's edit.
  static func remove(from resource: inout BSONValue, before: BSONView) throws {
    guard try before.find("contained")?.array != nil else { return }
    var had: Set<String> = []
    collect(.document(try BSONFields(before)), into: &had)
    // What only a contained resource refers to that goes, goes, too.
    while let contained = resource[existing: "contained"]?.elements {
      var has: Set<String> = []
      collect(resource, into: &has)
      let left = contained.filter { item in
        guard let id = item.fields?["id"]?.text else { return true }
        return has.contains(id) || !had.contains(id) || refersToWhole(item)
      }
      guard left.count < contained.count else { return }
      resource[existing: "contained"] = left.isEmpty ? nil : .array(left)
    }
  }

  /// `#` alone is the resource around it: whoever refers to that need not be referred to (dom-3).
  private static func refersToWhole(_ resource: BSONValue) -> Bool {
    var names: Set<String> = []
    collect(resource, into: &names)
    return names.contains("")
  }

  /// The ids behind `#` that references name.
  private static func collect(_ value: BSONValue, into names: inout Set<String>) {
    switch value {
    case .document(let fields):
      for field in fields.fields {
        if let text = field.value.text {
          // `_written` is what a reference was before it found its target.
          if field.key == "reference" || field.key == "_written", text.hasPrefix("#") {
            names.insert(String(text.dropFirst()))
          }
        } else {
          collect(field.value, into: &names)
        }
      }
    case .array(let items): for item in items { collect(item, into: &names) }
    default: break
    }
  }
}
