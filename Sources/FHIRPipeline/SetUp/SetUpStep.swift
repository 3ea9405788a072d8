extension SetUpRun {
  /// Something that was done, or would be.
  package struct Step: Sendable, Equatable {
    package enum Kind: String, Sendable {
      case made, changed, removed, there, kept
      /// It could not be done.
      case refused
    }

    package var collection: String
    package var what: String
    package var kind: Kind
    /// Why it could not be done.
    package var reason: String?

    /// Whether it is only said.
    package var isPlanned: Bool

    /// `patient: index on name, date_of_birth made`
    package var text: String {
      let verb =
        switch kind {
        case .made: isPlanned ? "would be made" : "made"
        case .changed: isPlanned ? "would be changed" : "changed"
        case .removed: isPlanned ? "would be taken away" : "taken away"
        case .there: "is there"
        case .kept: "is kept"
        case .refused: "NOT DONE" + (reason.map { ": " + $0 } ?? "")
        }
      return "\(collection): \(what): \(verb)"
    }

    package var json: String {
      let state = isPlanned ? "would be \(kind.rawValue)" : kind.rawValue
      return JSONText.object(
        [
          ("collection", JSONText.quoted(collection)), ("what", JSONText.quoted(what)),
          ("state", JSONText.quoted(state)),
        ] + (reason.map { [("reason", JSONText.quoted($0))] } ?? []))
    }
  }
}
