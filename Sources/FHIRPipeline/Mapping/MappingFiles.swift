import FHIRMapping
import Foundation

/// The mapping files that a command is about: those named, those configured, else those built in.
package struct MappingFiles {
  package let files: [(name: String, text: String)]
  /// Whether they are to make a whole set of mappings, and not only some of one.
  package let isWhole: Bool
  /// Files in their folder that are no document's, and nobody reads.
  package private(set) var unread: [String] = []
  /// Where they lie; nil for files named one by one, and for those built in.
  package let folder: String?

  /// - Parameter paths: mapping files, or one folder of them; none for the configured ones.
  package init(_ paths: [String], _ configuration: PipelineConfiguration) throws {
    var folder: String?
    if paths.isEmpty {
      folder = try configuration.mappingFolder()
    } else if paths.count == 1, Path.isFolder(paths[0]) {
      folder = paths[0]
    }
    self.folder = folder
    isWhole = paths.isEmpty || folder != nil
    do {
      if let folder {
        files = try MappingSet.files(directory: folder)
        let read = Set(files.map(\.name))
        unread = MappingFiles.yaml(in: folder).filter { !read.contains($0) }
      } else {
        files = try paths.isEmpty ? MappingSet.builtInFiles : paths.map { try MappingSet.file($0) }
      }
    } catch let error as MappingError {
      throw PipelineFailure(.mapping, "\(error)")
    }
  }

  /// The files of examples beside the mappings.
  package var examples: [String] {
    guard let folder else { return [] }
    let place = folder + (folder.hasSuffix("/") ? "" : "/") + "examples"
    return MappingFiles.yaml(in: place)
  }

  private static func yaml(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let start = folder + (folder.hasSuffix("/") ? "" : "/")
    return names.filter { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") }.sorted().map { start + $0 }
  }
}
