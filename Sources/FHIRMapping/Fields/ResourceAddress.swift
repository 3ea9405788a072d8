import BSON

/// The place of an element within a resource as BSON has it: members and items from the root down.
struct ResourceAddress: Equatable {
  enum Step: Equatable {
    case member(String)
    case item(Int)
  }

  var steps: [Step] = []

  func appending(_ step: Step) -> ResourceAddress { ResourceAddress(steps: steps + [step]) }

  var parent: ResourceAddress { ResourceAddress(steps: Array(steps.dropLast())) }

  /// Whether an item of a list of extensions stands there.
  var isExtension: Bool {
    guard case .item? = steps.last, case .member(let name)? = steps.dropLast().last else { return false }
    return name == "extension" || name == "modifierExtension"
  }

  /// The innermost item of a list that the element is or lies in.
  var innermostItem: ResourceAddress? {
    guard let last = steps.lastIndex(where: { if case .item = $0 { true } else { false } }) else {
      return nil
    }
    return ResourceAddress(steps: Array(steps[...last]))
  }
}

extension BSONValue {
  /// What stands at an address. Setting nil takes it away; nothing else is pruned.
  subscript(address: ResourceAddress) -> BSONValue? {
    get {
      var value = self
      for step in address.steps {
        switch step {
        case .member(let name):
          guard let inner = value.fields?[name] else { return nil }
          value = inner
        case .item(let index):
          guard let items = value.elements, items.indices.contains(index) else { return nil }
          value = items[index]
        }
      }
      return value
    }
    set { set(newValue, at: address.steps[...]) }
  }

  private mutating func set(_ value: BSONValue?, at steps: ArraySlice<ResourceAddress.Step>) {
    guard let step = steps.first else {
      if let value { self = value }
      return
    }
    let rest = steps.dropFirst()
    switch (step, self) {
    case (.member(let name), .document(var fields)):
      self = .null
      if rest.isEmpty {
        fields[name] = value
      } else if var inner = fields[name] {
        inner.set(value, at: rest)
        fields[name] = inner
      }
      self = .document(fields)
    case (.item(let index), .array(var items)) where items.indices.contains(index):
      self = .null
      if !rest.isEmpty {
        items[index].set(value, at: rest)
      } else if let value {
        items[index] = value
      } else {
        items.remove(at: index)
      }
      self = .array(items)
    default: break
    }
  }

  /// Takes an element away, and with it what is left without meaning: empty lists and objects, extensions without value.
  ///
  /// - Parameter isWholeItem: whether the innermost list item that the element belongs to goes with it.
  mutating func remove(at address: ResourceAddress, isWholeItem: Bool = true) {
    var target = isWholeItem ? address.innermostItem ?? address : address
    while true {
      if case .member(let name) = target.steps.last {
        self[target.parent.appending(.member("_" + name))] = nil
      }
      self[target] = nil
      target = target.parent
      guard !target.steps.isEmpty, let holder = self[target],
        holder.isEmptyContainer || target.isExtension && holder.fields?.keys == ["url"]
      else { return }
    }
  }

  var isEmptyContainer: Bool { fields?.fields.isEmpty ?? elements?.isEmpty ?? false }

  /// Whether two values say the same: the order of an object's members does not matter, that of a list's items does.
  func hasSameContent(as other: BSONValue) -> Bool {
    switch (self, other) {
    case (.document(let mine), .document(let theirs)):
      guard mine.fields.count == theirs.fields.count else { return false }
      if isSameStorage(mine.fields, theirs.fields) { return true }
      for (left, right) in zip(mine.fields, theirs.fields) {
        if left.key == right.key {
          if !left.value.hasSameContent(as: right.value) { return false }
        } else {
          guard let value = theirs[left.key], left.value.hasSameContent(as: value) else { return false }
        }
      }
      return true
    case (.array(let mine), .array(let theirs)):
      guard mine.count == theirs.count else { return false }
      return isSameStorage(mine, theirs) || zip(mine, theirs).allSatisfy { $0.hasSameContent(as: $1) }
    default: return self == other
    }
  }

  /// Whether two lists share their storage, as the untouched parts of a changed copy do: then nothing else need be compared.
  private func isSameStorage<Element>(_ a: [Element], _ b: [Element]) -> Bool {
    a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in a.baseAddress == b.baseAddress } }
  }
}
