import BSON

/// Records that stand in a file, and in memory what is asked for again and again: whose they are, and their keys.
final class FiledParts {
  let mapped: MappedBytes
  private var texts = SharedArena(bufferBytes: 1 << 20, keeping: 0)
  /// The buffers that texts were copied to, each by one of its texts.
  private var held: [SharedBytes] = []
  private var documentID = SharedBytes([])
  private var section = SharedBytes([])

  init(_ mapped: MappedBytes) { self.mapped = mapped }

  /// The part with its texts in memory, where they stay as long as this does.
  func withTexts(of part: PartView) -> PartView {
    // Most parts of a file that is so large are of one document and one section.
    if !part.documentID.isSame(as: documentID.pointer) { documentID = keep(part.documentID) }
    if !part.section.isSame(as: section.pointer) { section = keep(part.section) }
    return part.with(
      documentID: documentID.pointer, section: section.pointer, key: keep(part.key).pointer)
  }

  private func keep(_ text: UnsafeRawBufferPointer) -> SharedBytes {
    let kept = texts.keep(text)
    if held.last.map({ !$0.sharesMemory(with: kept) }) ?? true { held.append(kept) }
    return kept
  }
}
