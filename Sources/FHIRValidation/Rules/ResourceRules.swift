import FHIRDefinitions
import FHIRModel
import FHIRTerminology
import Synchronization

/// Rules that look at a whole resource of one type, some of them beside another that defines it.
///
/// What defines is compiled when it is first met, and kept.
final class ResourceRules: Sendable {
  /// What is judged of a resource, by its type.
  enum Judge: Sendable { case response, report, structure, codeSystem, valueSet, searchParameter }

  private let table: DefinitionTable
  let terminology: Terminology
  let definitions: ConformanceStore
  /// By the type's number.
  private let judges: [Judge?]
  private let questionnaires = Mutex<[String: QuestionnairePlan]>([:])

  init(table: DefinitionTable, terminology: Terminology, definitions: ConformanceStore) {
    self.table = table
    self.terminology = terminology
    self.definitions = definitions
    var judges = [Judge?](repeating: nil, count: table.types.count)
    for (name, judge) in [
      "QuestionnaireResponse": Judge.response, "MeasureReport": .report, "StructureDefinition": .structure,
      "CodeSystem": .codeSystem, "ValueSet": .valueSet, "SearchParameter": .searchParameter,
    ] {
      if let type = table.typeID(name) { judges[Int(type.rawValue)] = judge }
    }
    self.judges = judges
  }

  @inline(__always)
  func judge(of type: TypeID) -> Judge? { judges[Int(type.rawValue)] }

  func check(_ node: Int, _ judge: Judge, _ walk: inout StructureWalk) {
    let resource = ResourceElement(walk.tree, node, table: table)
    let findings =
      switch judge {
      case .response: check(response: resource, &walk)
      case .report: check(report: resource, &walk)
      case .codeSystem: TerminologyCheck.findings(codeSystem: resource, terminology)
      case .valueSet: TerminologyCheck.findings(valueSet: resource, terminology)
      case .searchParameter: DesignCheck.findings(searchParameter: resource)
      case .structure: DesignCheck.findings(resource, definitions: definitions)
      }
    for finding in findings {
      walk.report(
        finding.severity, finding.rule, at: finding.node, position: finding.position, finding.message)
    }
  }

  // MARK: Questionnaires

  private func check(response: ResourceElement, _ walk: inout StructureWalk) -> [ResourceFinding] {
    guard let canonical = response.text("questionnaire") else { return [] }
    guard let plan = questionnaire(canonical, of: response, &walk) else {
      return [
        ResourceFinding(
          .information, .questionnaireUnknown, at: response.node,
          position: response.child("questionnaire")?.node,
          "cannot tell whether the answers fit: questionnaire \(canonical) is not at hand (--package FILE brings it)"
        )
      ]
    }
    var check = ResponseCheck(response, plan: plan, evaluator: walk.invariants?.evaluator)
    check.run()
    return check.findings
  }

  private func questionnaire(
    _ canonical: String, of response: ResourceElement, _ walk: inout StructureWalk
  ) -> QuestionnairePlan? {
    if let contained = defining("Questionnaire", canonical, of: response, &walk) {
      return QuestionnairePlan(contained, terminology: terminology)
    }
    if let known = questionnaires.withLock({ $0[canonical] }) { return known }
    guard let tree = definitions.resource(.questionnaire, canonical: canonical) else { return nil }
    let plan = QuestionnairePlan(ResourceElement(tree, table: table), terminology: terminology)
    questionnaires.withLock { $0[canonical] = plan }
    return plan
  }

  /// The resource contained around that a fragment names.
  private func defining(
    _ type: String, _ canonical: String, of resource: ResourceElement, _ walk: inout StructureWalk
  ) -> ResourceElement? {
    guard canonical.hasPrefix("#"), let container = walk.container else { return nil }
    return ResourceElement(resource.tree, container, table: table).contained(
      type, id: String(canonical.dropFirst()))
  }

  // MARK: Measures

  private func check(report: ResourceElement, _ walk: inout StructureWalk) -> [ResourceFinding] {
    guard let canonical = report.text("measure") else { return [] }
    let measure =
      defining("Measure", canonical, of: report, &walk)
      ?? definitions.resource(.measure, canonical: canonical).map { ResourceElement($0, table: table) }
    guard let measure else {
      return [
        ResourceFinding(
          .information, .measureUnknown, at: report.node, position: report.child("measure")?.node,
          "cannot tell whether the report fits: measure \(canonical) is not at hand (--package FILE brings it)"
        )
      ]
    }
    var check = ReportCheck(report, measure: measure)
    check.run()
    return check.findings
  }
}
