import FHIRModel

/// Checks that an attachment's size is that of its data.
///
/// See https://hl7.org/fhir/R4/datatypes-definitions.html#Attachment.size: the bytes before they were encoded.
enum AttachmentRule {
  static func check(_ node: Int, _ walk: inout StructureWalk) {
    let names = walk.plan.names
    guard let size = walk.tree.child(names.size, of: node), let data = walk.tree.child(names.data, of: node),
      let stated = Int(walk.tree.string(at: size)),
      let actual = walk.withText(data, { byteCount($0) }), stated != actual
    else { return }
    walk.report(
      .error, .attachmentSize, at: node, position: size,
      "Attachment.size must be the number of bytes that Attachment.data stands for")
  }

  /// The bytes that a text in base64 stands for; nil where it is malformed, which is a finding of its own.
  private static func byteCount(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard Base64Grammar.base64Binary(text) == .valid else { return nil }
    var digits = 0
    for byte in text where !TextGrammar.isWhitespace(byte) && byte != UInt8(ascii: "=") { digits += 1 }
    return digits * 3 / 4
  }
}
