import FHIRMapping

/// Which versions of a resource an entry of a Bundle is for: its `ifMatch` and `ifNoneMatch`.
///
/// See http://hl7.org/fhir/R4/http.html#concurrency and docs/decisions/0013-entries-that-ask-for-versions.md.
struct Precondition: Sendable, Equatable {
  enum Versions: Sendable, Equatable {
    case any
    case these([String])

    /// - Parameter text: `W/"3"`, perhaps several with commas between them, or `*`.
    init?(_ text: String) {
      if text.allSatisfy({ $0 == "*" || $0 == " " }), text.contains("*") {
        self = .any
        return
      }
      let ids = text.split(separator: ",").map { tag in
        var tag = tag.drop { $0 == " " }
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        return String(tag.filter { $0 != "\"" && $0 != " " })
      }.filter { !$0.isEmpty }
      guard !ids.isEmpty else { return nil }
      self = .these(ids)
    }
  }

  /// Why an entry does not do what it asks for.
  enum Conflict: Sendable {
    /// It is for what is there, and nothing is.
    case absent
    /// It is for what is not there.
    case present
    /// It is for another version.
    case otherVersion
    /// It is for a certain version, and what is stored says none.
    case noVersion
  }

  /// Of `ifMatch`
  private let match: Versions?
  /// Of `ifNoneMatch`
  private let noneMatch: Versions?

  /// nil where there is neither.
  init?(match: String?, noneMatch: String?) {
    self.match = match.flatMap(Versions.init)
    self.noneMatch = noneMatch.flatMap(Versions.init)
    if self.match == nil, self.noneMatch == nil { return nil }
  }

  /// Whether it is `ifMatch` that is not met, where something is not.
  func isOfMatch(_ conflict: Conflict) -> Bool { match != nil && conflict != .present }

  /// - Parameter present: the version that is there; nil where there is none. What is not there cannot be overwritten: a version is
  ///   asked for of what is there alone.
  func conflict(with present: ResourceVersion?) -> Conflict? {
    switch match {
    case .any where present == nil: return .absent
    case .these(let ids):
      guard let present else { break }
      guard let id = present.id else { return .noVersion }
      if !ids.contains(id) { return .otherVersion }
    case .any, nil: break
    }
    guard let noneMatch, let present else { return nil }
    guard case .these(let ids) = noneMatch else { return .present }
    guard let id = present.id else { return .noVersion }
    return ids.contains(id) ? .present : nil
  }

  /// Whether a resource that is older than what is there was there before. One that says the very version that it asks for was made
  /// of that, and is no version of its own yet.
  func mayHaveBeenMet(by version: ResourceVersion) -> Bool {
    guard case .these(let ids) = match else { return match == nil }
    return version.id.map { !ids.contains($0) } ?? false
  }
}
