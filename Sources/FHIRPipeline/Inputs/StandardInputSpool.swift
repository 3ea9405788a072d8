import FHIRFormats

/// Keeps standard input in a temporary file, for runs that read their inputs twice.
package enum StandardInputSpool {
  /// Copies standard input to a ``TemporaryFile``, and returns that as an input.
  package static func spool() throws -> InputFile {
    let file = try TemporaryFile()
    let source = StandardInput()
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { room.deallocate() }
    var size = 0
    while true {
      let count = try source.read(into: room)
      if count == 0 { break }
      try file.append(UnsafeRawBufferPointer(rebasing: room[..<count]))
      size += count
    }
    var input = InputFile(name: InputFile.standardInput.name, path: file.path, size: size)
    input.temporary = file
    return input
  }
}
