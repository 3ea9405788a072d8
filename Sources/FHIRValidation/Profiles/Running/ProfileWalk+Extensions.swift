import FHIRModel
import FHIRPath

// Extensions, each by its definition.
extension ProfileWalk {
  /// Checks an extension: that it is known, stands where it may, and is what its definition says.
  ///
  /// See http://hl7.org/fhir/R4/extensibility.html
  mutating func checkExtension(_ node: Int, _ options: ProfileOptions) {
    // What has no url was reported by the structure walk.
    guard let url = tree.child(names.url, of: node), nodes[url].textLength > 0 else { return }
    var ahead = ExtensionChain()
    swap(&ahead, &chain)
    ahead.lead(to: node, self)
    swap(&ahead, &chain)
    guard let parent = chain.links.last else { return }
    let isAbsolute = tree.rawText(url).contains(UInt8(ascii: ":"))
    guard isAbsolute else { return checkNested(node, url, parent) }
    let number = tree.withText(url, scratch: session.scratch) { session.number(of: $0) }
    guard let plan = session.plan(number), let terms = plan.plan.extensionTerms else {
      return reportUnknownExtension(number, node, options)
    }
    let isModifier = nodes[node].name == names.modifierExtension
    if isModifier != terms.isModifier {
      report(
        .error, .extensionModifier, at: node,
        terms.isModifier
          ? "the extension changes the meaning of what it stands on and must stand in modifierExtension: \(source(plan))"
          : "the extension changes no meaning and may not stand in modifierExtension: \(source(plan))")
    }
    checkContext(terms, node, parent, plan)
    if let most = terms.most { checkCount(of: number, most, parent.node, node, plan) }
    check(node, session.library.types.extension, plan)
  }

  /// Counts an extension among those of its element.
  private mutating func checkCount(
    of number: ProfileNumber, _ most: Int, _ parent: Int, _ node: Int, _ plan: PlanReference
  ) {
    let repetition = Repetition(parent: parent, profile: number)
    counted[repetition, default: 0] += 1
    guard counted[repetition] == most + 1 else { return }
    report(
      .error, .profileMax, at: parent, position: node,
      "the extension may stand here \(most == 1 ? "once" : "\(most) times") at most: \(source(plan))")
  }

  /// A part of a complex extension: its url is a name that the definition of the whole must know.
  private mutating func checkNested(_ node: Int, _ url: Int, _ parent: ExtensionChain.Link) {
    guard parent.type == session.library.types.extension else {
      report(
        .error, .extensionURL, at: node,
        "Extension.url must be absolute: only within another extension it may be a mere name")
      return
    }
    guard let outer = tree.child(names.url, of: parent.node), nodes[outer].textLength > 0,
      tree.rawText(outer).contains(UInt8(ascii: ":"))
    else { return }
    let number = tree.withText(outer, scratch: session.scratch) { session.number(of: $0) }
    guard let plan = session.plan(number), let terms = plan.plan.extensionTerms, terms.isComplex else {
      return
    }
    let name = tree.string(at: url)
    if !terms.parts.contains(name) {
      report(
        .error, .extensionURL, at: node,
        "the extension has no part of this name, only: \(terms.parts.sorted().joined(separator: ", ")): \(source(plan))"
      )
    }
  }

  private mutating func reportUnknownExtension(
    _ number: ProfileNumber, _ node: Int, _ options: ProfileOptions
  ) {
    let url = session.library.canonical(of: number)
    guard let severity = ExtensionDomain(url).severity(options.unknownExtensions) else { return }
    // Nobody can tell: said where the user asks for what could not be decided.
    if severity == .information, !self.options.tellsUndecided { return }
    if severity < .error, !session.toldMissing.insert(number).inserted { return }
    let verdict =
      severity >= .error
      ? "is unknown" : "is unknown, and so nobody can tell whether it is used as it should be"
    report(
      severity, .extensionUnknown, at: node, "extension \(url) \(verdict): no package at hand defines it")
  }

  // MARK: Context

  private mutating func checkContext(
    _ terms: ExtensionTerms, _ node: Int, _ parent: ExtensionChain.Link, _ plan: PlanReference
  ) {
    for invariant in terms.invariants {
      let place = Place(node: parent.node, type: parent.type, parent: parent.node, element: 0)
      guard evaluate(invariant, place) == false else { continue }
      report(
        .error, .extensionContext, at: parent.node, position: node,
        "the extension may stand only where this holds: \(invariant.text): \(source(plan))")
    }
    if terms.contexts.isEmpty || terms.isAnywhere || terms.contexts.contains(where: { allows($0) }) { return }
    let allowed = terms.contexts.map(\.expression).joined(separator: ", ")
    report(
      .error, .extensionContext, at: parent.node, position: node,
      "the extension may not stand here, on \(contextName), only on: \(allowed): \(source(plan))")
  }

  /// Whether the element at the chain's end is one that a context names.
  private mutating func allows(_ context: ExtensionTerms.Context) -> Bool {
    let links = chain.links
    guard let parent = links.last else { return true }
    switch context.kind {
    case .fhirpath:
      guard let elements = context.elements,
        let resource = links.last(where: { nodes[$0.node].flags.kind == .resource })
      else { return true }
      let place = Place(node: resource.node, type: resource.type, parent: resource.node, element: 0)
      return nodes(given: elements, of: place)?.contains(parent.node) ?? true
    case .extension:
      // It stands on the extension, or on the value of it.
      let isOnValue = parent.stem == names.value && links.count > 1
      let outer = isOnValue ? links[links.count - 2] : parent
      guard outer.type == session.library.types.extension, let url = tree.child(names.url, of: outer.node)
      else { return false }
      return tree.string(at: url) == context.expression
    case .element:
      if context.isOpaque { return true }
      if let type = context.type, table.isSubtype(parent.type, of: type) { return true }
      guard let start = context.start, links.count > context.path.count else { return false }
      let first = links.count - context.path.count
      for (index, name) in context.path.enumerated() where links[first + index].stem != name { return false }
      return table.isSubtype(links[first - 1].type, of: start)
    }
  }

  /// What the extension stands on: `Patient.contact (HumanName)`.
  private var contextName: String {
    guard let parent = chain.links.last else { return "" }
    let type = table.name(of: parent.type)
    var path: [String] = []
    for link in chain.links.reversed() {
      guard nodes[link.node].flags.kind != .resource, link.stem != .root else {
        path.append(table.name(of: link.type))
        break
      }
      path.append(link.stem.isUnknown ? "?" : table.string(of: link.stem))
    }
    return path.count > 1 ? "\(path.reversed().joined(separator: ".")) (\(type))" : type
  }
}

/// Whose extension a URL names, by its beginning.
///
/// See http://hl7.org/fhir/R4/extensibility.html#registration
enum ExtensionDomain {
  /// `example.org` and the like: nobody defines them.
  case example
  /// What validators, this one among them, write into OperationOutcomes; defined after R4.
  case tool
  /// R4's own: the definitions are at hand.
  case core
  case other

  init(_ url: String) {
    if ["example.org", "example.com", "acme.com", "acme.org"].contains(where: { url.contains($0) }) {
      self = .example
    } else if url.hasPrefix("http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-") {
      self = .tool
    } else {
      self = url.hasPrefix("http://hl7.org/fhir/StructureDefinition/") ? .core : .other
    }
  }

  func severity(_ policy: ProfileOptions.UnknownExtensions) -> Issue.Severity? {
    switch (self, policy) {
    case (.example, _), (.tool, _), (_, .allow): nil
    case (.core, _), (_, .error): .error
    case (.other, .inform): .information
    case (.other, .warn): .warning
    }
  }
}

extension String {
  fileprivate func contains(_ part: String) -> Bool {
    let bytes = Array(utf8)
    let wanted = Array(part.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains {
      bytes[$0..<($0 + wanted.count)].elementsEqual(wanted)
    }
  }
}
