/// Blocks in a file, each behind a link to the one before it. So what is in memory of them does not grow with their number.
struct BlockChain {
  /// Where a block stands, behind its own link, and how many bytes it has there and had before.
  struct Link: BitwiseCopyable {
    var offset: Int64
    var storedCount: UInt32
    var count: UInt32

    static let none = Link(offset: -1, storedCount: 0, count: 0)
    static let bytes = MemoryLayout<Link>.size
    var isNone: Bool { offset < 0 }
  }

  private var last = Link.none
  /// How many bytes the blocks had before they were made small.
  private(set) var count = 0

  /// Adds a block; returns the link to be written before it.
  mutating func append(_ link: Link) -> Link {
    defer {
      last = link
      count += Int(link.count)
    }
    return last
  }

  /// Hands over the blocks, the last first: the place of its bytes among all, and what is behind its link in the file.
  func forEachFromLast(
    in file: TemporaryFile,
    _ body: (Range<Int>, UnsafeRawBufferPointer) throws(PipelineFailure) -> Void
  ) throws(PipelineFailure) {
    var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    defer { room.deallocate() }
    var link = last
    var end = count
    while !link.isNone {
      let stored = Link.bytes + Int(link.storedCount)
      if room.count < stored {
        room.deallocate()
        room = .allocate(byteCount: stored, alignment: 16)
      }
      let whole = UnsafeMutableRawBufferPointer(rebasing: room[..<stored])
      try file.read(at: Int(link.offset), into: whole)
      let start = end - Int(link.count)
      try body(start..<end, UnsafeRawBufferPointer(rebasing: whole[Link.bytes...]))
      link = whole.load(as: Link.self)
      end = start
    }
  }

  /// The places of the blocks' bytes among all and their links, the first first.
  func links(in file: TemporaryFile) throws(PipelineFailure) -> [Link] {
    var links: [Link] = []
    var link = last
    while !link.isNone {
      links.append(link)
      var before = Link.none
      var failure: PipelineFailure?
      withUnsafeMutableBytes(of: &before) { room in
        do throws(PipelineFailure) { try file.read(at: Int(link.offset), into: room) } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      link = before
    }
    return links.reversed()
  }
}
