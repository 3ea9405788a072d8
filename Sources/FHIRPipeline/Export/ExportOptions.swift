package import FHIRFormats
package import FHIRMapping

/// What an export writes, and of what.
package struct ExportOptions: Sendable {
  package enum Format: String, Sendable, CaseIterable {
    /// A folder of one NDJSON file a type, with a bulk-data manifest.
    case ndjson
    /// One Bundle; XML if the file's name ends so, else JSON.
    case bundle
    /// A folder of single files, JSON or XML.
    case json, xml
  }

  package var format = Format.ndjson
  /// Folder or file; `-` is standard output (a Bundle, or the lines of all types).
  package var out = "-"
  /// Resource types; nil for all.
  package var types: Set<String>?
  /// Patients' ids; nil for all.
  package var patients: Set<String>?
  /// Only what was imported under this source's prefix; nil for a database of one source.
  package var source: String?
  /// Only what was updated since this instant (`meta.lastUpdated`).
  package var since: InstantKey?
  /// `Type/id` where the target is known, or every reference as it came.
  package var references = ResourceDecoder.References.resolved
  package var pretty = false
  /// The base of a Bundle's `fullUrl`s.
  package var baseURL = ExportOptions.ownBaseURL
  /// Where no other is asked for.
  static let ownBaseURL = "https://fhirline.dev/fhir"
  package var workers = 2
  /// How much those read for whom it is written: XML beyond that is told of.
  package var reading = ReadOptions()
  /// File that names every field which could not be carried; nil for none.
  package var report: String?
  /// Whether files that are there may be replaced.
  package var overwrites = false

  package init() {}

  /// Whether resources of all types are the lines of one stream.
  var isStream: Bool { format == .ndjson && out == "-" }

  /// Whether resources are written as XML.
  package var isXML: Bool { format == .xml || format == .bundle && Path.format(of: out) == .xml }
}

/// What an export wrote.
package struct ExportSummary: Sendable, Equatable {
  package var database = ""
  /// Resources by type.
  package var types: [String: Int] = [:]
  /// References that are not written as `Type/id` and still find nothing.
  package var unresolvedReferences = 0
  /// Fields of documents that could not be carried, or are doubtful, by cause.
  package var causes: [Cause] = []
  package var noteCount = 0
  /// How many of them are errors: what the format cannot hold.
  package var errorCount = 0
  package var bytes = 0
  package var seconds = 0.0

  /// A field of a document, and why it could not be carried.
  package struct Note: Sendable, Equatable {
    package var kind: String
    /// The document's `_id`.
    package var id: String
    package var field: String
    package var reason: String
    /// Whether the format cannot hold it as the document does.
    package var isError = false
  }

  /// Notes of one kind of document, field and reason.
  package struct Cause: Sendable, Equatable {
    package var kind: String
    package var field: String
    package var reason: String
    package var count: Int
    /// In how many documents.
    package var documents = 1
    package var isError = false
    /// The `_id`s of the first documents.
    package var examples: [String]
  }

  package init() {}

  package var exitStatus: ExitStatus { errorCount > 0 ? .findings : .done }
  package var total: Int { types.values.reduce(0, +) }
}
