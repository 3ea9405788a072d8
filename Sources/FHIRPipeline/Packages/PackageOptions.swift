package import FHIRDefinitions
import Foundation

/// The packages of definitions that a run is to know besides the core of R4.
package struct PackageOptions: Sendable, Equatable {
  /// Files, folders, or `name#version` of packages in the cache; of two that define a URL the later counts.
  package var packages: [String] = []
  /// The folder in which packages are looked up by name and version; nil is that of HL7's tools.
  package var cache: String?

  package init() {}

  /// Takes relative paths as those of files beside a configuration file; a package's name stays what it is.
  mutating func resolve(against folder: String) {
    func resolved(_ path: String) -> String {
      let inside = folder + "/" + path
      return !path.hasPrefix("/") && FileManager.default.fileExists(atPath: inside) ? inside : path
    }
    packages = packages.map(resolved)
    cache = cache.map(resolved)
  }

  /// Loads the packages and those they depend on.
  ///
  /// - Parameter say: is told of what is missing.
  package func store(say: (String) -> Void) throws -> ConformanceStore {
    if packages.isEmpty { return .core }
    let cache =
      cache.map { PackageCache(path: $0) }
      ?? .default(home: ProcessInfo.processInfo.environment["HOME"] ?? "")
    let resolution: PackageResolution
    do {
      resolution = try PackageResolution(packages, cache: cache)
    } catch {
      throw PipelineFailure(.configuration, error.description)
    }
    for warning in resolution.warnings { say("warning: " + warning) }
    return ConformanceStore(packages: resolution.packages)
  }
}
