import BSON
import FHIRModel
import FHIRValidation
import TestSupport
import Testing

@testable import FHIRMapping

/// Documents that never came from FHIR, in every shape and with every flaw: what they export is valid R4, and of every field
/// that is not carried it is said.
@Suite struct DriftTests {
  private static let validator = Validator()
  private let lens: Lens

  init() throws { lens = try Lens() }

  @Test(arguments: DocumentKind.mapped, Runs.seeds(60))
  func `any document exports as valid FHIR`(_ kind: DocumentKind, _ seed: Int) throws {
    var generator = DriftGenerator(seed: UInt64(seed))
    try check(generator.document(kind), kind, "seed \(seed)")
  }

  @Test(arguments: DocumentKind.mapped) func `every shape of every field, alone`(_ kind: DocumentKind) throws
  {
    for (name, shapes) in DriftGenerator.shapes(kind) {
      for (number, value) in (shapes + DriftGenerator.nonsense + DriftGenerator.strange + DriftGenerator.rare)
        .enumerated()
      {
        var fields: BSONFields = ["_id": "d"]
        fields[name] = value
        try check(fields, kind, "\(name) \(number)")
      }
    }
    for (number, id) in (DriftGenerator.ids + DriftGenerator.nonsense).enumerated() {
      try check(["_id": id], kind, "_id \(number)")
    }
  }

  private func check(_ fields: BSONFields, _ kind: DocumentKind, _ place: String) throws {
    let document = try BSONDocument(fields)
    let (resources, notes) = try lens.export([document], kind: kind)
    for (key, tree) in resources {
      var issues: [FHIRModel.Issue] = []
      // What stands in the text, not only in the tree.
      let read = try Self.read(json(tree))
      Self.validator.validate(read, into: &issues)
      let errors = issues.filter { $0.severity >= .error }
      #expect(
        errors.isEmpty,
        "\(place) \(key): \(errors.map { "\($0.rule.code) \($0.expression) \($0.message)" }) \(json(tree).prefix(600))"
      )
      #expect(DocumentID.isFHIRID(String(key.drop { $0 != "/" }.dropFirst())), "\(place) \(key)")
    }
    let plan = try #require(lens.mappings.plan(kind))
    #expect(
      plan.root == nil || resources.keys.contains { $0.hasPrefix((plan.root?.name ?? "") + "/") }, "\(place)")
    // Imported, every field says what was meant, or export told of it.
    let texts = resources.sorted { $0.key < $1.key }.map { json($0.value) }
    guard !texts.isEmpty else {
      for field in plan.fields where isSaid(fields[field.name]) && field.derived == nil {
        #expect(notes.contains { $0.hasPrefix(field.name + ":") }, "\(place) \(field.name) \(notes)")
      }
      return
    }
    let id = resources.keys.compactMap { key in
      key.hasPrefix((plan.root?.name ?? "-") + "/") ? String(key.drop { $0 != "/" }.dropFirst()) : nil
    }.first
    let pages = try lens.assemble(kind, id: id ?? "d", texts)
    let again = try pages[0].fields()
    for field in plan.fields where field.derived == nil {
      let isTold = notes.contains { $0.hasPrefix(field.name + ":") }
      if isTold || !isSaid(fields[field.name]) { continue }
      if field.transform is ReferenceTransform { continue }
      var meant = field.understand(fields[field.name]).value
      // Import stores the number or the moment that a text was carried as.
      if let transform = field.transform,
        [.number, .date].contains(transform.shape) || transform is BloodPressureTransform
      {
        meant = meant.flatMap { transform.write($0, over: nil) }.flatMap { transform.read($0) }
      }
      let isSame =
        (field.rootSource == nil ? meant?.elements?.unique : nil).map { .array($0) } ?? meant
        == again[field.name]
      #expect(
        isSame,
        "\(place) \(field.name): \(String(describing: meant)) became \(String(describing: again[field.name])) \(texts)"
      )
    }
    for name in ["vip", "__v"] where fields[name] != nil {
      #expect(notes.contains { $0.hasPrefix(name + ":") }, "\(place) \(name)")
    }
    // And once more: it is stable.
    let (second, later) = try lens.export(pages, kind: kind)
    #expect(later.isEmpty, "\(place) \(later)")
    #expect(second.count == resources.count, "\(place)")
    for (key, tree) in resources {
      let other = try #require(second[key], "\(place) \(key) of \(second.keys)")
      #expect(difference(tree, other) == nil, "\(place) \(key)")
    }
  }

  private static func read(_ text: String) throws -> ResourceTree { try tree(text) }

  /// Whether a stored value says anything.
  private func isSaid(_ value: BSONValue?) -> Bool {
    switch value {
    case nil, .null?: false
    case .string(let text)?:
      BSONValue.string(text.filter { $0.asciiValue.map { $0 >= 0x20 } ?? true }).trimmedText != nil
    case .array(let items)?: items.contains { isSaid($0) }
    case .document(let fields)?: !fields.fields.isEmpty
    default: true
    }
  }
}
