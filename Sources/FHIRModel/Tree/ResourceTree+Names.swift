extension ResourceTree {
  /// The bytes of an element's name as the source wrote it, known to the table or not; valid inside the closure only.
  @inlinable
  package func withName<R>(
    of index: Int, table: DefinitionTable, _ body: (UnsafeBufferPointer<UInt8>) throws -> R
  ) rethrows -> R {
    let name = nodes[index].name
    if !name.isUnknown { return try body(table.bytes(of: name)) }
    var text = unknownNames[Int(name.rawValue - NameID.unknown)]
    return try text.withUTF8(body)
  }
}
