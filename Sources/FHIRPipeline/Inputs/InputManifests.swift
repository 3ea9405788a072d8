import Foundation

/// What manifests say of the files beside them: which hold Bundles that are resources of their own, and are not to be opened, and what
/// resources are called that came without an id.
///
/// A bulk-data manifest names the files of type Bundle among its `output`. That of an export to single files names the folder
/// `Bundle/`. See https://hl7.org/fhir/uv/bulkdata/export.html
struct InputManifests {
  private struct Manifest {
    /// Files, and folders with a slash at the end.
    var bundles: Set<String> = []
    var others: Set<String> = []
    /// What resources are called, by the name of the file or folder, and the line or the file's name.
    var names: [String: [String: Any]] = [:]
  }

  /// By folder.
  private var known: [String: Manifest?] = [:]
  /// Those of exports have some bytes for each file.
  private static let largest = 16 << 20

  /// Whether Bundles in a file are resources.
  mutating func keepsBundles(_ path: String) -> Bool {
    let name = String(path.split(separator: "/").last ?? "")
    let folder = Path.folder(of: path)
    if let manifest = manifest(in: folder) {
      let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
      if manifest.bundles.contains(name) || manifest.bundles.contains(stem) { return true }
      return stem == "Bundle.ndjson" && !manifest.others.contains(name)
    }
    // A folder of Bundles stands beside the manifest.
    guard folder == "Bundle" || folder.hasSuffix("/Bundle") else { return false }
    return manifest(in: Path.folder(of: folder))?.bundles.contains("Bundle/") ?? false
  }

  /// What resources of a file are called; nil where nothing is said of that.
  mutating func names(in path: String) -> ResourceNames? {
    let name = String(path.split(separator: "/").last ?? "")
    let folder = Path.folder(of: path)
    let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if let known = manifest(in: folder)?.names, let told = known[name] ?? known[stem] {
      var names = ResourceNames()
      for (line, value) in told {
        guard let number = Int(line), let pair = value as? [String], pair.count == 2 else { continue }
        names.lines[number] = ResourceNames.Line(url: pair[0], hash: pair[1])
      }
      return names
    }
    let last = folder.split(separator: "/").last.map { $0 + "/" } ?? ""
    guard let told = manifest(in: Path.folder(of: folder))?.names[last],
      let url = (told[name] ?? told[stem]) as? String
    else { return nil }
    return ResourceNames(whole: url)
  }

  /// Files that a manifest names and that are not beside it: not all of an export was fetched. None where no file that it names
  /// is there, since then they bear other names than their addresses.
  static func missing(besides path: String) -> [String] {
    guard let manifest = read(path) else { return [] }
    let folder = Path.folder(of: path)
    let there = Set(
      (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? [])
    let names = manifest.bundles.union(manifest.others)
    let missing = names.filter { name in
      let plain = name.hasSuffix("/") ? String(name.dropLast()) : name
      let stem = plain.hasSuffix(".gz") ? String(plain.dropLast(3)) : plain
      return ![plain, stem, stem + ".gz"].contains(where: there.contains)
    }
    return missing.count == names.count ? [] : missing.sorted()
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
    for list in ["output", "deleted", "error"] {
      for entry in members[list] as? [Any] ?? [] {
        guard let entry = entry as? [String: Any], let url = entry["url"] as? String else { continue }
        // A server's URL ends with the file's name, and may have a question behind it.
        let path = url.split(separator: "?").first.map(String.init) ?? url
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let name = path.hasSuffix("/") ? last + "/" : last
        let told = entry["extension"] as? [String: Any]
        manifest.names[name] = told?[UnnamedResources.member] as? [String: Any]
        if list == "output", entry["type"] as? String == "Bundle" {
          manifest.bundles.insert(name)
        } else {
          manifest.others.insert(name)
        }
      }
    }
    return manifest
  }
}
