import FHIRFormats
import FHIRModel

/// Servers of which an import loads nothing: they have other resources than another server under the same types and ids, so that
/// two people would become one document, and what refers to the one would go to the other.
///
/// All that such a server has is set aside, for nobody can tell of the rest whom it means; under a source of its own it is loaded.
struct StrangeServers: Sendable {
  struct Case: Sendable, Equatable {
    /// Where the server's URLs begin.
    let base: String
    /// The same of the server that has what the import loads.
    var other: String
    /// `Patient/1`, which both have.
    let key: String

    var message: String {
      "is of \(base), which has another \(key) than \(other): under one _id the one would replace the other, so that nothing of this "
        + "server is loaded. Expected an import of its own for it, with a source of its own (import.source in pipeline.yml); or, if both "
        + "are addresses of one server, import.one_server: true"
    }
  }

  private(set) var cases: [ServerAddress: Case] = [:]

  init(_ cases: some Sequence<Case> = []) {
    for stranger in cases { self.cases[ServerAddress(stranger.base)] = stranger }
  }

  var isEmpty: Bool { cases.isEmpty }

  mutating func add(_ others: StrangeServers) { cases.merge(others.cases) { own, _ in own } }

  /// Why nothing is loaded, or deleted, that a URL names; nil where it may be.
  func cause(of fullUrl: String?) -> Case? {
    guard !cases.isEmpty, let fullUrl, let url = ServerURL(ReferenceText.unversioned(fullUrl)) else {
      return nil
    }
    return cases[ServerAddress(url.base)]
  }

  /// The same of an entry of a Bundle.
  func cause(of record: Record) -> Case? {
    guard !cases.isEmpty, case .entry = record.content,
      let fullUrl = record.tree.child(KnownNames.r4.fullUrl, of: 0)
    else { return nil }
    return cause(of: record.tree.string(at: fullUrl))
  }
}

/// What an import knows of the servers that its inputs come from.
struct ImportedServers: Sendable {
  var strangers = StrangeServers()
  /// Those of them that the database does not know yet.
  var newStrangers: [StrangeServers.Case] = []
  /// Those that the database holds to be strangers, and the user holds to be addresses of one server.
  var reconciled: [StrangeServers.Case] = []
  /// Says that resources come from another server than those of earlier imports, if it is so.
  var warning: String?
  /// How many notes do not say which server they are of.
  var unreadableNotes = 0
}
