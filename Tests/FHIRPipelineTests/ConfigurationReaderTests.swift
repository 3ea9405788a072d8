import FHIRPipeline
import Testing

@Suite struct ConfigurationReaderTests {
  @Test func `settings are read`() throws {
    let configuration = try ConfigurationReader.parse(
      """
      mongodb:
        uri: mongodb://example.org:27017
        database: clinic
      documents:
        chart_page_bytes: 4000000
        collections: { patient: patients }
      import:
        source: north
        workers: 3
      validation:
        packages: [hl7.fhir.us.core#3.1.1, own.tgz]
        package_cache: /packages
      limits:
        unzipped_bytes: 5000000
        depth: 40
      """, file: "pipeline.yml")
    #expect(configuration.uri == "mongodb://example.org:27017")
    #expect(configuration.database == "clinic")
    #expect(configuration.chartPageBytes == 4_000_000)
    #expect(configuration.collections == ["patient": "patients"])
    #expect(configuration.source == "north")
    #expect(configuration.workers == 3)
    #expect(configuration.packages.packages == ["hl7.fhir.us.core#3.1.1", "own.tgz"])
    #expect(configuration.packages.cache == "/packages")
    #expect(configuration.limits.unzippedBytes == 5_000_000 && configuration.limits.depth == 40)
    #expect(configuration.limits.unzippedRatio == 400)
  }

  @Test func `an empty file is all defaults`() throws {
    #expect(try ConfigurationReader.parse("# nothing\n", file: "f") == PipelineConfiguration())
  }

  @Test(arguments: [
    ("mongodb:\n  ur: x\n", "f:2:3: mongodb: there is no setting `ur`; expected one of: database, uri"),
    ("import:\n  workers: many\n", "f:2:12: import.workers: a whole number from 1 to 64 was expected"),
    ("import:\n  source: a/b\n", "f:2:11: import.source: up to 32 letters, digits and hyphens were expected"),
    ("validation:\n  packages: a\n", "f:2:13: validation.packages: a list was expected"),
    (
      "limits:\n  depth: 3\n",
      "f:2:10: limits.depth: a whole number from 16 to 1000 was expected"
    ),
    ("documents: 7\n", "f:1:12: documents: a list of `key: value` lines was expected here"),
  ])
  func `a mistake is told with its place and what was expected`(text: String, message: String) {
    let failure = #expect(throws: PipelineFailure.self) { try ConfigurationReader.parse(text, file: "f") }
    #expect(failure?.message == message)
    #expect(failure?.exitStatus == .couldNotRun)
  }

  @Test func `what is no YAML is told with its place`() {
    let failure = #expect(throws: PipelineFailure.self) {
      try ConfigurationReader.parse("import:\n  source: \"x\n", file: "f")
    }
    #expect(failure?.message.hasPrefix("f:") == true)
    #expect(failure?.message.contains("not valid YAML") == true)
  }
}
