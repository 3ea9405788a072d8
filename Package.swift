// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  // The tests, built for debugging, check exclusive access; checking it again for every node of a release costs 8 %.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Targets stand in the order in which data flows; each may import only what stands above it.
let package = Package(
  name: "fhirline",
  products: [.executable(name: "fhirline", targets: ["fhirline"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C doors: one per library, imported by one target each.
    .target(
      name: "CDefinitions", exclude: ["r4.table", "r4.conformance"],
      cSettings: [.unsafeFlags(["-Wno-c23-extensions"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(
      name: "CMongoC", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev", "libbson-dev"])]),

    .target(name: "Memory", dependencies: ["CMalloc"], swiftSettings: strict),
    .target(name: "FHIRModel", dependencies: ["CDefinitions", "Memory"], swiftSettings: strict),
    .target(name: "UCUM", swiftSettings: strict),
    .target(name: "Patterns", swiftSettings: strict),
    .target(
      name: "FHIRFormats", dependencies: ["CDefinitions", "FHIRModel", "CLibXML2", "CZlib"],
      swiftSettings: strict),
    .target(
      name: "FHIRDefinitions", dependencies: ["CDefinitions", "FHIRModel", "FHIRFormats"],
      swiftSettings: strict),
    .target(
      name: "FHIRTerminology",
      dependencies: ["CDefinitions", "FHIRModel", "FHIRDefinitions", "UCUM", "Patterns"],
      swiftSettings: strict),
    .target(
      name: "FHIRPath", dependencies: ["CDefinitions", "FHIRModel", "UCUM", "Patterns"], swiftSettings: strict
    ),
    .target(
      name: "FHIRValidation",
      dependencies: ["CDefinitions", "FHIRModel", "UCUM", "FHIRDefinitions", "FHIRTerminology", "FHIRPath"],
      swiftSettings: strict),
    .target(name: "BSON", dependencies: ["Memory"], swiftSettings: strict),
    .target(
      name: "FHIRMapping",
      dependencies: [
        "CDefinitions", "FHIRModel", "UCUM", "FHIRPath", "Memory", "BSON",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .target(name: "DocumentStore", dependencies: ["Memory", "BSON", "CMongoC"], swiftSettings: strict),
    .target(
      name: "FHIRPipeline",
      dependencies: [
        "CLZ4", "Memory", "FHIRModel", "FHIRFormats", "FHIRDefinitions", "FHIRPath", "FHIRValidation",
        "BSON",
        "FHIRMapping",
        "DocumentStore",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "fhirline",
      dependencies: [
        "Memory", "FHIRModel", "FHIRPipeline", "FHIRValidation", "FHIRMapping",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // The tool that makes Sources/CDefinitions/r4.table from HL7's packages.
    .executableTarget(
      name: "compile-definitions", dependencies: ["FHIRModel", "FHIRDefinitions"], swiftSettings: strict),
    // The runner of HL7's and others' conformance suites.
    .executableTarget(
      name: "conformance",
      dependencies: [
        "FHIRModel", "FHIRFormats", "FHIRDefinitions", "FHIRPath", "FHIRValidation",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // The tool that makes Sources/UCUM/Units/UnitFacts.swift from UCUM's table.
    .executableTarget(name: "compile-units", swiftSettings: strict),

    .testTarget(name: "UCUMTests", dependencies: ["UCUM"], swiftSettings: strict),
    .testTarget(name: "PatternsTests", dependencies: ["Patterns"], swiftSettings: strict),
    // What fuzzers feed with bytes, and tests with what fuzzers found; see scripts/fuzz.sh.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "FHIRModel", "FHIRFormats", "FHIRDefinitions", "FHIRPath", "FHIRValidation", "FHIRMapping",
      ],
      path: "Fuzz/Targets", swiftSettings: strict),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets"], exclude: ["Inputs"], swiftSettings: strict),

    // What several targets of tests share.
    .target(
      name: "TestSupport", dependencies: ["BSON", "DocumentStore", "FHIRMapping"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "FHIRModelTests", dependencies: ["FHIRModel", "CDefinitions", "TestSupport"], exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRFormatsTests", dependencies: ["FHIRFormats", "FHIRModel", "CZlib", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRDefinitionsTests",
      dependencies: ["FHIRDefinitions", "FHIRFormats", "FHIRModel", "CDefinitions", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRTerminologyTests",
      dependencies: ["FHIRTerminology", "FHIRDefinitions", "FHIRModel", "FHIRFormats", "CDefinitions"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRPathTests",
      dependencies: ["FHIRPath", "FHIRModel", "FHIRFormats", "CDefinitions", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRValidationTests",
      dependencies: [
        "FHIRValidation", "FHIRTerminology", "FHIRPath", "FHIRModel", "FHIRFormats", "CDefinitions",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(name: "MemoryTests", dependencies: ["Memory"], swiftSettings: strict),
    .testTarget(name: "BSONTests", dependencies: ["BSON", "CMongoC"], swiftSettings: strict),
    .testTarget(
      name: "FHIRMappingTests",
      dependencies: [
        "FHIRMapping", "FHIRModel", "FHIRFormats", "FHIRPath", "FHIRValidation", "BSON", "CDefinitions",
        "TestSupport",
      ],
      exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "DocumentStoreTests", dependencies: ["DocumentStore", "BSON", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FHIRPipelineTests",
      dependencies: [
        "FHIRPipeline", "FHIRModel", "FHIRFormats", "FHIRMapping", "BSON", "DocumentStore", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "fhirline", "conformance", "FHIRMapping", "FHIRFormats", "FHIRModel", "FHIRPath", "BSON",
        "CDefinitions",
        "DocumentStore", "TestSupport",
      ],
      swiftSettings: strict),
  ]
)
