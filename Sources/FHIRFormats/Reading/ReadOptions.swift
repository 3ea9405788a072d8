import FHIRModel

/// What a ``ResourceReader`` allows and how it cuts a source up.
package struct ReadOptions: Sendable {
  /// Give a top-level Bundle as a record per entry and one for its other members; else as one tree.
  package var splitBundles = true
  /// Levels of nesting, 1,000 at most; what lies deeper makes its record unreadable.
  ///
  /// The readers keep their nesting on the heap, but whoever walks a tree may do so recursively.
  package var maximumDepth = 256 {
    didSet { maximumDepth = min(max(maximumDepth, 1), 1000) }
  }
  /// Bytes of one resource (or Bundle entry, or Bundle that is not split); at most 4 GB less 64 KB.
  package var maximumResourceBytes = 64 << 20
  /// Elements of one resource: each takes 24 bytes of memory, and may take two of a source.
  package var maximumElements = 3_000_000
  /// Bytes that are read at a time.
  package var chunkBytes = SourceChunk.usualCapacity
  package var gzip = GzipSource.Limits()
  /// For who looks for some resources only: those for which it answers true are passed over unread, whatever is wrong with them.
  /// It is not asked of XML, of resources that do not begin with their type, and of entries that ask for something on a condition.
  ///
  /// It takes what a resource begins with: its type, and its id where that comes next and is written without escapes; and the `fullUrl`
  /// of its entry.
  package var skips: Filter?
  package typealias Filter =
    @Sendable (
      _ type: UnsafeBufferPointer<UInt8>, _ id: UnsafeBufferPointer<UInt8>?,
      _ fullUrl: UnsafeBufferPointer<UInt8>?
    ) -> Bool
  /// Whether ``skips`` is asked of entries of Bundles, too.
  package var skipsEntries = true
  /// Called before something takes more memory than resources do as a rule: whoever reads beside others waits for its turn.
  package var beforeLarge: (@Sendable () -> Void)?
  /// Bytes of what is large.
  static let large = 8 << 20
  /// The format, where it is known beforehand; else the content tells it.
  package var format: Format?

  package init() {}

  /// Bytes of a value in XML, or of a narrative: libxml2 has all of it as well, and so has the tree.
  var longestXMLValue: Int { maximumResourceBytes / 2 }

  /// The limits as messages name them.
  var bytesAllowed: String {
    "the \(maximumResourceBytes) bytes that a resource may have (limits.resource_bytes in pipeline.yml)"
  }

  static func allowed(elements: Int) -> String {
    "the \(elements) elements that a resource may have (limits.elements in pipeline.yml)"
  }

  /// A tree's positions are 32-bit offsets into a chunk.
  static let largestChunk = Int(UInt32.max) - (64 << 10)
}
