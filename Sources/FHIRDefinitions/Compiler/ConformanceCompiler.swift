internal import CDefinitions
internal import FHIRFormats
internal import FHIRModel

/// Makes the bytes of a ``ConformanceFile`` from packages. The same packages give the same resources in the same order.
package struct ConformanceCompiler {
  /// Unzipped bytes of a block: large enough to zip well, small enough to be unzipped for one resource.
  private static let blockBytes = 64 << 10

  private struct Resource {
    let kind: ConformanceKind
    let url: String
    let version: String
    let json: [UInt8]
  }

  private var resources: [Resource] = []

  /// - Parameters:
  ///   - core: the package whose resources go into the file.
  ///   - expansions: the package with expanded value sets; they are taken where a value set cannot be composed from the core.
  package init(core: PackageArchive, expansions: PackageArchive) throws(DefinitionError) {
    let composition = ValueSetExpansion(composing: try DefinitionPackage(core))
    var expanded: [String: ResourceTree] = [:]
    try expansions.forEachFile { (file) throws(DefinitionError) in
      let tree = try Self.read(file, of: expansions)
      let root = NamedElement(root: tree, table: Self.table)
      guard root.resourceType == "ValueSet", let url = root.string("url"), Self.isExpanded(root) else {
        return
      }
      expanded[url] = tree
    }
    var resources: [Resource] = []
    try core.forEachFile { (file) throws(DefinitionError) in
      let tree = try Self.read(file, of: core)
      let root = NamedElement(root: tree, table: Self.table)
      guard let kind = ConformanceKind(resourceType: root.resourceType), let url = root.string("url") else {
        return
      }
      var source = tree
      var keepsExpansion = false
      if kind == .valueSet, !composition.composes(url) {
        source = expanded[url] ?? tree
        keepsExpansion = expanded[url] != nil || Self.isExpanded(root)
      }
      guard
        let facts = ConformanceFilter.facts(of: source, table: Self.table, keepsExpansion: keepsExpansion)
      else { return }
      let buffer = OutputBuffer()
      JSONWriter(to: buffer, table: Self.table).write(facts)
      resources.append(
        Resource(kind: kind, url: url, version: root.string("version") ?? "", json: buffer.array))
    }
    self.resources = resources.sorted {
      if $0.kind != $1.kind { return $0.kind.rawValue < $1.kind.rawValue }
      if $0.url != $1.url { return $0.url.utf8.lexicographicallyPrecedes($1.url.utf8) }
      return $0.version.utf8.lexicographicallyPrecedes($1.version.utf8)
    }
  }

  /// The file's bytes.
  package func file() -> [UInt8] {
    var strings: [UInt8] = []
    var known: [String: definition_string] = [:]
    func string(_ text: String) -> definition_string {
      if let place = known[text] { return place }
      let place = definition_string(offset: UInt32(strings.count), length: UInt32(text.utf8.count))
      strings += text.utf8
      known[text] = place
      return place
    }

    var entries: [conformance_entry] = []
    var blocks: [conformance_block] = []
    var zipped: [UInt8] = []
    var block: [UInt8] = []
    func endBlock() {
      guard !block.isEmpty else { return }
      let stored = block.withUnsafeBytes { Gzip.compress($0) }
      blocks.append(
        conformance_block(
          offset: UInt32(zipped.count), stored: UInt32(stored.count), length: UInt32(block.count)))
      zipped += stored
      block = []
    }
    for resource in resources {
      if block.count + resource.json.count > Self.blockBytes { endBlock() }
      entries.append(
        conformance_entry(
          kind: resource.kind.rawValue, url: string(resource.url), version: string(resource.version),
          block: UInt32(blocks.count), start: UInt32(block.count), length: UInt32(resource.json.count)))
      block += resource.json
    }
    endBlock()

    var bytes = [UInt8](repeating: 0, count: MemoryLayout<conformance_header>.size)
    func place(_ content: [UInt8], count: Int) -> definition_range {
      bytes += [UInt8](repeating: 0, count: -bytes.count & 7)
      defer { bytes += content }
      return definition_range(offset: UInt32(bytes.count), count: UInt32(count))
    }
    let zippedPlace = place(zipped, count: zipped.count)
    for index in blocks.indices { blocks[index].offset += zippedPlace.offset }
    let entryPlace = place(Self.bytes(of: entries), count: entries.count)
    let blockPlace = place(Self.bytes(of: blocks), count: blocks.count)
    let stringPlace = place(strings, count: strings.count)
    var header = conformance_header()
    withUnsafeMutableBytes(of: &header.magic) { $0.copyBytes(from: "FHIRCONF".utf8) }
    header.format = UInt32(CONFORMANCE_FORMAT)
    header.size = UInt32(bytes.count)
    header.entries = entryPlace
    header.blocks = blockPlace
    header.strings = stringPlace
    bytes.replaceSubrange(0..<MemoryLayout<conformance_header>.size, with: Self.bytes(of: [header]))
    return bytes
  }

  /// Whether a value set has an expansion with all its codes.
  ///
  /// The server that expanded R4's value sets gave up after 1,000 codes of a system, and did not always say so.
  private static func isExpanded(_ root: NamedElement) -> Bool {
    guard let expansion = root.child("expansion"), expansion.child("contains") != nil,
      let read = try? DefinitionReading(package: "", file: "").valueSet(root).expansion, read.isComplete
    else { return false }
    var counts: [String: Int] = [:]
    for code in read.codes { counts[code.system, default: 0] += 1 }
    return counts.values.allSatisfy { $0 < 1000 }
  }

  private static let table = DefinitionTable.forDefinitions

  private static func read(
    _ file: PackageArchive.File, of archive: PackageArchive
  ) throws(DefinitionError) -> ResourceTree {
    try NamedElement.read(SourceChunk(file.bytes), package: archive.path, file: file.name)
  }

  private static func bytes<R>(of records: [R]) -> [UInt8] { records.withUnsafeBytes { [UInt8]($0) } }
}
