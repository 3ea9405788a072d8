package import FHIRFormats
import Foundation

/// A file, or standard input, that a run reads.
package struct InputFile: Sendable {
  /// As the user knows it: `bundles/a.json`, or `<stdin>`.
  package let name: String
  /// Where it is; nil for standard input.
  package let path: String?
  /// Whether Bundles in it are resources to be kept whole, as a manifest beside it says, and not containers of resources.
  package var keepsBundles = false
  /// Whether every entry of a Bundle in it is read, though others of its resources may be passed over.
  var givesAllEntries = false
  /// Size in bytes as stored (compressed for `.gz`); 0 when unknown.
  package let size: Int

  /// The file behind the path, where it has no name of its own.
  var temporary: TemporaryFile?

  package static let standardInput = InputFile(name: "<stdin>", path: nil, size: 0)

  package init(name: String, path: String?, size: Int) {
    self.name = name
    self.path = path
    self.size = size
  }

  /// Opens a reader over the file from its start.
  package func open(options: ReadOptions = ReadOptions()) throws -> ResourceReader {
    var options = options
    if keepsBundles { options.splitBundles = false }
    if givesAllEntries { options.skipsEntries = false }
    if let path {
      return try ResourceReader(source: FileSource(path), name: name, options: options)
    }
    return try ResourceReader(source: StandardInput(), name: name, options: options)
  }

  private static let suffixes = [".json", ".ndjson", ".jsonl", ".xml"]

  private static func looksLikeFHIR(_ name: String) -> Bool {
    let lower = name.lowercased()
    let stem = lower.hasSuffix(".gz") ? String(lower.dropLast(3)) : lower
    return suffixes.contains { stem.hasSuffix($0) }
  }

  /// Finds the files behind what the user named: files as they are, folders with all their FHIR-like files below,
  /// patterns (`data/*.json`), `-` for standard input. In the order named; within a folder, by path.
  ///
  /// - Parameter say: takes a line about files of a folder that are left out.
  package static func find(_ arguments: [String], say: (String) -> Void = { _ in }) throws -> [InputFile] {
    var found: [InputFile] = []
    var seen: Set<String> = []
    var manifests = BundleManifests()
    func add(_ file: InputFile) {
      guard seen.insert(file.path ?? "-").inserted else { return }
      var file = file
      file.keepsBundles = file.path.map { manifests.keepsBundles($0) } ?? false
      found.append(file)
    }
    for argument in arguments {
      if argument == "-" {
        add(.standardInput)
        continue
      }
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) {
        if isFolder.boolValue {
          let (files, others) = try filesBelow(argument)
          guard !files.isEmpty else {
            throw PipelineFailure(
              .input,
              "\(argument): no FHIR files in this folder (looked for .json, .ndjson and .xml, also with .gz)")
          }
          files.forEach(add)
          if !others.isEmpty { say(leftOut(others, of: argument)) }
        } else {
          add(InputFile(name: argument, path: argument, size: size(of: argument)))
        }
      } else if argument.contains(where: { "*?[".contains($0) }) {
        let files = matches(argument)
        guard !files.isEmpty else {
          throw PipelineFailure(.input, "\(argument): no file matches this pattern")
        }
        for path in files { add(InputFile(name: path, path: path, size: size(of: path))) }
      } else {
        throw PipelineFailure(.input, "\(argument): no such file or folder")
      }
    }
    return found
  }

  private static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The files with resources in a folder and below, and the names of all others.
  private static func filesBelow(_ folder: String) throws -> (files: [InputFile], others: [String]) {
    let names: [String]
    do {
      names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    } catch {
      throw PipelineFailure(.input, "\(folder): this folder cannot be read")
    }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    var files: [InputFile] = []
    var others: [String] = []
    for name in names.sorted() {
      // Hidden files, and a bulk export's manifest, are no resources.
      if name.hasSuffix("manifest.json") || name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
      {
        continue
      }
      let path = prefix + name
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
        continue
      }
      guard looksLikeFHIR(name) else {
        others.append(name)
        continue
      }
      files.append(InputFile(name: path, path: path, size: size(of: path)))
    }
    return (files, others)
  }

  /// `data: 3 files are left out (.csv, .pdf): …`
  private static func leftOut(_ names: [String], of folder: String) -> String {
    let suffixes = Set(
      names.map { name in
        let last = name.split(separator: "/").last ?? ""
        return last.lastIndex(of: ".").map { String(last[$0...]) } ?? "without a suffix"
      }
    ).sorted()
    let some = suffixes.prefix(5).joined(separator: ", ") + (suffixes.count > 5 ? ", …" : "")
    return
      "\(folder): \(Amount.of(names.count, "file")) left out (\(some)): .json, .ndjson, .jsonl and .xml are read, also "
      + "with .gz; name a file itself to have it read all the same"
  }

  private static func matches(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      // glob(3) gives gl_pathc paths, each a terminated string.
      result.gl_pathv[index].map { String(cString: $0) }
    }
    .sorted()
  }
}
