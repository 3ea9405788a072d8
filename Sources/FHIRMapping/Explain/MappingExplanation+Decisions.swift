import FHIRModel
import FHIRPath

/// What elements decide that are no field's own: where a resource belongs, which counts, what is found by it.
extension MappingExplanation {
  /// What an element decides, beside the fields that are taken from it.
  func decisions(of path: [String], type: String) -> [String] {
    let place = mappings.homes.place(ofType: type)
    var decisions: [String] = []
    if path == ["id"] {
      decisions.append(
        place.section == nil
          ? "the _id of its document" : "which resource of its type it is, and its place in the section")
    }
    if path == ["meta"] || path == ["meta", "versionId"] || path == ["meta", "lastUpdated"] {
      decisions.append("which of two versions is the newer")
    }
    if path.first == "identifier" { decisions.append("what references that search for it find it by") }
    if let ownership = ownership(of: path, type: type) { decisions.append(ownership) }
    if place.kind == .appointment, path.first == "participant" || path == ["start"] {
      decisions.append("the lists of appointments of its patient and its provider")
    }
    for kind in DocumentKind.mapped {
      for field in mappings.plan(kind)?.fields ?? [] {
        let name = "\(kind.rawValue).\(field.name)"
        for source in field.sources {
          if path.first == "code", !source.codes.isEmpty, source.resource == .section(type) {
            let codes = source.codes.map(\.code).joined(separator: ", ")
            decisions.append("whether \(name) is taken from it: by \(codes)")
          }
          if path == ["name"], let target = source.targetName, leads(target, to: type) {
            decisions.append("\(name), where \(target.text) refers to it and has no display")
          }
        }
      }
    }
    return decisions
  }

  /// Whether a Reference may lead to resources of a type.
  private func leads(_ path: InvertiblePath, to type: String) -> Bool {
    guard let reference = path.definition(table)?.type, let id = table.resourceTypeID(type) else {
      return false
    }
    return table.targets(of: reference).contains { table.isSubtype(id, of: TypeID(rawValue: $0)) }
  }

  private func ownership(of path: [String], type: String) -> String? {
    let place = mappings.homes.place(ofType: type)
    guard let plan = mappings.plan(place.kind), place.section != nil,
      let member = plan.member(ofType: type)?.member
    else { return nil }
    let own = member.owner.segments.map(\.child.name)
    if own.starts(with: path) || path.starts(with: own) {
      return "whose \(plan.kind.rawValue) the resource is part of"
    }
    let dates = member.dates.filter { date in
      let names = date.segments.map(\.child.name)
      return zip(names, path).allSatisfy { $0 == $1 || isChoice($0, of: $1) }
    }
    return dates.isEmpty ? nil : "when it was: which of several is the newest"
  }
}
