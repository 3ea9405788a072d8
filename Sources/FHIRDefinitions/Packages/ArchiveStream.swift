internal import FHIRFormats

/// The bytes of an archive in the order in which they stand, unzipped if they were zipped.
final class ArchiveStream {
  private let source: any ByteSource
  private let path: String
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  private var upcoming = 0
  private var valid = 0
  /// Bytes that may still be read.
  private var allowance: Int

  init(path: String, limit: Int) throws(DefinitionError) {
    self.path = path
    allowance = limit
    source = try Self.reading(path) { () throws(ReadFailure) in
      let file = try FileSource(path)
      let start = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)
      defer { start.deallocate() }
      let count = try file.read(into: start)
      let first = UnsafeRawBufferPointer(rebasing: start[..<count])
      let whole = PrefixedSource(Array(first), then: file)
      guard GzipSource.recognizes(first) else { return whole }
      return try GzipSource(whole, path: path)
    }
  }

  deinit { buffer.deallocate() }

  /// Reads so many bytes, or fewer if the stream ends before.
  func read(_ count: Int) throws(DefinitionError) -> [UInt8] {
    var bytes: [UInt8] = []
    // What a header promises is not trusted: memory is taken as the bytes arrive.
    bytes.reserveCapacity(min(count, 1 << 20))
    while bytes.count < count {
      if upcoming == valid, try !fill() { break }
      let taken = min(count - bytes.count, valid - upcoming)
      bytes.append(contentsOf: buffer[upcoming..<upcoming + taken])
      upcoming += taken
    }
    return bytes
  }

  /// Passes over so many bytes; false if the stream ends before.
  func skip(_ count: Int) throws(DefinitionError) -> Bool {
    var left = count
    while left > 0 {
      if upcoming == valid, try !fill() { return false }
      let passed = min(left, valid - upcoming)
      upcoming += passed
      left -= passed
    }
    return true
  }

  /// Reads to the end, so that all of the stream is checked.
  func drain() throws(DefinitionError) {
    while try fill() {}
  }

  /// Reads on; false at the end.
  private func fill() throws(DefinitionError) -> Bool {
    upcoming = 0
    valid = try Self.reading(path) { () throws(ReadFailure) in
      try source.read(into: buffer)
    }
    allowance -= valid
    guard allowance >= 0 else {
      throw DefinitionError(.tooLarge, package: path, "holds more than the allowed number of bytes")
    }
    return valid > 0
  }

  private static func reading<R>(_ path: String, _ body: () throws(ReadFailure) -> R) throws(DefinitionError)
    -> R
  {
    do {
      return try body()
    } catch {
      let code: DefinitionError.Code =
        switch error.code {
        case .gzip: .damaged
        case .limit: .tooLarge
        default: .unreadable
        }
      throw DefinitionError(code, package: path, error.message)
    }
  }
}
