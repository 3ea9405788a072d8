import FHIRFormats
import FHIRPipeline
import Foundation
import Synchronization
import TestSupport
import Testing

/// Of what is large, one thing at a time is in memory, whoever reads it.
@Suite struct LargeTurnTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Lines of so many megabytes.
  private func file(_ name: String, _ megabytes: [Int]) throws -> InputFile {
    let path = folder.appending(path: name).path
    var text = Data()
    for (number, size) in megabytes.enumerated() {
      text += Data("{\"resourceType\":\"Binary\",\"id\":\"\(number)\",\"data\":\"".utf8)
      text += Data(repeating: 0x41, count: size << 20) + Data("\"}\n".utf8)
    }
    try text.write(to: URL(filePath: path))
    return InputFile(name: name, path: path, size: text.count)
  }

  @Test(.timeLimit(.minutes(2)))
  func `workers have large lines one after the other, and small ones at once`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = [try file("a.ndjson", [9, 1, 9, 9]), try file("b.ndjson", [9, 1, 1, 9])]
    let feed = BatchFeed(files: files, options: ReadOptions())
    let held = Mutex((now: 0, most: 0, bytes: 0))
    WorkerThread.run(count: 3) { _ in
      var worker = BatchFeed.Worker(feed)
      while let item = worker.next() {
        guard case .batch(let batch) = item.content else { continue }
        let isLarge = batch.byteCount > 8 << 20
        held.withLock {
          $0.now += isLarge ? 1 : 0
          $0.most = max($0.most, $0.now)
          $0.bytes += batch.byteCount
        }
        usleep(20_000)
        if isLarge { held.withLock { $0.now -= 1 } }
      }
    }
    let (_, most, bytes) = held.withLock { $0 }
    #expect(most == 1)
    #expect(bytes == files.reduce(0) { $0 + $1.size })
  }

  @Test(.timeLimit(.minutes(2)))
  func `a worker that goes away with something large holds nobody up`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let feed = BatchFeed(files: [try file("a.ndjson", [9, 9, 9, 9])], options: ReadOptions())
    let batches = Mutex(0)
    WorkerThread.run(count: 2) { number in
      var worker = BatchFeed.Worker(feed)
      while let item = worker.next() {
        guard case .batch = item.content else { continue }
        batches.withLock { $0 += 1 }
        if number == 0 { return }
      }
    }
    #expect(batches.withLock { $0 } == 4)
  }
}
