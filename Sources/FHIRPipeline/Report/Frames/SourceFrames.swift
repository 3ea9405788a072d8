package import FHIRFormats
package import FHIRModel
import Glibc

/// Reads a source once more to show the lines that findings name, in one pass and with bounded memory.
package enum SourceFrames {
  /// The frames of the places, as far as the source has them; none where it cannot be read.
  ///
  /// - Parameter showValues: whether values, which are patient data, stand as they are; else dots stand for them.
  package static func read(
    _ file: InputFile, at places: Set<SourcePosition>, showValues: Bool
  ) -> [SourcePosition: CodeFrame] {
    // A pipe is read once only.
    guard let path = file.path, !places.isEmpty, let source = try? FileSource(path) else { return [:] }
    return (try? read(source, name: file.name, at: places, showValues: showValues)) ?? [:]
  }

  package static func read(
    _ source: any ByteSource, name: String, at places: Set<SourcePosition>, showValues: Bool
  ) throws(ReadFailure) -> [SourcePosition: CodeFrame] {
    var lines = try LineReader(source, name: name)
    var frames: [SourcePosition: CodeFrame] = [:]
    var upcoming = places.sorted()[...]
    let syntax = lines.syntax
    var mask = SourceMask(syntax)
    while let place = upcoming.first {
      guard try lines.skip(toLine: place.line, &mask) else { break }
      mask.beginLine()
      var window = LineWindow(syntax, mask: mask, showsValues: showValues)
      let onLine = upcoming.prefix { $0.line == place.line }
      upcoming = upcoming.dropFirst(onLine.count)
      try read(onLine, from: &lines, &window, into: &frames)
      mask = window.endMask
    }
    return frames
  }

  /// Reads one line as far as its last place needs it.
  private static func read(
    _ places: ArraySlice<SourcePosition>, from lines: inout LineReader, _ window: inout LineWindow,
    into frames: inout [SourcePosition: CodeFrame]
  ) throws(ReadFailure) {
    for place in places {
      // Nearly all of a long line lies far before the place.
      if window.column + LineWindow.before < place.column { window.begin() }
      while window.column + LineWindow.before < place.column, window.cells.isEmpty,
        let byte = try lines.nextOfLine()
      {
        window.skip(byte)
      }
      var isWhole = false
      while window.column < place.column + LineWindow.behind {
        guard let byte = try lines.nextOfLine() else {
          isWhole = true
          break
        }
        window.take(byte)
        window.forget(before: place.column)
      }
      frames[place] = CodeFrame(window.cells, first: window.first, isWhole: isWhole, at: place)
    }
  }
}

/// A source's bytes, line by line, unzipped and without a byte order mark.
private struct LineReader {
  let syntax: SourceMask.Syntax
  private let source: any ByteSource
  private var buffer: [UInt8] = []
  private var offset = 0
  private var line = 1

  init(_ plain: any ByteSource, name: String) throws(ReadFailure) {
    let head = try LineReader.chunk(of: plain)
    if head.withUnsafeBytes({ GzipSource.recognizes($0) }) {
      source = try GzipSource(PrefixedSource(head, then: plain), path: name)
      buffer = try LineReader.chunk(of: source)
    } else {
      source = plain
      buffer = head
    }
    if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    let start = buffer[offset...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    syntax = start == UInt8(ascii: "<") ? .xml : .json
  }

  private static func chunk(of source: any ByteSource) throws(ReadFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // A closure cannot throw typed errors through withUnsafeMutableBytes: the result carries them.
    let read = bytes.withUnsafeMutableBytes { room in
      Result { () throws(ReadFailure) -> Int in try source.read(into: room) }
    }
    bytes.removeLast(bytes.count - (try read.get()))
    return bytes
  }

  private mutating func refill() throws(ReadFailure) -> Bool {
    guard offset >= buffer.count else { return true }
    buffer = try LineReader.chunk(of: source)
    offset = 0
    return !buffer.isEmpty
  }

  /// Where in the buffer the line ends.
  private func endOfLine() -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let end = memchr(base + offset, 0x0A, bytes.count - offset) else {
        return nil
      }
      return UnsafeRawPointer(end) - base
    }
  }

  /// Goes to the start of a line that is not behind; false if the source ends before it.
  mutating func skip(toLine wanted: Int, _ mask: inout SourceMask) throws(ReadFailure) -> Bool {
    guard line <= wanted else { return false }
    while line < wanted {
      guard try refill() else { return false }
      switch syntax {
      case .json:
        // Nothing of a line reaches into the next one.
        if let end = endOfLine() {
          offset = end + 1
          line += 1
        } else {
          offset = buffer.count
        }
      case .xml:
        while offset < buffer.count, line < wanted {
          if buffer[offset] == 0x0A { line += 1 }
          _ = mask.isStructure(buffer[offset])
          offset += 1
        }
      }
    }
    return true
  }

  /// The next byte of the line, or nil at its end, where the reader stays.
  mutating func nextOfLine() throws(ReadFailure) -> UInt8? {
    guard try refill(), buffer[offset] != 0x0A else { return nil }
    defer { offset += 1 }
    return buffer[offset]
  }
}
