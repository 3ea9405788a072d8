import CDefinitions
import FHIRModel

extension BundleRules {
  /// Looks every reference up among the entries: what must be there is, and is of a type that may be referred to.
  ///
  /// See https://hl7.org/fhir/R4/bundle.html#references and https://hl7.org/fhir/R4/documents.html#content
  ///
  /// - Parameter targets: in the order of the references.
  mutating func checkReferences(_ targets: inout SortedRuns<BundleIndex.Target>.Sorted) {
    let isConnected = members.kind == .document || members.kind == .message
    var groups = EntryGroups(count: isConnected ? scope.entries.count : 0)
    let required = members.kind == .document ? compositionElements() : []
    var next = targets.next()
    for entry in scope.entries.indices {
      for number in scope.references(of: entry) {
        let reference = scope.references[number]
        guard let target = next, Int(target.reference) == number else {
          reportMissing(reference, isRequired: entry == 0 && required.contains(reference.element))
          continue
        }
        next = targets.next()
        if isConnected { groups.join(entry, Int(target.entry)) }
        if !target.isAmbiguous {
          checkType(reference, target)
        } else if members.kind != .history {
          report(
            .error, .referenceAmbiguous, reference,
            "\(name(of: reference)) names a resource of which the Bundle has several versions: "
              + "the reference must say which (/_history/…)")
        }
      }
    }
    if isConnected && !scope.hasGaps { reportUnreachable(&groups) }
  }

  private mutating func report(
    _ severity: Issue.Severity, _ rule: Rule, _ reference: BundleScope.Reference, _ message: String
  ) {
    report(
      severity, rule, at: scope.string(reference.root) + scope.string(reference.rest),
      reference.place.position, node: Int(reference.node), message
    )
  }

  private func name(of reference: BundleScope.Reference) -> String {
    table.string(table.elements[Int(reference.element)].path)
  }

  // MARK: Types

  private mutating func checkType(_ reference: BundleScope.Reference, _ target: BundleIndex.Target) {
    guard let type = target.type else { return }
    let found = table.name(of: type)
    if let named = reference.type, named != type {
      report(
        .error, .referenceTarget, reference,
        "\(name(of: reference)) names a resource of type \(table.name(of: named)), but entry[\(target.entry)], "
          + "to which it leads, holds a resource of type \(found)")
      return
    }
    // What the reference's text tells was checked with the element.
    if reference.type != nil { return }
    let targets = table.targets(of: table.typeRefs[Int(reference.typeRef)])
    if targets.isEmpty || targets.contains(type.rawValue) { return }
    let allowed = targets.map { table.name(of: TypeID(rawValue: $0)) }.joined(separator: ", ")
    report(
      .error, .referenceTarget, reference,
      "\(name(of: reference)) may not refer to a resource of type \(found), which entry[\(target.entry)] holds, "
        + "only to: \(allowed)")
  }

  // MARK: What is not there

  private mutating func reportMissing(_ reference: BundleScope.Reference, isRequired: Bool) {
    guard !scope.hasGaps else { return }
    if isRequired {
      report(
        .error, .referenceMissing, reference,
        "\(name(of: reference)) refers to a resource that the document does not hold: "
          + "whatever its Composition refers to must be in the Bundle")
    } else if reference.form == .urn {
      report(
        .warning, .referenceMissing, reference,
        "\(name(of: reference)) refers to an entry by its urn, but the Bundle has none with this fullUrl")
    }
  }

  /// The elements of a Composition whose targets a document must hold.
  private func compositionElements() -> Set<UInt32> {
    let paths: Set<String> = [
      "Composition.subject", "Composition.encounter", "Composition.author", "Composition.custodian",
      "Composition.attester.party", "Composition.event.detail", "Composition.section.author",
      "Composition.section.focus", "Composition.section.entry",
    ]
    let indices = table.elements.indices.filter { paths.contains(table.string(table.elements[$0].path)) }
    return Set(indices.map(UInt32.init))
  }

  // MARK: What nothing leads to

  private mutating func reportUnreachable(_ groups: inout EntryGroups) {
    guard scope.entries.count > 1 else { return }
    let isDocument = members.kind == .document
    let binary = table.typeID("Binary")
    for (number, entry) in scope.entries.enumerated().dropFirst() where entry.marks.contains(.resource) {
      // A document may bring the style sheet that it is shown with.
      if groups.areJoined(0, number) || entry.type == binary { continue }
      report(
        isDocument ? .error : .warning, .bundleUnreachable, at: "\(members.path).entry[\(number)]",
        entry.place.position, node: Int(entry.node),
        "no reference leads from the \(isDocument ? "Composition" : "MessageHeader") to this entry, nor back from it"
      )
    }
  }
}

/// Entries that references join, in whichever direction: a union-find with halved paths, near linear in the references.
struct EntryGroups {
  private var parent: [Int32]

  init(count: Int) { parent = (0..<Int32(clamping: count)).map { $0 } }

  private mutating func root(of entry: Int) -> Int {
    var entry = entry
    while parent[entry] != entry {
      parent[entry] = parent[Int(parent[entry])]
      entry = Int(parent[entry])
    }
    return entry
  }

  mutating func join(_ a: Int, _ b: Int) {
    let first = root(of: a)
    let second = root(of: b)
    // The elder entry stays the root; paths are halved, which alone keeps them short.
    if first < second { parent[second] = Int32(first) } else { parent[first] = Int32(second) }
  }

  mutating func areJoined(_ a: Int, _ b: Int) -> Bool { root(of: a) == root(of: b) }
}
