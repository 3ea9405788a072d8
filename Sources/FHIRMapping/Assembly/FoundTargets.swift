import BSON

/// What the references of a resource were found to lead to, and what that is called: by the member of the resource that they stand in, and
/// the text that they came with.
struct FoundTargets {
  private struct Target {
    let reference: String
    let written: String?
    let name: String?
  }

  private struct Place: Hashable {
    let member: String
    let written: String
  }

  private var found: [Place: Target] = [:]
  private let onlyRenames: Bool

  /// - Parameter onlyRenames: whether names that are shown get others, and nothing else is another.
  init(of resource: UnsafeRawBufferPointer, onlyRenames: Bool) {
    self.onlyRenames = onlyRenames
    guard let fields = try? BSONFields(BSONView(resource)) else { return }
    for field in fields.fields { collect(field.value, field.key) }
  }

  private mutating func collect(_ value: BSONValue, _ member: String) {
    switch value {
    case .array(let items): for item in items { collect(item, member) }
    case .document(let fields):
      if let reference = fields["reference"]?.text {
        let target = Target(
          reference: reference, written: fields[Reserved.written]?.text,
          name: fields[Reserved.targetName]?.text)
        found[Place(member: member, written: target.written ?? reference)] = target
      }
      for field in fields.fields { collect(field.value, member) }
    default: break
    }
  }

  /// Another form of the resource with these targets; nil where nothing of it is another.
  func applied(to document: BSONDocument) -> BSONDocument? {
    guard !found.isEmpty, var fields = try? document.fields() else { return nil }
    let before = fields
    for index in fields.fields.indices { apply(to: &fields.fields[index].value, fields.fields[index].key) }
    return fields == before ? nil : try? BSONDocument(fields)
  }

  private func apply(to value: inout BSONValue, _ member: String) {
    switch value {
    case .array(var items):
      for index in items.indices { apply(to: &items[index], member) }
      value = .array(items)
    case .document(var fields):
      apply(to: &fields, member)
      for index in fields.fields.indices { apply(to: &fields.fields[index].value, member) }
      value = .document(fields)
    default: break
    }
  }

  private func apply(to fields: inout BSONFields, _ member: String) {
    guard let at = fields.fields.firstIndex(where: { $0.key == "reference" }),
      case .string(let reference) = fields.fields[at].value
    else { return }
    let written = fields[Reserved.written]?.text
    guard let target = found[Place(member: member, written: written ?? reference)] else { return }
    if onlyRenames {
      if let name = target.name, fields[Reserved.targetName] != nil {
        fields[Reserved.targetName] = .string(name)
      }
      return
    }
    var next = at + 1
    if target.written != nil { fields.fields[at].value = .string(target.reference) }
    if let text = target.written ?? written {
      if written == nil { fields.fields.insert(.init(Reserved.written, .string(text)), at: next) }
      next += 1
    }
    // What is called something of its own shows no other name.
    guard let name = target.name, fields["display"] == nil || fields[Reserved.targetName] != nil else {
      return
    }
    fields[Reserved.targetName] = Optional.none
    fields.fields.insert(.init(Reserved.targetName, .string(name)), at: next)
  }
}
