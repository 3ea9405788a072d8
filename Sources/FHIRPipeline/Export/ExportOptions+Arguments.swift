import FHIRFormats
import FHIRMapping
import FHIRModel

extension ExportOptions {
  /// The types named, each known to R4.
  package static func checkedTypes(_ names: [String]) throws -> Set<String> {
    var types: Set<String> = []
    for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
      var text = name
      guard text.withUTF8({ DefinitionTable.r4.resourceTypeID($0) }) != nil else {
        let meant = DefinitionTable.r4.closestResourceType(to: name).map { "; did you mean \($0)?" } ?? ""
        throw PipelineFailure(.usage, "--type: R4 has no resource type \(name)\(meant)")
      }
      types.insert(name)
    }
    return types
  }

  package mutating func setSince(_ text: String) throws {
    // A date alone means its beginning in UTC.
    guard let instant = InstantKey(text.contains("T") ? text : text + "T00:00:00Z") else {
      throw PipelineFailure(
        .usage, "--since: an instant such as 2024-03-01T00:00:00Z, or a date such as 2024-03-01, was expected"
      )
    }
    since = instant
  }

  /// - Throws: for what `import.source` could not have been.
  package mutating func setSource(_ name: String) throws {
    let allowed = name.utf8.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
      default: false
      }
    }
    guard allowed, (1...32).contains(name.utf8.count) else {
      throw PipelineFailure(.usage, "--source: up to 32 letters, digits and hyphens were expected")
    }
    source = name
  }

  /// - Throws: for what no `fullUrl` may begin with. See https://hl7.org/fhir/R4/bundle.html#bundle-unique
  package mutating func setBaseURL(_ text: String) throws {
    let isClean = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}?#".utf8.contains($0) }
    let hosts = ["http://", "https://"].filter(text.hasPrefix).map { text.dropFirst($0.count) }
    guard isClean, let host = hosts.first, let start = host.first, start != "/" else {
      throw PipelineFailure(
        .usage, "--base-url: a server's address such as https://fhir.example.org/r4 was expected")
    }
    guard format == .bundle else {
      throw PipelineFailure(
        .usage,
        "--base-url: entries of a Bundle have a fullUrl, and nothing of --format \(format.rawValue): use --format bundle, or leave it out"
      )
    }
    baseURL = text
    while baseURL.hasSuffix("/") { baseURL.removeLast() }
  }

  /// Throws where the format and what is to be written, a file or a folder, do not go together.
  package func checkOut() throws {
    let name = Path.format(of: out)
    switch format {
    case .bundle where name == .ndjson:
      throw PipelineFailure(
        .usage, "--out: a Bundle is one JSON or XML file: end its name in .json or .xml, as in all.json.gz")
    case .bundle: return
    case .json, .xml:
      guard out != "-" else {
        throw PipelineFailure(
          .usage, "--format \(format.rawValue) writes many files: give --out a folder")
      }
    case .ndjson: if out == "-" { return }
    }
    guard name == nil && !Path.isZipped(out) || Path.isFolder(out) else {
      throw PipelineFailure(
        .usage,
        "--out: --format \(format.rawValue) writes a folder, and \(out) is the name of a file: name a folder"
          + (format == .ndjson ? ", - for all lines on standard output," : "") + " or use --format bundle")
    }
  }

  package mutating func setReferences(original: Bool) { references = original ? .original : .resolved }
}

extension ExportRun {
  /// An export as the configuration wants it.
  package init(_ configuration: PipelineConfiguration, options: ExportOptions) throws {
    let mappings = try Database.mappings(configuration)
    var options = options
    configuration.limits.apply(to: &options.reading)
    if options.source == nil, !configuration.source.isEmpty { options.source = configuration.source }
    self.init(
      mappings: mappings, collections: try configuration.collectionNames(mappings), options: options)
    chart = configuration.chart
  }
}

extension ExportSummary {
  /// What was written, for people.
  package func lines(out: String) -> [String] {
    var lines: [String] = []
    if !types.isEmpty {
      let widest = types.keys.map(\.count).max() ?? 0
      let longest = types.values.map { Amount.grouped($0).count }.max() ?? 0
      for (type, count) in types.sorted(by: { $0.key < $1.key }) {
        let number = Amount.grouped(count)
        lines.append(
          "  " + type + String(repeating: " ", count: widest - type.count + 2 + longest - number.count)
            + number)
      }
    }
    lines += causeLines
    if unresolvedReferences > 0 {
      lines.append(
        "  \(Amount.of(unresolvedReferences, "reference")) found no target and "
          + (unresolvedReferences == 1 ? "stands as it was written" : "stand as they were written"))
    }
    lines.append(
      "  \(Amount.of(total, "resource")), \(Amount.bytes(bytes)), \(Amount.seconds(seconds))\(out == "-" ? "" : ": \(out)")"
    )
    return lines
  }
}
