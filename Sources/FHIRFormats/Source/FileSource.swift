import Glibc

/// A file's bytes.
package final class FileSource: ByteSource {
  package let path: String
  private let descriptor: Int32

  package init(_ path: String) throws(ReadFailure) {
    self.path = path
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw ReadFailure(errno: errno, path: path) }
    var status = stat()
    // A directory opens well, and fails only when it is read.
    if fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      close(opened)
      throw ReadFailure(errno: EISDIR, path: path)
    }
    posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    descriptor = opened
  }

  deinit { close(descriptor) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure) -> Int {
    try readDescriptor(descriptor, into: buffer, path: path)
  }
}

/// Standard input's bytes.
package final class StandardInput: ByteSource {
  package init() {}

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure) -> Int {
    try readDescriptor(STDIN_FILENO, into: buffer, path: "-")
  }
}

private func readDescriptor(
  _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, path: String
) throws(ReadFailure) -> Int {
  while true {
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    if count >= 0 { return count }
    guard errno == EINTR else { throw ReadFailure(errno: errno, path: path) }
  }
}

extension ReadFailure {
  /// What to say of a path that leads nowhere, where it is a link; nil for others.
  package static func deadLink(_ path: String) -> String? {
    var status = stat()
    let isLink = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    return isLink ? "this symbolic link leads nowhere" : nil
  }

  /// What the operating system said.
  package init(errno code: Int32, path: String) {
    switch code {
    case ENOENT, ENOTDIR:
      self.init(.notFound, ReadFailure.deadLink(path) ?? "there is no such file", path: path)
    case EACCES, EPERM: self.init(.permission, "reading it is not permitted", path: path)
    case EISDIR: self.init(.isDirectory, "it is a directory, not a file", path: path)
    default: self.init(.io, "reading failed: \(String(cString: strerror(code)))", path: path)
    }
  }
}
