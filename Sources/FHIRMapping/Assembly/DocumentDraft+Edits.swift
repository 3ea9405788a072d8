import BSON
import FHIRModel

/// Edits of fields of which FHIR has news.
///
/// An edit stands in the field alone, as long as what comes gives that no other value, and takes it from the same resources. Where it does, the
/// field is FHIR's, and what the application said goes into the resources that it was said of: of a weight that was corrected the
/// Observation stays corrected when a newer one comes.
extension DocumentDraft {
  /// Takes note of the items that fields say otherwise, as they are stored.
  mutating func noteDigestsOfSaid() {
    for trace in said.traces.values {
      for key in trace.resources.keys { digestsOfSaid[key] = item(key)?.digest }
    }
  }

  /// Puts edits whose fields are FHIR's by now into the resources that they were made to, unless those came anew or are gone.
  mutating func keepDisplacedEdits(_ compute: DocumentAssembler.ComputeFields) throws {
    guard isChanged, !said.traces.isEmpty else { return }
    let displaced = try withContent { content in
      let computed = try compute(content)
      let marks = try MergedFields.marks(of: computed)
      return try said.traces.filter { field, trace in
        try marks[field] != self.marks[field]
          || Set((computed.taken[field] ?? []).map { try content.key(of: $0) }) != trace.taken
      }
    }
    for (field, trace) in displaced.sorted(by: { $0.key < $1.key }) {
      marks[field] = nil
      others[field] = nil
      if let member = trace.rootMember { try keep(rootMember: member) }
      for (key, section) in trace.resources.sorted(by: { $0.key < $1.key }) { try keep(key, in: section) }
    }
  }

  private mutating func keep(_ key: String, in section: String) throws {
    let stored = item(key)
    guard let resource = said.resources[key], stored?.digest == digestsOfSaid[key] else { return }
    var fields = try BSONFields(BSONView(resource.pointer))
    if let stored {
      // It goes on to stand for the resource as it came: that is no news when it comes again.
      fields.arrived(ItemArrival(of: stored))
    }
    let bytes = try BSONDocument(fields).shared
    let name = SharedBytes(Array(key.utf8))
    owners += [bytes, name]
    changeSection(section) { section in
      section.put(
        DraftSection.Item(
          key: name.pointer, bytes: bytes.pointer,
          digest: stored?.digest ?? ContentDigest.words(of: bytes.pointer),
          origin: stored?.origin ?? .unknown))
    }
  }

  private mutating func keep(rootMember member: String) throws {
    guard var stored = root else {
      root = ownRoot
      return
    }
    guard let key = said.rootKey, let resource = said.resources[key], let rest = residual else { return }
    let value = try BSONFields(BSONView(resource.pointer))[member]
    func changed(_ resource: BSONView) throws -> BSONDocument {
      var fields = try BSONFields(resource)
      fields[member] = value
      return try BSONDocument(fields)
    }
    residual = try rest.withView(changed)
    stored.bytes = try changed(BSONView(stored.bytes.pointer)).shared
    root = stored
  }
}

extension DocumentContent {
  fileprivate func key(of taken: SectionScan.Taken) throws -> String {
    try DocumentDraft.key(of: items(of: taken.section)[taken.item], in: id)
  }
}
