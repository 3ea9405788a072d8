internal import FoundationEssentials

/// A folder of packages by name and version, as HL7's tools keep it: `name#version/package/…`, or a `.tgz` in it.
///
/// See https://confluence.hl7.org/display/FHIR/FHIR+Package+Cache
package struct PackageCache: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// The folder that HL7's tools use: `~/.fhir/packages`.
  package static func `default`(home: String) -> PackageCache { PackageCache(path: home + "/.fhir/packages") }

  /// The path of a package; nil if it is not there in the version asked for.
  func find(_ package: PackageName) -> String? {
    guard package.isSafe else { return nil }
    if let version = package.version, let exact = place(package.name, version) { return exact }
    return versions(of: package.name).last { matches($0, package.version) }.flatMap {
      place(package.name, $0)
    }
  }

  /// The versions of a package that are there, the latest last.
  func versions(of name: String) -> [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let versions = entries.compactMap { entry -> String? in
      guard entry.hasPrefix(name + "#") else { return nil }
      let rest = entry.dropFirst(name.count + 1)
      return String(rest.hasSuffix(".tgz") ? rest.dropLast(4) : rest)
    }
    return Set(versions).sorted { VersionOrder($0) < VersionOrder($1) }
  }

  private func place(_ name: String, _ version: String) -> String? {
    let folder = "\(path)/\(name)#\(version)"
    if PackageFile.isFolder(folder) { return folder }
    return ["\(folder).tgz", "\(path)/\(name)-\(version).tgz"].first {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// `1.0.x` asks for any patch of 1.0, no version for any at all.
  private func matches(_ version: String, _ wanted: String?) -> Bool {
    guard let wanted else { return true }
    let stem = wanted.prefix { $0 != "x" && $0 != "*" }
    return stem.count < wanted.count && stem.hasSuffix(".") && version.hasPrefix(stem)
  }
}
