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

    /// `patient: index on name, date_of_birth made`
    package func text(isDryRun: Bool) -> String {
      let verb =
        switch (kind, isDryRun) {
        case (.made, false): "made"
        case (.made, true): "would be made"
        case (.changed, false): "changed"
        case (.changed, true): "would be changed"
        case (.removed, false): "taken away"
        case (.removed, true): "would be taken away"
        case (.there, _): "is there"
        case (.kept, _): "is kept"
        case (.refused, _): "NOT DONE" + (reason.map { ": " + $0 } ?? "")
        }
      return "\(collection): \(what): \(verb)"
    }

    package var json: String {
      JSONText.object(
        [
          ("collection", JSONText.quoted(collection)), ("what", JSONText.quoted(what)),
          ("state", JSONText.quoted(kind.rawValue)),
        ] + (reason.map { [("reason", JSONText.quoted($0))] } ?? []))
    }
  }
}
