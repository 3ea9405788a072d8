@testable import BSON
import Glibc
import Testing

@Suite("Bytes of a file as memory")
struct MappedBytesTests {
  @Test("Bytes are there again after they were released, also those that were written after the mapping")
  func release() throws {
    let file = try #require(tmpfile())
    defer { fclose(file) }
    let descriptor = fileno(file)
    let mapped = try #require(MappedBytes(descriptor: descriptor, count: 64 << 20))
    let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(pwrite(descriptor, content, content.count, 0) == content.count)
    let part = SharedBytes(mapped, 1000..<150_000)
    for _ in 0..<2 {
      #expect(part.withUnsafeBytes { $0.elementsEqual(content[1000..<150_000]) })
      mapped.release()
    }
    #expect(part.mapped === mapped)
    #expect(SharedBytes([1, 2]).mapped == nil)
  }
}
