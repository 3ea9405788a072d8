internal import FHIRFormats
internal import FHIRModel

/// The conformance resources of a package, found by kind and URL; each is read when it is asked for, and not before.
///
/// A package is an archive (`.tgz`), whose resources are kept in memory, or the folder that one was unpacked to, whose files
/// are opened when they are wanted; or loose resources, in JSON or XML: a folder of them, or a file.
package struct ConformancePackage: Sendable {
  package private(set) var manifest: PackageManifest
  /// Where it was read.
  package let path: String
  private var items: [Item] = []
  private var index: [Key: [Int]] = [:]
  /// CodeSystems that may supplement others, by their URLs.
  private(set) var supplements: [String] = []

  private struct Key: Hashable {
    let kind: ConformanceKind
    let url: String
  }

  private struct Item: Sendable {
    let url: String
    let version: String
    let file: String
    let content: Content
  }

  private enum Content: Sendable {
    case chunk(SourceChunk)
    /// A file that is read when asked for.
    case file(path: String, limit: Int)
  }

  init(path: String, manifest: PackageManifest) {
    self.path = path
    self.manifest = manifest
  }

  /// `hl7.fhir.us.core#3.1.1`; of loose resources, their path.
  package var label: String { manifest.name.isEmpty ? path : manifest.label }

  /// How many conformance resources it has.
  package var count: Int { items.count }

  // MARK: Building

  /// Adds a resource whose JSON is at hand; one that is no conformance resource is passed over.
  ///
  /// - Returns: false for what is no resource, or malformed.
  mutating func add(_ source: SourceChunk, file: String) -> Bool {
    guard let head = ConformanceHead(source) else { return false }
    guard let kind = ConformanceKind(resourceType: head.resourceType), let url = head.url else { return true }
    if kind == .codeSystem, head.chunk.buffer.firstRange(of: Array(#""supplements""#.utf8)) != nil {
      supplements.append(url)
    }
    add(kind, url: url, version: head.version, file: file, .chunk(head.chunk))
    return true
  }

  /// Adds a file that an index describes.
  mutating func add(
    _ kind: ConformanceKind, url: String, version: String, file: String, path: String, limit: Int
  ) {
    add(kind, url: url, version: version, file: file, .file(path: path, limit: limit))
  }

  private mutating func add(
    _ kind: ConformanceKind, url: String, version: String, file: String, _ content: Content
  ) {
    let key = Key(kind: kind, url: url)
    var numbers = index[key] ?? []
    // The first of two that are one by name and version counts, as everywhere.
    guard !numbers.contains(where: { items[$0].version == version }) else { return }
    items.append(Item(url: url, version: version, file: file, content: content))
    let place = numbers.firstIndex { VersionOrder(items[$0].version) < VersionOrder(version) }
    numbers.insert(items.count - 1, at: place ?? numbers.endIndex)
    index[key] = numbers
  }

  /// Notes that an index says that a CodeSystem supplements another.
  mutating func noteSupplement(_ url: String) { supplements.append(url) }

  mutating func take(_ manifest: PackageManifest) { self.manifest = manifest }

  // MARK: Finding

  /// The versions of a URL, the latest first.
  func find(_ kind: ConformanceKind, _ url: String) -> [ConformanceStore.Found] {
    (index[Key(kind: kind, url: url)] ?? []).map { number in
      let item = items[number]
      let label = label
      return ConformanceStore.Found(
        version: item.version, package: label, file: item.file
      ) { () throws(DefinitionError) in
        try Self.load(item, kind: kind, package: label)
      }
    }
  }

  package func urls(_ kind: ConformanceKind) -> [String] {
    index.keys.filter { $0.kind == kind }.map(\.url).sorted()
  }

  private static func load(
    _ item: Item, kind: ConformanceKind, package: String
  ) throws(DefinitionError) -> SourceChunk {
    switch item.content {
    case .chunk(let chunk): return chunk
    case .file(let path, let limit):
      let chunk = try PackageFile.read(path, limit: limit, package: package, file: item.file)
      guard let head = ConformanceHead(chunk), head.resourceType == kind.resourceType, head.url == item.url
      else {
        throw DefinitionError(
          .malformed, package: package, file: item.file,
          "is not the resource that the package's .index.json says")
      }
      return head.chunk
    }
  }
}
