import BSON
import FHIRModel
import FHIRPath
import FHIRValidation
import TestSupport
import Testing

@testable import FHIRMapping

/// An edit of any field, one by one, moves what the field says in FHIR and nothing else; what is exported is as valid as it
/// was; and imported again it is the edited document.
@Suite struct FieldEditLawsTests {
  private static let validator = Validator()
  let lens: Lens

  init() throws { lens = try Lens() }

  /// A document with the resources that it was made of.
  struct Subject {
    let kind: DocumentKind
    let id: String
    let parts: [Part]
    let fields: BSONFields
    /// What it exports as, untouched.
    let resources: [String: ResourceTree]
  }

  func subject(_ kind: DocumentKind, id: String, _ texts: [String]) throws -> Subject {
    let parts = try lens.parts(kind, id: id, texts)
    let page = try lens.assembler.assemble(kind: kind, id: id, parts: parts).pages[0]
    return Subject(
      kind: kind, id: id, parts: parts, fields: try page.fields(),
      resources: try lens.export([page], kind: kind).resources)
  }

  // MARK: Subjects

  @Test(arguments: Runs.seeds(8)) func `of generated patients`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 5000)
    var coverage = BSONValue.document(try encoded(generator.resource("Coverage", id: "c")).fields())
    coverage[existing: "beneficiary"] = ["reference": "Patient/x"]
    let texts = [
      generator.resource("Patient", id: "x"), json(try decoded(BSONDocument(try #require(coverage.fields)))),
    ]
    try check(try subject(.patient, id: "x", seed % 3 == 0 ? [texts[0]] : texts), "seed \(seed)")
  }

  @Test(arguments: Runs.seeds(8)) func `of generated providers`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 6000)
    let roles = (0..<seed % 3).map { generator.resource("PractitionerRole", id: "r\($0)") }
    try check(
      try subject(.provider, id: "x", [generator.resource("Practitioner", id: "x")] + roles), "seed \(seed)")
  }

  @Test(arguments: Runs.seeds(8)) func `of generated appointments`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 7000)
    try check(
      try subject(.appointment, id: "x", [generator.resource("Appointment", id: "x")]), "seed \(seed)")
  }

  @Test(arguments: Runs.seeds(8)) func `of generated charts`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 8000)
    var texts: [String] = []
    for type in ["Observation", "Condition", "DocumentReference"] {
      texts += (0..<3).map { generator.resource(type, id: "\(type.lowercased())-\($0)") }
    }
    try check(try subject(.chart, id: "p1", texts), "seed \(seed)")
  }

  @Test(
    .enabled(if: SharedData.isPresent),
    arguments: [
      ("examples/json", "patient-example.json"), ("examples/json", "practitioner-example.json"),
      ("examples/json", "appointment-example.json"), ("scheduling", ".json"),
      ("synthea/bulk-1", "Patient.ndjson"), ("synthea/bulk-10", "Practitioner.000.ndjson"),
    ])
  func `of real resources`(_ folder: String, _ suffix: String) throws {
    struct Enough: Error {}
    var count = 0
    for file in SharedData.files(folder, suffix) {
      do {
        try SharedData.forEachResource(of: file) { tree, node in
          guard count < Runs.count(6) else { throw Enough() }
          let (kind, section) = lens.mappings.homes.place(ofType: tree.string(at: node))
          guard kind != .resource, section == nil else { return }
          count += 1
          let id = try encoded(tree, node: node).fields()["id"]?.text ?? "none"
          try check(try subject(kind, id: id, [json(tree, at: node)]), "\(file) \(id)")
        }
      } catch is Enough {
        return
      }
    }
    #expect(count > 0)
  }

  // MARK: Edits

  private func check(_ subject: Subject, _ place: String) throws {
    let plan = try #require(lens.mappings.plan(subject.kind))
    let before = errors(subject.resources)
    for field in plan.fields where field.derived == nil {
      for value in edits(of: field, now: subject.fields[field.name]) {
        try check(
          value, of: field, in: subject, plan, before, "\(place) \(field.name) → \(String(describing: value))"
        )
      }
    }
  }

  /// Other values than the field has; nil takes it away.
  func edits(of field: FieldPlan, now: BSONValue?) -> [BSONValue?] {
    let samples = field.transform?.samples ?? []
    guard field.isList else { return samples.filter { $0 != now } + (now == nil ? [] : [nil]) }
    let items = (now?.listItems ?? [])
    let first = Array(samples.prefix(1))
    var lists: [[BSONValue]] = [samples, items + first, Array(items.reversed()), Array(items.dropFirst())]
    if !items.isEmpty { lists.append(first + Array(items.dropFirst())) }
    let unique = lists.map(\.unique).filter { $0 != items.unique && !$0.isEmpty }
    return unique.map { .array($0) } + (now == nil ? [] : [nil])
  }

  private func check(
    _ value: BSONValue?, of field: FieldPlan, in subject: Subject, _ plan: DocumentPlan,
    _ before: Set<String>,
    _ place: String
  ) throws {
    var edited = subject.fields
    edited[field.name] = value
    let page = try BSONDocument(edited)
    let (resources, notes) = try lens.export([page], kind: subject.kind)
    if value == nil, field.rootSource == nil, !field.isList,
      notes.contains(where: { $0.hasPrefix(field.name) })
    {
      // What other resources say is not the field's to take away.
      let same = try values(resources) == values(subject.resources)
      #expect(same, "\(place)")
      return
    }
    let new = errors(resources).subtracting(before)
    #expect(new.isEmpty, "\(place): \(new.sorted())")
    if !notes.isEmpty {
      // What R4 does not let an Appointment say is told of the field that makes it so.
      let fields = [field.name] + (subject.kind == .appointment ? ["date_of_visit", "disposition"] : [])
      #expect(notes.allSatisfy { note in fields.contains { note.hasPrefix($0 + ":") } }, "\(place) \(notes)")
      return
    }
    try checkNothingElseMoved(field, subject, resources, value, place)

    // The same document comes of it again.
    let texts = resources.sorted { $0.key < $1.key }.map { json($0.value) }
    let again = try lens.assemble(subject.kind, id: subject.id, texts)[0].fields()
    let isSame = isSame(again[field.name], normal(value, field), field) || value == nil && hasOther(field)
    #expect(isSame, "\(place): imported as \(String(describing: again[field.name]))")
    for other in plan.fields where other.derived == nil && other.name != field.name {
      if isShadow(other, of: field) { continue }
      #expect(again[other.name] == subject.fields[other.name], "\(place) moved \(other.name)")
    }
  }

  private func normal(_ value: BSONValue?, _ field: FieldPlan) -> BSONValue? {
    guard field.isList, let items = value?.elements else { return value }
    return items.isEmpty ? nil : .array(items)
  }

  /// Lists that stand in several resources have the order of these.
  func isSame(_ a: BSONValue?, _ b: BSONValue?, _ field: FieldPlan) -> Bool {
    guard field.rootSource == nil, let mine = a?.elements, let theirs = b?.elements else { return a == b }
    return Set(mine.compactMap(\.text)) == Set(theirs.compactMap(\.text)) && mine.count == theirs.count
  }

  /// Whether another element speaks where the field's own is gone: `or`.
  private func hasOther(_ field: FieldPlan) -> Bool { field.sources.contains { $0.alternative != nil } }

  /// Whether a field is read from another's element where its own has nothing.
  func isShadow(_ other: FieldPlan, of field: FieldPlan) -> Bool {
    other.sources.contains { source in
      source.alternative.map { path in field.sources.contains { $0.path.text == path.text } } ?? false
    }
  }

  /// Resources before and after are the same but for what the field reads.
  private func checkNothingElseMoved(
    _ field: FieldPlan, _ subject: Subject, _ after: [String: ResourceTree], _ value: BSONValue?,
    _ place: String
  ) throws {
    let old = try values(subject.resources)
    let new = try values(after)
    for (key, resource) in old {
      guard let changed = new[key] else {
        Issue.record("\(place): \(key) went")
        continue
      }
      if changed == resource { continue }
      let type = String(key.prefix { $0 != "/" })
      guard let source = field.sources.first(where: { $0.typeName == type }) else {
        Issue.record("\(place): \(key) moved")
        continue
      }
      let isSame = stripped(changed, field, source, subject.kind).hasSameContent(
        as: stripped(resource, field, source, subject.kind))
      #expect(isSame, "\(place): in \(key) more moved\n\(text(resource))\n\(text(changed))")
    }
    for key in new.keys where old[key] == nil {
      let type = String(key.prefix { $0 != "/" })
      #expect(field.sources.contains { $0.typeName == type && $0.template != nil }, "\(place): \(key) came")
    }
  }

  /// A resource without what the field says: the elements at its paths, and what stands for nothing once they are gone.
  private func stripped(
    _ resource: BSONValue, _ field: FieldPlan, _ source: FieldSource, _ kind: DocumentKind
  ) -> BSONValue {
    var resource = resource
    if source.path.segments.isEmpty {
      // The whole resource: of a blood pressure its components' values.
      resource[existing: "component"] = nil
      return resource
    }
    let sources = field.sources.filter { $0.typeName == source.typeName }
    for path in sources.map(\.path) + [field.beside, field.also].compactMap({ $0 }) {
      let isWhole = path.readsItems && !(path == field.also)
      for address in path.addresses(in: resource).reversed() {
        resource.remove(at: address, isWholeItem: isWhole)
      }
      // Companions of values that are not there.
      let names = path.segments.map(\.child.name)
      if names.count == 2, var inner = resource[names[0]], inner.fields != nil {
        inner[existing: "_" + names[1]] = nil
        resource[existing: names[0]] = inner.isEmptyContainer ? Optional.none : inner
      }
      if path.segments.count == 1, let name = path.segments.first?.child.name {
        resource[existing: "_" + name] = nil
      }
    }
    if kind == .appointment, ["start", "status"].contains(source.path.text) {
      // R4 wants both or none: the end goes along.
      resource[existing: "end"] = nil
      resource[existing: "_end"] = nil
    }
    return resource
  }

  private func text(_ resource: BSONValue) -> String {
    (try? BSONDocument(resource.fields ?? [:])).flatMap { try? decoded($0) }.map { json($0) } ?? ""
  }

  private func values(_ resources: [String: ResourceTree]) throws -> [String: BSONValue] {
    try resources.mapValues { .document(try encoded($0).fields()) }
  }

  /// What the validator holds against resources, without the places in lists, which move.
  private func errors(_ resources: [String: ResourceTree]) -> Set<String> {
    var found: Set<String> = []
    for (key, tree) in resources {
      var issues: [FHIRModel.Issue] = []
      Self.validator.validate(tree, into: &issues)
      for issue in issues where issue.severity >= .error {
        found.insert("\(key) \(issue.rule) \(issue.expression.replacing(/\[[0-9]+\]/, with: ""))")
      }
    }
    return found
  }
}

extension FieldSource {
  fileprivate var typeName: String {
    switch resource {
    case .root(let type), .section(let type): type
    }
  }
}
