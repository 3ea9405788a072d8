import Foundation

/// What the manifests of bulk exports say of the files beside them: which hold Bundles that are resources of their own, and are not
/// to be opened; which hold a server's words about the export; how many resources a file has, and what those are called that came without
/// an id; and which should be there and are not.
///
/// A bulk-data manifest names files by their addresses. That of an export to single files names folders, such as `Bundle/`.
/// See https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status
struct InputManifests {
  private struct Manifest {
    /// Files, and folders with a slash at the end.
    var bundles: Set<String> = []
    var messages: Set<String> = []
    var deletions: Set<String> = []
    var others: Set<String> = []
    /// Resources in files of which that is said once.
    var counts: [String: Int] = [:]
    /// What resources are called, by the name of the file or folder, and the line or the file's name.
    var resourceNames: [String: [String: Any]] = [:]

    /// What of it could not be understood, first; of one that breaks off nothing is known.
    var flaw: String? = "a JSON object was expected"
    /// Whether it is that of an export which found nothing.
    var isOfNothing = false

    var names: Set<String> { bundles.union(messages).union(deletions).union(others) }
  }

  /// By folder.
  private var known: [String: Manifest?] = [:]
  /// Those of exports have some bytes for each file.
  private static let largest = 16 << 20

  /// What a manifest says of a file.
  struct Entry {
    var contents = InputFile.Contents.resources
    /// How many resources it has.
    var count: Int?
  }

  mutating func entry(of path: String) -> Entry {
    let folder = Path.folder(of: path)
    guard let manifest = manifest(in: folder) else {
      // A folder of Bundles stands beside the manifest.
      guard folder == "Bundle" || folder.hasSuffix("/Bundle") else { return Entry() }
      let isNamed = manifest(in: Path.folder(of: folder))?.bundles.contains("Bundle/") ?? false
      return Entry(contents: isNamed ? .bundlesAsResources : .resources)
    }
    let name = String(path.split(separator: "/").last ?? "")
    let stem = Path.unzipped(name)
    if manifest.messages.contains(name) || manifest.messages.contains(stem) {
      return Entry(contents: .serverMessages)
    }
    // What is named as both is data.
    if (manifest.deletions.contains(name) || manifest.deletions.contains(stem)),
      !manifest.others.contains(name), !manifest.others.contains(stem)
    {
      return Entry(contents: .deletions)
    }
    let isOfBundles =
      manifest.bundles.contains(name) || manifest.bundles.contains(stem)
      || stem == "Bundle.ndjson" && !manifest.others.contains(name)
    return Entry(
      contents: isOfBundles ? .bundlesAsResources : .resources,
      count: manifest.counts[name] ?? manifest.counts[stem])
  }

  /// What resources of a file are called; nil where nothing is said of that.
  mutating func names(in path: String) -> ResourceNames? {
    let name = String(path.split(separator: "/").last ?? "")
    let folder = Path.folder(of: path)
    let stem = Path.unzipped(name)
    if let known = manifest(in: folder)?.resourceNames, let told = known[name] ?? known[stem] {
      var names = ResourceNames()
      for (line, value) in told {
        guard let number = Int(line), let pair = value as? [String], pair.count == 2 else { continue }
        names.lines[number] = ResourceNames.Line(url: pair[0], hash: pair[1])
      }
      return names
    }
    let last = folder.split(separator: "/").last.map { $0 + "/" } ?? ""
    guard let told = manifest(in: Path.folder(of: folder))?.resourceNames[last],
      let url = (told[name] ?? told[stem]) as? String
    else { return nil }
    return ResourceNames(whole: url)
  }

  /// Which of the files that a manifest names are beside it: their paths, folders with a slash at the end.
  struct Listing {
    var present: [String] = []
    var missing: [String] = []
    /// What of the manifest could not be understood.
    var flaw: String?
    /// Whether it is that of an export which found nothing.
    var isOfNothing = false

    /// Where none is there under its name they bear others, and nobody can tell what is missing.
    var isTold: Bool { !present.isEmpty }
  }

  static func listing(of manifest: String) -> Listing {
    var listing = Listing()
    guard let told = read(manifest) else { return listing }
    listing.flaw = told.flaw
    listing.isOfNothing = told.isOfNothing
    let folder = Path.folder(of: manifest)
    let there = fileNames(in: folder)
    func path(_ name: String) -> String { folder.isEmpty ? name : folder + "/" + name }
    for name in told.names.sorted() {
      if let found = file(of: name, in: there) {
        listing.present.append(path(name.hasSuffix("/") ? name : found))
      } else {
        listing.missing.append(path(name))
      }
    }
    return listing
  }

  private static func fileNames(in folder: String) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? [])
  }

  /// The file, packed or not, or the folder that a manifest names.
  private static func file(of name: String, in there: Set<String>) -> String? {
    let plain = name.hasSuffix("/") ? String(name.dropLast()) : name
    let stem = Path.unzipped(plain)
    return [plain, stem, stem + ".gz"].first(where: there.contains)
  }

  /// Whether a file is a manifest, and no resource.
  static func isManifest(_ path: String) -> Bool {
    guard path.hasSuffix("manifest.json"), let file = FileHandle(forReadingAtPath: path) else { return false }
    // A resource says what it is at its top, or else before any manifest would have ended.
    let head = (try? file.read(upToCount: 1 << 16)) ?? Data()
    // A manifest may well have the name as a value: a document's field is called so, and could not be carried.
    let name = Data("\"resourceType\"".utf8)
    var rest = head[...]
    while let found = rest.range(of: name) {
      rest = rest[found.upperBound...]
      if rest.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: ":") { return false }
    }
    return true
  }

  private mutating func manifest(in folder: String) -> Manifest? {
    if let manifest = known[folder] { return manifest }
    let manifest = InputManifests.read(folder.isEmpty ? "manifest.json" : folder + "/manifest.json")
    known[folder] = .some(manifest)
    return manifest
  }

  /// nil where there is none.
  private static func read(_ path: String) -> Manifest? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    var manifest = Manifest()
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: largest),
      let members = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return manifest }
    manifest.flaw = nil
    let there = InputManifests.fileNames(in: Path.folder(of: path))
    for list in ["output", "deleted", "error"] {
      for (number, entry) in (members[list] as? [Any] ?? []).enumerated() {
        guard let entry = entry as? [String: Any], let url = entry["url"] as? String, !url.isEmpty else {
          manifest.flaw = manifest.flaw ?? "\(list)[\(number)] has no url, which names a file"
          continue
        }
        // A server's URL ends with the file's name, and may have a question behind it.
        let path = url.split(separator: "?").first.map(String.init) ?? url
        let last = path.split(separator: "/").last.map(String.init) ?? path
        var name = path.hasSuffix("/") ? last + "/" : last
        // Who fetched it may have kept the address's way of writing, or not.
        if InputManifests.file(of: name, in: there) == nil { name = name.removingPercentEncoding ?? name }
        let told = entry["extension"] as? [String: Any]
        manifest.resourceNames[name] = told?[UnnamedResources.member] as? [String: Any]
        if list == "output", let count = entry["count"] as? Int, !manifest.names.contains(name) {
          manifest.counts[name] = count
        } else {
          manifest.counts[name] = nil
        }
        switch list {
        case "output" where entry["type"] as? String == "Bundle": manifest.bundles.insert(name)
        case "deleted": manifest.deletions.insert(name)
        case "error": manifest.messages.insert(name)
        default: manifest.others.insert(name)
        }
      }
    }
    manifest.isOfNothing = members["output"] is [Any] && manifest.flaw == nil && manifest.names.isEmpty
    return manifest
  }
}
