import BSON
import FHIRModel

/// What a stored document has of a single resource.
extension DocumentDraft {
  /// The version of a resource; nil where it is not there.
  package func version(ofResource key: String) -> ResourceVersion? {
    if let root, root.key == key { return ResourceVersion(of: root.bytes.pointer) }
    if let item = item(key) { return ResourceVersion(of: item.bytes) }
    return said.resources[key].map { ResourceVersion(of: $0.pointer) }
  }

  /// Whether a resource comes as it is there, whatever its references lead to by now.
  package func has(_ part: PartView) -> Bool {
    let key = String(decoding: part.key, as: UTF8.self)
    func isSame(_ stored: UnsafeRawBufferPointer) -> Bool {
      ResourceEquality.isSame(stored: stored, incoming: part.bytes, skipsNames: true, asWritten: true)
    }
    if let said = said.resources[key], isSame(said.pointer) { return true }
    if let root, root.key == key {
      let digest = part.digest.text
      return root.digest == digest || root.written == WrittenForm.digest(of: part.bytes) ?? digest
        || isSame(root.bytes.pointer)
    }
    return item(key).map { isSame($0.bytes) } ?? false
  }

  /// Whether a resource is there in the very bytes that the digest stands for.
  package func has(_ key: String, _ digest: ContentDigest.Words) -> Bool {
    if let root, root.key == key { return root.digest == digest.text }
    return item(key)?.digest == digest
  }

  func item(_ key: String) -> DraftSection.Item? {
    for section in sections {
      if let item = section.item(key) { return item }
    }
    return nil
  }
}
