internal import FHIRFormats
internal import FHIRModel
internal import FoundationEssentials

/// A file of a package that lies unpacked on disk.
enum PackageFile {
  /// All of a file's bytes; a file that grows beyond the limit is refused.
  static func read(
    _ path: String, limit: Int, package: String, file: String
  ) throws(DefinitionError) -> SourceChunk {
    do throws(ReadFailure) {
      let source = try FileSource(path)
      var chunk = SourceChunk(capacity: 64 << 10)
      while true {
        var isEnd = false
        try chunk.append(from: source, isEnd: &isEnd)
        guard chunk.count <= limit else { break }
        if isEnd { return chunk }
        let larger = SourceChunk(capacity: min(chunk.capacity * 4, limit + 1))
        larger.fill { room in
          room.copyMemory(from: UnsafeRawBufferPointer(chunk.buffer))
          return chunk.count
        }
        chunk = larger
      }
    } catch {
      throw DefinitionError(.unreadable, package: package, file: file, error.message)
    }
    throw DefinitionError(.tooLarge, package: package, file: file, "is larger than \(limit) bytes")
  }

  /// The names in a folder, sorted, without what is hidden.
  static func names(in folder: String, package: String, limit: Int) throws(DefinitionError) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw DefinitionError(.unreadable, package: package, "the folder cannot be listed")
    }
    guard names.count <= limit else {
      throw DefinitionError(.tooLarge, package: package, "holds more than \(limit) files")
    }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Whether there is a plain file; links are not followed: a package's files are its own.
  static func isPlain(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeRegular
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }
}

extension SourceChunk {
  /// Fills the free room from a source; `isEnd` is set where the source ends before.
  fileprivate func append(from source: FileSource, isEnd: inout Bool) throws(ReadFailure) {
    var failure: ReadFailure?
    while count < capacity, !isEnd, failure == nil {
      fill { room in
        do throws(ReadFailure) {
          let read = try source.read(into: room)
          isEnd = read == 0
          return read
        } catch {
          failure = error
          return 0
        }
      }
    }
    if let failure { throw failure }
  }
}
