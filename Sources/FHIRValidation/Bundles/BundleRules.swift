import FHIRModel

/// A finding about a Bundle as a whole, or about what one entry has to do with another.
struct BundleFinding {
  let node: Int
  let issue: Issue
}

/// Judges a Bundle whose entries have all gone by.
///
/// See https://hl7.org/fhir/R4/bundle.html, bdl-1 to bdl-12.
struct BundleRules {
  let scope: BundleScope
  let members: BundleMembers
  let table: DefinitionTable
  let options: ValidationOptions
  var findings: [BundleFinding] = []
  var overflowed = false

  mutating func check() {
    checkMembers()
    checkFirstEntry()
    checkExchange()
    if members.kind == .searchset { checkResults() }
    var (targets, twin) = (scope.index ?? BundleIndex(of: scope)).joined()
    checkFullUrls(twin)
    checkReferences(&targets)
  }

  mutating func report(
    _ severity: Issue.Severity, _ rule: Rule, at expression: String, _ position: SourcePosition?, node: Int,
    _ message: String
  ) {
    guard findings.count < options.maxIssues else {
      overflowed = true
      return
    }
    findings.append(
      BundleFinding(node: node, issue: Issue(severity, rule, at: expression, position: position, message)))
  }

  /// Reports an invariant of the whole Bundle, at the entry that breaks it if it is one's.
  private mutating func report(_ key: String, entry: Int? = nil, _ message: String) {
    let place = entry.map { (scope.entries[$0].place.position, Int(scope.entries[$0].node)) }
    report(
      .error, .invariant(key), at: members.path, place?.0 ?? members.position, node: place?.1 ?? members.node,
      message)
  }

  // MARK: Members

  private mutating func checkMembers() {
    switch members.kind {
    case .searchset, .history, .unknown: break
    default:
      if members.hasTotal {
        report(
          .error, .invariant("bdl-1"), at: members.path, members.totalPosition, node: members.node,
          "Bundle.total may stand only in a Bundle of type searchset or history")
      }
    }
    guard members.kind == .document else { return }
    if !members.hasIdentifier {
      report("bdl-9", "a document must have Bundle.identifier with a system and a value")
    }
    if !members.hasTimestamp {
      report("bdl-10", "a document must have Bundle.timestamp: when it was put together")
    }
  }

  private mutating func checkFirstEntry() {
    let due: (kind: String, key: String)
    switch members.kind {
    case .document: due = ("Composition", "bdl-11")
    case .message: due = ("MessageHeader", "bdl-12")
    default: return
    }
    guard let first = scope.entries.first else {
      if !scope.hasGaps {
        report(due.key, "a \(members.kind.code) must have entries, the first of them with a \(due.kind)")
      }
      return
    }
    // A resource of an unknown type is a finding of its own.
    if first.marks.contains(.resource) && first.type == nil { return }
    if first.type.map({ table.name(of: $0) }) != due.kind, !(scope.hasGaps) {
      report(due.key, entry: 0, "the first entry of a \(members.kind.code) must hold a \(due.kind)")
    }
  }

  // MARK: Requests, responses, search

  private mutating func checkExchange() {
    guard members.kind != .unknown else { return }
    let kind = members.kind.code
    let isHistory = members.kind == .history
    let requests = isHistory || members.kind == .batch || members.kind == .transaction
    let responses = isHistory || members.kind == .batchResponse || members.kind == .transactionResponse
    if members.kind != .searchset {
      reportFirst("bdl-2", "may not have search: only a searchset's may") { $0.contains(.search) }
    }
    reportFirst(
      "bdl-3",
      requests
        ? "must have a request, as all in a \(kind)"
        : "may not have a request, which has no place in a \(kind)"
    ) { $0.contains(.request) != requests }
    reportFirst(
      "bdl-4",
      responses
        ? "must have a response, as all in a \(kind)"
        : "may not have a response, which has no place in a \(kind)"
    ) { $0.contains(.response) != responses }
  }

  /// Reports an invariant once, at the first entry that breaks it.
  private mutating func reportFirst(
    _ key: String, _ message: String, where isBroken: (BundleScope.Marks) -> Bool
  ) {
    guard let first = scope.entries.firstIndex(where: { isBroken($0.marks) }) else { return }
    var others = 0
    for entry in scope.entries[(first + 1)...] where isBroken(entry.marks) { others += 1 }
    let more = others == 0 ? "" : " (and \(others) more after it)"
    report(key, entry: first, "entry[\(first)] \(message)\(more)")
  }

  /// What a search found is on a server, and so has an id; what it says of itself is an OperationOutcome.
  ///
  /// See https://hl7.org/fhir/R4/valueset-search-entry-mode.html
  private mutating func checkResults() {
    for (number, entry) in scope.entries.enumerated() where entry.marks.contains(.resource) {
      let message: String
      if entry.marks.contains(.asOutcome), !entry.marks.contains(.outcome), entry.type != nil {
        message = "an entry of search.mode outcome must hold an OperationOutcome"
      } else if entry.marks.contains(.asResult), entry.marks.isDisjoint(with: [.identified, .outcome]) {
        message = "a resource that a search found must have an id"
      } else {
        continue
      }
      report(
        .error, .bundleEntry, at: "\(members.path).entry[\(number)]", entry.place.position,
        node: Int(entry.node),
        message)
    }
  }

  // MARK: Full URLs

  private mutating func checkFullUrls(_ twin: Int?) {
    // A server answers with what has no identity yet: outcomes of a search or of an operation.
    switch members.kind {
    case .document, .message, .collection, .searchset, .history:
      for (number, entry) in scope.entries.enumerated()
      where !entry.isNamed && entry.marks.contains(.resource) && !entry.marks.contains(.outcome) {
        report(
          .error, .bundleEntry, at: "\(members.path).entry[\(number)]", entry.place.position,
          node: Int(entry.node),
          "entry.fullUrl is missing: in a \(members.kind.code) it tells which resource the entry holds")
      }
    default: break
    }
    guard members.kind != .history, let twin else { return }
    let entry = scope.entries[twin]
    report(
      .error, .invariant("bdl-7"), at: members.path, entry.fullUrlPlace.position ?? entry.place.position,
      node: Int(entry.node),
      "entry[\(twin)] has the same fullUrl as an entry before it: it must be unique, unless meta.versionId differs"
    )
  }
}
