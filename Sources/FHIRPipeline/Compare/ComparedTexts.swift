import FHIRFormats
import FHIRModel
import Foundation

/// Where the text of a resource stands that is compared.
enum ComparedText {
  /// In memory, for as long as it is lent.
  case lent(UnsafeRawBufferPointer)
  /// In the file of ``ComparedTexts``.
  case filed(Range<Int>)
}

/// Texts that a ``CompareRun`` has in a file: those of large resources, and of those without an id.
final class ComparedTexts: @unchecked Sendable {
  // Safe to share: one thread appends, before all others begin to read.

  private var file: TemporaryFile?
  private var end = 0
  /// Large resources are compared one pair at a time.
  private let turn = LargeTurn()

  /// Bytes of a text that is large.
  static let large = 1 << 20

  /// Adds bytes behind those that are there, and returns where they stand.
  func append(_ bytes: UnsafeRawBufferPointer) throws(PipelineFailure) -> Range<Int> {
    if file == nil { file = try TemporaryFile() }
    try filled.write(bytes, at: end)
    defer { end += bytes.count }
    return end..<end + bytes.count
  }

  /// Waits for the turn of what is large.
  func takeTurn(for texts: some Sequence<ComparedText>) {
    if texts.contains(where: ComparedTexts.isLarge) { turn.take() }
  }

  func giveTurnBack() { turn.giveBack() }

  private static func isLarge(_ text: ComparedText) -> Bool {
    if case .filed(let range) = text { range.count > large } else { false }
  }

  func areEqual(_ a: Range<Int>, _ b: Range<Int>) throws(PipelineFailure) -> Bool {
    guard a.count == b.count else { return false }
    var first = [UInt8](repeating: 0, count: min(a.count, ComparedTexts.large))
    var second = first
    for start in stride(from: 0, to: a.count, by: ComparedTexts.large) {
      let count = min(ComparedTexts.large, a.count - start)
      try read(a.lowerBound + start, count, into: &first)
      try read(b.lowerBound + start, count, into: &second)
      if first != second { return false }
    }
    return true
  }

  private func read(_ offset: Int, _ count: Int, into bytes: inout [UInt8]) throws(PipelineFailure) {
    bytes.removeLast(bytes.count - count)
    var failure: PipelineFailure?
    bytes.withUnsafeMutableBytes { room in
      do throws(PipelineFailure) { try filled.read(at: offset, into: room) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private var filled: TemporaryFile {
    // A text has a place in the file only once there is one.
    guard let file else { preconditionFailure("a text without its file") }
    return file
  }

  /// The resource that a text says; one that is large stands in files of its own.
  func tree(_ text: ComparedText) throws(PipelineFailure) -> ResourceTree {
    let chunk =
      switch text {
      case .lent(let bytes): SourceChunk(copying: bytes)
      case .filed(let range): try chunk(range)
      }
    // What was written was within the limits; a level more makes no difference.
    let record = JSONDocument.read(chunk, maximumDepth: 1000, maximumElements: .max)
    guard record.content != .unreadable else {
      throw PipelineFailure(.input, "a resource cannot be compared")
    }
    if ComparedTexts.isLarge(text) {
      record.tree.moveNodesToFile()
      record.tree.release()
    }
    return record.tree
  }

  private func chunk(_ range: Range<Int>) throws(PipelineFailure) -> SourceChunk {
    var filed = FiledArray<UInt8>()
    filed.reserveCapacity(range.count + SourceChunk.padding)
    var piece = [UInt8](repeating: 0, count: min(range.count, ComparedTexts.large))
    for start in stride(from: range.lowerBound, to: range.upperBound, by: ComparedTexts.large) {
      try read(start, min(ComparedTexts.large, range.upperBound - start), into: &piece)
      filed.append(contentsOf: piece)
    }
    filed.append(contentsOf: [UInt8](repeating: 0, count: SourceChunk.padding))
    return SourceChunk(filed)
  }
}
