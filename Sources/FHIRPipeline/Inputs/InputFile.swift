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
  /// What a manifest beside it says that it holds.
  package var contents = Contents.resources
  /// How many resources a manifest beside it says that it has.
  var expectedCount: Int?

  /// Why a file that was read to its end is not whole: one that was cut where a line ends looks as if it were. nil where it is, or nobody
  /// says how long it ought to be.
  ///
  /// - Parameter count: how many resources it has.
  func shortfall(having count: Int) -> String? {
    guard let expected = expectedCount, count < expected else { return nil }
    return
      "has \(Amount.of(count, "resource")), and the manifest beside it says \(Amount.grouped(expected)): not all of the file was fetched"
  }
  /// What resources in it are called that came without an id, as a manifest tells it.
  var names: ResourceNames?
  /// Why it cannot be read, where that is known before anybody tries.
  private var failure: ReadFailure?
  /// Whether every entry of a Bundle in it is read, though others of its resources may be passed over.
  var givesAllEntries = false
  /// Size in bytes as stored (compressed for `.gz`); 0 when unknown.
  package let size: Int

  package enum Contents: Sendable {
    case resources
    /// Bundles in it are resources to be kept whole, and not containers of resources.
    case bundlesAsResources
    /// Bundles in it say what was deleted: what stands there by itself is no data.
    case deletions
    /// OperationOutcomes in it are what a server has to say of an export, and no data.
    case serverMessages
  }

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

  /// What is known to be unreadable: whoever reads it is told so.
  private init(unreadable failure: ReadFailure) {
    self.init(name: failure.path, path: failure.path, size: 0)
    self.failure = failure
  }

  /// Opens a reader over the file from its start.
  package func open(options: ReadOptions = ReadOptions()) throws -> ResourceReader {
    var options = options
    if case .bundlesAsResources = contents { options.splitBundles = false }
    if givesAllEntries { options.skipsEntries = false }
    return try ResourceReader(source: source(), name: name, options: options)
  }

  /// Its bytes from the start.
  package func source() throws(ReadFailure) -> any ByteSource {
    if let failure { throw failure }
    if let path = path ?? pipe { return try FileSource(path) }
    return StandardInput()
  }

  /// Makes sure that what is written takes the place of nothing that is read, by whatever name.
  ///
  /// - Parameter output: nil for standard output.
  static func keep(_ files: [InputFile], from output: String?) throws {
    guard let output, let identity = Path.identity(of: output) else { return }
    for file in files where file.path.map(Path.identity) == identity {
      throw PipelineFailure(.usage, "\(output): the output would overwrite the input")
    }
  }

  private static func looksLikeFHIR(_ name: String) -> Bool { Path.format(of: name) != nil }

  /// Finds the files behind what the user named: files as they are, folders with all their FHIR-like files below,
  /// patterns (`data/*.json`), `-` for standard input; for a bulk export's manifest what it names. In the order named; within a folder, by
  /// path.
  ///
  /// What a manifest names and is not there is among them, and so is what of a folder is not to be read.
  ///
  /// - Parameter say: takes a line about files that are left out.
  package static func find(_ arguments: [String], say: @escaping (String) -> Void = { _ in }) throws
    -> [InputFile]
  {
    var found = FoundFiles(say: say)
    for argument in arguments {
      var isFolder: ObjCBool = false
      if argument == "-" {
        found.add(.standardInput)
      } else if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) {
        try found.add(isFolder.boolValue ? .folder : .file, argument)
      } else if argument.contains(where: { "*?[".contains($0) }) {
        let files = matches(argument)
        guard !files.isEmpty else {
          throw PipelineFailure(.input, "\(argument): no file matches this pattern")
        }
        for (path, isText) in files {
          if isText {
            try found.add(Path.isFolder(path) ? .folder : .file, path)
          } else {
            found.add(InputFile(unreadable: .unnamed(path)))
          }
        }
      } else if argument.isEmpty {
        throw PipelineFailure(.input, "the name given for an input is empty")
      } else {
        let reason = ReadFailure.deadLink(argument) ?? "no such file or folder"
        throw PipelineFailure(.input, "\(argument): \(reason)")
      }
    }
    guard !found.files.isEmpty || found.hasExportOfNothing || arguments.isEmpty else {
      throw PipelineFailure(
        .input,
        "\(arguments.joined(separator: ", ")): no file that this names is here: name the files themselves, or their folder"
      )
    }
    return found.files
  }

  /// Files as they are found, each once.
  private struct FoundFiles {
    enum Kind { case file, folder }

    let say: (String) -> Void
    private(set) var files: [InputFile] = []
    /// Paths as bytes: to a `String`, é is é, whether it is written as one character or as two, but those are two files.
    private var seen: Set<[UInt8]> = []
    private var manifests = InputManifests()
    /// Whether some manifest is that of an export which found nothing, as one of what changed since yesterday may.
    private(set) var hasExportOfNothing = false

    init(say: @escaping (String) -> Void) { self.say = say }

    mutating func add(_ file: InputFile) {
      guard seen.insert(Array((file.path ?? file.pipe ?? "-").utf8)).inserted else { return }
      var file = file
      if let path = file.path {
        let entry = manifests.entry(of: path)
        file.contents = entry.contents
        file.expectedCount = entry.count
        file.names = manifests.names(in: path)
      }
      files.append(file)
    }

    mutating func add(_ kind: Kind, _ path: String) throws {
      switch kind {
      case .file where InputManifests.isManifest(path):
        let listing = addMissing(from: path)
        for path in listing.present { try add(path.hasSuffix("/") ? .folder : .file, path) }
      case .file: add(InputFile(named: path))
      case .folder:
        let contents = try FolderContents(of: path, looksLikeFHIR: looksLikeFHIR)
        contents.notices.forEach(say)
        for path in contents.files { add(InputFile(named: path)) }
        for failure in contents.unreadable { add(InputFile(unreadable: failure)) }
        for manifest in contents.manifests { _ = addMissing(from: manifest) }
        guard !contents.files.isEmpty || !contents.unreadable.isEmpty || hasExportOfNothing else {
          throw PipelineFailure(
            .input,
            "\(path): no FHIR files in this folder (looked for .json, .ndjson and .xml, also with .gz)")
        }
      }
    }

    /// Adds what a manifest names and is not there.
    private mutating func addMissing(from manifest: String) -> InputManifests.Listing {
      let listing = InputManifests.listing(of: manifest)
      if listing.isOfNothing {
        hasExportOfNothing = true
        say("\(FindingText.printable(manifest)): names no files: this export found nothing")
      }
      if let flaw = listing.flaw {
        add(
          InputFile(
            unreadable: ReadFailure(
              .io,
              "this manifest cannot be understood, or not all of it: \(flaw); what belongs to that export cannot be told",
              path: manifest)))
      } else if listing.isTold {
        for path in listing.missing {
          add(
            InputFile(
              unreadable: ReadFailure(
                .notFound,
                "is not there, though \(FindingText.printable(manifest)) names it: not all of that export was fetched",
                path: path)))
        }
      } else if !listing.missing.isEmpty {
        say(
          "\(FindingText.printable(manifest)): names \(Amount.of(listing.missing.count, "file")), of which none is here under "
            + "its name: whether all were fetched cannot be told")
      }
      return listing
    }
  }

  /// The paths that a pattern means, and whether a `String` can say them.
  private static func matches(_ pattern: String) -> [(path: String, isText: Bool)] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      // glob(3) gives gl_pathc paths, each a terminated string.
      result.gl_pathv[index].map { (String(cString: $0), String(validatingCString: $0) != nil) }
    }
    .sorted { $0.path < $1.path }
  }
}
