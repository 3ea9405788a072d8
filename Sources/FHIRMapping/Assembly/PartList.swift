/// Parts as they stand in a ``PartBuffer``, in an order of their own: valid as long as that stays as it is.
package struct PartList: RandomAccessCollection {
  /// Where their records begin: there may be millions of parts, and a record tells all of its part.
  private var records: ArraySlice<UnsafeRawPointer>

  package init() { records = [] }

  package var startIndex: Int { records.startIndex }
  package var endIndex: Int { records.endIndex }

  package subscript(index: Int) -> PartView { PartBuffer.part(at: records[index]) }

  package subscript(range: Range<Int>) -> PartList {
    var list = PartList()
    list.records = records[range]
    return list
  }

  /// Where the records begin, for who goes through them again and again.
  func withRecords<R>(_ body: (UnsafeBufferPointer<UnsafeRawPointer>) throws -> R) rethrows -> R {
    try records.withUnsafeBufferPointer(body)
  }

  package mutating func append(_ part: PartView) {
    // a record begins with its header
    records.append(part.record.baseAddress.unsafelyUnwrapped)
  }

  package mutating func reserveCapacity(_ count: Int) { records.reserveCapacity(count) }

  package mutating func swapAt(_ a: Int, _ b: Int) { records.swapAt(a, b) }

  /// Those for which the closure answers true.
  package func filter(_ isKept: (PartView) -> Bool) -> PartList {
    var list = PartList()
    list.records = records.filter { isKept(PartBuffer.part(at: $0)) }[...]
    return list
  }
}
