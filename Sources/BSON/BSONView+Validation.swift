extension BSONView {
  /// Checks the document through and through: every length, terminator and type, nesting, and that texts are UTF-8.
  ///
  /// Reading needs no such check before it; it is for bytes that are to be sent on as they are.
  package func validate() throws(BSONError) { try validate(depth: 1) }

  private func validate(depth: Int) throws(BSONError) {
    guard depth <= BSONLimit.depth else { throw BSONError(.tooDeep) }
    var iterator = makeIterator()
    while let element = try iterator.next() {
      let offset = iterator.at - element.value.count
      try requireUTF8(element.key, at: offset - element.key.count - 1)
      switch element.type {
      case .string: if let text = element.string { try requireUTF8(text, at: offset + 4) }
      case .bool where element.value[0] > 1: throw BSONError(.badValue, at: offset)
      case .document, .array: try element.container?.validate(depth: depth + 1)
      default: break
      }
    }
    // The iterator stops at the terminator and nowhere else, or it has thrown.
    guard iterator.at == iterator.end else { throw BSONError(.badLength, at: iterator.at) }
  }

  private func requireUTF8(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(BSONError) {
    let words = bytes.bindMemory(to: UInt8.self)
    if words.allSatisfy({ $0 < 0x80 }) { return }
    do {
      _ = try UTF8Span(validating: Span(_unsafeElements: words))
    } catch {
      throw BSONError(.invalidUTF8, at: offset + error.byteOffsets.lowerBound)
    }
  }
}
