import FHIRModel
import Foundation

/// A folder with an NDJSON file for each type, and the manifest that names them.
///
/// See https://hl7.org/fhir/uv/bulkdata/export.html
///
/// The manifest is begun before anything else: as long as it is not whole it tells whose folder this is, to others that would export
/// there at the same time, and to the next export where this one is killed.
struct LineFiles: ExportSink {
  private let folder: String
  private let manifest: OutputFile
  private let transactionTime: String
  private var files: [String: OutputFile] = [:]
  private var counts: [String: Int] = [:]
  private var unnamed = UnnamedResources()
  /// What an earlier export left in the folder.
  private let earlier: [String]

  init(folder: String, transactionTime: String, overwrites: Bool) throws {
    self.folder = folder
    self.transactionTime = transactionTime
    try OutputFile.makeFolder(folder)
    let present = try OutputFile.names(in: folder)
    let isExport = present.contains {
      [Self.manifestName, Self.manifestName + OutputFile.partialSuffix].contains($0)
    }
    guard isExport || overwrites || present.allSatisfy(Self.isPartial) else {
      throw PipelineFailure.holdsOthers(folder)
    }
    manifest = try OutputFile(path: folder + "/" + Self.manifestName)
    // What an export that was killed left.
    for name in present where Self.isPartial(name) {
      try OutputFile.remove(folder + "/" + name)
    }
    if isExport || present.allSatisfy(Self.isPartial) { try OutputFile.makeOwnFolder(folder) }
    // What is there beside one that was killed may be somebody else's, whatever its name.
    let isWhole = present.contains(Self.manifestName)
    earlier = isExport ? present.filter { $0.hasSuffix(".ndjson") && (isWhole || Self.isOfExport($0)) } : []
  }

  private static let manifestName = ExportManifest.name

  /// Whether an export names a file so.
  private static func isOfExport(_ name: String) -> Bool {
    let types = DefinitionTable.r4.resourceTypes.map { DefinitionTable.r4.name(of: $0) + ".ndjson" }
    return types.contains(name) || name.wholeMatch(of: /x-[0-9a-f\-]{36}\.ndjson/) != nil
  }

  /// Whether a file is one that an export had begun and not ended.
  private static func isPartial(_ name: String) -> Bool {
    name.hasSuffix(".ndjson" + OutputFile.partialSuffix)
  }

  var byteCount: Int { files.values.reduce(0) { $0 + $1.byteCount } }

  mutating func write(_ batch: ExportBatch) throws {
    var rest = batch.items[...]
    while let first = rest.first {
      // Resources of one type come one after another.
      let run = rest.prefix { $0.type == first.type }
      rest = rest[run.endIndex...]
      let file: OutputFile
      if let open = files[first.type] {
        file = open
      } else {
        file = try OutputFile(path: folder + "/" + OutputFile.name(ofType: first.type) + ".ndjson")
        files[first.type] = file
      }
      try file.write(batch.text(first.range.lowerBound..<run[run.endIndex - 1].range.upperBound + 1))
      let lines = counts[first.type, default: 0]
      for (number, item) in run.enumerated() {
        guard let url = item.fullURL else { continue }
        unnamed.add(
          item.type, at: "\(lines + number + 1)", url, hash: ResourceNames.hash(batch.text(item.range)))
      }
      counts[first.type] = lines + run.count
    }
  }

  mutating func finish(_ summary: ExportSummary) throws {
    for file in files.values { try file.flush() }
    // From here on files have their names: the manifest that is begun says that they are no whole export.
    manifest.stay()
    // There is room for all of it: what an earlier export wrote goes, so that no type of it stays behind.
    if OutputFile.exists(folder + "/" + Self.manifestName) {
      try OutputFile.remove(folder + "/" + Self.manifestName)
    }
    for name in earlier { try OutputFile.remove(folder + "/" + name) }
    for file in files.values { try file.finish() }
    try ExportManifest(transactionTime: transactionTime, counts: counts, unnamed: unnamed) {
      OutputFile.name(ofType: $0) + ".ndjson"
    }.write(summary, into: manifest)
  }
}

extension PipelineFailure {
  fileprivate static func holdsOthers(_ folder: String) -> PipelineFailure {
    PipelineFailure(
      .output, "\(folder): this folder holds other files; name an empty one, or use --overwrite")
  }
}

/// The lines of all types in one stream.
struct LineStream: ExportSink {
  private let file: OutputFile

  init(path: String) throws { file = try OutputFile(path: path) }

  var byteCount: Int { file.byteCount }

  mutating func write(_ batch: ExportBatch) throws {
    guard let last = batch.items.last else { return }
    try file.write(batch.text(0..<last.range.upperBound + 1))
  }

  mutating func finish(_ summary: ExportSummary) throws { try file.finish() }
}

/// A folder with a folder for each type and a file for each resource, and a manifest of the folders.
struct SingleFiles: ExportSink {
  private let folder: String
  private let suffix: String
  private let transactionTime: String
  private var counts: [String: Int] = [:]
  private var unnamed = UnnamedResources()
  private var folders: Set<String> = []
  /// Hashes of the names that were given, where files that were there before hide what the folder would tell.
  private var names: Set<UInt64>?
  private(set) var byteCount = 0

  init(folder: String, suffix: String, transactionTime: String, overwrites: Bool) throws {
    self.folder = folder
    self.suffix = suffix
    self.transactionTime = transactionTime
    try OutputFile.makeFolder(folder)
    // Files of an earlier export cannot be told from others: those of resources that are gone would stay behind.
    let isEmpty = try OutputFile.names(in: folder).isEmpty
    guard overwrites || isEmpty else { throw PipelineFailure.holdsOthers(folder) }
    if isEmpty { try OutputFile.makeOwnFolder(folder) }
    names = isEmpty ? nil : []
  }

  /// Whether no other resource of this export has the name, which is taken from now on.
  private mutating func take(_ name: String) -> Bool {
    if names != nil { return names?.insert(NameHash.of(name)).inserted ?? true }
    return !OutputFile.exists("\(folder)/\(name).\(suffix)")
  }

  mutating func write(_ batch: ExportBatch) throws {
    for item in batch.items {
      let type = OutputFile.name(ofType: item.type)
      if folders.insert(type).inserted { try OutputFile.makeFolder(type, within: folder) }
      let stem = "\(type)/\(SingleFiles.fileName(item.id))"
      var name = stem
      var number = 1
      // Two sources may have the same id: neither takes the other's place.
      while !take(name) {
        number += 1
        name = "\(stem)_\(number)"
      }
      do {
        let file = try OutputFile(path: "\(folder)/\(name).\(suffix)")
        try file.write(batch.text(item.range.lowerBound..<item.range.upperBound + 1))
        try file.finish()
        byteCount += file.byteCount
        counts[item.type, default: 0] += 1
        if let url = item.fullURL {
          unnamed.add(item.type, at: "\(name.dropFirst(type.count + 1)).\(suffix)", url)
        }
      } catch let failure as PipelineFailure where failure.code == .stopped {
        throw PipelineFailure(
          .stopped,
          failure.message + " with --overwrite: \(Amount.of(counts.values.reduce(0, +), "file")) stay there")
      }
    }
  }

  mutating func finish(_ summary: ExportSummary) throws {
    try ExportManifest(transactionTime: transactionTime, counts: counts, unnamed: unnamed) {
      OutputFile.name(ofType: $0) + "/"
    }.write(summary, into: try OutputFile(path: folder + "/" + ExportManifest.name))
  }

  /// An id as a file's name: whatever is no FHIR id character is left out, so that no id leads out of the folder.
  private static func fileName(_ id: String) -> String {
    let kept = id.unicodeScalars.filter {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
        || $0 == "."
    }
    let name = String(String.UnicodeScalarView(kept))
    return name == id && !name.hasPrefix(".") ? name : ContentHash.uuid(of: id)
  }
}

/// One Bundle of type collection, JSON or XML, written entry by entry.
struct BundleFile: ExportSink {
  private let file: OutputFile
  private let isXML: Bool
  private var entries = 0

  init(path: String, isXML: Bool) throws {
    file = try OutputFile(path: path)
    self.isXML = isXML
    try file.write(
      isXML
        ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Bundle xmlns=\"http://hl7.org/fhir\">\n<type value=\"collection\"/>\n"
        : "{\"resourceType\":\"Bundle\",\"type\":\"collection\"")
  }

  var byteCount: Int { file.byteCount }

  mutating func write(_ batch: ExportBatch) throws {
    for item in batch.items {
      if !isXML { try file.write(entries == 0 ? ",\"entry\":[\n" : ",\n") }
      try file.write(batch.text(item.range))
      if isXML { try file.write("\n") }
      entries += 1
    }
  }

  mutating func finish(_ summary: ExportSummary) throws {
    try file.write(isXML ? "</Bundle>\n" : entries == 0 ? "}\n" : "\n]}\n")
    try file.finish()
  }
}
