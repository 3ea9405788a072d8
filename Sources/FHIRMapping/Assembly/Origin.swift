/// Where a resource of a document came from: an import, one of its files, and the line at which it begins there.
package struct Origin: Sendable, Hashable, BitwiseCopyable {
  /// The import's number; 0 where it is not known.
  package var run: Int32
  /// The file's number among those of the import, from 0.
  package var file: Int32
  /// From 1.
  package var line: Int32

  package init(run: Int32, file: Int32, line: Int32) {
    self.run = run
    self.file = file
    self.line = line
  }

  package static let unknown = Origin(run: 0, file: 0, line: 0)

  /// The origin of a resource that an earlier import brought as it was written now, as far as that is known: the earlier one.
  ///
  /// What its references were found to lead to since may come with it, or by the end of the same import: the document is not to tell
  /// which way it came by.
  func unlessKnown(_ earlier: Origin) -> Origin { earlier == .unknown || earlier.run == run ? self : earlier }
}

/// The origins of a document's resources as `_fhirline.origin` keeps them: some bytes for each.
///
/// They stand in the order of the document: the root's, then those of the sections in the order of their names, their
/// items in the order of their keys. Each is written as what it differs by from the one before.
package struct OriginList: Sendable, Equatable {
  package var root: Origin?
  package var sections: [[Origin]]

  package init(root: Origin?, sections: [[Origin]]) {
    self.root = root
    self.sections = sections
  }

  /// nil where nothing is known of any resource.
  var bytes: [UInt8]? {
    let isKnown = root.map { $0 != .unknown } ?? false
    guard isKnown || sections.contains(where: { $0.contains { $0 != .unknown } }) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + sections.reduce(0) { $0 + 4 * $1.count })
    bytes.append(root == nil ? 0 : 1)
    OriginList.append(UInt64(sections.count), to: &bytes)
    for section in sections { OriginList.append(UInt64(section.count), to: &bytes) }
    var last = Origin.unknown
    func append(_ origin: Origin) {
      OriginList.append(difference: Int64(origin.run) - Int64(last.run), to: &bytes)
      OriginList.append(difference: Int64(origin.file) - Int64(last.file), to: &bytes)
      OriginList.append(difference: Int64(origin.line) - Int64(last.line), to: &bytes)
      last = origin
    }
    if let root { append(root) }
    for section in sections { for origin in section { append(origin) } }
    return bytes
  }

  /// nil for bytes that are no such list.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    func number() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while at < bytes.count, shift < 64 {
        let byte = bytes[at]
        at += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }
    var last = Origin.unknown
    func next(_ value: Int32) -> Int32? {
      guard let code = number() else { return nil }
      let difference = Int64(bitPattern: code >> 1) ^ -Int64(bitPattern: code & 1)
      return Int32(exactly: Int64(value).addingReportingOverflow(difference).partialValue)
    }
    func origin() -> Origin? {
      guard let run = next(last.run), let file = next(last.file), let line = next(last.line) else {
        return nil
      }
      last = Origin(run: run, file: file, line: line)
      return last
    }
    guard let first = number(), first <= 1, let count = number(), count <= UInt64(bytes.count) else {
      return nil
    }
    var counts: [Int] = []
    for _ in 0..<count {
      // Every origin takes three bytes or more.
      guard let items = number(), items <= UInt64(bytes.count) else { return nil }
      counts.append(Int(items))
    }
    root = nil
    if first == 1 {
      guard let own = origin() else { return nil }
      root = own
    }
    sections = []
    for items in counts {
      var section: [Origin] = []
      for _ in 0..<items {
        guard let own = origin() else { return nil }
        section.append(own)
      }
      sections.append(section)
    }
    guard at == bytes.count else { return nil }
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  /// Small numbers of either sign take one byte.
  private static func append(difference: Int64, to bytes: inout [UInt8]) {
    append(UInt64(bitPattern: difference << 1 ^ difference >> 63), to: &bytes)
  }
}
