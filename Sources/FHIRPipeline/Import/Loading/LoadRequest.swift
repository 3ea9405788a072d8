package import FHIRMapping

/// A document on its way into the database.
///
/// An object, for it goes from list to list, and has much in it to be retained.
package final class LoadRequest: Sendable {
  /// The document as it is if the database has none yet.
  package let document: Assembly
  /// What the database has of it.
  package let presence: Presence

  package enum Presence: Sendable {
    case unknown
    case absent
    case stored(StoredState)
  }

  package init(_ document: Assembly, presence: Presence = .unknown) {
    self.document = document
    self.presence = presence
  }

  package var id: String { document.id }
}
