import BSON
import FHIRMapping
import FHIRModel

/// Gives the references of a stored resource the targets that are known now, as import would have written them.
struct ReferencePatch {
  let resolver: ReferenceResolver
  /// The references whose target's name the document shows: the member of the resource that holds them.
  let named: Set<String>
  /// By `Type/id`: names of targets that resources may show others of.
  let names: [String: String]
  /// The `_id` of the document that a resource of its own has.
  let documentID: (TargetIndex.Target) -> String
  /// How many references found their target.
  private(set) var count = 0

  init(
    resolver: ReferenceResolver, named: Set<String>, names: [String: String] = [:],
    documentID: @escaping (TargetIndex.Target) -> String
  ) {
    self.resolver = resolver
    self.named = named
    self.names = names
    self.documentID = documentID
  }

  /// Whether anything of the resource changed.
  mutating func apply(to resource: inout BSONValue) -> Bool {
    let before = count
    visit(&resource, member: nil, at: nil, depth: 0)
    return count > before
  }

  /// - Parameter place: what is known of the element; nil of a resource.
  private mutating func visit(
    _ value: inout BSONValue, member: String?, at place: ReferenceScan.Place?, depth: Int
  ) {
    guard depth < 100 else { return }
    switch value {
    case .array(var items):
      for index in items.indices {
        visit(&items[index], member: depth == 1 ? member : nil, at: place, depth: depth)
      }
      value = .array(items)
    case .document(var fields):
      heal(&fields, member: depth == 1 ? member : nil, at: place)
      let type = fields["resourceType"]?.text.flatMap { DefinitionTable.r4.typeID($0) } ?? place?.type
      for index in fields.fields.indices {
        switch fields.fields[index].value {
        case .document, .array:
          let key = fields.fields[index].key
          visit(
            &fields.fields[index].value, member: depth == 0 ? key : nil,
            at: type.flatMap { ReferenceScan.Place(key, of: $0) }, depth: depth + 1)
        default: break
        }
      }
      value = .document(fields)
    default: break
    }
  }

  private mutating func heal(
    _ fields: inout BSONFields, member: String?, at place: ReferenceScan.Place?
  ) {
    guard let at = fields.fields.firstIndex(where: { $0.key == "reference" }),
      case .string(let text) = fields.fields[at].value
    else { return }
    var next = at + 1
    var target: TargetIndex.Target?
    if fields["_written"] != nil {
      next += 1
    } else {
      switch resolver.resolve(text, at: place) {
      case .asWritten(let known): target = known
      case .target(let found, let resolved):
        target = found
        fields.fields[at].value = .string(resolved)
        fields.fields.insert(.init("_written", .string(text)), at: next)
        next += 1
        count += 1
      case .notFound, .unfit: return
      }
    }
    guard let member, named.contains(member), fields["display"] == nil else { return }
    if let shown = fields["_name"] {
      guard let name = fields["reference"]?.text.flatMap({ names[$0] }), shown.text != name else { return }
      fields["_name"] = .string(name)
      count += 1
      return
    }
    if target == nil, case .asWritten(let known) = resolver.resolve(fields.fields[at].value.text ?? "") {
      target = known
    }
    guard let target, let name = resolver.name(of: target, documentID: documentID(target)) else { return }
    fields.fields.insert(.init("_name", .string(name)), at: next)
    count += 1
  }
}
