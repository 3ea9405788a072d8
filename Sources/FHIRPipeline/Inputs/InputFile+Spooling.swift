import FHIRFormats

extension InputFile {
  /// The same bytes in a file that may be read again: those of a pipe are kept in a ``TemporaryFile``.
  package func spooled() throws -> InputFile {
    if path != nil { return self }
    let file = try TemporaryFile()
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { room.deallocate() }
    var size = 0
    do {
      let source = try source()
      while true {
        let count = try source.read(into: room)
        if count == 0 { break }
        try file.append(UnsafeRawBufferPointer(rebasing: room[..<count]))
        size += count
      }
    } catch let failure as ReadFailure {
      throw PipelineFailure(.input, "\(name): \(failure.message)")
    }
    var input = InputFile(name: name, path: file.path, size: size)
    input.temporary = file
    return input
  }
}
