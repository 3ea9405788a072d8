import BSON
import FHIRModel
import Foundation
import Glibc

/// An ``UnnamedFile`` to write and read back.
package final class TemporaryFile: Sendable {
  let descriptor: Int32
  private let folder: String

  /// - Parameter folder: where its bytes stand; the system's folder for temporary files unless another is named.
  package init(folder: String = NSTemporaryDirectory()) throws(PipelineFailure) {
    self.folder = folder
    guard let descriptor = UnnamedFile.open(in: folder) else {
      throw TemporaryFile.failure("cannot create a temporary file", folder)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// A path to the file within this process, for what opens files by their names.
  var path: String { "/proc/self/fd/\(descriptor)" }

  /// Writes bytes where they belong.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(PipelineFailure) {
    var done = 0
    while done < bytes.count {
      // there are bytes left: the buffer has a base
      let step = pwrite(
        descriptor, bytes.baseAddress.unsafelyUnwrapped + done, bytes.count - done, off_t(offset + done))
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else { throw TemporaryFile.failure("cannot write a temporary file", folder) }
      done += step
    }
  }

  /// Writes bytes behind those that were appended before.
  func append(_ bytes: UnsafeRawBufferPointer) throws(PipelineFailure) {
    guard Terminal.write(bytes, to: descriptor) else {
      throw TemporaryFile.failure("cannot write a temporary file", folder)
    }
  }

  /// Fills the room with what stands in the file from there on.
  func read(at offset: Int, into room: UnsafeMutableRawBufferPointer) throws(PipelineFailure) {
    var done = 0
    while done < room.count {
      // there is room left: the buffer has a base
      let step = pread(
        descriptor, room.baseAddress.unsafelyUnwrapped + done, room.count - done, off_t(offset + done))
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else { throw TemporaryFile.failure("cannot read a temporary file back", folder) }
      done += step
    }
  }

  /// What stands in the file, or will, as memory that is not held.
  func mapped(count: Int) throws(PipelineFailure) -> MappedBytes {
    guard let mapped = MappedBytes(descriptor: descriptor, count: count) else {
      throw TemporaryFile.failure("cannot read a temporary file back", folder)
    }
    return mapped
  }

  private static func failure(_ what: String, _ folder: String) -> PipelineFailure {
    .unwritable("\(folder): \(what)", errno: errno, elsewhere: "let TMPDIR name another folder")
  }
}
