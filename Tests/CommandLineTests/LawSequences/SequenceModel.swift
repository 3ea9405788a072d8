import BSON
import FHIRPath
import Testing

@testable import FHIRMapping

/// What a database must export, as a test keeps it beside the program.
struct SequenceModel {
  /// A document as the platform knows it.
  struct Owner: Hashable {
    let kind: DocumentKind
    let id: String
  }

  struct Entry {
    /// As it last came from FHIR; nil for what the application says.
    var pure: BSONValue?
    /// As it is exported.
    var value: BSONValue
    var version: Int?
  }

  private(set) var entries: [String: Entry] = [:]
  /// By document and field: what the application wrote; nil where it took the field away.
  private(set) var edits: [Owner: [String: BSONValue?]] = [:]
  let mappings: MappingSet

  init(mappings: MappingSet) { self.mappings = mappings }

  var values: [String: BSONValue] { entries.mapValues(\.value) }

  /// The keys of what came from FHIR.
  var imported: [String] { entries.filter { $0.value.pure != nil }.keys.sorted() }

  /// Whether an application's document alone says a resource.
  func isNative(_ key: String) -> Bool { entries[key].map { $0.pure == nil } ?? false }

  // MARK: Owners

  static func owner(of resource: BSONValue) -> Owner? {
    let type = resource["resourceType"]?.text ?? ""
    func named(_ element: String, _ kind: DocumentKind) -> Owner? {
      let reference = resource[element]?["reference"]?.text
      return reference.map { Owner(kind: kind, id: String($0.drop { $0 != "/" }.dropFirst())) }
    }
    switch type {
    case "Patient": return Owner(kind: .patient, id: resource["id"]?.text ?? "")
    case "Practitioner": return Owner(kind: .provider, id: resource["id"]?.text ?? "")
    case "Appointment": return Owner(kind: .appointment, id: resource["id"]?.text ?? "")
    case "Coverage": return named("beneficiary", .patient)
    case "PractitionerRole": return named("practitioner", .provider)
    case "Organization": return nil
    default: return named("subject", .chart)
    }
  }

  private func fields(_ owner: Owner?, ofType type: String) -> [FieldPlan] {
    guard let owner, let plan = mappings.plan(owner.kind) else { return [] }
    return plan.fields.filter { field in
      edits[owner]?[field.name] != nil && field.sources.contains { $0.typeName == type }
    }
  }

  // MARK: Steps of the application

  /// Takes note of an edit, and compares what is exported then: nothing else moves.
  mutating func edited(
    _ owner: Owner, _ field: FieldPlan, _ stored: BSONValue?, exports: [String: BSONValue], _ label: String
  ) -> Bool {
    edits[owner, default: [:]].updateValue(stored, forKey: field.name)
    let moves = LawMoves(field: field, kind: owner.kind)
    var isSeen = false
    for key in Set(entries.keys).union(exports.keys).sorted() {
      let (before, after) = (entries[key], exports[key])
      if let before, let after, before.value.hasSameContent(as: after) { continue }
      isSeen = true
      let type = String(key.prefix { $0 != "/" })
      let isOwn =
        [before?.value, after].contains { $0.flatMap(SequenceModel.owner) == owner }
        && field.sources.contains { $0.typeName == type }
      if !isOwn {
        Issue.record("\(label): \(key) moved from \(Self.text(before?.value)) to \(Self.text(after))")
      }
      if let before, let after {
        #expect(
          moves.areOwn(before.value, after),
          "\(label): in \(key) more moved: \(Self.text(before.value)) to \(Self.text(after))")
      } else if after == nil {
        #expect(before?.pure == nil, "\(label): \(key) went")
      }
      learn(key, after)
    }
    return isSeen
  }

  /// Takes over what documents of the application's own are exported as: nothing else moves.
  mutating func inserted(_ ids: Set<String>, exports: [String: BSONValue], _ label: String) {
    for key in Set(entries.keys).union(exports.keys).sorted() {
      if let before = entries[key], let after = exports[key], before.value.hasSameContent(as: after) {
        continue
      }
      let owner = exports[key].flatMap(Self.owner)
      if entries[key] != nil || owner.map({ ids.contains($0.id) }) != true {
        Issue.record(
          "\(label): \(key) moved from \(Self.text(entries[key]?.value)) to \(Self.text(exports[key]))")
      }
      learn(key, exports[key])
    }
  }

  /// What is exported where nothing may have moved at all.
  func unmoved(_ exports: [String: BSONValue], _ label: String) {
    for key in Set(entries.keys).union(exports.keys).sorted() {
      let before = entries[key]?.value
      if let before, let after = exports[key], before.hasSameContent(as: after) { continue }
      Issue.record("\(label): \(key) moved from \(Self.text(before)) to \(Self.text(exports[key]))")
    }
  }

  private mutating func learn(_ key: String, _ value: BSONValue?) {
    guard let value else {
      entries[key] = nil
      return
    }
    if entries[key] == nil {
      entries[key] = Entry(pure: nil, value: value)
    } else {
      entries[key]?.value = value
    }
  }

  private static func text(_ value: BSONValue?) -> String {
    value.map { String($0.extendedJSON.prefix(700)) } ?? "nothing"
  }

  // MARK: Steps of imports

  /// What an import changes, by key.
  enum Change {
    case inserted, replaced, moved, deleted, unchanged
  }

  /// Takes what comes in.
  ///
  /// - Returns: what becomes of each resource, by its key.
  mutating func take(_ resources: [SequenceResource], deleting deleted: [String]) -> [String: Change] {
    var changes: [String: Change] = [:]
    for resource in resources {
      changes[resource.key] = change(resource)
      if changes[resource.key] != .unchanged {
        entries[resource.key] = Entry(pure: resource.value, value: resource.value, version: resource.version)
      }
    }
    for key in deleted where entries.removeValue(forKey: key) != nil { changes[key] = .deleted }
    return changes
  }

  private func change(_ resource: SequenceResource) -> Change {
    guard let entry = entries[resource.key] else { return .inserted }
    if entry.pure == nil, !entry.value.hasSameContent(as: resource.value) { return .inserted }
    let isSame =
      entry.pure?.hasSameContent(as: resource.value) ?? false
      || entry.value.hasSameContent(as: resource.value)
    if isSame { return .unchanged }
    if let new = resource.version, let old = entry.version, new < old { return .unchanged }
    // What comes to another document is new there.
    return Self.owner(of: entry.value) == Self.owner(of: resource.value) ? .replaced : .moved
  }

  /// Those that come unchanged, and refer to an organization that comes otherwise.
  static func followers(_ resources: [SequenceResource], _ changes: [String: Change]) -> [SequenceResource] {
    resources.filter { resource in
      let organization = resource.value["managingOrganization"]?["reference"]?.text ?? ""
      return changes[resource.key] == .unchanged && changes[organization, default: .unchanged] != .unchanged
    }
  }

  /// Compares what is exported after an import.
  ///
  /// - Parameters:
  ///   - before: the model as it was before the import.
  ///   - changes: of resources.
  ///   - fields: what the documents' fields say now.
  mutating func imported(
    from before: SequenceModel, _ changes: [String: Change], exports: [String: BSONValue],
    fields: (Owner, String) throws -> BSONValue?, _ label: String
  ) rethrows {
    // By document, the types of which something changed.
    var touched: [Owner: Set<String>] = [:]
    var renamesGroups = false
    for (key, change) in changes where change != .unchanged {
      for value in [before.entries[key]?.value, entries[key]?.value] {
        guard let value, let owner = Self.owner(of: value) else { continue }
        touched[owner, default: []].insert(String(key.prefix { $0 != "/" }))
      }
      if key.hasPrefix("Organization/") { renamesGroups = true }
    }
    for (owner, edited) in edits {
      guard let plan = mappings.plan(owner.kind) else { continue }
      for field in plan.fields {
        guard let value = edited[field.name] else { continue }
        let now = try fields(owner, field.name)
        if now == value { continue }
        // An edit that went into a section's resources may be said in another way: none for a blank.
        if field.understand(now, isImported: false).value == field.understand(value, isImported: false).value
        {
          edits[owner]?.updateValue(now, forKey: field.name)
          continue
        }
        // FHIR had news of the field, or of whoever it was said of: who is deleted goes with all that was said of them.
        let isNews =
          isDeleted(owner, changes)
          || field.sources.contains { touched[owner]?.contains($0.typeName) ?? false }
          || renamesGroups && field.sources.contains { $0.targetName != nil }
        #expect(isNews, "\(label): the edit of \(owner) \(field.name) was lost")
        if let key = rootKey(owner), let old = before.entries[key]?.pure, let new = entries[key]?.pure,
          let source = field.rootSource, field.sources.count == 1
        {
          let paths = [source.path, source.alternative, source.targetName].compactMap { $0 }
          let isSame = paths.allSatisfy { $0.values(in: old) == $0.values(in: new) }
          #expect(
            !isSame || renamesGroups && source.targetName != nil,
            "\(label): the edit of \(owner) \(field.name) was lost to the value that it had")
        }
        edits[owner]?[field.name] = nil
      }
    }
    for key in Set(entries.keys).union(exports.keys).union(before.entries.keys).sorted() {
      let type = String(key.prefix { $0 != "/" })
      let (want, got) = (entries[key], exports[key])
      if want == nil, got == nil || changes[key] == .deleted && got == nil { continue }
      if let want, let got, want.value.hasSameContent(as: got) { continue }
      let owners = [before.entries[key]?.value, want?.value, got].compactMap { $0.flatMap(Self.owner) }
      let isTouched = owners.contains { owner in
        let own = before.edits[owner] ?? [:]
        if isDeleted(owner, changes), !own.isEmpty { return true }
        return mappings.plan(owner.kind)?.fields.contains { field in
          own[field.name] != nil
            && field.sources.contains { touched[owner]?.contains($0.typeName) ?? false }
        } ?? false
      }
      if !isTouched {
        Issue.record("\(label): \(key) is \(Self.text(got)), not \(Self.text(want?.value))")
      } else if let want, let got {
        var (a, b) = (want.value, got)
        for owner in Set(owners) {
          for field in self.fields(owner, ofType: type) {
            LawMoves(field: field, kind: owner.kind).strip(&a, &b)
          }
        }
        #expect(
          a.hasSameContent(as: b), "\(label): \(key) is \(Self.text(got)), not \(Self.text(want.value))")
      } else if want != nil {
        // What was made of an edit goes with it.
        #expect(want?.pure == nil, "\(label): \(key) went: \(Self.text(want?.value))")
      }
      learn(key, got)
    }
  }

  private func isDeleted(_ owner: Owner, _ changes: [String: Change]) -> Bool {
    rootKey(owner).map { changes[$0] == .deleted } ?? false
  }

  private func rootKey(_ owner: Owner) -> String? {
    mappings.plan(owner.kind)?.root.map { $0.name + "/" + owner.id }
  }
}

extension InvertiblePath {
  /// What stands in a resource where the path leads.
  fileprivate func values(in resource: BSONValue) -> [BSONValue] {
    addresses(in: resource).compactMap { resource[$0] }
  }
}
