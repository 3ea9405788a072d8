import FHIRMapping

/// What the resources of a transaction will wait for if it is loaded. Of one that is set aside nobody waits.
///
/// A transaction may have millions of references that find nothing.
struct HeldNotes {
  private var texts = FiledTexts()

  mutating func add(_ names: [String], kind: DocumentKind, documentID: String) {
    for name in names {
      texts.append(kind.rawValue)
      texts.append(documentID)
      texts.append(name)
    }
  }

  mutating func add(_ other: HeldNotes) { texts.add(other.texts) }

  func forEach(_ body: (_ name: String, _ kind: DocumentKind, _ documentID: String) -> Void) {
    texts.forEach { next in
      let kind = DocumentKind(rawValue: next())
      let (documentID, name) = (next(), next())
      if let kind { body(name, kind, documentID) }
    }
  }
}
