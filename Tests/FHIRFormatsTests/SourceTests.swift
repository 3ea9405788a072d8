import CZlib
import FHIRFormats
import FHIRModel
import Foundation
import Testing

/// Where bytes come from.
@Suite struct SourceTests {
  /// Bytes as a gzip member.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
    else { return [] }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        _ = deflate(&stream, Z_FINISH)
      }
    }
    return Array(output.prefix(Int(stream.total_out)))
  }

  private func all(_ source: any ByteSource, step: Int = 1000) throws(ReadFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 1)
    defer { buffer.deallocate() }
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { return bytes }
      bytes += buffer.prefix(count)
    }
  }

  private let content = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }

  @Test(arguments: [1, 7, 1000, 100_000])
  func `a gzip stream unzips to its content, however it arrives`(step: Int) throws {
    let zipped = SourceTests.gzip(content)
    #expect(try all(GzipSource(TricklingBytes(zipped, step: step)), step: step) == content)
  }

  @Test func `members that follow each other are one stream, padding behind them is none`() throws {
    let zipped =
      SourceTests.gzip(Array(content[..<5000])) + SourceTests.gzip([])
      + SourceTests.gzip(Array(content[5000...]))
    #expect(try all(GzipSource(MemorySource(zipped))) == content)
    #expect(try all(GzipSource(TricklingBytes(zipped + [0, 0, 0], step: 3))) == content)
  }

  @Test func `what stands behind a gzip stream and is none is an error, once the stream was read`() throws {
    let zipped = SourceTests.gzip(Array("{}".utf8))
    for rest in ["text", "\0\0text", "\u{1F}text"] {
      let source = try GzipSource(MemorySource(zipped + Array(rest.utf8)))
      var room = [UInt8](repeating: 0, count: 16)
      #expect(try room.withUnsafeMutableBytes { try source.read(into: $0) } == 2)
      #expect(throws: ReadFailure.self) { try room.withUnsafeMutableBytes { _ = try source.read(into: $0) } }
    }
  }

  @Test func `a stream that is cut off or damaged says so`() throws {
    let zipped = SourceTests.gzip(content)
    for count in [4, 11, zipped.count / 2, zipped.count - 9, zipped.count - 1] {
      let error = #expect(throws: ReadFailure.self) {
        try all(GzipSource(MemorySource(Array(zipped.prefix(count))), path: "x.gz"))
      }
      #expect(error?.code == .gzip && error?.path == "x.gz")
    }
    var damaged = zipped
    damaged[zipped.count / 2] ^= 0xFF
    #expect(throws: ReadFailure.self) { try all(GzipSource(MemorySource(damaged))) }
    #expect(throws: ReadFailure.self) { try all(GzipSource(MemorySource(zipped + Array("rubbish".utf8)))) }
  }

  @Test func `a stream that grows beyond its limits is stopped`() throws {
    let zipped = SourceTests.gzip([UInt8](repeating: 0, count: 70 << 20))
    var limits = GzipSource.Limits()
    limits.ratio = 100
    let error = #expect(throws: ReadFailure.self) {
      try all(GzipSource(MemorySource(zipped), limits: limits), step: 1 << 20)
    }
    #expect(error?.code == .limit)
    limits.ratio = nil
    limits.bytes = 1000
    #expect(throws: ReadFailure.self) { try all(GzipSource(MemorySource(zipped), limits: limits)) }
  }

  @Test func `gzip is told by its content, and the format inside it too`() throws {
    let zipped = SourceTests.gzip(Array("{\"resourceType\":\"Basic\"}\n{\"resourceType\":\"Basic\"}".utf8))
    let reader = try ResourceReader(source: MemorySource(zipped), name: "x.json")
    #expect(reader.format == .ndjson)
    #expect(try reader.next() != nil)
  }

  @Test func `what came before a cut in a gzip stream is delivered`() throws {
    // Lines that compress badly, so that a cut stream still has many of them.
    var state: UInt64 = 1
    let lines = (0..<5000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return "{\"resourceType\":\"Basic\",\"id\":\"\(state)\"}"
    }
    let zipped = SourceTests.gzip(Array(lines.joined(separator: "\n").utf8))
    var options = ReadOptions()
    options.chunkBytes = 4096
    let reader = try ResourceReader(
      source: MemorySource(Array(zipped.prefix(zipped.count * 9 / 10))), name: "x.ndjson.gz", options: options
    )
    var count = 0
    let error = #expect(throws: ReadFailure.self) { while try reader.next() != nil { count += 1 } }
    #expect(error?.code == .gzip)
    #expect(count > 4000)
  }

  @Test func `files that cannot be read say why`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(#expect(throws: ReadFailure.self) { try FileSource(folder.path) }?.code == .isDirectory)
    #expect(#expect(throws: ReadFailure.self) { try FileSource(folder.path + "/none") }?.code == .notFound)
    let file = folder.appendingPathComponent("a.json").path
    #expect(FileManager.default.createFile(atPath: file, contents: Data(content)))
    #expect(try all(FileSource(file)) == content)
  }
}
