/// Where bytes come from: a file, standard input, memory, or one of these unzipped.
package protocol ByteSource: AnyObject {
  /// Reads at most as many bytes as the buffer holds; 0 only at the end of the source.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure) -> Int
}

/// A source that cannot be read on: not bad data, but no data.
package struct ReadFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case notFound = "not-found"
    case permission
    case isDirectory = "is-directory"
    case io
    /// The compressed stream is damaged or ends early.
    case gzip
    /// The compressed stream grows beyond the limits set for it.
    case limit
  }

  package let code: Code
  package let message: String
  /// The file, or `-` for standard input; empty where the source has no name.
  package let path: String

  package init(_ code: Code, _ message: String, path: String) {
    self.code = code
    self.message = message
    self.path = path
  }

  package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Bytes that are in memory already.
package final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private var offset = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package convenience init(_ text: String) { self.init(Array(text.utf8)) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - offset)
    bytes.withUnsafeBytes {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
    }
    offset += count
    return count
  }
}

/// Bytes that were read already to look at them, and then the rest of their source.
package final class PrefixedSource: ByteSource {
  private let prefix: MemorySource
  private let rest: any ByteSource
  private var prefixEnded = false

  package init(_ prefix: [UInt8], then rest: any ByteSource) {
    self.prefix = MemorySource(prefix)
    self.rest = rest
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure) -> Int {
    if !prefixEnded {
      let count = prefix.read(into: buffer)
      if count > 0 || buffer.isEmpty { return count }
      prefixEnded = true
    }
    return try rest.read(into: buffer)
  }
}
