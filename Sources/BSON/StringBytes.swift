extension String {
  /// Lends the text's UTF-8. As `withUTF8`, but of a text that is not one's own to change: writers of documents do it for every
  /// text, and feel the copy.
  @inlinable
  @inline(__always)
  package func withUTF8Bytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    if let result = utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) {
      return result
    }
    var native = self
    return native.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}
