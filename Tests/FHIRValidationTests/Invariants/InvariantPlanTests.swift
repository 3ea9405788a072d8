import CDefinitions
import FHIRFormats
import FHIRModel
import FHIRPath
import TestSupport
import Testing

@testable import FHIRValidation

@Suite struct `The invariants of the core` {
  private let table = DefinitionTable.r4

  @Test func `all are compiled, for their types and for their elements`() {
    let plan = InvariantPlan(table: table, includesBestPractice: true)
    var found: Set<String> = InvariantPlan.native
    for index in table.types.indices {
      let type = TypeID(rawValue: UInt16(index))
      let keys = table.invariants(of: type).map { table.string($0.key) }
      let compiled = plan.checks(of: type).checks.map(\.rule.code)
      #expect(compiled == keys.filter { !InvariantPlan.native.contains($0) }, "\(table.name(of: type))")
      found.formUnion(compiled)
    }
    for index in table.elements.indices {
      let keys = table.invariants(of: table.elements[index]).map { table.string($0.key) }
      for ref in table.typeRefs(of: table.elements[index]) {
        let compiled = plan.checks(of: index, type: TypeID(rawValue: ref.type)).map(\.rule.code)
        #expect(compiled == keys.filter { !InvariantPlan.native.contains($0) })
        found.formUnion(compiled)
      }
    }
    #expect(found == Set(table.invariants.map { table.string($0.key) }))
  }

  @Test func `what is good practice is left out unless asked for`() {
    let plan = InvariantPlan(table: table, includesBestPractice: false)
    let keys = table.resourceTypes.flatMap { plan.checks(of: $0).checks.map(\.rule.code) }
    #expect(!keys.contains("dom-6") && !keys.contains("con-3"))
    #expect(keys.contains("con-4"))
  }

  @Test(arguments: [
    ("Observation", "obs-6", ["dataAbsentReason"], PresenceFormula.Verdict.yes),
    ("Observation", "obs-6", ["value", "dataAbsentReason"], .no), ("Observation", "obs-7", ["value"], .yes),
    ("Observation", "obs-7", ["value", "component"], .unknown), ("Patient.contact", "pat-1", [], .no),
    ("Patient.contact", "pat-1", ["telecom"], .yes), ("Appointment", "app-2", ["start"], .no),
    ("Appointment", "app-2", ["start", "end"], .yes), ("Appointment", "app-4", [], .yes),
    ("Appointment", "app-4", ["cancelationReason", "status"], .unknown), ("Appointment", "app-3", [], .empty),
    ("Extension", "ext-1", ["extension"], .yes), ("Extension", "ext-1", ["extension", "value"], .no),
    ("Period", "per-1", ["start"], .yes), ("Period", "per-1", ["start", "end"], .unknown),
    ("Quantity", "qty-3", ["code"], .no), ("Quantity", "qty-3", ["value"], .yes),
  ])
  func `what stands tells`(
    type: String, key: String, elements: [String], verdict: PresenceFormula.Verdict
  ) throws {
    let id = try #require(table.typeID(type))
    let check = try #require(
      InvariantPlan(table: table, includesBestPractice: false).checks(of: id).checks.first {
        $0.rule.code == key
      })
    var seen: UInt64 = 0
    for name in elements {
      let element = try #require(
        table.elements(of: id).first { table.string(of: NameID(rawValue: $0.name)) == name })
      seen |= 1 << UInt64(element.order)
    }
    #expect(check.formula.verdict(seen) == verdict)
  }

  @Test func `an operation of a test script`() throws {
    try expectMarked(
      #"""
      {"resourceType": "TestScript", "url": "http://example.org/x", "name": "X", "status": "draft",
       "test": [{"action": [{"operation": {"encodeRequestUrl": true, "url": "x"}},
        {⟦tst-8⟧"operation": {"encodeRequestUrl": true}}]}]}
      """#)
  }

  /// What formulas tell, and what expressions give, over real resources and over the spoiled ones below.
  @Test func `formulas tell the truth`() throws {
    var texts = InvariantMatrix.all.map(\.json)
    if SharedData.has("examples") {
      for file in try SharedData.files(below: "examples/json", suffix: ".json") {
        let bytes = try SharedData.bytes(file)
        if bytes.count < 60_000 { texts.append(String(decoding: bytes, as: UTF8.self)) }
      }
    }
    var all = ValidationOptions()
    all.evaluatesEveryInvariant = true
    all.profiles.followsMeta = false
    var some = ValidationOptions()
    some.profiles.followsMeta = false
    let thorough = Validator(options: all)
    let quick = Validator(options: some)
    for text in texts {
      let name = "test.json"
      let first = try findings(ResourceReader(source: MemorySource(text), name: name), quick)
      let second = try findings(ResourceReader(source: MemorySource(text), name: name), thorough)
      #expect(first == second)
    }
  }
}
