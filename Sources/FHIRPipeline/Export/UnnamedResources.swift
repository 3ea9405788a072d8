/// What resources are called that are written as they came, without an id: lines and files have no place for it, and the manifest has.
///
/// They are the same resources then when they come again (``ResourceNames``).
struct UnnamedResources {
  /// More have no names: a manifest is read whole.
  static let most = 100_000
  static let member = "https://fhirline.dev/full-urls"

  private var members: [String: [(String, String)]] = [:]
  private var count = 0

  /// - Parameters:
  ///   - place: the line, or the file, where it stands.
  ///   - hash: stands for the line.
  mutating func add(_ type: String, at place: String, _ url: String, hash: String? = nil) {
    guard count < UnnamedResources.most else { return }
    count += 1
    let quoted = JSONText.quoted(url)
    let value = hash.map { JSONText.array([quoted, JSONText.quoted($0)]) } ?? quoted
    members[type, default: []].append((place, value))
  }

  /// The extension of a manifest's entry; nil where there is nothing to be told.
  func extensionJSON(ofType type: String) -> String? {
    members[type].map { JSONText.object([(UnnamedResources.member, JSONText.object($0))]) }
  }
}
