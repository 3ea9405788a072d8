import BSON
import CDefinitions
import FHIRModel
import FHIRPath

/// Paths over a resource in its BSON form: finding what stands at the end, and making it.
extension InvertiblePath {
  /// The addresses of the elements at the path's end, in the resource's order.
  func addresses(in resource: BSONValue) -> [ResourceAddress] { places(in: resource).map(\.address) }

  /// The elements at the path's end, and where they stand.
  func places(in resource: BSONValue) -> [(address: ResourceAddress, element: BSONValue)] {
    // Most fields of most resources are not there. A path of no steps is the resource itself.
    if let first = segments.first, resource.fields?[first.child.name] == nil { return [] }
    var found = [(address: ResourceAddress(), element: resource)]
    for segment in segments {
      var next: [(address: ResourceAddress, element: BSONValue)] = []
      func add(_ address: ResourceAddress, _ element: BSONValue) {
        guard segment.conditions.allSatisfy({ $0.holds(for: element) }) else { return }
        next.append((address, element))
      }
      for (address, element) in found {
        guard let value = element.fields?[segment.child.name] else { continue }
        let member = address.appending(.member(segment.child.name))
        if let items = value.elements {
          for (index, item) in items.enumerated() { add(member.appending(.item(index)), item) }
        } else if value != .null {
          add(member, value)
        }
      }
      if let index = segment.index { next = next.indices.contains(index) ? [next[index]] : [] }
      if next.isEmpty { return [] }
      found = next
    }
    return found
  }

  /// Makes an element at the path's end, with all that leads there: existing elements are used, but for the innermost
  /// one that repeats, which is made new.
  ///
  /// - Parameters:
  ///   - template: members of the innermost repeating element, where it is made.
  ///   - position: where in its list that element goes; nil for the end.
  func create(
    _ value: BSONValue, in resource: inout BSONValue, template: BSONFields? = nil, position: Int? = nil,
    table: DefinitionTable
  ) {
    let segments = segments
    let fresh = segments.lastIndex { $0.child.repeats && $0.index == nil }
    create(
      value, segments[...], owner: root, in: &resource, fresh: fresh, template: template, position: position,
      table: table)
  }

  private func create(
    _ value: BSONValue, _ segments: ArraySlice<Segment>, owner: TypeID, in element: inout BSONValue,
    fresh: Int?,
    template: BSONFields?, position: Int?, table: DefinitionTable
  ) {
    guard let segment = segments.first else {
      element = value
      return
    }
    var fields = element.fields ?? BSONFields()
    let name = segment.child.name
    var inner = BSONValue.null
    let isFresh = segments.startIndex == fresh
    if segment.child.repeats {
      var items = fields[name]?.listItems ?? []
      let existing = isFresh ? nil : existingItem(of: segment, before: segments.dropFirst().first, in: items)
      if let existing {
        inner = items[existing]
      } else {
        inner = makeItem(segment, template: isFresh ? template : nil, table: table)
      }
      create(
        value, segments.dropFirst(), owner: segment.child.type, in: &inner, fresh: fresh, template: template,
        position: position, table: table)
      if let existing {
        items[existing] = inner
      } else if isFresh, let position, position <= items.count {
        items.insert(inner, at: position)
      } else {
        items.append(inner)
      }
      inner = .array(items)
    } else {
      inner = fields[name] ?? makeItem(segment, template: nil, table: table)
      create(
        value, segments.dropFirst(), owner: segment.child.type, in: &inner, fresh: fresh, template: template,
        position: position, table: table)
    }
    fields.insert(inner, name: name, of: owner, table: table)
    element = .document(fields)
  }

  private func existingItem(of segment: Segment, before next: Segment?, in items: [BSONValue]) -> Int? {
    let fitting = items.indices.filter { index in
      // An extension has a value or extensions, never both (ext-1).
      if segment.child.name == "extension", next?.child.name == "extension",
        items[index].fields?.keys.contains(where: { $0.drop { $0 == "_" }.hasPrefix("value") }) ?? false
      {
        return false
      }
      return segment.conditions.allSatisfy { $0.holds(for: items[index]) }
    }
    let place = segment.index ?? 0
    return fitting.indices.contains(place) ? fitting[place] : nil
  }

  /// A new element that meets the conditions of its segment.
  private func makeItem(_ segment: Segment, template: BSONFields?, table: DefinitionTable) -> BSONValue {
    var item = BSONValue.document(template ?? BSONFields())
    for condition in segment.conditions {
      condition.establish(in: &item, type: segment.child.type, table: table)
    }
    return item
  }
}

extension InvertiblePath.Condition {
  /// Whether an element in its BSON form meets the condition.
  func holds(for element: BSONValue) -> Bool { holds(path[...], element) }

  private func holds(_ path: ArraySlice<InvertiblePath.Child>, _ element: BSONValue) -> Bool {
    guard let child = path.first else {
      switch value {
      case .string(let text): return element.text == text
      case .boolean(let value): return element.bool == value
      case .integer(let value): return element.integer == Int64(value)
      }
    }
    return (element[child.name]?.listItems ?? []).contains { holds(path.dropFirst(), $0) }
  }

  /// Makes an element meet the condition.
  func establish(in element: inout BSONValue, type: TypeID, table: DefinitionTable) {
    let literal: BSONValue =
      switch value {
      case .string(let text): .string(text)
      case .boolean(let value): .bool(value)
      case .integer(let value): .number(text: String(value))
      }
    establish(literal, path[...], in: &element, type: type, table: table)
  }

  private func establish(
    _ literal: BSONValue, _ path: ArraySlice<InvertiblePath.Child>, in element: inout BSONValue, type: TypeID,
    table: DefinitionTable
  ) {
    guard let child = path.first else {
      element = literal
      return
    }
    var fields = element.fields ?? BSONFields()
    var inner = fields[child.name]?.listItems.first ?? .null
    establish(literal, path.dropFirst(), in: &inner, type: child.type, table: table)
    fields.insert(child.repeats ? .array([inner]) : inner, name: child.name, of: type, table: table)
    element = .document(fields)
  }
}

extension BSONFields {
  /// Sets a member of an element of some type: in place where it is there, else where the definition has it.
  mutating func insert(_ value: BSONValue, name: String, of type: TypeID, table: DefinitionTable) {
    if let at = fields.firstIndex(where: { $0.key == name }) {
      fields[at].value = value
      return
    }
    func order(_ key: String) -> Int {
      if key == "resourceType" || key == Reserved.bookkeeping { return -1 }
      let plain = key.hasPrefix("_") ? String(key.dropFirst()) : key
      guard let id = table.nameID(plain), let child = table.child(id, of: type) else { return Int.max }
      return Int(table.elements[child.element].order)
    }
    let mine = order(name)
    // A value stands before what is said about it.
    let at = fields.firstIndex { order($0.key) > mine || $0.key == "_" + name } ?? fields.count
    fields.insert(Field(name, value), at: at)
  }
}
