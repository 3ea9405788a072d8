import BSON
import FHIRModel

/// A document's own resource: what comes for it, beside what is stored.
extension DocumentDraft {
  /// Takes a root that comes.
  mutating func put(root incoming: Root) -> Outcome {
    var incoming = incoming
    if isOfOtherMapping, let stored = root, stored.digest == incoming.digest {
      rebuild(from: incoming, over: stored)
      return .unchanged
    }
    let said = said.resources[incoming.key]
    if let said,
      ResourceEquality.isSame(
        stored: said.pointer, incoming: incoming.bytes.pointer, skipsNames: true)
    {
      if root == nil { saidRoot = incoming }
      // Identifiers follow from what was said; under a fullUrl it may be referred to.
      let known = root?.names ?? []
      let names = DocumentDraft.union(known + incoming.names.filter { !$0.contains("?identifier=") })
      if root != nil, names != known {
        root?.names = names
        isChanged = true
      }
      // Where no name was shown the fields say otherwise: none is shown now.
      _ = takeTargets(of: incoming, onlyRenames: true)
      return .unchanged
    }
    guard let stored = root else {
      incoming.names = DocumentDraft.union(incoming.names)
      root = incoming
      return .inserted
    }
    // The same resource again: what the application changed since stays.
    if stored.digest == incoming.digest
      || ResourceEquality.isSame(stored: stored.bytes.pointer, incoming: incoming.bytes.pointer)
    {
      let union = DocumentDraft.union(stored.names + incoming.names)
      if union != stored.names { isChanged = true }
      root?.names = union
      return .unchanged
    }
    if ResourceVersion.isOlder(incoming.bytes.pointer, than: stored.bytes.pointer) { return .unchanged }
    incoming.names = DocumentDraft.union(stored.names + incoming.names)
    if DocumentDraft.isSameAsWritten(stored, incoming) {
      // Neither is that its references are found by now, or what they lead to has another name.
      if said != nil {
        if incoming.names != stored.names { isChanged = true }
        root?.names = incoming.names
        return takeTargets(of: incoming) ? .replaced : .unchanged
      }
      incoming.origin = incoming.origin.unlessKnown(stored.origin)
    }
    residual = nil
    root = incoming
    return .replaced
  }

  /// Takes the very root that the stored document was made of by another mapping, which alone could restore it. What the application
  /// changed since stays in the fields that both have.
  private mutating func rebuild(from incoming: Root, over stored: Root) {
    var incoming = incoming
    incoming.origin = incoming.origin.unlessKnown(stored.origin)
    incoming.names = DocumentDraft.union(stored.names + incoming.names)
    residual = nil
    root = incoming
    isChanged = true
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
