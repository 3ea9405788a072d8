package import FHIRFormats
import Foundation

/// A file, or standard input, that a run reads.
package struct InputFile: Sendable {
  /// As the user knows it, and as it may be shown: `bundles/a.json`, or `<stdin>`.
  package let name: String
  /// Where it is; nil for what gives its bytes only once.
  package let path: String?
  /// The pipe or device to be read where there is no file; nil for standard input.
  private var pipe: String?
  /// Whether Bundles in it are resources to be kept whole, as a manifest beside it says, and not containers of resources.
  package var keepsBundles = false
  /// What resources in it are called that came without an id, as a manifest tells it.
  var names: ResourceNames?
  /// Whether every entry of a Bundle in it is read, though others of its resources may be passed over.
  var givesAllEntries = false
  /// Size in bytes as stored (compressed for `.gz`); 0 when unknown.
  package let size: Int

  /// The file behind the path, where it has no name of its own.
  var temporary: TemporaryFile?

  package static let standardInput = InputFile(name: "<stdin>", path: nil, size: 0)

  package init(name: String, path: String?, size: Int) {
    self.name = FindingText.printable(name)
    self.path = path
    self.size = size
  }

  /// What a user named, as it is: a file, or a pipe (`<(gunzip -c …)`, `/dev/stdin`).
  private init(named path: String) {
    var status = stat()
    let isKnown = stat(path, &status) == 0
    if isKnown, status.st_mode & S_IFMT != S_IFREG {
      self.init(name: path, path: nil, size: 0)
      pipe = path
    } else {
      self.init(name: path, path: path, size: isKnown ? Int(status.st_size) : 0)
    }
  }

  /// Opens a reader over the file from its start.
  package func open(options: ReadOptions = ReadOptions()) throws -> ResourceReader {
    var options = options
    if keepsBundles { options.splitBundles = false }
    if givesAllEntries { options.skipsEntries = false }
    return try ResourceReader(source: source(), name: name, options: options)
  }

  /// Its bytes from the start.
  package func source() throws(ReadFailure) -> any ByteSource {
    if let path = path ?? pipe { return try FileSource(path) }
    return StandardInput()
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
    var manifests = InputManifests()
    func add(_ file: InputFile) {
      guard seen.insert(file.path ?? file.pipe ?? "-").inserted else { return }
      var file = file
      if let path = file.path {
        file.keepsBundles = manifests.keepsBundles(path)
        file.names = manifests.names(in: path)
      }
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
          let contents = try FolderContents(of: argument, looksLikeFHIR: looksLikeFHIR)
          contents.notices.forEach(say)
          guard !contents.files.isEmpty else {
            throw PipelineFailure(
              .input,
              "\(argument): no FHIR files in this folder (looked for .json, .ndjson and .xml, also with .gz)")
          }
          for path in contents.files { add(InputFile(named: path)) }
        } else {
          add(InputFile(named: argument))
        }
      } else if argument.contains(where: { "*?[".contains($0) }) {
        let files = matches(argument)
        guard !files.isEmpty else {
          throw PipelineFailure(.input, "\(argument): no file matches this pattern")
        }
        for path in files { add(InputFile(named: path)) }
      } else {
        throw PipelineFailure(.input, "\(argument): no such file or folder")
      }
    }
    return found
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
