internal import FoundationEssentials

/// The packages that a user names, with those they depend on.
package struct PackageResolution: Sendable {
  /// In the order of precedence, the weightiest last: what is depended on stands before what the user named.
  package private(set) var packages: [ConformancePackage] = []
  /// What the user should know: dependencies that are not at hand.
  package private(set) var warnings: [String] = []

  private let cache: PackageCache
  /// By name: versions that are loaded.
  private var loaded: [String: Set<String>] = [:]

  /// A guide's dependencies are a few dozen; more are a mistake.
  private static let limit = 200

  /// What is embedded, or brings no definitions of its own.
  private static let embedded: Set<String> = [
    "hl7.fhir.r4.core", "hl7.fhir.r4.expansions", "hl7.fhir.r4.elements", "hl7.fhir.r4.corexml",
    "hl7.fhir.r4.examples", "hl7.fhir.r4.search", "hl7.fhir.core",
  ]

  /// - Parameter requests: files, folders, or names (`hl7.fhir.us.core#3.1.1`) of packages in the cache.
  package init(_ requests: [String], cache: PackageCache) throws(DefinitionError) {
    self.cache = cache
    var named: [ConformancePackage] = []
    for request in requests {
      let package = try ConformancePackage(path: try path(of: request))
      named.append(package)
      note(package)
    }
    var needed: [ConformancePackage] = []
    var upcoming = 0
    while upcoming < named.count + needed.count {
      let package = upcoming < named.count ? named[upcoming] : needed[upcoming - named.count]
      upcoming += 1
      needed += load(dependenciesOf: package)
      guard needed.count <= Self.limit else {
        throw DefinitionError(
          .tooLarge, package: package.label, "more than \(Self.limit) packages are depended on")
      }
    }
    packages = needed.reversed() + named
  }

  private func path(of request: String) throws(DefinitionError) -> String {
    if FileManager.default.fileExists(atPath: request) { return request }
    guard let name = PackageName(request) else {
      throw DefinitionError(
        .unreadable, package: request, "there is no such file or folder, and it is no package's name#version")
    }
    if let path = cache.find(name) { return path }
    throw DefinitionError(
      .unreadable, package: request,
      "there is no such file, and no such package in \(cache.path)" + others(than: name))
  }

  private func others(than package: PackageName) -> String {
    let versions = package.isSafe ? cache.versions(of: package.name) : []
    return versions.isEmpty ? "" : " (there is \(versions.joined(separator: ", ")))"
  }

  private mutating func note(_ package: ConformancePackage) {
    loaded[package.manifest.name, default: []].insert(package.manifest.version)
  }

  /// The dependencies that are not loaded yet; those that cannot be are told of, all of a package in one line.
  private mutating func load(dependenciesOf package: ConformancePackage) -> [ConformancePackage] {
    var found: [ConformancePackage] = []
    var missing: [String] = []
    for dependency in package.manifest.dependencies where !Self.embedded.contains(dependency.name) {
      // A version of it that the user named, or that another package brought, stands for any that is not there.
      if let versions = loaded[dependency.name] {
        if dependency.version.map(versions.contains) ?? true { continue }
        guard cache.find(dependency) != nil else { continue }
      }
      guard let path = cache.find(dependency) else {
        missing.append(dependency.description + others(than: dependency))
        // Told once.
        loaded[dependency.name] = []
        continue
      }
      do throws(DefinitionError) {
        let needed = try ConformancePackage(path: path)
        note(needed)
        loaded[dependency.name, default: []].insert(dependency.version ?? needed.manifest.version)
        found.append(needed)
      } catch {
        warnings.append("\(package.label) needs \(dependency), which cannot be used: \(error)")
        loaded[dependency.name] = []
      }
    }
    if !missing.isEmpty {
      warnings.append(
        "\(package.label) needs \(missing.count == 1 ? "a package" : "packages") not at hand: "
          + missing.joined(separator: ", ")
          + "; what is defined there counts as unknown (--package names a file; packages in \(cache.path) are found)"
      )
    }
    return found
  }
}
