import Testing

@testable import FHIRTerminology

/// ValueSet.compose over code systems at hand: https://hl7.org/fhir/R4/valueset.html#compositions
struct CompositionTests {
  private let wards = "http://clinic/wards"
  private let every = ["floor1", "icu", "er", "floor2", "lab", "day", "day-eye", "annex"]

  /// The wards that a selection holds.
  private func members(_ include: String, rest: String = "", with others: String...) throws -> Set<String> {
    let terminology = try terminology(include, rest: rest, others)
    return Set(
      every.filter {
        terminology.validate(system: wards, code: $0, in: "http://clinic/ValueSet/test") == .valid
      })
  }

  private func terminology(_ include: String, rest: String = "", _ others: [String]) throws -> Terminology {
    let set = ClinicDefinitions.valueSet("test", include: include, rest: rest)
    switch others.count {
    case 0: return Terminology(source: try ClinicDefinitions(ClinicDefinitions.wards, set))
    case 1: return Terminology(source: try ClinicDefinitions(ClinicDefinitions.wards, set, others[0]))
    default:
      return Terminology(source: try ClinicDefinitions(ClinicDefinitions.wards, set, others[0], others[1]))
    }
  }

  private func filter(_ property: String, _ op: String, _ value: String) -> String {
    #"{"system": "http://clinic/wards", "filter": [{"property": "\#(property)", "op": "\#(op)", "value": "\#(value)"}]}"#
  }

  @Test func wholeSystem() throws {
    #expect(try members(#"{"system": "http://clinic/wards"}"#) == Set(every))
    let terminology = try terminology(#"{"system": "http://clinic/wards"}"#, [])
    let set = "http://clinic/ValueSet/test"
    #expect(terminology.validate(system: wards, code: "icU", in: set) == .invalid(.notInValueSet))
    #expect(terminology.validate(system: "http://other", code: "icu", in: set) == .invalid(.notInValueSet))
    #expect(terminology.validate(system: nil, code: "icu", in: set) == .valid)
    #expect(terminology.validate(system: wards, code: "icu", in: set + "|3") == .valid)
  }

  @Test func listedConcepts() throws {
    let listed = #"{"system": "http://clinic/wards", "concept": [{"code": "icu"}, {"code": "er"}]}"#
    #expect(try members(listed) == ["icu", "er"])
  }

  @Test func filters() throws {
    #expect(try members(filter("concept", "is-a", "floor2")) == ["floor2", "lab", "day", "day-eye", "annex"])
    #expect(try members(filter("concept", "descendent-of", "floor2")) == ["lab", "day", "day-eye", "annex"])
    #expect(try members(filter("concept", "is-not-a", "floor2")) == ["floor1", "icu", "er"])
    #expect(try members(filter("concept", "generalizes", "day-eye")) == ["day-eye", "day", "floor2"])
    #expect(try members(filter("beds", "=", "4")) == ["icu"])
    #expect(try members(filter("beds", "exists", "true")) == ["icu", "er"])
    #expect(try members(filter("beds", "exists", "false")) == Set(every).subtracting(["icu", "er"]))
    #expect(try members(filter("beds", "in", "4, 9")) == ["icu", "er"])
    #expect(try members(filter("nurse", "not-in", "ana")) == Set(every).subtracting(["icu"]))
    #expect(try members(filter("code", "regex", "(day|er).*")) == ["er", "day", "day-eye"])
    #expect(try members(filter("display", "regex", "[FS].*floor")) == ["floor1", "floor2"])
    #expect(try members(filter("parent", "=", "floor2")) == ["lab", "day", "annex"])
    #expect(try members(filter("concept", "is-a", "nowhere")) == [])
  }

  @Test func severalFiltersMustAllHold() throws {
    let both = """
      {"system": "http://clinic/wards", "filter": [
        {"property": "concept", "op": "is-a", "value": "floor1"},
        {"property": "beds", "op": "=", "value": "9"}]}
      """
    #expect(try members(both) == ["er"])
  }

  @Test func includesAddUpAndExcludesTakeAway() throws {
    let two = filter("concept", "is-a", "floor1") + "," + filter("concept", "is-a", "day")
    #expect(try members(two) == ["floor1", "icu", "er", "day", "day-eye"])
    let rest =
      #", "exclude": [{"system": "http://clinic/wards", "concept": [{"code": "er"}, {"code": "day"}]}]"#
    #expect(try members(two, rest: rest) == ["floor1", "icu", "day-eye"])
  }

  @Test func valueSetsOfOneIncludeIntersect() throws {
    let first = ClinicDefinitions.valueSet("first", include: filter("concept", "is-a", "floor1"))
    let equipped = ClinicDefinitions.valueSet("equipped", include: filter("beds", "exists", "true"))
    let nested = #""valueSet": ["http://clinic/ValueSet/first", "http://clinic/ValueSet/equipped|2"]"#
    #expect(try members("{\(nested)}", with: first, equipped) == ["icu", "er"])
    let ofSystem =
      #"{"system": "http://clinic/wards", "concept": [{"code": "er"}, {"code": "lab"}], \#(nested)}"#
    #expect(try members(ofSystem, with: first, equipped) == ["er"])
  }

  @Test func inactiveConceptsAreLeftOutWhereAsked() throws {
    let floor = filter("concept", "descendent-of", "floor2")
    #expect(try members(floor, rest: #", "inactive": false"#) == ["day", "day-eye", "annex"])
    #expect(try members(floor, rest: #", "inactive": true"#).contains("lab"))
  }

  @Test func aSystemNamesItsOwnValueSet() throws {
    let terminology = Terminology(source: try ClinicDefinitions(ClinicDefinitions.wards))
    #expect(terminology.validate(system: wards, code: "icu", in: wards + "?fhir_vs") == .valid)
    #expect(
      terminology.validate(system: wards, code: "none", in: wards + "?fhir_vs") == .invalid(.notInValueSet))
  }

  @Test func countsAndListsItsCodes() throws {
    let terminology = try terminology(filter("concept", "is-a", "floor1"), [])
    let plan = terminology.valueSet("http://clinic/ValueSet/test")
    #expect(plan.list(limit: 10)?.map(\.code) == ["floor1", "icu", "er"])
    #expect(plan.list(limit: 2) == nil)
    #expect(plan.name == "test")
  }
}
