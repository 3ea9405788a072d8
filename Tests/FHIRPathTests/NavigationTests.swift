import FHIRModel
import Testing

@testable import FHIRPath

/// Paths over resources, and what FHIR adds to the language.
///
/// See https://hl7.org/fhir/R4/fhirpath.html
@Suite struct NavigationTests {
  private let subject: Subject

  init() throws { subject = try Subject(Subject.patient) }

  @Test(arguments: [
    ("name.given", ["Ada", "Bo", "A"]), ("Patient.name.family", ["Li"]), ("DomainResource.id", ["p"]),
    ("name[1].use", ["usual"]), ("name[7]", []), ("name[0 - 1]", []), ("deceased", ["false"]),
    ("multipleBirth", ["2"]),
    ("birthDate", ["1980-02-29"]), ("birthDate.extension.value", ["08:15:00"]),
    ("birthDate.extension('http://example.org/time').value", ["08:15:00"]),
    ("extension('http://example.org/weight').value.unit", ["kg"]),
    ("contained.ofType(Organization).name", ["Clinic"]),
    ("contained.children().count()", ["2"]), ("name.first().children()", ["official", "Li", "Ada", "Bo"]),
    ("descendants().where($this is Quantity).value", ["70.50"]), ("`name`.`given`.first()", ["Ada"]),
    ("managingOrganization.resolve().name", ["Clinic"]), ("generalPractitioner.resolve()", []),
    ("%resource.id", ["p"]), ("%context.gender", ["female"]), ("%rootResource.contained.id", ["o"]),
    ("%`vs-administrative-gender`", ["http://hl7.org/fhir/ValueSet/administrative-gender"]),
    ("%'ext-patient-birthTime'", ["http://hl7.org/fhir/StructureDefinition/patient-birthTime"]),
    ("%vs-languages", ["http://hl7.org/fhir/ValueSet/languages"]), ("%sct", ["http://snomed.info/sct"]),
    ("%loinc & %ucum", ["http://loinc.orghttp://unitsofmeasure.org"]),
    ("name.select(given.first() & '-' & $index.toString())", ["Ada-0", "A-1"]),
    ("type().namespace & '.' & type().name", ["FHIR.Patient"]), ("active.type().name", ["boolean"]),
    ("telecom.rank.select(type().name).distinct()", ["positiveInt"]), ("1.type().name", ["Integer"]),
  ])
  func `paths lead to elements`(_ text: String, _ expected: [String]) throws {
    #expect(try subject.values(text) == expected)
  }

  @Test(arguments: [
    ("gender.is(code)", "true"), ("gender is string", "true"), ("gender is id", "false"),
    ("gender is System.String", "false"), ("gender.ofType(string).empty()", "true"),
    ("gender.as(code)", "female"), ("Patient is DomainResource", "true"), ("$this is Observation", "false"),
    ("ofType(Resource).id", "p"), ("active is FHIR.boolean", "true"), ("active is Boolean", "false"),
    ("active.not() is System.Boolean", "true"), ("1 is System.Any", "true"),
    ("(1 as Decimal).empty()", "true"),
    ("extension.value.ofType(Quantity).value", "70.50"), ("name.first() is HumanName", "true"),
  ])
  func `types and what derives from them`(_ text: String, _ expected: String) throws {
    #expect(try subject.values(text) == [expected])
  }

  @Test(arguments: [
    ("name.gven", FHIRPathError.Code.unknownElement, 6), ("deceasedBoolean", .unknownElement, 1),
    ("Observation.value", .unknownElement, 1), ("name.foo()", .unknownFunction, 6),
    ("name.where()", .wrongArgument, 6), ("name.exists(1, 2)", .wrongArgument, 6),
    ("gender is Strng", .unknownType, 11),
    ("name.as(foo.bar)", .unknownType, 9), ("name.ofType(1)", .wrongArgument, 13),
    ("%nothing", .unknownVariable, 1),
    ("name.startsWith('x')", .wrongArgument, 6), ("(deceased as Period)", .unknownElement, 0),
    ("gender.matches('(')", .wrongArgument, 16), ("iif('x', 1, 2)", .wrongArgument, 5),
    ("'x'.length().foo", .unknownElement, 14), ("true.upper()", .wrongArgument, 6),
  ])
  func `a mistake shows when the expression is compiled`(
    _ text: String, _ code: FHIRPathError.Code, _ column: Int
  ) throws {
    // A type that a choice does not offer is no mistake; it is never there.
    if column == 0 {
      #expect(try subject.values(text).isEmpty)
      return
    }
    let error = #expect(throws: FHIRPathError.self) {
      try CompiledExpression(text, context: DefinitionTable.r4.typeID("Patient"))
    }
    #expect(error?.code == code)
    #expect(error?.column == column)
  }

  @Test func `where the type is not known, names are looked for as the data come`() throws {
    #expect(try subject.values("contained.name") == ["Clinic"])
    #expect(try subject.values("contained.nothing.value").isEmpty)
    #expect(try subject.values("contained.where(id = 'o').select('#' + id)") == ["#o"])
    #expect(try subject.values("contained.where(Organization.name.exists()).id") == ["o"])
    #expect(try subject.values("descendants().valueString").isEmpty)
    #expect(try subject.values("descendants().value.ofType(string)") == ["n", "1", "x@y"])
    #expect(try subject.values("name.gven", options: .unknownElementsAreEmpty).isEmpty)
  }

  @Test(arguments: [
    ("birthDate.hasValue()", "true"), ("name.hasValue()", "false"), ("name.given.hasValue()", "false"),
    ("birthDate.getValue() = @1980-02-29", "true"), ("photo.hasValue()", "false"),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "true"),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", "false"),
    ("gender.memberOf(%`vs-administrative-gender`)", "true"),
    ("gender.memberOf('http://hl7.org/fhir/ValueSet/contact-point-system')", "false"),
    ("gender.htmlChecks()", "true"), ("name.checkModifiers('x').count()", "2"),
    ("gender.subsumes(gender)", "true"),
  ])
  func `functions of FHIR`(_ text: String, _ expected: String) throws {
    #expect(try subject.values(text) == [expected])
  }

  @Test(arguments: [
    "conformsTo('http://example.org/unknown')", "gender.memberOf('http://example.org/unknown')",
    "gender.subsumes('male')",
  ])
  func `what nobody here knows is told apart from what is wrong`(_ text: String) {
    #expect(Subject.error(text, on: Subject.patient)?.code == .cannotTell)
  }

  @Test func `an environment answers what the tree does not`() throws {
    final class World: EvaluationEnvironment {
      var traced: [String] = []
      let practitioner: Subject
      init() throws { practitioner = try Subject(#"{"resourceType":"Practitioner","id":"1","active":true}"#) }
      func resolve(_ reference: String, from source: TreeNode) -> TreeNode? {
        guard reference == "Practitioner/1" else { return nil }
        // Evaluates meanwhile with an evaluator of its own or with ours; both must do.
        return TreeNode(
          tree: practitioner.tree, node: 0, type: DefinitionTable.r4.typeID("Practitioner"))
      }
      func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? { valueSet.hasSuffix("yes") }
      func passesHTMLChecks(_ element: TreeNode) -> Bool { false }
      func trace(_ name: String, _ items: [Item], _ evaluator: Evaluator) {
        traced.append(name + items.compactMap { evaluator.displayText(of: $0) }.joined(separator: ","))
      }
    }
    let world = try World()
    let subject = try Subject(Subject.patient, environment: world)
    #expect(try subject.values("generalPractitioner.resolve().ofType(Practitioner).active") == ["true"])
    #expect(try subject.values("generalPractitioner.resolve() is Practitioner") == ["true"])
    #expect(
      try subject.values("gender.memberOf('http://x/yes') and gender.memberOf('http://x/no').not()") == [
        "true"
      ])
    #expect(try subject.values("htmlChecks()") == ["false"])
    #expect(try subject.values("name.given.trace('g').count()") == ["3"])
    #expect(world.traced == ["gAda,Bo,A"])
  }

  @Test func `as() takes one item, but for invariants chooses among them`() throws {
    #expect(throws: FHIRPathError.self) { try subject.values("descendants().as(code)") }
    #expect(try subject.values("name.use.as(code)", options: .asFilters) == ["official", "usual"])
  }
}
