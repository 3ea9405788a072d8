import BSON
import FHIRModel
import FHIRPath

/// A field of one resource: reading its value, and putting one in.
extension FieldPlan {
  /// What reading and writing need to know beside the resource.
  struct Context {
    /// What stands before resources' ids in the `_id`s of their documents.
    var idPrefix = ""
    var table = DefinitionTable.r4
  }

  /// A value and the element that says it.
  struct Reading {
    let value: BSONValue
    let address: ResourceAddress
  }

  /// Every value that the source's path leads to in a resource, the preferred ones first.
  func readings(in resource: BSONValue, _ source: FieldSource, _ context: Context) -> [Reading] {
    guard let transform else { return [] }
    var places = source.path.places(in: resource)
    if !source.preferred.isEmpty, places.count > 1 { places = ranked(places, source) }
    return places.compactMap { address, element in
      guard let value = transform.read(element) else { return nil }
      return Reading(value: prefixed(value, context), address: address)
    }
  }

  private func prefixed(_ value: BSONValue, _ context: Context) -> BSONValue {
    guard transform is ReferenceTransform, !context.idPrefix.isEmpty, let id = value.text else {
      return value
    }
    return .string(context.idPrefix + id)
  }

  private func unprefixed(_ value: BSONValue, _ context: Context) -> BSONValue {
    guard transform is ReferenceTransform, let id = value.text, id.hasPrefix(context.idPrefix) else {
      return value
    }
    return .string(String(id.dropFirst(context.idPrefix.count)))
  }

  /// By `use`: the preferred ones in their order, then the others, the old ones last.
  private func ranked(
    _ places: [(address: ResourceAddress, element: BSONValue)], _ source: FieldSource
  ) -> [(address: ResourceAddress, element: BSONValue)] {
    func rank(_ element: BSONValue) -> Int {
      guard let use = element["use"]?.text else { return source.preferred.count }
      if use == "old" { return source.preferred.count + 1 }
      return source.preferred.firstIndex(of: use) ?? source.preferred.count
    }
    return places.map { (rank($0.element), $0) }.enumerated()
      .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
  }

  /// The field's value in a resource; nil where it says none.
  func read(_ resource: BSONValue, _ source: FieldSource, _ context: Context) -> BSONValue? {
    let readings = readings(in: resource, source, context)
    if isList {
      let values = readings.map(\.value)
      return values.isEmpty ? nil : joined(values)
    }
    if let word = besideWord(in: resource, readings.first) { return word }
    if let first = readings.first { return first.value }
    if let alternative = source.alternative, let transform {
      for (_, element) in alternative.places(in: resource) {
        if let value = transform.read(element) { return value }
      }
    }
    for (_, element) in source.targetName?.places(in: resource) ?? [] {
      if let name = element[Reserved.targetName]?.text { return .string(name) }
    }
    return nil
  }

  /// A list as the field holds it.
  func joined(_ values: [BSONValue]) -> BSONValue? {
    guard let separator else { return .array(values) }
    let texts = values.compactMap(\.text)
    // Items that hold the separator could not be told apart again.
    guard texts.count == values.count, !texts.contains(where: { $0.contains(separator) }) else { return nil }
    return .string(texts.joined(separator: separator))
  }

  /// The word kept beside the element, as long as the element stands for it.
  private func besideWord(in resource: BSONValue, _ reading: Reading?) -> BSONValue? {
    guard let beside, let transform, let reading, let element = resource[reading.address],
      let word = beside.addresses(in: resource).first.flatMap({ resource[$0] }), word.text != nil,
      transform.write(word, over: element) == element
        || DocumentPlan.isWaiting(status: element, for: transform.write(word, over: nil), in: resource)
    else { return nil }
    return word
  }

  // MARK: Writing

  /// Makes a resource say a value. Returns whether it could.
  ///
  /// nil takes away all that the field reads: of several names the next would speak in place of the first.
  ///
  /// - Parameter isFirstOnly: whether nil takes away only the element that speaks, as import does with what it leaves out.
  func write(
    _ value: BSONValue?, into resource: inout BSONValue, _ source: FieldSource, _ context: Context,
    isFirstOnly: Bool = false
  ) -> Bool {
    guard let transform else { return false }
    if let value, read(resource, source, context) == value { return true }
    if isList { return writeList(value, into: &resource, source, context) }
    let readings = readings(in: resource, source, context)
    let old = readings.first
    guard let value else {
      for address in lastFirst(isFirstOnly ? Array(readings.prefix(1)) : readings, in: resource, source) {
        resource.remove(at: address, isWholeItem: source.path.readsItems)
      }
      removeBeside(from: &resource)
      // Without it the reference would still say who it is: the name of its target would speak.
      if !isFirstOnly, let targetName = source.targetName {
        for address in targetName.addresses(in: resource).reversed() {
          resource.remove(at: address, isWholeItem: false)
        }
      }
      return true
    }
    let plain = unprefixed(value, context)
    let existing = old?.address ?? replaceable(in: resource, source)
    guard let element = transform.write(plain, over: existing.flatMap { resource[$0] }) else { return false }
    let before = resource
    if let existing {
      resource[existing] = element
    } else {
      source.path.create(element, in: &resource, template: source.newItem, table: context.table)
    }
    if breaksPeriod(in: resource, source, context) {
      resource = before
      return false
    }
    if old == nil { dropAbsence(in: &resource, source) }
    writeBeside(plain, element, into: &resource, context)
    writeAlso(plain, instead: old?.value, isNew: existing == nil, into: &resource, context)
    return true
  }

  /// The addresses of what was read, the last in the resource first, so that the others' hold while it is taken away.
  private func lastFirst(
    _ readings: [Reading], in resource: BSONValue, _ source: FieldSource
  ) -> [ResourceAddress] {
    guard readings.count > 1 else { return readings.map(\.address) }
    let order = source.path.addresses(in: resource)
    return readings.map(\.address).sorted { order.firstIndex(of: $0) ?? 0 > order.firstIndex(of: $1) ?? 0 }
  }

  /// Whether a Period that the field writes to ends before it begins (per-1).
  ///
  /// See http://hl7.org/fhir/R4/datatypes.html#Period
  private func breaksPeriod(in resource: BSONValue, _ source: FieldSource, _ context: Context) -> Bool {
    guard let last = source.path.target, last.name == "start" || last.name == "end",
      source.path.segments.count > 1
    else { return false }
    return source.path.addresses(in: resource).contains { address in
      guard let period = resource[address.parent], period["resourceType"] == nil,
        let start = period["start"]?.text.flatMap({ DateText($0) }),
        let end = period["end"]?.text.flatMap({ DateText($0) })
      else { return false }
      return start.instant > end.instant && end.precision >= start.precision
    }
  }

  /// What has a value is not absent: the extension that said so goes.
  private func dropAbsence(in resource: inout BSONValue, _ source: FieldSource) {
    for address in source.path.addresses(in: resource) {
      guard case .member(let name)? = address.steps.last else { continue }
      let extensions = address.parent.appending(.member("_" + name)).appending(.member("extension"))
      for (index, item) in (resource[extensions]?.elements ?? []).enumerated().reversed()
      where item["url"]?.text == MadeResource.absentReason {
        resource.remove(at: extensions.appending(.item(index)))
      }
    }
  }

  /// An element that says nothing the field understands, and of which there can be but one: it is written over.
  private func replaceable(in resource: BSONValue, _ source: FieldSource) -> ResourceAddress? {
    guard source.path.repeatCount == 0 else { return nil }
    return source.path.addresses(in: resource).first
  }

  private func removeBeside(from resource: inout BSONValue) {
    guard let beside, let address = beside.addresses(in: resource).first else { return }
    resource.remove(at: address)
  }

  private func writeBeside(
    _ value: BSONValue, _ element: BSONValue, into resource: inout BSONValue, _ context: Context
  ) {
    guard let beside, let transform else { return }
    let address = beside.addresses(in: resource).first
    if transform.read(element) == value {
      if let address { resource.remove(at: address) }
    } else if let address {
      resource[address] = value
    } else {
      beside.create(value, in: &resource, table: context.table)
    }
  }

  private func writeAlso(
    _ value: BSONValue, instead old: BSONValue?, isNew: Bool, into resource: inout BSONValue,
    _ context: Context
  ) {
    guard let also else { return }
    if let address = also.addresses(in: resource).first {
      if let old, resource[address] == old { resource[address] = value }
    } else if isNew, let first = also.segments.first, resource[first.child.name] == nil {
      also.create(value, in: &resource, table: context.table)
    }
  }
}
