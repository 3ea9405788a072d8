import BSON
import FHIRModel

/// A document's own resource: what comes for it, beside what is stored.
extension DocumentDraft {
  /// Takes a root that comes.
  mutating func put(root incoming: Root) -> Outcome {
    if isOfOtherMapping, let stored = root, stored.digest == incoming.digest {
      // It alone restores what the other mapping took out; what the application changed since stays in the fields that both have.
      replace(stored, by: incoming, isSame: true)
      isChanged = true
      return .unchanged
    }
    let said = said.resources[incoming.key]
    if let said,
      ResourceEquality.isSame(
        stored: said.pointer, incoming: incoming.bytes.pointer, skipsNames: true)
    {
      if root == nil { saidRoot = incoming }
      // Identifiers follow from what was said; under a fullUrl it may be referred to.
      take(names: incoming.names.filter { !$0.contains("?identifier=") })
      // Where no name was shown the fields say otherwise: none is shown now.
      _ = takeTargets(of: incoming, onlyRenames: true)
      return .unchanged
    }
    guard let stored = root else {
      root = incoming
      root?.names = DocumentDraft.union(incoming.names)
      return .inserted
    }
    // The same resource again: what the application changed since stays.
    if stored.digest == incoming.digest
      || ResourceEquality.isSame(stored: stored.bytes.pointer, incoming: incoming.bytes.pointer)
    {
      take(names: incoming.names)
      return .unchanged
    }
    if ResourceVersion.isOlder(incoming.bytes.pointer, than: stored.bytes.pointer) { return .unchanged }
    let isSame = DocumentDraft.isSameAsWritten(stored, incoming)
    if isSame, said != nil {
      // What the application changed outlives that references are found by now, or what they lead to has another name.
      take(names: incoming.names)
      return takeTargets(of: incoming) ? .replaced : .unchanged
    }
    replace(stored, by: incoming, isSame: isSame)
    return .replaced
  }

  /// - Parameter isSame: whether the one came as it was written then.
  private mutating func replace(_ stored: Root, by incoming: Root, isSame: Bool) {
    var incoming = incoming
    incoming.names = DocumentDraft.union(stored.names + incoming.names)
    if isSame { incoming.origin = incoming.origin.unlessKnown(stored.origin) }
    residual = nil
    root = incoming
  }

  /// Has the stored root go by these names as well.
  private mutating func take(names: [String]) {
    guard let known = root?.names else { return }
    let names = DocumentDraft.union(known + names)
    if names != known { isChanged = true }
    root?.names = names
  }

  /// Whether fields stay as another mapping made them: their resource cannot be restored without that, and has not come again.
  var keepsForeignFields: Bool { isOfOtherMapping && residual != nil }

  private static func isSameAsWritten(_ stored: Root, _ incoming: Root) -> Bool {
    stored.written == incoming.written
      || ResourceEquality.isSame(
        stored: stored.bytes.pointer, incoming: incoming.bytes.pointer, skipsNames: true, asWritten: true)
  }

  /// Has the stored root's references lead to what those of the same one lead to that comes; returns whether that is news.
  ///
  /// - Parameter onlyRenames: whether nothing else counts than other names in the place of those that are shown.
  private mutating func takeTargets(of incoming: Root, onlyRenames: Bool = false) -> Bool {
    guard var stored = root, let rest = residual else { return false }
    let targets = FoundTargets(of: incoming.bytes.pointer, onlyRenames: onlyRenames)
    let whole = (try? BSONView(stored.bytes.pointer)).flatMap {
      targets.applied(to: BSONDocument(copying: $0))
    }
    let changed = targets.applied(to: rest)
    guard whole != nil || changed != nil else { return false }
    residual = changed ?? rest
    if let whole { stored.bytes = whole.shared }
    stored.digest = incoming.digest
    root = stored
    hasNewTargets = true
    isChanged = true
    return true
  }

  /// The root that the stored document's fields say, where nothing but what the application says is known of it.
  var ownRoot: Root? {
    guard let key = said.rootKey, let resource = said.resources[key] else { return nil }
    return Root(
      key: key, bytes: resource, names: [], digest: ContentDigest.text(of: resource.pointer), origin: .unknown
    )
  }

  private static func union(_ names: [String]) -> [String] {
    names.count < 2 ? names : Set(names).sorted()
  }
}
