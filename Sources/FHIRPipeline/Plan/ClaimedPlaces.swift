import Synchronization

/// The places in unique indexes that documents of a plan would have.
final class ClaimedPlaces: Sendable {
  /// What a document would have, by what stands for the place.
  typealias Claims = [UInt64: Claim]

  struct Claim: Sendable {
    /// Stands for the document, of whichever page.
    let document: UInt64
    /// Why nobody else can have it.
    let reason: String
  }

  private struct State {
    var owners: [UInt64: UInt64] = [:]
    /// By document.
    var places: [UInt64: [UInt64]] = [:]
  }

  private let state = Mutex(State())

  /// Who would have a place.
  func owner(of place: UInt64) -> UInt64? { state.withLock { $0.owners[place] } }

  /// Gives documents their places, instead of those that they had before, unless others have one of them.
  ///
  /// **Invariant:** whether a place is free is asked where it is taken: workers plan documents side by side.
  ///
  /// - Returns: why they cannot have them; nil where they do.
  func claim(_ claims: Claims) -> String? {
    guard !claims.isEmpty else { return nil }
    return state.withLock { state in
      for (place, claim) in claims {
        if let owner = state.owners[place], owner != claim.document { return claim.reason }
      }
      for (document, marks) in Dictionary(grouping: claims.keys, by: { claims[$0]?.document ?? 0 }) {
        for mark in state.places.updateValue(marks, forKey: document) ?? [] { state.owners[mark] = nil }
        for mark in marks { state.owners[mark] = document }
      }
      return nil
    }
  }
}
