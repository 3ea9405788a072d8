import FHIRFormats
import Glibc

/// Keeps standard input in a temporary file, for runs that read their inputs twice.
package enum StandardInputSpool {
  /// Copies standard input to a file that only the owner can read, and returns it as an input.
  ///
  /// The file's path leads through this process's own descriptors, so that the file can be unlinked at once and
  /// vanishes with the process.
  package static func spool(folder: String) throws -> InputFile {
    var template = Array((folder + "/fhirline-stdin-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw PipelineFailure(
        .output, "\(folder): cannot create a temporary file: \(String(cString: strerror(errno)))")
    }
    unlink(template)
    let source = StandardInput()
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { room.deallocate() }
    var size = 0
    while true {
      let count = try source.read(into: room)
      if count == 0 { break }
      guard Terminal.write(UnsafeRawBufferPointer(rebasing: room[..<count]), to: descriptor) else {
        throw PipelineFailure(
          .output, "\(folder): cannot write a temporary file: \(String(cString: strerror(errno)))")
      }
      size += count
    }
    return InputFile(name: InputFile.standardInput.name, path: "/proc/self/fd/\(descriptor)", size: size)
  }
}
