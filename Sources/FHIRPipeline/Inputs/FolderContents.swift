import FHIRFormats
import Foundation

/// What stands in a folder and below it, told apart by what an input may be.
///
/// Whoever fills the folder does not say what else on the machine is read: links that lead out of it are not followed, nor
/// are links to folders; nobody waits for a pipe. All that is left out is said, but for hidden files.
struct FolderContents {
  /// Files that may hold resources, by path.
  private(set) var files: [String] = []
  /// Files of other names, links, pipes and the like, by their path within the folder.
  private var others: [String] = []
  private var links: [String] = []
  private var specials: [String] = []
  /// Those of bulk exports, by path.
  private(set) var manifests: [String] = []
  /// What may hold resources and cannot be read, by path.
  private(set) var unreadable: [ReadFailure] = []

  private let folder: String
  private let looksLikeFHIR: (String) -> Bool

  init(of folder: String, looksLikeFHIR: @escaping (String) -> Bool) throws {
    self.folder = folder
    self.looksLikeFHIR = looksLikeFHIR
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let root = FolderContents.real(folder).map { $0 == "/" ? $0 : $0 + "/" }
    // Folders that are still to be read, as paths within this one.
    var waiting = [""]
    while let within = waiting.popLast() {
      let path = within.isEmpty ? folder : prefix + within
      do throws(ReadFailure) {
        for entry in try FolderContents.entries(of: path) where !entry.name.hasPrefix(".") {
          let relative = within.isEmpty ? entry.name : within + "/" + entry.name
          if !entry.isText {
            placeUnnamed(relative, at: prefix + relative, mayBeFolder: entry.mayBeFolder)
          } else if place(relative, at: prefix + relative, root: root) {
            waiting.append(relative)
          }
        }
      } catch {
        guard !within.isEmpty else {
          throw PipelineFailure(.input, "\(FindingText.printable(path)): \(error.message)")
        }
        unreadable.append(error)
      }
    }
    // What a manifest names is read whatever it is called: addresses end as servers like.
    let named = Set(manifests.flatMap { InputManifests.listing(of: $0).present })
    files += others.map { prefix + $0 }.filter(named.contains)
    others.removeAll { named.contains(prefix + $0) }
    files.sort()
    manifests.sort()
    unreadable.sort { $0.path < $1.path }
  }

  private struct Entry {
    let name: String
    /// Whether the name is UTF-8; else it is only shown, and leads to nothing.
    let isText: Bool
    let mayBeFolder: Bool
  }

  private static func entries(of folder: String) throws(ReadFailure) -> [Entry] {
    var entries: [Entry] = []
    errno = 0
    if let listing = opendir(folder) {
      defer { closedir(listing) }
      errno = 0
      while let entry = readdir(listing) {
        // The name ends with a zero byte, and stands until the next call.
        let (name, shown) = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
            (String(validatingCString: $0), String(cString: $0))
          }
        }
        let kind = Int(entry.pointee.d_type)
        entries.append(
          Entry(
            name: shown, isText: name != nil, mayBeFolder: kind == Int(DT_DIR) || kind == Int(DT_UNKNOWN)))
        errno = 0
      }
    }
    guard errno == 0 else {
      throw ReadFailure(.io, "this folder cannot be read: \(String(cString: strerror(errno)))", path: folder)
    }
    return entries
  }

  /// Puts what has no name that a `String` could say where it belongs: a folder, or a file that would be read, is told of.
  private mutating func placeUnnamed(_ relative: String, at path: String, mayBeFolder: Bool) {
    guard mayBeFolder || looksLikeFHIR(relative) else { return others.append(relative) }
    unreadable.append(.unnamed(path))
  }

  /// Puts an entry of a folder where it belongs; true for one that is a folder.
  private mutating func place(_ relative: String, at path: String, root: String?) -> Bool {
    var status = stat()
    // One that went since the folder was read.
    guard lstat(path, &status) == 0 else { return false }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return true
    case S_IFREG: add(relative, path)
    case S_IFLNK:
      // To a file that stands in the folder as well.
      if let root, let target = FolderContents.real(path), target.hasPrefix(root), stat(path, &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      {
        add(relative, path)
      } else {
        links.append(relative)
      }
    default: specials.append(relative)
    }
    return false
  }

  private mutating func add(_ relative: String, _ path: String) {
    if InputManifests.isManifest(path) {
      manifests.append(path)
      return
    }
    if looksLikeFHIR(relative) { files.append(path) } else { others.append(relative) }
  }

  /// Where a path leads to; nil where it leads nowhere.
  private static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// What is left out, a line for each reason.
  var notices: [String] {
    var lines: [String] = []
    let name = FindingText.printable(folder)
    if !others.isEmpty {
      let suffixes = Set(
        others.map { name in
          let last = name.split(separator: "/").last ?? ""
          return last.lastIndex(of: ".").map { String(last[$0...]) } ?? "without a suffix"
        })
      lines.append(
        "\(name): \(Amount.of(others.count, "file")) left out (\(FolderContents.some(of: suffixes))): .json, .ndjson, "
          + ".jsonl and .xml are read, also with .gz; name a file itself to have it read all the same")
    }
    if !links.isEmpty {
      lines.append(
        "\(name): \(Amount.of(links.count, "symbolic link")) left out (\(FolderContents.some(of: links))): those to "
          + "folders, to places outside of this one, or to nothing are not followed; name what they lead to itself"
      )
    }
    if !specials.isEmpty {
      lines.append(
        "\(name): \(Amount.of(specials.count, "special file")) left out (\(FolderContents.some(of: specials))): pipes "
          + "and devices are read only where they are named themselves")
    }
    return lines
  }

  private static func some(of names: some Collection<String>) -> String {
    names.sorted().prefix(5).map(FindingText.printable).joined(separator: ", ")
      + (names.count > 5 ? ", …" : "")
  }
}

extension ReadFailure {
  /// What has a name that no `String` can say.
  static func unnamed(_ path: String) -> ReadFailure {
    ReadFailure(.notFound, "its name is not UTF-8: give it another one to have it read", path: path)
  }
}
