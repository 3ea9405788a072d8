import FHIRMapping
import FHIRModel

/// Finds what a reference points to: within its Bundle, among the run's inputs, in the database.
///
/// See http://hl7.org/fhir/R4/bundle.html#references
package final class ReferenceResolver: Sendable {
  /// The resources of the whole run that others may name by identifier or `fullUrl`.
  let run: TargetIndex
  /// The resources of the Bundle at hand; empty outside of one.
  let bundle: TargetIndex
  /// What the database answered.
  let stored: StoredTargets?
  /// Whether a resource of the run is not loaded, or will not be.
  private let isSetAside: @Sendable (TargetIndex.Target) -> Bool
  /// By texts of references to which nothing else answers: `Type/id`, see ``StandingReferences``.
  private let standing: [String: String]

  var knowsStanding: Bool { !standing.isEmpty }

  /// The same, which knows what texts mean to which nothing else answers.
  func with(_ standing: [String: String]) -> ReferenceResolver {
    ReferenceResolver(self, standing: standing)
  }

  /// The Bundle's index is settled: to do that again for each resource would take as long as the Bundle is large.
  private init(_ other: ReferenceResolver, standing: [String: String]) {
    run = other.run
    bundle = other.bundle
    stored = other.stored
    isSetAside = other.isSetAside
    self.standing = standing
  }

  package init(
    run: TargetIndex, bundle: TargetIndex = TargetIndex(), stored: StoredTargets? = nil,
    isSetAside: @escaping @Sendable (TargetIndex.Target) -> Bool = { _ in false }
  ) {
    standing = [:]
    self.run = run
    var bundle = bundle
    bundle.settle()
    self.bundle = bundle
    self.stored = stored
    self.isSetAside = isSetAside
  }

  package enum Resolution: Sendable, Equatable {
    /// It is written as `Type/id` already, or points into its own resource.
    case asWritten(TargetIndex.Target?)
    /// It is written otherwise, and points to this resource: `text` is `Type/id`, with the version where it names one.
    case target(TargetIndex.Target, text: String)
    /// It is written otherwise, and nothing answers to it.
    case notFound
    /// It is written otherwise, and points to a resource of a type that it may not point to. As `Type/id` nobody would take it.
    case unfit(TargetIndex.Target, isOfBundle: Bool)
  }

  /// Resolves the text of a `Reference.reference`.
  package func resolve(_ text: String) -> Resolution {
    var text = text
    return text.withUTF8 { resolve($0) }
  }

  /// Resolves the text of a `Reference.reference`, decoded.
  package func resolve(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
    let found = resolveByName(text)
    guard !standing.isEmpty, found == .notFound, let known = standing[String(decoding: text, as: UTF8.self)],
      case .relative(let target) = ReferenceText(known)
    else { return found }
    return .target(target, text: known)
  }

  private func resolveByName(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
    if ReferenceText.isIdentifierName(text) { return answer(target(named: text)) }
    switch ReferenceText(text) {
    case .contained: return .asWritten(nil)
    case .relative(let target): return .asWritten(target)
    case .identifierSearch(let type, let system, let value):
      return answer(target(named: TargetIndex.identifierName(type: type, system: system, value: value)))
    case .url:
      guard let version = ReferenceText.version(of: text) else { return answer(target(named: text)) }
      // A version is one of the resource that has the rest of the URL: https://hl7.org/fhir/R4/bundle.html#references
      let found =
        target(named: text) ?? target(named: UnsafeBufferPointer(rebasing: text[..<version.lowerBound]))
      return answer(found, version: text[version])
    case .search: return .notFound
    }
  }

  /// Resolves the text of a node of a tree that stands at a place of its resource.
  func resolve(_ node: Int, in tree: ResourceTree, at place: ReferenceScan.Place) -> Resolution {
    fitting(resolve(node, in: tree), at: place) { tree.string(at: node) }
  }

  func resolve(_ text: String, at place: ReferenceScan.Place?) -> Resolution {
    guard let place else { return resolve(text) }
    return fitting(resolve(text), at: place) { text }
  }

  private func fitting(
    _ found: Resolution, at place: ReferenceScan.Place, _ text: () -> String
  ) -> Resolution {
    guard case .target(let target, _) = found, !target.withParts({ type, _ in place.allows(type) }) else {
      return found
    }
    let name = ReferenceText.unversioned(text())
    return .unfit(target, isOfBundle: bundle.target(named: name) == target)
  }

  /// Resolves the text of a node of a tree.
  func resolve(_ node: Int, in tree: ResourceTree) -> Resolution {
    tree.nodes[node].flags.contains(.escaped) ? resolve(tree.string(at: node)) : resolve(tree.rawText(node))
  }

  /// - Parameter version: as it follows an id: `/_history/4`.
  private func answer(
    _ target: TargetIndex.Target?, version: Slice<UnsafeBufferPointer<UInt8>>? = nil
  ) -> Resolution {
    guard let target else { return .notFound }
    let text = version.map { target.key + String(decoding: $0, as: UTF8.self) } ?? target.key
    return .target(target, text: text)
  }

  /// Resolves a reference that names its target by a business identifier alone. No text tells whom it meant, once that is found: so
  /// that it means the same in an export, who is set aside is not meant.
  package func resolve(type: String, identifier: ResourceIdentity.Identifier) -> TargetIndex.Target? {
    let name = TargetIndex.identifierName(type: type, system: identifier.system, value: identifier.value)
    let hash = NameHash.of(name)
    if let own = bundle.target(hash: hash) ?? run.target(hash: hash), !isSetAside(own) { return own }
    return stored?.target(named: name)
  }

  /// What a resource is called: an Organization's name.
  ///
  /// - Parameter documentID: the `_id` under which it is stored.
  func name(of target: TargetIndex.Target, documentID: String) -> String? {
    let key = target.key
    // The run knows whether a Bundle's own form of it is the one that counts.
    return run.name(of: key) ?? bundle.name(of: key) ?? stored?.name(ofDocument: documentID)
  }

  /// Whether a resource of the Bundle or of the run has a name, so that the database need not be asked.
  func isAnswered(hash: UInt64) -> Bool { bundle.target(hash: hash) != nil || run.target(hash: hash) != nil }

  /// The one resource of a name.
  func target(named name: String) -> TargetIndex.Target? {
    var name = name
    return name.withUTF8 { target(named: $0) }
  }

  private func target(named name: UnsafeBufferPointer<UInt8>) -> TargetIndex.Target? {
    let hash = NameHash.of(UnsafeRawBufferPointer(name))
    return bundle.target(hash: hash) ?? run.target(hash: hash)
      ?? stored?.target(named: String(decoding: name, as: UTF8.self))
  }
}
