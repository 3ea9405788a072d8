// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Measures the release binary from outside, and MongoDB by itself beside it: nothing of fhirline is linked here.
let package = Package(
  name: "fhirline-benchmarks",
  targets: [
    .systemLibrary(
      name: "CMongoC", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev", "libbson-dev"])]),
    .executableTarget(name: "fhirline-bench", dependencies: ["CMongoC"], swiftSettings: strict),
  ]
)
