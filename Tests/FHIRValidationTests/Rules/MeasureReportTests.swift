import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Reports by their measures` {
  private func code(_ code: String) -> String {
    #""code": {"coding": [{"system": "http://example.org/codes", "code": "\#(code)"}]}"#
  }

  private func counted(_ code: String) -> String {
    let system = "http://terminology.hl7.org/CodeSystem/measure-population"
    return #""code": {"coding": [{"system": "\#(system)", "code": "\#(code)"}]}"#
  }

  private func population(_ name: String, _ more: String = "") -> String {
    #"{\#(counted(name))\#(more.isEmpty ? "" : ", " + more)}"#
  }

  private func defined(_ name: String) -> String {
    #"{\#(code(name)), "criteria": {"language": "text/cql", "expression": "x"}}"#
  }

  private func check(
    scoring: String = "cohort", type: String = "summary", _ measure: String, _ report: String
  ) throws -> [String] {
    let text = ##"""
      {"resourceType": "MeasureReport", "status": "complete", "type": "\##(type)", "measure": "#m",
       "period": {"start": "2020"},
       "contained": [{"resourceType": "Measure", "id": "m", "status": "active", "scoring": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/measure-scoring", "code": "\##(scoring)"}]},
        "group": [\##(measure)]}],
       "group": [\##(report)]}
      """##
    return try expectMarked(text).map(\.expression)
  }

  @Test func `groups and populations are those of the measure`() throws {
    let measure =
      #"{\#(code("g")), "population": [{\#(counted("numerator")), "criteria": {"language": "text/cql", "expression": "x"}}]}, {\#(code("h"))}"#
    let good = #"{\#(code("g")), "population": [\#(population("numerator"))]}, {\#(code("h"))}"#
    #expect(try check(measure, good) == [])
    #expect(
      try check(measure, good + #", ⟦measure-group⟧{\#(code("i"))}"#) == ["MeasureReport.group[2]"])
    #expect(
      try check(measure, good + #", ⟦measure-group⟧{\#(code("g"))}"#) == ["MeasureReport.group[2]"])
    #expect(
      try check(
        measure,
        #"⟦measure-group⟧{\#(code("g")), "population": [⟦measure-group⟧\#(population("denominator"))]}, {\#(code("h"))}"#
      )
        == ["MeasureReport.group[0]", "MeasureReport.group[0].population[0]"])
  }

  @Test func `a group of the measure that is not reported is missed`() throws {
    let measure = #"{\#(code("g"))}, {\#(code("h"))}"#
    let issues = try findings(
      ##"""
      {"resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": "#m",
       "period": {"start": "2020"}, "contained": [{"resourceType": "Measure", "id": "m", "status": "active",
       "group": [\##(measure)]}], "group": [{\##(code("g"))}]}
      """##)
    #expect(issues.map(\.rule.code) == ["measure-group"])
    #expect(issues.map(\.expression) == ["MeasureReport"])
  }

  @Test func `a stratifier of components is known by them`() throws {
    let measure =
      #"{"stratifier": [{"component": [\#(defined("age")), \#(defined("sex"))]}]}"#
    func report(_ name: String, _ mark: String) -> String {
      #"{"stratifier": [\#(mark){"stratum": [{"component": [{\#(code("age")), "value": {"text": "1"}}, {\#(code(name)), "value": {"text": "f"}}]}]}]}"#
    }
    #expect(try check(measure, report("sex", "")) == [])
    #expect(try check(measure, "⟦measure-group⟧" + report("town", "⟦measure-group⟧")).count == 2)
  }

  @Test func `a score is what the measure's scoring asks for`() throws {
    let measure = #"{\#(code("g"))}"#
    func score(_ value: String) -> String { #"{"measureScore": \#(value)}"# }
    #expect(try check(scoring: "proportion", measure, score(#"{"value": 0.5}"#)) == [])
    #expect(
      try check(scoring: "proportion", measure, score(#"{⟦measure-score⟧"value": 1.5}"#))
        == ["MeasureReport.group[0].measureScore.value"])
    #expect(
      try check(scoring: "proportion", measure, score(#"{"value": 0.5, ⟦measure-score⟧"unit": "x"}"#)).count
        == 1)
    #expect(
      try check(scoring: "ratio", measure, "⟦measure-score⟧{\(code("g"))}") == ["MeasureReport.group[0]"])
    #expect(
      try check(scoring: "cohort", measure, #"{⟦measure-score⟧"measureScore": {"value": 1}}"#)
        == ["MeasureReport.group[0].measureScore"])
  }

  @Test func `a list of subjects has as many as are counted`() throws {
    let measure =
      #"{"population": [{\#(counted("numerator")), "criteria": {"language": "text/cql", "expression": "x"}}]}"#
    func listed(_ mark: String) -> String {
      #"{"population": [{\#(counted("numerator")), "count": 2, \#(mark)"subjectResults": {"reference": "List/1"}}]}"#
    }
    #expect(try check(type: "subject-list", measure, listed("")) == [])
    #expect(
      try check(type: "summary", measure, listed("⟦measure-count⟧"))
        == ["MeasureReport.group[0].population[0].subjectResults"])
  }
}
