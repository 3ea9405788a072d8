import BSON
import FHIRPath

@testable import FHIRMapping

/// Whether nothing moved in a resource but what a field says.
struct LawMoves {
  let field: FieldPlan
  let kind: DocumentKind

  /// Whether two forms of a resource differ in nothing but what the field says; true where the field has no say in them.
  func areOwn(_ before: BSONValue, _ after: BSONValue) -> Bool {
    var (old, new) = (before, after)
    strip(&old, &new)
    return old.hasSameContent(as: new)
  }

  /// Takes what the field says out of two forms of a resource.
  func strip(_ before: inout BSONValue, _ after: inout BSONValue) {
    let type = before["resourceType"]?.text
    for source in field.sources where source.typeName == type {
      let isItemwise =
        !field.isList
        && source.path.addresses(in: before).count == source.path.addresses(in: after).count
      strip(&before, source, isItemwise)
      strip(&after, source, isItemwise)
    }
  }

  /// Members of the element that the field's transform writes; nil for the element as a whole.
  private var members: [String]? {
    switch field.transform {
    case is HumanNameTransform: ["text", "family", "given", "prefix", "suffix"]
    case is AddressTransform: ["text", "line", "city", "district", "state", "postalCode", "country"]
    case is QuantityTransform: ["value", "comparator", "unit", "system", "code"]
    case is AttachmentTextTransform: ["contentType", "data", "size", "hash", "url"]
    default: nil
    }
  }

  private func strip(_ resource: inout BSONValue, _ source: FieldSource, _ isItemwise: Bool) {
    if source.path.segments.isEmpty {
      // The whole resource: of a blood pressure its components' values.
      let count = resource["component"]?.elements?.count ?? 0
      for index in 0..<count where isItemwise {
        for name in ["valueQuantity", "dataAbsentReason"] {
          resource[
            ResourceAddress(steps: [.member("component"), .item(index), .member(name)])] = nil
        }
      }
      return
    }
    for path in [source.path, field.beside, field.also].compactMap({ $0 }) {
      let isOwnPath = path.text == source.path.text
      for address in path.addresses(in: resource).reversed() {
        if isOwnPath, isItemwise, let members {
          for name in members + members.map({ "_" + $0 }) { resource[address.appending(.member(name))] = nil }
          if resource[address]?.isEmptyContainer == true { resource.remove(at: address, isWholeItem: false) }
        } else {
          // A text beside an item goes alone: what stood there with it was not the field's.
          let isWhole =
            path.readsItems && !(isOwnPath && isItemwise && path.segments.last?.child.repeats != true)
          resource.remove(at: address, isWholeItem: isWhole)
        }
      }
      let names = path.segments.map(\.child.name)
      if names.count == 1 { resource[existing: "_" + names[0]] = nil }
      // A reference goes with the name that it showed.
      if source.targetName != nil { resource[existing: names[0]] = nil }
    }
    // What stands for elements that R4 wants, and nobody says.
    for element in source.absent { resource[existing: element.name] = nil }
    if kind == .appointment { stripWhatFollows(&resource, source) }
  }

  private func stripWhatFollows(_ resource: inout BSONValue, _ source: FieldSource) {
    if field.transform is ReferenceTransform {
      // A participant that stands for nobody: R4 wants one.
      let others = (resource["participant"]?.elements ?? []).filter { $0["actor"] != nil }
      resource[existing: "participant"] = others.isEmpty ? Optional.none : .array(others)
    }
    guard field.transform is DateTransform || source.path.text == "status" else { return }
    // R4 wants start and end together unless the status says otherwise, and a reason only where a visit was cancelled;
    // where no visit is known what was scheduled is its start.
    for name in ["start", "end", "_end", "created", "status", "cancelationReason"] {
      resource[existing: name] = nil
    }
    let word = field.beside ?? InvertiblePath.disposition
    for address in word?.addresses(in: resource) ?? [] { resource.remove(at: address) }
  }
}

extension InvertiblePath {
  /// Where the word for a status is kept that says another.
  fileprivate static let disposition = try? InvertiblePath(
    "extension('https://fhirline.dev/StructureDefinition/disposition').value.ofType(string)",
    from: "Appointment")
}

extension FieldSource {
  var typeName: String {
    switch resource {
    case .root(let type), .section(let type): type
    }
  }
}
