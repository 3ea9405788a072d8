internal import FoundationEssentials

/// A FHIR package as it lies on disk: a `.tgz` archive, or the folder that one was unpacked to.
///
/// Nothing is ever unpacked to disk. See https://hl7.org/fhir/packages.html
package struct PackageArchive: Sendable {
  /// What a package may hold. The largest of HL7's own (core) has 5,000 files and 250 MB.
  package struct Limits: Sendable {
    /// Bytes of one JSON file.
    package var file = 128 << 20
    /// Bytes of all files together.
    package var total = 4 << 30
    package var files = 200_000
    /// Bytes of the files that are kept in memory.
    package var kept = Int.max

    package init() {}
  }

  /// A JSON file that stands directly in the package's `package` folder.
  package struct File {
    /// Its name within that folder.
    package let name: String
    package let bytes: [UInt8]
  }

  package let path: String
  private let limits: Limits
  private let isFolder: Bool

  package init(path: String, limits: Limits = Limits()) throws(DefinitionError) {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DefinitionError(.unreadable, package: path, "there is no such file or folder")
    }
    self.path = path
    self.limits = limits
    self.isFolder = isFolder
  }

  /// Calls `body` with each JSON file: of an archive in its order, of a folder in the order of names.
  ///
  /// Folders below `package` (examples, other formats) are not read: no definitions stand there.
  package func forEachFile(_ body: (File) throws(DefinitionError) -> Void) throws(DefinitionError) {
    if isFolder { try readFolder(body) } else { try readArchive(body) }
  }

  private func readArchive(_ body: (File) throws(DefinitionError) -> Void) throws(DefinitionError) {
    var tar = TarReader(try ArchiveStream(path: path, limit: limits.total), path: path)
    var count = 0
    var isPackage = false
    while let member = try tar.next() {
      count += 1
      guard count <= limits.files else {
        throw DefinitionError(.tooLarge, package: path, "holds more than \(limits.files) files")
      }
      let parts = member.name.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
      guard !member.name.hasPrefix("/"), !parts.contains("..") else {
        throw DefinitionError(
          .unsafePath, package: path, file: member.name, "a file's name leads out of the package")
      }
      guard parts.count == 2, parts[0] == "package" else { continue }
      isPackage = true
      guard isDefinition(parts[1]) else { continue }
      try check(size: member.size, of: String(parts[1]))
      try body(File(name: String(parts[1]), bytes: try tar.contents(of: member)))
    }
    if !isPackage { throw noPackage() }
  }

  private func readFolder(_ body: (File) throws(DefinitionError) -> Void) throws(DefinitionError) {
    let files = FileManager.default
    let inner = path + "/package"
    let folder = files.fileExists(atPath: inner + "/package.json") ? inner : path
    guard files.fileExists(atPath: folder + "/package.json") else { throw noPackage() }
    let names: [String]
    do {
      names = try files.contentsOfDirectory(atPath: folder)
    } catch {
      throw DefinitionError(.unreadable, package: path, "the folder cannot be listed")
    }
    guard names.count <= limits.files else {
      throw DefinitionError(.tooLarge, package: path, "holds more than \(limits.files) files")
    }
    var total = 0
    for name in names.sorted() where isDefinition(name[...]) {
      let file = folder + "/" + name
      // Links are not followed: a package's files are its own.
      guard let attributes = try? files.attributesOfItem(atPath: file),
        attributes[.type] as? FileAttributeType == .typeRegular
      else { continue }
      try check(size: (attributes[.size] as? Int) ?? 0, of: name)
      guard let data = files.contents(atPath: file) else {
        throw DefinitionError(.unreadable, package: path, file: name, "cannot be read")
      }
      total += data.count
      guard total <= limits.total else {
        throw DefinitionError(.tooLarge, package: path, "holds more than the allowed number of bytes")
      }
      try body(File(name: name, bytes: [UInt8](data)))
    }
  }

  /// `.index.json` and other hidden files describe the package's files and are none themselves.
  private func isDefinition(_ name: Substring) -> Bool { name.hasSuffix(".json") && !name.hasPrefix(".") }

  private func check(size: Int, of file: String) throws(DefinitionError) {
    guard size <= limits.file else {
      throw DefinitionError(.tooLarge, package: path, file: file, "is larger than \(limits.file) bytes")
    }
  }

  private func noPackage() -> DefinitionError {
    DefinitionError(
      .notAPackage, package: path,
      "is no FHIR package: expected a .tgz with a folder \"package\", or such a folder with a package.json")
  }
}
