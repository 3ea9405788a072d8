import ArgumentParser
import FHIRPipeline
import Foundation

/// Which definitions data are checked against, for the commands that check.
struct PackageArguments: ParsableArguments {
  @Option(
    name: .customLong("package"),
    help: ArgumentHelp(
      "A FHIR package to check against: a .tgz, a folder, or name#version in the package cache. May be repeated.",
      valueName: "package"))
  var packages: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder in which packages are found by name and version; ~/.fhir/packages if not told.",
      valueName: "folder"))
  var packageCache: String?

  /// The packages that the configuration and these flags name.
  func options(_ configuration: PipelineConfiguration) -> PackageOptions {
    var options = configuration.packages
    options.packages += packages
    options.cache =
      packageCache ?? ProcessInfo.processInfo.environment["FHIRLINE_PACKAGE_CACHE"] ?? options.cache
    return options
  }
}
