import FHIRFormats
import Foundation

/// A file being written through a buffer; readable by its owner only, as it holds patient data.
///
/// What another put in its place beforehand does not lead it elsewhere, nor opens it to others: a symbolic link is
/// refused, and a file that is there already becomes the owner's alone.
///
/// A file appears under its name, and takes the place of one that is there, only with ``finish()``: what was not written
/// to its end does not look whole, and a signal that ends the program takes it away. What a killed program left is written over by
/// the next; of two that write one file at once the second is refused, for each would spoil what the other writes. Devices, pipes and
/// standard output take what comes as it comes. What has a name that ends in `.gz` is zipped.
final class OutputFile {
  /// What is added to the name of a file that is not whole.
  static let partialSuffix = ".part"

  private let path: String
  private let descriptor: Int32
  /// The name of the file that is being written, until it has its own.
  private var partial: String?
  /// Where that name is noted.
  private var room: Int?
  private var stays = false
  private var buffer: [UInt8] = []
  /// Bytes of the file, zipped where it is.
  private(set) var byteCount = 0
  /// Whether nothing was written.
  private(set) var isEmpty = true
  /// Where the name says that the file is zipped.
  private let zip: GzipStream?

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - isReplacing: whether the file is written anew from what stands in it, so that nothing but a whole one may take its place.
  init(path: String, isReplacing: Bool = false) throws {
    guard !path.isEmpty else { throw PipelineFailure.unnamedOutput }
    self.path = path
    zip = Path.isZipped(path) ? GzipStream() : nil
    if path == "-" {
      descriptor = STDOUT_FILENO
    } else if let (descriptor, room) = try OutputFile.openPartial(of: path) {
      self.descriptor = descriptor
      self.room = room
      partial = path + Self.partialSuffix
    } else if isReplacing {
      throw OutputFile.failure(path)
    } else {
      descriptor = try OutputFile.open(path)
    }
    buffer.reserveCapacity(1 << 18)
  }

  /// Opens the file that is to take the place of one, or of none, for this program alone; nil where it cannot.
  private static func openPartial(of path: String) throws -> (descriptor: Int32, room: Int?)? {
    guard isReplaceable(path) else { return nil }
    let partial = path + partialSuffix
    let room = PartialFiles.add(partial)
    while true {
      let descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { break }
      guard isLocked(descriptor) else {
        close(descriptor)
        PartialFiles.remove(room)
        throw PipelineFailure(
          .output, "\(path): another fhirline is writing this file; wait for its end, or name another file")
      }
      // Who had it may have given it its name, or taken it away, before it was let go.
      guard isSame(descriptor, partial) else {
        close(descriptor)
        continue
      }
      if makeEmpty(descriptor) { return (descriptor, room) }
      close(descriptor)
      break
    }
    let fault = errno
    PartialFiles.remove(room)
    errno = fault
    return nil
  }

  /// Locks a file for this program until it is closed; false where another has. Where the system knows no locks, all goes as without.
  private static func isLocked(_ descriptor: Int32) -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return false }
      if errno != EINTR { return true }
    }
    return true
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var (own, named) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && lstat(path, &named) == 0 && own.st_dev == named.st_dev
      && own.st_ino == named.st_ino
  }

  /// Empties a plain file, and makes it the owner's alone.
  private static func makeEmpty(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return (status.st_mode & 0o077 == 0 || fchmod(descriptor, 0o600) == 0) && ftruncate(descriptor, 0) == 0
  }

  /// Whether a path may be replaced by a new file: it is none yet, or a plain file.
  private static func isReplaceable(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT == S_IFREG : errno == ENOENT
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func open(_ path: String) throws -> Int32 {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC
    var descriptor = Glibc.open(path, flags | O_NOFOLLOW, 0o600)
    if descriptor < 0, errno == ELOOP {
      // The system's own, as /dev/stdout is one, lead where the user pointed them.
      guard path.hasPrefix("/dev/") else {
        throw PipelineFailure(
          .output,
          "\(path): this is a symbolic link, through which no patient data is written; name the file itself")
      }
      descriptor = Glibc.open(path, flags | O_TRUNC, 0o600)
      guard descriptor >= 0 else { throw failure(path) }
      return descriptor
    }
    guard descriptor >= 0 else { throw failure(path) }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, !makeEmpty(descriptor) {
      let error = failure(path)
      close(descriptor)
      throw error
    }
    return descriptor
  }

  deinit {
    // As long as it is there it is locked.
    if let partial, !stays { unlink(partial) }
    PartialFiles.remove(room)
    if path != "-" { close(descriptor) }
  }

  /// Whether others have what was written already: it cannot be taken back.
  var isStream: Bool { partial == nil }

  /// From here on what there is of the file stays, whatever happens: its being there tells the next program something.
  func stay() {
    stays = true
    PartialFiles.remove(room)
    room = nil
  }

  /// Ends the file, which has its name from then on.
  ///
  /// - Parameter syncs: whether it is on disk before it takes the place of what it was made of.
  func finish(syncs: Bool = false) throws {
    try flush()
    try zip?.finish(writeThrough)
    guard let partial else { return }
    if syncs, fsync(descriptor) != 0 { throw OutputFile.failure(path) }
    guard rename(partial, path) == 0 else { throw OutputFile.failure(path) }
    self.partial = nil
    PartialFiles.remove(room)
    room = nil
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count >= 1 << 16 {
      try flush()
      try writeAtOnce(bytes)
      return
    }
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 18 { try flush() }
  }

  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 18 { try flush() }
  }

  func flush() throws {
    try buffer.withUnsafeBytes { try writeAtOnce($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeAtOnce(_ bytes: UnsafeRawBufferPointer) throws {
    guard !bytes.isEmpty else { return }
    isEmpty = false
    if let zip { try zip.write(bytes, writeThrough) } else { try writeThrough(bytes) }
  }

  private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws {
    guard Terminal.write(bytes, to: descriptor) else { throw OutputFile.failure(path) }
    byteCount += bytes.count
  }

  private static func failure(_ path: String) -> PipelineFailure {
    .unwritable("\(path == "-" ? "standard output" : path): cannot be written", errno: errno)
  }

  /// A resource's type as a name of files: what is no type's name, but stands in a document, leads out of no folder.
  static func name(ofType type: String) -> String {
    let isName = type.utf8.allSatisfy {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
    }
    return isName && !type.isEmpty && type.utf8.count < 100 ? type : "x-" + ContentHash.uuid(of: type)
  }

  /// Makes a folder, and those between, within one that this program writes; a link in the place of one is refused.
  static func makeFolder(_ name: String, within folder: String) throws {
    var path = folder
    for part in name.split(separator: "/") {
      path += "/" + part
      try makeFolder(path)
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw PipelineFailure(
          .output, "\(path): this is a symbolic link, through which no patient data is written; remove it")
      }
    }
  }

  static func remove(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw PipelineFailure.unwritable("\(path): cannot be removed", errno: errno)
    }
  }

  /// The names of what is in a folder.
  static func names(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw PipelineFailure(.output, "\(folder): this folder cannot be read: what stands in it is not known")
    }
  }

  /// Makes a folder that is this program's alone, or becomes it: nobody else reads its files, nor is to read their names.
  static func makeOwnFolder(_ path: String) throws {
    try makeFolder(path)
    // Who does not own a folder cannot close it; its files stay the user's alone.
    chmod(path, 0o700)
  }

  /// Makes a folder (and those above it) that only its owner may enter, unless it is there.
  static func makeFolder(_ path: String) throws {
    guard !path.isEmpty else { throw PipelineFailure.unnamedOutput }
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made.hasSuffix("/") ? part : "/" + part
      if mkdir(made, 0o700) == 0 { continue }
      guard errno == EEXIST else {
        throw PipelineFailure(
          .output, "\(made): this folder cannot be made: \(String(cString: strerror(errno)))")
      }
      var status = stat()
      if stat(made, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
        throw PipelineFailure(.output, "\(made): this is a file; a folder was expected")
      }
    }
  }
}
