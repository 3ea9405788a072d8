import ArgumentParser
import FHIRPipeline
import Foundation

/// The configuration file, for commands that ask it for nothing but what inputs may be.
struct ConfigurationOption: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  func configuration() throws -> PipelineConfiguration { try CommonOptions.configuration(file: config) }
}

/// Flags that several commands share.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Worker threads; the number of cores if not told.", valueName: "n"))
  var workers: Int?

  @Flag(help: "Say nothing but what was asked for.")
  var quiet = false

  @Flag(help: "Show no progress.")
  var noProgress = false

  func validate() throws {
    if let workers, !(1...64).contains(workers) {
      throw ValidationError("--workers takes a number from 1 to 64.")
    }
  }

  /// The configuration file's settings, with the environment's and these flags' before them.
  func configuration() throws -> PipelineConfiguration {
    var configuration = try CommonOptions.configuration(file: config)
    if let workers { configuration.workers = workers }
    return configuration
  }

  /// The settings of a configuration file, or of the one that is found, with the environment's before them.
  static func configuration(file: String?) throws -> PipelineConfiguration {
    let environment = ProcessInfo.processInfo.environment
    var configuration = try ConfigurationReader.read(path: file ?? environment["FHIRLINE_CONFIG"])
    if let uri = environment["MONGODB_URI"] {
      (configuration.uri, configuration.uriOrigin) = (uri, "MONGODB_URI")
    }
    if let database = environment["FHIRLINE_DATABASE"] {
      (configuration.chosenDatabase, configuration.chosenDatabaseOrigin) = (database, "FHIRLINE_DATABASE")
    }
    if let text = environment["FHIRLINE_WORKERS"] {
      guard let workers = Int(text), (1...64).contains(workers) else {
        throw PipelineFailure(.configuration, "FHIRLINE_WORKERS: a number from 1 to 64 was expected")
      }
      configuration.workers = workers
    }
    return configuration
  }

  /// Worker threads for this run.
  func workerCount(_ configuration: PipelineConfiguration) -> Int {
    configuration.workers ?? max(1, min(64, ProcessInfo.processInfo.activeProcessorCount))
  }
}

/// Where MongoDB is, for the commands that talk to it.
struct DatabaseOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The database, if not the one that the URI names.", valueName: "name"))
  var database: String?

  @Option(
    help: ArgumentHelp(
      "A file that holds the MongoDB URI, so that no password stands on the command line.", valueName: "file")
  )
  var uriFile: String?

  @Option(help: ArgumentHelp("The folder of the mapping files.", valueName: "folder"))
  var mappings: String?

  func apply(uri: String?, to configuration: inout PipelineConfiguration) throws {
    if let uriFile {
      configuration.uri = try TextFile.read(uriFile, .configuration)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      configuration.uriOrigin = uriFile
    }
    if let uri { (configuration.uri, configuration.uriOrigin) = (uri, nil) }
    if let database {
      (configuration.chosenDatabase, configuration.chosenDatabaseOrigin) = (database, "--database")
    }
    if let mappings { configuration.mappings = mappings }
  }
}
