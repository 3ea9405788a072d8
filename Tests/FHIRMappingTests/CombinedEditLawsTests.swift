import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// Several edits of one document at once: each field says in FHIR what it says when it alone is edited, whatever happens to the others,
/// and what is exported changes nothing when it comes again. The order in which an application leaves the sections' items says nothing.
extension FieldEditLawsTests {
  /// A field with another value; nil takes it away.
  private typealias Edit = (field: FieldPlan, value: BSONValue?)

  @Test(arguments: Runs.seeds(12)) func `several fields of generated patients`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 15_000)
    var texts = [generator.resource("Patient", id: "x")]
    for number in 0..<seed % 3 {
      var coverage = BSONValue.document(
        try encoded(generator.resource("Coverage", id: "c\(number)")).fields())
      coverage[existing: "beneficiary"] = ["reference": "Patient/x"]
      texts.append(json(try decoded(BSONDocument(try #require(coverage.fields)))))
    }
    try checkTogether(try subject(.patient, id: "x", texts), seed)
  }

  @Test(arguments: Runs.seeds(12)) func `several fields of generated providers`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 16_000)
    let roles = (0..<seed % 4).map { generator.resource("PractitionerRole", id: "r\($0)") }
    try checkTogether(
      try subject(.provider, id: "x", [generator.resource("Practitioner", id: "x")] + roles), seed)
  }

  @Test(arguments: Runs.seeds(12)) func `several fields of generated appointments`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 17_000)
    try checkTogether(try subject(.appointment, id: "x", [generator.resource("Appointment", id: "x")]), seed)
  }

  @Test(arguments: Runs.seeds(12)) func `several fields of generated charts`(_ seed: Int) throws {
    var generator = TreeGenerator(seed: UInt64(seed) &+ 18_000)
    var texts: [String] = []
    for type in ["Observation", "Condition", "DocumentReference"] {
      texts += (0..<1 + seed % 4).map { generator.resource(type, id: "\(type.lowercased())-\($0)") }
    }
    try checkTogether(try subject(.chart, id: "p1", texts), seed)
  }

  private func checkTogether(_ subject: Subject, _ seed: Int) throws {
    let plan = try #require(lens.mappings.plan(subject.kind))
    var random = SeededGenerator(seed: UInt64(seed))
    try checkOrder(subject, plan, &random)
    for _ in 0..<6 {
      let edits = choose(of: plan, subject, &random)
      let together = try outcome(of: edits, in: subject)
      let words = edits.map { "\($0.field.name) → \(String(describing: $0.value))" }.joined(separator: ", ")
      var moved: Set<String> = []
      for edit in edits {
        let alone = try outcome(of: [edit], in: subject)
        let name = edit.field.name
        #expect(
          isSame(together[name], alone[name], edit.field),
          "seed \(seed): \(words): \(name) is \(String(describing: together[name])), alone \(String(describing: alone[name]))"
        )
        moved.formUnion(plan.fields.lazy.map(\.name).filter { alone[$0] != subject.fields[$0] })
      }
      for field in plan.fields where field.derived == nil && !moved.contains(field.name) {
        let isStill = isSame(together[field.name], subject.fields[field.name], field)
        #expect(isStill, "seed \(seed): \(words) moved \(field.name)")
      }
    }
  }

  private func checkOrder(
    _ subject: Subject, _ plan: DocumentPlan, _ random: inout SeededGenerator
  ) throws {
    var fields = subject.fields
    for section in plan.sections {
      guard let items = fields[section.name]?.elements else { continue }
      fields[section.name] = .array(items.shuffled(using: &random))
    }
    let exported = try lens.export([try BSONDocument(fields)], kind: subject.kind).resources
    #expect(exported.mapValues { json($0) } == subject.resources.mapValues { json($0) })
  }

  /// Fields that do not speak for each other, each with one of the values that others than its own may be.
  private func choose(of plan: DocumentPlan, _ subject: Subject, _ random: inout SeededGenerator) -> [Edit] {
    var chosen: [Edit] = []
    for field in plan.fields.shuffled(using: &random) where field.derived == nil && chosen.count < 4 {
      let isApart = chosen.allSatisfy { other in
        !isShadow(field, of: other.field) && !isShadow(other.field, of: field)
      }
      // Whether an appointment must have a start, its status says.
      let entangled = ["date_of_visit", "disposition"]
      let isFree = !entangled.contains(field.name) || !chosen.contains { entangled.contains($0.field.name) }
      let strangers: [BSONValue?] = [.null, .bool(true), .document([:]), .array([])]
      let values = edits(of: field, now: subject.fields[field.name]) + strangers
      guard isApart, isFree, let value = values.randomElement(using: &random) else { continue }
      chosen.append((field, value))
    }
    return chosen
  }

  /// The fields of the document that edits come to when it is exported, and imported anew.
  private func outcome(of edits: [Edit], in subject: Subject) throws -> BSONFields {
    var fields = subject.fields
    for edit in edits { fields[edit.field.name] = edit.value }
    let page = try BSONDocument(fields)
    let exported = try lens.export([page], kind: subject.kind).resources
    let texts = exported.sorted { $0.key < $1.key }.map { json($0.value) }
    let incoming = try lens.assembler.assemble(
      kind: subject.kind, id: subject.id, parts: try lens.parts(subject.kind, id: subject.id, texts))
    let merged = try lens.assembler.assemble(incoming, stored: [page])
    let words = edits.map { "\($0.field.name) → \(String(describing: $0.value))" }.joined(separator: ", ")
    #expect(try merged.pages[0].fields() == fields, "\(words): what was exported changes the document")
    return try incoming.pages[0].fields()
  }
}
