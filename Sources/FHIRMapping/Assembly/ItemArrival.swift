package import BSON

/// How an item of a section came into which an edit was put since: `_fhirline.came` stands for it in the document's hash.
///
/// `_fhirline.written` stands for it as it was written, where that is another: references may be found to lead elsewhere. By it the
/// resource is known again, so that an edit outlives what is found.
struct ItemArrival {
  /// Digest of its bytes; of one whose references were found since, of what it is with them.
  let came: String
  let written: String?

  private init(came: String, written: String?) {
    self.came = came
    self.written = written == came ? nil : written
  }

  /// That of an item, edited or not.
  init(of item: DraftSection.Item) {
    self =
      ItemArrival(noted: item.bytes)
      ?? ItemArrival(came: item.digest.text, written: WrittenForm.digest(of: item.bytes))
  }

  /// What an item says of its arrival; nil where no edit was put into it.
  init?(noted item: UnsafeRawBufferPointer) {
    guard let bookkeeping = try? BSONView(item).find("_fhirline")?.document,
      let came = try? bookkeeping.find("came")?.text
    else { return nil }
    self.init(came: came, written: try? bookkeeping.find("written")?.text)
  }

  /// Whether it is the arrival of the resource that comes, whatever the references of the two were found to lead to.
  func isSameAsWritten(_ incoming: DraftSection.Item) -> Bool {
    (written ?? came) == (WrittenForm.digest(of: incoming.bytes) ?? incoming.digest.text)
  }
}

extension BSONFields {
  /// Notes how an item came.
  mutating func arrived(_ arrival: ItemArrival) {
    var bookkeeping = self["_fhirline"]?.fields ?? BSONFields()
    bookkeeping["came"] = .string(arrival.came)
    bookkeeping["written"] = arrival.written.map { .string($0) }
    self["_fhirline"] = .document(bookkeeping)
  }

  /// Nothing stands any longer for the bytes of an item that came, and whose references were found to lead elsewhere: what it was written
  /// as does, and the document's hash has something new.
  package mutating func foundTargets() throws {
    guard var bookkeeping = self["_fhirline"]?.fields, let came = bookkeeping["came"] else { return }
    bookkeeping["written"] = bookkeeping["written"] ?? came
    bookkeeping["came"] = .string(try BSONDocument(self).withView { ContentDigest.text(of: $0.bytes) })
    self["_fhirline"] = .document(bookkeeping)
  }
}

extension DraftSection.Item {
  /// The item with what the references of the same one lead to that comes, where an edit was put into the item; nil where it is another,
  /// or none was.
  ///
  /// - Parameter keep: takes bytes that live as long as the draft.
  /// - Returns: the item, and whether it is another now.
  func withTargets(
    of incoming: DraftSection.Item, _ keep: (SharedBytes) -> Void
  ) -> (item: DraftSection.Item, isNew: Bool)? {
    guard let arrival = ItemArrival(noted: bytes), arrival.isSameAsWritten(incoming) else { return nil }
    let targets = FoundTargets(of: incoming.bytes, onlyRenames: false)
    guard let view = try? BSONView(bytes), let changed = targets.applied(to: BSONDocument(copying: view)),
      var fields = try? changed.fields()
    else { return (self, false) }
    fields.arrived(ItemArrival(of: incoming))
    guard let whole = try? BSONDocument(fields).shared else { return nil }
    keep(whole)
    return (
      DraftSection.Item(key: key, bytes: whole.pointer, digest: incoming.digest, origin: origin), true
    )
  }

  /// The item with a digest that stands for it as it came.
  var asNoted: DraftSection.Item {
    guard let arrival = ItemArrival(noted: bytes), let digest = ContentDigest.Words(arrival.came) else {
      return self
    }
    return DraftSection.Item(key: key, bytes: bytes, digest: digest, origin: origin)
  }
}
