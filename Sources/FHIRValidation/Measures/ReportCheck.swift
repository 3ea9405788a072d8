import FHIRModel
import FHIRPath

/// Judges a MeasureReport by its Measure: its groups, their populations and stratifiers, its scores and counts.
///
/// See https://hl7.org/fhir/R4/measurereport.html#notes: what a report counts is what its measure defines.
struct ReportCheck {
  private let report: ResourceElement
  private let measure: ResourceElement
  private(set) var findings: [ResourceFinding] = []
  /// `proportion`, `cohort`, …
  private let scoring: String?
  private let type: String?

  init(_ report: ResourceElement, measure: ResourceElement) {
    self.report = report
    self.measure = measure
    type = report.text("type")
    scoring = measure.child("scoring")?.children("coding").first {
      $0.text("system") == "http://terminology.hl7.org/CodeSystem/measure-scoring"
    }?.text("code")
  }

  /// A part of the measure that parts of the report are matched with.
  private struct Definition {
    let element: ResourceElement
    let codes: [MeasureCode]
    var isReported = false

    /// Whether a stratifier of the report is this one: of several components all must be the measure's.
    func matches(_ codes: [MeasureCode]) -> Bool { codes.allSatisfy(self.codes.contains) }

    /// Observations are no populations that are counted.
    var isOptional: Bool { codes.contains { $0.code == "measure-observation" } }
  }

  mutating func run() {
    let groups = report.children("group")
    let defined = measure.children("group")
    guard !defined.isEmpty else { return }
    if groups.count == 1, defined.count == 1 {
      // The only group needs no code; but it may not bear another's.
      let own = MeasureCode.codes(of: groups[0])
      let asked = MeasureCode.codes(of: defined[0])
      if !own.isEmpty, !asked.isEmpty, !own.contains(where: asked.contains) {
        tell(.measureGroup, at: groups[0], "the group's code is not that of the measure's group")
      }
      checkGroup(groups[0], defined[0])
      return
    }
    match(groups, defined, in: report, called: "group") { $0.checkGroup($1, $2) }
  }

  private mutating func checkGroup(_ group: ResourceElement, _ defined: ResourceElement) {
    match(
      group.children("population"), defined.children("population"), in: group, called: "population"
    ) { check, population, _ in check.checkCount(of: population) }
    checkScore(of: group)
    match(
      group.children("stratifier"), defined.children("stratifier"), in: group, called: "stratifier"
    ) { check, stratifier, defined in check.checkStratifier(stratifier, defined, of: group) }
  }

  // MARK: Matching

  /// Finds what the measure says of each part by its code; tells of those that it does not know, that come twice, and that
  /// are missing.
  private mutating func match(
    _ parts: [ResourceElement], _ defined: [ResourceElement], in parent: ResourceElement, called name: String,
    _ body: (inout ReportCheck, ResourceElement, ResourceElement) -> Void
  ) {
    // A measure that defines none says nothing of those that a report has.
    guard !defined.isEmpty else { return }
    var definitions = defined.map { Definition(element: $0, codes: MeasureCode.codes(of: $0)) }
    for part in parts {
      let codes = MeasureCode.codes(of: part)
      guard !codes.isEmpty else {
        tell(
          .measureGroup, at: part, "the \(name) has no code, by which the measure's \(name) would be known")
        continue
      }
      let found = definitions.firstIndex {
        !$0.codes.isEmpty
          && (name == "stratifier" ? $0.matches(codes) : $0.codes.contains(where: codes.contains))
      }
      guard let found else {
        tell(.measureGroup, at: part, "the measure has no \(name) of the code that this one has")
        continue
      }
      if definitions[found].isReported {
        tell(.measureGroup, at: part, "the \(name) has the code of one before it")
        continue
      }
      definitions[found].isReported = true
      body(&self, part, definitions[found].element)
    }
    for definition in definitions where !definition.isReported && !definition.isOptional {
      let code = definition.codes.first.map { " of code '\($0.name)'" } ?? ""
      tell(.measureGroup, at: parent, "the report lacks the measure's \(name)\(code)")
    }
  }

  // MARK: Values

  /// In a list of subjects, as many are listed as are counted; elsewhere none are.
  private mutating func checkCount(of population: ResourceElement) {
    let results = population.children("subjectResults")
    guard type == "subject-list" else {
      if let first = results.first {
        tell(.measureCount, at: first, "subjectResults belong to reports of type subject-list only")
      }
      return
    }
    guard let count = population.text("count").flatMap({ Int($0) }), count != results.count,
      !(results.count == 1 && isList(results[0]))
    else { return }
    tell(
      .measureCount, at: population, position: results.first,
      "the population counts \(count) subjects, and lists \(results.count)")
  }

  /// Whether a reference leads to a List, which has the subjects, as R4 has it: what is not said may be one.
  private func isList(_ reference: ResourceElement) -> Bool {
    guard var text = reference.text("reference") else { return true }
    return text.withUTF8 { text in
      let reference = LiteralReference(text, report.table)
      return reference.type.map { report.table.name(of: $0) == "List" } ?? true
    }
  }

  private mutating func checkScore(of group: ResourceElement) {
    let score = group.child("measureScore")
    // That one has no groups is mrp-1.
    if type == "data-collection" { return }
    switch scoring {
    case "cohort":
      if let score { tell(.measureScore, at: score, "the measure is a cohort: it has no score") }
    case "proportion"?, "ratio"?, "continuous-variable"?:
      let scoring = scoring ?? ""
      guard let score else {
        // What is pending or failed has none yet.
        if report.text("status") == "complete" {
          tell(.measureScore, at: group, "the score is missing: the measure's scoring is \(scoring)")
        }
        return
      }
      checkValue(of: score, scoring)
    default: break
    }
  }

  private mutating func checkValue(of score: ResourceElement, _ scoring: String) {
    guard let value = score.child("value") else {
      // Another element may hold it, by an extension.
      if score.child("extension") == nil {
        tell(.measureScore, at: score, "the score has no value: the measure's scoring is \(scoring)")
      }
      return
    }
    guard scoring == "proportion" else { return }
    for name in ["unit", "system", "code"] {
      if let unit = score.child(name) {
        tell(.measureScore, at: score, position: unit, "a proportion has no unit")
        break
      }
    }
    if value.hasValue, let number = Decimal(value.text), number < .zero || .one < number {
      tell(.measureScore, at: value, "a proportion lies between 0 and 1")
    }
  }

  // MARK: Stratifiers

  /// Checks that each stratum of a stratifier with components has them all.
  private mutating func checkStratifier(
    _ stratifier: ResourceElement, _ defined: ResourceElement, of group: ResourceElement
  ) {
    let components = defined.children("component").flatMap { MeasureCode.own(of: $0) }
    guard !components.isEmpty else { return }
    for stratum in stratifier.children("stratum") {
      for component in stratum.children("component") {
        let codes = MeasureCode.own(of: component)
        if !codes.isEmpty, !codes.contains(where: components.contains) {
          tell(.measureGroup, at: component, "the measure's stratifier has no component of this code")
        }
      }
    }
  }

  // MARK: Telling

  private mutating func tell(
    _ rule: Rule, at element: ResourceElement, position: ResourceElement? = nil, _ message: String
  ) {
    findings.append(ResourceFinding(.error, rule, at: element.node, position: position?.node, message))
  }
}

/// A code by which parts of a report and of a measure are matched.
struct MeasureCode: Hashable {
  let system: String?
  let code: String?
  /// Of a concept that is told in words only.
  let text: String?

  var name: String { code ?? text ?? "" }

  /// The codes of a part; of a stratifier without one of its own, those of its components.
  static func codes(of part: ResourceElement) -> [MeasureCode] {
    let codes = own(of: part)
    if !codes.isEmpty { return codes }
    let strata = part.children("stratum")
    let components = strata.isEmpty ? part.children("component") : strata.flatMap { $0.children("component") }
    var seen = Set<MeasureCode>()
    return components.flatMap { own(of: $0) }.filter { seen.insert($0).inserted }
  }

  static func own(of part: ResourceElement) -> [MeasureCode] {
    part.children("code").flatMap { concept -> [MeasureCode] in
      let codings = concept.children("coding").filter { $0.child("code") != nil }
      if codings.isEmpty, let text = concept.text("text") {
        return [MeasureCode(system: nil, code: nil, text: text)]
      }
      return codings.map { MeasureCode(system: $0.text("system"), code: $0.text("code"), text: nil) }
    }
  }
}
