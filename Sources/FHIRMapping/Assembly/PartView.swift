/// What one resource contributes to one document, as it stands in a ``PartBuffer``: valid as long as that stays as it is.
@usableFromInline package struct PartView {
  package enum Form: UInt8, Sendable, BitwiseCopyable {
    /// The document's own resource.
    case root
    /// An item of one of the document's sections.
    case section
    /// An appointment that the document's patient or provider takes part in.
    case link
    /// Nothing but that there is to be the document.
    case presence
  }

  package let kind: DocumentKind
  package let form: Form
  /// The place among the run's parts: of two parts for one resource the later counts.
  package let sequence: UInt64
  /// Where the resource was read.
  package let origin: Origin
  /// Stands for the resource's bytes.
  package let digest: ContentDigest.Words
  /// Stands for the resource as it was read, see ``InputDigest``.
  package let input: UInt64
  /// The document's `_id`.
  package let documentID: UnsafeRawBufferPointer
  /// The name of the section that holds the resource.
  package let section: UnsafeRawBufferPointer
  /// `Observation/123`, or a link's appointment.
  package let key: UnsafeRawBufferPointer
  /// The resource as ResourceEncoder wrote it, or the start of a link's appointment. Empty in a part that only tells what a
  /// document holds.
  package let bytes: UnsafeRawBufferPointer
  /// What others may call a root, each text behind its length.
  let nameRecords: UnsafeRawBufferPointer
  /// All of the part, to be copied to another buffer.
  package let record: UnsafeRawBufferPointer

  /// Whether it holds a resource.
  package var isWritten: Bool { (form == .root || form == .section) && !bytes.isEmpty }

  package var names: [String] {
    var names: [String] = []
    var at = 0
    while at + 4 <= nameRecords.count {
      let count = Int(nameRecords.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      names.append(String(decoding: nameRecords[at + 4..<at + 4 + count], as: UTF8.self))
      at += 4 + count
    }
    return names
  }

  package var link: AppointmentLink {
    AppointmentLink(id: String(decoding: key, as: UTF8.self), start: String(decoding: bytes, as: UTF8.self))
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
