import Glibc

/// Has the system fetch files before they are read: while workers take up one stretch, the next ones come from the disk.
///
/// The system by itself fetches no more than the next stretch of a file, while its reader waits, and nothing of the file
/// after it. A gigabyte that is not in its memory is read twice as fast this way.
final class ReadAhead: Sendable {
  /// How far the fetching runs before the reading, in bytes.
  private static let distance = 64 << 20
  /// Bytes that are asked for at a time.
  private static let step = 4 << 20

  private let progress = ReadingProgress()
  private let thread: WorkerThread

  /// Begins to fetch files in the order in which they will be read; nil where there is little to fetch.
  init?(_ files: [InputFile]) {
    let files = files.filter { $0.path != nil && $0.size > 0 }
    guard files.reduce(0, { $0 + $1.size }) > ReadAhead.step else { return nil }
    let progress = progress
    thread = WorkerThread {
      var asked = 0
      for file in files {
        guard ReadAhead.fetch(file, asked, progress) else { return }
        asked += file.size
      }
    }
  }

  deinit {
    progress.stop()
    thread.join()
  }

  /// Says that so many more bytes were read.
  func advance(_ bytes: Int) { progress.advance(bytes) }

  /// - Parameter before: bytes of the files before it.
  /// - Returns: whether anybody still reads.
  private static func fetch(_ file: InputFile, _ before: Int, _ progress: ReadingProgress) -> Bool {
    // Of what is no plain file nothing can be fetched, and to open it may be noticed.
    var status = stat()
    guard let path = file.path, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return true
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    // Whoever reads it says what is wrong with it.
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    for offset in stride(from: 0, to: file.size, by: step) {
      guard progress.wait(for: before + offset - distance) else { return false }
      posix_fadvise(descriptor, off_t(offset), off_t(step), POSIX_FADV_WILLNEED)
    }
    return true
  }
}

/// How far the reading is.
private final class ReadingProgress: @unchecked Sendable {
  // Safe to share: the variables are touched only while `monitor` is locked.

  private let monitor = Monitor()
  private var bytes = 0
  private var isStopped = false

  func advance(_ more: Int) {
    monitor.lock()
    defer { monitor.unlock() }
    bytes += more
    monitor.tellChange()
  }

  func stop() {
    monitor.lock()
    defer { monitor.unlock() }
    isStopped = true
    monitor.tellChange()
  }

  /// Waits until so many bytes were read; false where nobody reads on.
  func wait(for bytes: Int) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    while self.bytes < bytes, !isStopped { monitor.wait() }
    return !isStopped
  }
}
