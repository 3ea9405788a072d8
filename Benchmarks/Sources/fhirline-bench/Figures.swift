/// What `fhirline measure --json` says of one stage.
struct StageFigures: Codable {
  var stage: String
  var workers: Int
  var files: Int
  var bytes: Int
  var resources: Int
  var errors: Int
  var documents: Int
  var documentBytes: Int
  var runs: Int
  var best: Double
  var median: Double
  var processor: Double
  var peakMemory: Int
}

/// One line of the report.
struct Row: Codable {
  var name: String
  var workers: Int?
  /// What the rate counts: bytes of the source, of NDJSON, or of BSON.
  var bytes: Int
  var resources: Int?
  /// Wall seconds of the best run and of the one in the middle.
  var best: Double
  var median: Double
  /// Processor seconds of the best run.
  var processor: Double?
  var peakMemory: Int?

  var bytesPerSecond: Double { Double(bytes) / max(best, 1e-9) }
}

/// A part of the report: what was measured on the same inputs.
struct Section: Codable {
  var title: String
  var rows: [Row] = []
}

/// One of the aims that the project has set itself.
struct Target: Codable {
  var name: String
  var measured: Double
  var unit: String
  var bound: Double
  var isLeast: Bool

  var isMet: Bool { isLeast ? measured >= bound : measured <= bound }
}

struct Report: Codable {
  /// Programs that wanted a processor while this was measured, at the start; more than there are is a warning.
  var load: Double
  var processors: Int
  var sections: [Section] = []
  var targets: [Target] = []
  var notes: [String] = []
}

extension [Double] {
  var median: Double { isEmpty ? 0 : sorted()[count / 2] }

  var best: Double { self.min() ?? 0 }
}
