internal import CDefinitions
internal import FHIRModel

/// Makes plans of ValueSet resources.
///
/// See https://hl7.org/fhir/R4/valueset.html
struct ValueSetCompiler {
  /// How deep value sets may stand within each other.
  static let deepest = 32
  /// How many selections one look-up may go through.
  static let dearest = 10_000

  let table: DefinitionTable
  let source: any TerminologySource
  let systems: SystemRegistry
  /// The value sets that are being compiled: one that names itself again selects nothing new.
  private var outer: [String] = []
  private var doubt: TerminologyVerdict.Doubt?
  /// Value sets compiled on the way; a set named twice is compiled once.
  private var inner: [String: ValueSetPlan]

  init(
    table: DefinitionTable, source: any TerminologySource, systems: SystemRegistry,
    known: [String: ValueSetPlan] = [:]
  ) {
    inner = known
    self.table = table
    self.source = source
    self.systems = systems
  }

  // MARK: By URL

  mutating func plan(_ canonical: String) -> ValueSetPlan {
    if let known = inner[canonical] { return known }
    let url = String(canonical.prefix { $0 != "|" })
    guard !outer.contains(url), outer.count < Self.deepest else {
      doubt = .circular(url)
      return ValueSetPlan(canonical: canonical, content: .unknown, doubt: doubt)
    }
    outer.append(url)
    defer { outer.removeLast() }
    let kept = doubt
    doubt = nil
    let content = content(canonical, url: url)
    let plan = ValueSetPlan(canonical: canonical, content: content, doubt: doubt)
    doubt = kept ?? doubt
    inner[canonical] = plan
    return plan
  }

  private mutating func content(_ canonical: String, url: String) -> ValueSetPlan.Content {
    if let index = table.valueSet(url), source.isCore(valueSet: url) {
      switch definition_codes(UInt32(table.valueSets[index].codes)) {
      case CODES_LISTED: return .table(table, index)
      case CODES_LANGUAGE: return all(of: "urn:ietf:bcp:47")
      case CODES_MIME: return all(of: "urn:ietf:bcp:13")
      default: break
      }
    }
    if let tree = source.valueSet(canonical) { return content(of: Definition(tree)) }
    if let system = Self.implicitSystem(url), let content = implicit(system, valueSet: url) { return content }
    doubt = .noValueSet(url)
    return .unknown
  }

  private func all(of system: String) -> ValueSetPlan.Content {
    .composed(
      ValueSetPlan.Composition(
        include: [Selection(system: systems.system(system), codes: .all, valueSets: [])]))
  }

  /// The code system whose codes a value set is by its URL alone.
  ///
  /// See https://hl7.org/fhir/R4/snomedct.html#implicit, loinc.html#implicit, and CodeSystem.valueSet
  private static func implicitSystem(_ url: String) -> String? {
    if url.hasPrefix("http://snomed.info/sct") { return "http://snomed.info/sct" }
    if url.hasPrefix("http://loinc.org/vs") { return "http://loinc.org" }
    for mark in ["?fhir_vs", "?vs"] where url.hasSuffix(mark) { return String(url.dropLast(mark.count)) }
    guard let part = url.firstRange(of: "/ValueSet/") else { return nil }
    return url.replacing("/ValueSet/", with: "/CodeSystem/", subrange: part.lowerBound..<url.endIndex)
  }

  private mutating func implicit(_ url: String, valueSet: String) -> ValueSetPlan.Content? {
    let system = systems.system(url)
    switch system.content {
    case .shape:
      // `…?fhir_vs=isa/…` and LOINC's answer lists are parts of their systems that nobody lists here.
      doubt = system.doubt
      let isAll = valueSet == url + "?fhir_vs" || valueSet == url + "/vs"
      let part = ConceptFilter(property: "", operation: "", value: "", system: system)
      return .composed(
        ValueSetPlan.Composition(
          include: [Selection(system: system, codes: isAll ? .all : .filtered([part]), valueSets: [])]))
    case .plan(let plan):
      guard plan.url + "?fhir_vs" == valueSet || plan.url + "?vs" == valueSet || plan.valueSet == valueSet
      else { return nil }
      if !plan.isComplete { doubt = system.doubt }
      return all(of: url)
    case .grammar, .unknown: return nil
    }
  }

  // MARK: Resources

  /// A ValueSet resource that stands in no package: one contained in what refers to it.
  mutating func plan(of valueSet: Definition, canonical: String) -> ValueSetPlan {
    let content = content(of: valueSet)
    return ValueSetPlan(canonical: canonical, content: content, doubt: doubt)
  }

  private mutating func content(of valueSet: Definition) -> ValueSetPlan.Content {
    var composition = ValueSetPlan.Composition()
    let url = valueSet.text(Definition.Names.url) ?? ""
    if let compose = valueSet.child(Definition.Names.compose) {
      composition.activeOnly = compose.text(Definition.Names.inactive) == "false"
      composition.include = compose.children(Definition.Names.include).map { selection($0, of: url) }
      composition.exclude = compose.children(Definition.Names.exclude).map { selection($0, of: url) }
    }
    if let expansion = valueSet.child(Definition.Names.expansion) {
      composition.expansion = Self.expansion(expansion)
      if composition.expansion?.isComplete == true { doubt = nil }
    }
    guard !composition.include.isEmpty || composition.expansion != nil else {
      doubt = .noValueSet(url)
      return .unknown
    }
    // Value sets that contain others many times over multiply: one look-up must not take forever.
    guard ValueSetPlan.cost(of: composition) <= Self.dearest else {
      doubt = .circular(url)
      return .unknown
    }
    return .composed(composition)
  }

  private mutating func selection(_ part: Definition, of url: String) -> Selection {
    let system = part.text(Definition.Names.system).map { named -> KnownSystem in
      // A version that is not at hand is judged by the one that is: codes come and go seldom.
      systems.system(String(named.prefix { $0 != "|" }), version: part.text(Definition.Names.version))
    }
    let valueSets = part.children(Definition.Names.valueSet).map { plan($0.text) }
    if let doubtful = valueSets.first(where: { $0.doubt != nil }) { doubt = doubt ?? doubtful.doubt }
    let listed = part.children(Definition.Names.concept).compactMap { $0.text(Definition.Names.code) }
    guard let system else { return Selection(system: nil, codes: .all, valueSets: valueSets) }
    if !listed.isEmpty {
      let index = CodeIndex(listed, ignoresCase: system.ignoresCase)
      return Selection(system: system, codes: .listed(index), valueSets: valueSets)
    }
    let filters = part.children(Definition.Names.filter).map { filter in
      ConceptFilter(
        property: filter.text(Definition.Names.property) ?? "",
        operation: filter.text(Definition.Names.op) ?? "",
        value: filter.text(Definition.Names.value) ?? "", system: system)
    }
    if !system.isComplete { doubt = doubt ?? system.doubt }
    if filters.contains(where: { !$0.isUnderstood }) { doubt = doubt ?? .filter(url) }
    return Selection(system: system, codes: filters.isEmpty ? .all : .filtered(filters), valueSets: valueSets)
  }

  private static func expansion(_ expansion: Definition) -> ValueSetPlan.Expansion {
    var members: [ValueSetPlan.Member] = []
    var pending = Array(expansion.children(Definition.Names.contains).reversed())
    while let item = pending.popLast() {
      // Abstract entries only group others.
      if let code = item.text(Definition.Names.code), item.text(Definition.Names.abstract) != "true" {
        members.append(
          ValueSetPlan.Member(system: item.text(Definition.Names.system) ?? "", code: code))
      }
      pending += item.children(Definition.Names.contains).reversed()
    }
    let isOpen = expansion.isMarked("valueset-toocostly", "valueset-unclosed")
    let total = expansion.text(Definition.Names.total).flatMap { Int($0) } ?? 0
    return ValueSetPlan.Expansion(members: members, isComplete: !isOpen && members.count >= total)
  }
}

extension KnownSystem {
  /// Whether everything that it does not know is no code of it.
  var isComplete: Bool {
    switch content {
    case .plan(let plan): plan.isComplete
    case .grammar: true
    case .shape, .unknown: false
    }
  }

  /// Whether the system says that case does not count.
  var ignoresCase: Bool {
    if case .plan(let plan) = content { plan.ignoresCase } else { false }
  }
}
