package import BSON

/// What one resource contributes to one document.
package struct Part: Sendable {
  package var kind: DocumentKind
  /// The document's `_id`.
  package var documentID: String
  package var content: Content
  /// The place among the run's parts: of two parts for one resource the later counts.
  package var sequence: UInt64
  /// Where the resource was read.
  package var origin: Origin

  package enum Content: Sendable {
    /// The document's own resource, with the names that others may call it by.
    case root(Resource, names: [String])
    /// An item of one of the document's sections.
    case section(String, Resource)
    /// An appointment that the document's patient or provider takes part in.
    case appointment(AppointmentLink)
  }

  /// A resource as ResourceEncoder wrote it.
  package struct Resource: Sendable {
    /// `Observation/123`
    package var key: String
    package var bytes: SharedBytes

    package init(key: String, bytes: SharedBytes) {
      self.key = key
      self.bytes = bytes
    }
  }

  package init(
    kind: DocumentKind, documentID: String, content: Content, sequence: UInt64 = 0,
    origin: Origin = .unknown
  ) {
    self.kind = kind
    self.documentID = documentID
    self.content = content
    self.sequence = sequence
    self.origin = origin
  }
}

/// An appointment as patients, charts and providers list it.
package struct AppointmentLink: Sendable, Hashable, Comparable {
  /// `_id` of the appointment's document.
  package var id: String
  /// `Appointment.start` as written; empty where the appointment has none.
  package var start: String

  package init(id: String, start: String) {
    self.id = id
    self.start = start
  }

  package static func < (a: AppointmentLink, b: AppointmentLink) -> Bool { (a.start, a.id) < (b.start, b.id) }
}
