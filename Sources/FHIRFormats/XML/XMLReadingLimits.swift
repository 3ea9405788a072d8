/// How much of XML the readers take, for a writer that tells of what they would refuse.
///
/// Of a value in XML libxml2 has a copy as well, so that less of it is read than of one in JSON: what was read from the one may be
/// too large to be read from the other.
struct XMLReadingLimits {
  /// Bytes of a tag with its values, or of a narrative.
  let tag: Int
  /// Bytes before the last tag of a resource or entry.
  let part: Int
  private let allowed: String

  init(_ options: ReadOptions) {
    tag = options.longestXMLValue
    part = options.maximumResourceBytes
    allowed = options.bytesAllowed
  }

  func tagMessage(bytes: Int) -> String {
    "it takes \(bytes) bytes in XML, more than half of \(allowed): it is written whole, and cannot be read again with that limit"
  }

  var partMessage: String {
    "it takes more in XML than \(allowed): it is written whole, and cannot be read again with that limit"
  }
}
