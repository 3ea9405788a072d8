internal import FHIRFormats
internal import FHIRModel
internal import FoundationEssentials

extension ConformancePackage {
  /// What a package may hold that is read when a run starts.
  package static var limits: PackageArchive.Limits {
    var limits = PackageArchive.Limits()
    limits.file = 64 << 20
    limits.total = 2 << 30
    limits.kept = 512 << 20
    return limits
  }

  /// Indexes a package: a `.tgz`, the folder that one was unpacked to, a folder of loose resources, or one such file.
  package init(
    path: String, limits: PackageArchive.Limits = ConformancePackage.limits
  ) throws(DefinitionError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw DefinitionError(.unreadable, package: path, "there is no such file or folder")
    }
    self.init(path: path, manifest: PackageManifest())
    if !PackageFile.isFolder(path) {
      if try Self.isArchive(path) {
        try readArchive(limits)
      } else {
        try readLoose(path, as: PackageName.lastPart(of: path), limits)
        try requireContent()
      }
      return
    }
    let inner = path + "/package"
    if let folder = [inner, path].first(where: { PackageFile.isPlain($0 + "/package.json") }) {
      try readFolder(folder, limits)
    } else {
      let folder = PackageFile.isFolder(inner) ? inner : path
      for name in try PackageFile.names(in: folder, package: path, limit: limits.files)
      where [".json", ".xml"].contains(where: name.lowercased().hasSuffix)
        && PackageFile.isPlain(folder + "/" + name)
      {
        try readLoose(folder + "/" + name, as: name, limits)
      }
      try requireContent()
    }
  }

  /// Loose resources, in JSON or XML; a Bundle stands for the resources in it.
  package init(files: [String]) throws(DefinitionError) {
    self.init(path: files.first ?? "", manifest: PackageManifest())
    for file in files { try readLoose(file, as: PackageName.lastPart(of: file), Self.limits) }
  }

  private func requireContent() throws(DefinitionError) {
    guard count > 0 else {
      throw DefinitionError(
        .notAPackage, package: path,
        "holds no FHIR package (a .tgz, or a folder with a package.json) and no StructureDefinition, ValueSet or "
          + "CodeSystem with a url")
    }
  }

  // MARK: Archives

  private static func isArchive(_ path: String) throws(DefinitionError) -> Bool {
    do throws(ReadFailure) {
      let source = try FileSource(path)
      let start = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)
      defer { start.deallocate() }
      let count = try source.read(into: start)
      let first = UnsafeRawBufferPointer(rebasing: start[..<count])
      if GzipSource.recognizes(first) { return true }
      let text = first.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
      return text != UInt8(ascii: "{") && text != UInt8(ascii: "<")
    } catch {
      throw DefinitionError(.unreadable, package: path, error.message)
    }
  }

  private mutating func readArchive(_ limits: PackageArchive.Limits) throws(DefinitionError) {
    var hasManifest = false
    var kept = 0
    var package = self
    try PackageArchive(path: path, limits: limits).forEachFile { (file) throws(DefinitionError) in
      let chunk = SourceChunk(file.bytes)
      if file.name == "package.json" {
        hasManifest = true
        package.take(try package.manifest(chunk))
        return
      }
      let before = package.count
      if !package.add(chunk, file: file.name) { try package.explain(chunk, file.name) }
      if package.count > before { kept += chunk.count }
      guard kept <= limits.kept else {
        throw DefinitionError(.tooLarge, package: path, "holds definitions of more than \(limits.kept) bytes")
      }
    }
    self = package
    try checkManifest(hasManifest)
  }

  // MARK: Folders

  private mutating func readFolder(_ folder: String, _ limits: PackageArchive.Limits) throws(DefinitionError)
  {
    take(
      try manifest(
        try PackageFile.read(
          folder + "/package.json", limit: limits.file, package: path, file: "package.json")))
    try checkManifest(true)
    let names = try PackageFile.names(in: folder, package: path, limit: limits.files).filter {
      $0.hasSuffix(".json") && $0 != "package.json"
    }
    if readIndex(folder, names: names, limits) { return }
    var kept = 0
    for name in names where PackageFile.isPlain(folder + "/" + name) {
      let chunk = try PackageFile.read(folder + "/" + name, limit: limits.file, package: path, file: name)
      let before = count
      if !add(chunk, file: name) { try explain(chunk, name) }
      if count > before { kept += chunk.count }
      guard kept <= limits.kept else {
        throw DefinitionError(.tooLarge, package: path, "holds definitions of more than \(limits.kept) bytes")
      }
    }
  }

  /// Takes what `.index.json` says of the files, if it speaks of all of them; else false, and they are looked at one by one.
  ///
  /// See https://confluence.hl7.org/display/FHIR/NPM+Package+Specification, ".index.json"
  private mutating func readIndex(_ folder: String, names: [String], _ limits: PackageArchive.Limits) -> Bool
  {
    let path = folder + "/.index.json"
    guard PackageFile.isPlain(path),
      let chunk = try? PackageFile.read(path, limit: limits.file, package: self.path, file: ".index.json"),
      let tree = try? NamedElement.read(chunk, package: self.path, file: ".index.json")
    else { return false }
    let files = NamedElement(root: tree, table: .forDefinitions).children("files")
    guard Set(files.compactMap { $0.string("filename") }).isSuperset(of: names) else { return false }
    let present = Set(names)
    for file in files {
      guard let name = file.string("filename"), present.contains(name),
        let kind = file.string("resourceType").flatMap(ConformanceKind.init(resourceType:)),
        let url = file.string("url"), PackageFile.isPlain(folder + "/" + name)
      else { continue }
      if kind == .codeSystem, file.string("supplements") != nil { noteSupplement(url) }
      add(
        kind, url: url, version: file.string("version") ?? "", file: name, path: folder + "/" + name,
        limit: limits.file)
    }
    return true
  }

  // MARK: Loose resources

  private mutating func readLoose(
    _ file: String, as name: String, _ limits: PackageArchive.Limits
  ) throws(DefinitionError) {
    let chunk = try PackageFile.read(file, limit: limits.file, package: path, file: name)
    let reader: ResourceReader
    var options = ReadOptions()
    options.maximumResourceBytes = limits.file
    do throws(ReadFailure) {
      // A Bundle is given entry by entry.
      reader = try ResourceReader(
        source: MemorySource([UInt8](chunk.buffer)), name: name, table: .forDefinitions, options: options)
      while let record = try reader.next() {
        guard record.content != .unreadable else { throw ReadFailure(.io, Self.reason(record), path: name) }
        let tree = record.tree
        var root = 0
        if case .entry = record.content {
          guard let id = DefinitionTable.forDefinitions.nameID("resource"),
            let resource = tree.child(id, of: 0)
          else { continue }
          root = resource
        }
        let buffer = OutputBuffer()
        JSONWriter(to: buffer, table: .forDefinitions).write(tree, at: root)
        _ = add(SourceChunk(buffer.array), file: name)
      }
    } catch {
      throw DefinitionError(.malformed, package: path, file: name, error.message)
    }
  }

  // MARK: Trouble

  private func manifest(_ chunk: SourceChunk) throws(DefinitionError) -> PackageManifest {
    PackageManifest(
      NamedElement(
        root: try NamedElement.read(chunk, package: path, file: "package.json"), table: .forDefinitions))
  }

  private func checkManifest(_ isThere: Bool) throws(DefinitionError) {
    guard isThere, !manifest.name.isEmpty else {
      throw DefinitionError(
        .notAPackage, package: path, file: "package.json", "is missing or names no package")
    }
    guard manifest.isForR4 else {
      throw DefinitionError(
        .wrongVersion, package: manifest.label,
        "is written for FHIR \(manifest.fhirVersions.joined(separator: ", ")); only packages for R4 (4.0.1) can be used"
      )
    }
  }

  /// Tells what is wrong with a file that could not be indexed; one that is sound JSON and no resource is passed over.
  private func explain(_ chunk: SourceChunk, _ file: String) throws(DefinitionError) {
    let record = JSONDocument.read(chunk, table: .forDefinitions)
    if record.content == .unreadable {
      throw DefinitionError(.malformed, package: label, file: file, Self.reason(record))
    }
  }

  private static func reason(_ record: Record) -> String {
    let issue = record.issues.last
    let place = issue?.position.map { " (line \($0.line), column \($0.column))" } ?? ""
    return (issue?.message ?? "cannot be read") + place
  }
}

extension PackageName {
  /// The last part of a path.
  static func lastPart(of path: String) -> String {
    String(path.split(separator: "/").last ?? path[...])
  }
}
