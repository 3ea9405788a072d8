/// Why a resource cannot become a part of a document. The resource itself may be kept elsewhere, as it was read.
package struct EncodingFailure: Error, Equatable, Sendable {
  package enum Code: String, Sendable {
    /// An object has two members of one name; a document can hold one.
    case duplicateName = "document-duplicate-name"
    /// A name holds U+0000, which ends a name in BSON.
    case nulInName = "document-nul-in-name"
    /// A name that the project keeps for its own bookkeeping.
    case reservedName = "document-reserved-name"
    /// More levels than MongoDB takes.
    case tooDeep = "document-too-deep"
    /// More bytes than were allowed.
    case tooLarge = "document-too-large"
    /// The node is no resource.
    case notAResource = "document-not-a-resource"
  }

  package let code: Code
  /// The node of the tree that has the fault.
  package let node: Int

  package init(_ code: Code, node: Int) {
    self.code = code
    self.node = node
  }
}

extension EncodingFailure: CustomStringConvertible {
  package var description: String {
    switch code {
    case .duplicateName: "the element stands twice in one object, and a document can hold it once"
    case .nulInName: "the element's name holds the character U+0000, which MongoDB cannot store in a name"
    case .reservedName:
      "the element bears a name that fhirline keeps for itself (_fhirline, or _written or _name in a Reference)"
    case .tooDeep:
      "the element lies deeper than the \(ResourceEncoder.maximumDepth) levels that a document may have"
    case .tooLarge: "the resource is larger than it may be in a document"
    case .notAResource: "expected a resource with a resourceType"
    }
  }
}

/// Field names that are the project's own within a document.
package enum Reserved {
  /// Bookkeeping of a document; within an item of a section, the item's key where its id does not say it.
  package static let bookkeeping = "_fhirline"
  /// In a Reference that was resolved to another text at import: the text as it came.
  package static let written = "_written"
  /// In a Reference without a display: the name of its target, as import found it.
  package static let targetName = "_name"
}
