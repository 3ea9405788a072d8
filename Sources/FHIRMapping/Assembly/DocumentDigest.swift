/// Puts together what stands for a document's content, and writes it as `_fhirline.hash`: 24 hexadecimal digits for the
/// content, 8 for the mapping that its fields were made by.
struct DocumentDigest {
  private var digest = ContentDigest()

  mutating func add(root: String, names: [String]) {
    digest.add(root)
    for name in names { digest.add(name) }
  }

  /// Sections come in the order of their names, their items behind them in the order of their keys.
  mutating func add(section: String) { digest.add(section) }

  mutating func add(item key: UnsafeRawBufferPointer, _ words: ContentDigest.Words) {
    digest.add(key)
    digest.add(words)
  }

  mutating func add(_ link: AppointmentLink) {
    digest.add(link.id)
    digest.add(link.start)
  }

  /// - Parameter fingerprint: of the mapping; nil where fields were made by several.
  func text(fingerprint: UInt64?) -> String {
    content + (fingerprint.map(DocumentDigest.mapping) ?? DocumentDigest.severalMappings)
  }

  /// Whether a document's fields were made by a mapping, as its hash says.
  static func isOfMapping(_ fingerprint: UInt64, _ hash: String) -> Bool {
    hash.utf8.count == contentDigits + 8 && hash.utf8.suffix(8).elementsEqual(mapping(fingerprint).utf8)
  }

  private static func mapping(_ fingerprint: UInt64) -> Substring {
    var mapping = ContentDigest()
    mapping.add(ContentDigest.Words(high: fingerprint, low: 1))
    return mapping.text.prefix(8)
  }

  /// In the place of what stands for one mapping.
  private static let severalMappings: Substring = "00000000"

  /// The part that stands for the content.
  var content: String { String(digest.text.prefix(DocumentDigest.contentDigits)) }

  static let contentDigits = 24
}
