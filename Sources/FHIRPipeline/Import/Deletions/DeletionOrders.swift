import BSON
import FHIRModel

/// The deletions that a run's entries ask for, in the order in which they came; of any number only some are in memory.
struct DeletionOrders {
  /// An order less its texts, which stand among ``texts`` one behind the other.
  private struct Entry: BitwiseCopyable {
    var sequence: UInt64
    var start: Int
    var line: Int32
    var column: Int32
    var isSearch: Bool
    /// Whether the name of what is meant stands there besides: a url is that name as a rule.
    var hasName: Bool
    var isDone: Bool
    var isOfVersion: Bool
  }

  private var entries = FiledArray<Entry>()
  private var texts = FiledArray<UInt8>()

  var count: Int { entries.count }

  mutating func append(_ order: Deletions.Order) {
    let name: String
    var isSearch = false
    switch order.target {
    case .resource(let target): name = target.key
    case .search(let search):
      name = search
      isSearch = true
    }
    entries.append(
      Entry(
        sequence: order.sequence, start: texts.count, line: Int32(clamping: order.position?.line ?? 0),
        column: Int32(clamping: order.position?.column ?? 0), isSearch: isSearch, hasName: name != order.url,
        isDone: order.done != nil, isOfVersion: order.gone != nil))
    append(order.url)
    append(order.expression)
    if name != order.url { append(name) }
    if let done = order.done { append(done.key) }
    if let gone = order.gone {
      append(gone.lastModified ?? "")
      append(gone.versionId ?? "")
    }
  }

  subscript(index: Int) -> Deletions.Order {
    let entry = entries[index]
    var place = entry.start
    let url = String(decoding: text(&place), as: UTF8.self)
    let expression = String(decoding: text(&place), as: UTF8.self)
    let name = entry.hasName ? String(decoding: text(&place), as: UTF8.self) : url
    let done = entry.isDone ? TargetIndex.Target(key: UnsafeRawBufferPointer(text(&place))) : nil
    // What is no instant, or no number, tells as little as none.
    let gone =
      entry.isOfVersion
      ? EntryRequest.Gone(
        lastModified: String(decoding: text(&place), as: UTF8.self),
        versionId: String(decoding: text(&place), as: UTF8.self)) : nil
    return Deletions.Order(
      target: entry.isSearch
        ? .search(name) : .resource(name.withUTF8Bytes { TargetIndex.Target(key: $0) }),
      sequence: entry.sequence, url: url, expression: expression,
      position: entry.line > 0 ? SourcePosition(line: Int(entry.line), column: Int(entry.column)) : nil,
      done: done, gone: gone)
  }

  /// Adds a text, behind its length.
  private mutating func append(_ text: String) {
    text.withUTF8Bytes { bytes in
      var length = UInt32(bytes.count)
      withUnsafeBytes(of: &length) { texts.append(contentsOf: $0.bindMemory(to: UInt8.self)) }
      texts.append(contentsOf: bytes.bindMemory(to: UInt8.self))
    }
  }

  private func text(_ place: inout Int) -> UnsafeBufferPointer<UInt8> {
    let length = UnsafeRawBufferPointer(texts.lend(place..<place + 4)).loadUnaligned(as: UInt32.self)
    let start = place + 4
    place = start + Int(length)
    return texts.lend(start..<place)
  }
}
