import FHIRMapping
import Foundation
import Yams

/// Reads `pipeline.yml`; every mistake in it is told with its line and what was expected.
package enum ConfigurationReader {
  /// Reads the file named, or `pipeline.yml` in the working folder where there is one.
  package static func read(path: String?) throws -> PipelineConfiguration {
    let file = path ?? "pipeline.yml"
    guard FileManager.default.fileExists(atPath: file) else {
      if path == nil { return PipelineConfiguration() }
      throw PipelineFailure(.configuration, "\(file): no such configuration file")
    }
    var configuration = try parse(try TextFile.read(file, .configuration), file: file)
    let folder = Path.folder(of: file)
    if let mappings = configuration.mappings, !mappings.hasPrefix("/") {
      configuration.mappings = folder.isEmpty ? mappings : folder + "/" + mappings
    }
    if !folder.isEmpty { configuration.packages.resolve(against: folder) }
    return configuration
  }

  package static func parse(_ text: String, file: String) throws -> PipelineConfiguration {
    var configuration = PipelineConfiguration()
    let root: Node?
    do {
      // Every setting knows what kind of value it takes.
      root = try Yams.compose(yaml: text, .basic)
    } catch let error as YamlError {
      throw PipelineFailure(.configuration, syntaxMessage(error, file: file))
    }
    guard let root, root.scalar?.string.isEmpty != true else { return configuration }
    let reader = Section(file: file, name: "the file", node: root)
    try reader.read([
      "mongodb": { node in
        try Section(file: file, name: "mongodb", node: node).read([
          "uri": {
            configuration.uri = try Section.string($0, file, "mongodb.uri")
            configuration.uriOrigin = Section.place($0, file) + ": mongodb.uri"
          },
          "database": { configuration.database = try Section.databaseName($0, file, "mongodb.database") },
        ])
      },
      "documents": { node in
        try Section(file: file, name: "documents", node: node).read([
          "mappings": { configuration.mappings = try Section.string($0, file, "documents.mappings") },
          "appointments_from_encounters": {
            let classes = try Section.strings($0, file, "documents.appointments_from_encounters")
            configuration.encounterClasses = Set(classes)
          },
          "chart": {
            let text = try Section.string($0, file, "documents.chart")
            guard let layout = ChartLayout(rawValue: text) else {
              throw Section.failure($0, file, "documents.chart: collection, embedded or both was expected")
            }
            configuration.chart = layout
          },
          "chart_page_entries": {
            configuration.chartPageEntries = try Section.integer(
              $0, file, "documents.chart_page_entries", in: 100...1_000_000)
          },
          "chart_page_bytes": {
            configuration.chartPageBytes = try Section.integer(
              $0, file, "documents.chart_page_bytes", in: 10_000...12_000_000)
          },
          "collections": { node in
            var readers: [String: (Node) throws -> Void] = [:]
            for document in PipelineConfiguration.documents {
              readers[document] = {
                let setting = "documents.collections.\(document)"
                configuration.collections[document] = try Section.collectionName($0, file, setting)
                try checkCollections(configuration, after: $0, file, setting)
              }
            }
            try Section(file: file, name: "documents.collections", node: node).read(readers)
          },
        ])
      },
      "validation": { node in
        try Section(file: file, name: "validation", node: node).read([
          "packages": {
            configuration.packages.packages = try Section.strings($0, file, "validation.packages")
          },
          "package_cache": {
            configuration.packages.cache = try Section.string($0, file, "validation.package_cache")
          },
        ])
      },
      "import": { node in
        try Section(file: file, name: "import", node: node).read([
          "source": { configuration.source = try Section.identifier($0, file, "import.source") },
          "workers": { configuration.workers = try Section.integer($0, file, "import.workers", in: 1...64) },
          "transactions": {
            configuration.honoursTransactions = try Section.boolean($0, file, "import.transactions")
          },
          "one_server": { configuration.hasOneServer = try Section.boolean($0, file, "import.one_server") },
          "quarantine": { configuration.quarantine = try Section.string($0, file, "import.quarantine") },
        ])
      },
      "limits": { node in configuration.limits = try limits(node, file) },
    ])
    return configuration
  }

  private static func limits(_ node: Node, _ file: String) throws -> InputLimits {
    var limits = InputLimits()
    try Section(file: file, name: "limits", node: node).read([
      "unzipped_bytes": {
        limits.unzippedBytes = try Section.integer(
          $0, file, "limits.unzipped_bytes", in: 1_000_000...1_000_000_000_000_000)
      },
      "unzipped_ratio": {
        limits.unzippedRatio = try Section.integer($0, file, "limits.unzipped_ratio", in: 10...2000)
      },
      "resource_bytes": {
        limits.resourceBytes = try Section.integer(
          $0, file, "limits.resource_bytes", in: 1_000_000...4_000_000_000)
      },
      "elements": {
        limits.elements = try Section.integer($0, file, "limits.elements", in: 10_000...100_000_000)
      },
      "depth": { limits.depth = try Section.integer($0, file, "limits.depth", in: 16...1000) },
    ])
    return limits
  }

  /// Documents of two kinds may have one `_id`: each kind needs a collection of its own.
  private static func checkCollections(
    _ configuration: PipelineConfiguration, after node: Node, _ file: String, _ setting: String
  ) throws {
    let document = setting.split(separator: ".").last.map(String.init)
    for other in PipelineConfiguration.documents where other != document {
      guard let name = configuration.collections[other], name == node.scalar?.string else { continue }
      throw Section.failure(
        node, file, "\(setting): a collection of its own was expected; this one is that of \(other)")
    }
  }

  static func syntaxMessage(_ error: YamlError, file: String) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "\(file):\(mark.line):\(mark.column): this is not valid YAML: \(problem)\(hint(problem))"
    case .duplicatedKeysInMapping(let names, let context):
      "\(file):\(context.mark.line):\(context.mark.column): "
        + "\(names.sorted().joined(separator: ", ")): each setting may stand once only"
    default:
      "\(file): this is not valid YAML"
    }
  }

  /// What libyaml's words mean to somebody who does not know YAML by heart.
  private static func hint(_ problem: String) -> String {
    problem.contains("cannot start any token")
      ? "; lines are indented with spaces, not with tabs, and a text that begins with @, ` or % stands in quotes"
      : ""
  }

  /// A mapping of known keys.
  private struct Section {
    let file: String
    let name: String
    let node: Node

    func read(_ readers: [String: (Node) throws -> Void]) throws {
      guard let mapping = node.mapping else {
        throw Section.failure(node, file, "\(name): a list of `key: value` lines was expected here")
      }
      for (key, value) in mapping {
        guard let text = key.string, let reader = readers[text] else {
          let known = readers.keys.sorted().joined(separator: ", ")
          throw Section.failure(
            key, file, "\(name): there is no setting `\(key.string ?? "?")`; expected one of: \(known)")
        }
        if value.null != nil && value.scalar?.string.isEmpty ?? true { continue }
        try reader(value)
      }
    }

    static func string(_ node: Node, _ file: String, _ name: String) throws -> String {
      guard let text = node.scalar?.string, !text.isEmpty else {
        throw failure(node, file, "\(name): a text was expected")
      }
      return text
    }

    static func strings(_ node: Node, _ file: String, _ name: String) throws -> [String] {
      guard let sequence = node.sequence else { throw failure(node, file, "\(name): a list was expected") }
      return try sequence.map { try string($0, file, name) }
    }

    /// See https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
    static func databaseName(_ node: Node, _ file: String, _ name: String) throws -> String {
      let text = try string(node, file, name)
      guard text.utf8.count <= 63, !text.contains(where: { "/\\. \"$*<>:|?\0".contains($0) }) else {
        throw failure(
          node, file, "\(name): up to 63 bytes were expected, and none of / \\ . \" $ * < > : | ? or a space")
      }
      return text
    }

    static func collectionName(_ node: Node, _ file: String, _ name: String) throws -> String {
      let text = try string(node, file, name)
      guard CollectionName.isAllowed(text) else {
        throw failure(node, file, "\(name): the name of a collection was expected: \(CollectionName.form)")
      }
      return text
    }

    static func integer(_ node: Node, _ file: String, _ name: String, in range: ClosedRange<Int>) throws
      -> Int
    {
      guard let text = node.scalar?.string, let value = Int(text), range.contains(value) else {
        throw failure(
          node, file, "\(name): a whole number from \(range.lowerBound) to \(range.upperBound) was expected")
      }
      return value
    }

    static func boolean(_ node: Node, _ file: String, _ name: String) throws -> Bool {
      switch node.scalar?.string {
      case "true": return true
      case "false": return false
      default: throw failure(node, file, "\(name): true or false was expected")
      }
    }

    /// A prefix that may stand in a FHIR id.
    static func identifier(_ node: Node, _ file: String, _ name: String) throws -> String {
      let text = try string(node, file, name)
      let allowed = text.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
      }
      guard allowed, text.count <= 32 else {
        throw failure(node, file, "\(name): up to 32 letters, digits and hyphens were expected")
      }
      return text
    }

    static func failure(_ node: Node, _ file: String, _ message: String) -> PipelineFailure {
      PipelineFailure(.configuration, "\(place(node, file)): \(message)")
    }

    static func place(_ node: Node, _ file: String) -> String {
      file + (node.mark.map { ":\($0.line):\($0.column)" } ?? "")
    }
  }
}
