import FHIRModel

/// Texts of some of a file's lines; many of them are no matter for memory.
struct LineTexts {
  /// By line, from 1: where its text begins, + 1; 0 where it has none.
  private var starts: FiledArray<Int>
  /// Each text behind its length.
  private var bytes = FiledArray<UInt8>()

  init(lineCount: Int) { starts = FiledArray(repeating: 0, count: lineCount + 1) }

  var isEmpty: Bool { bytes.isEmpty }

  /// Notes the text of a line that has none yet.
  mutating func add(_ text: String, line: Int) {
    guard starts.indices.contains(line), starts[line] == 0 else { return }
    starts[line] = bytes.count + 1
    var text = text
    text.withUTF8 { text in
      withUnsafeBytes(of: text.count) { bytes.append(contentsOf: $0.bindMemory(to: UInt8.self)) }
      bytes.append(contentsOf: text)
    }
  }

  subscript(line: Int) -> String? {
    guard starts.indices.contains(line), starts[line] > 0 else { return nil }
    let start = starts[line] - 1
    let text = start + MemoryLayout<Int>.size
    let count = UnsafeRawBufferPointer(bytes.lend(start..<text)).loadUnaligned(as: Int.self)
    return String(decoding: bytes.lend(text..<text + count), as: UTF8.self)
  }
}
