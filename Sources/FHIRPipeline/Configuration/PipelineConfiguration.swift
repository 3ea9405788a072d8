import Glibc

/// What `pipeline.yml`, the environment and the flags settle before a run.
package struct PipelineConfiguration: Sendable, Equatable {
  package var uri: String?
  /// Who gave the URI, for messages: `MONGODB_URI`.
  package var uriOrigin: String?
  /// The database asked for by flag or environment: before the one that the URI names.
  package var chosenDatabase: String?
  /// Who asked for the database, for messages: `--database`.
  package var chosenDatabaseOrigin: String?
  /// The database for a URI that names none.
  package var database: String?
  /// Folder of the mapping files; nil for those built in.
  package var mappings: String?
  package var encounterClasses: Set<String> = []
  package var chart = ChartLayout.collection
  package var chartPageBytes = 8_000_000
  package var chartPageEntries = 20_000
  /// The collection of each document, by the document's name.
  package var collections: [String: String] = [:]
  /// Prefix of every `_id`, so that two sources' ids do not meet; empty for none.
  package var source = ""
  package var workers: Int?
  package var quarantine: String?
  /// Whether transaction Bundles are loaded all or nothing.
  package var honoursTransactions = true
  /// Whether all addresses of servers are of one and the same.
  package var hasOneServer = false
  package var limits = InputLimits()
  /// The packages that say what data must be, besides the core of R4.
  package var packages = PackageOptions()

  package init() {}

  /// Where the mapping files lie; nil for those built in.
  func mappingFolder() throws -> String? {
    guard let mappings, !Path.isFolder(mappings) else { return mappings }
    let fault =
      access(mappings, F_OK) == 0 ? "this is a file; a folder was expected" : "there is no such folder"
    throw PipelineFailure(
      .mapping, "\(mappings): \(fault); --mappings, or documents.mappings in the configuration, names it")
  }

  package static let documents = ["patient", "patient_chart", "provider", "appointment", "resource"]
  package static let defaultDatabase = "telehealth"
  package static let defaultURI = "mongodb://127.0.0.1:27017"
}
