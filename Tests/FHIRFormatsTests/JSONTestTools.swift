import FHIRFormats
import FHIRModel
import Testing

/// The records of a source, read as the pipeline reads them.
func read(
  _ bytes: [UInt8], name: String = "test.json", step: Int? = nil, options: ReadOptions = ReadOptions()
) throws -> [Record] {
  let source: any ByteSource = step.map { TricklingBytes(bytes, step: $0) } ?? MemorySource(bytes)
  let reader = try ResourceReader(source: source, name: name, options: options)
  var records: [Record] = []
  while let record = try reader.next() { records.append(record) }
  return records
}

func read(
  _ text: String, name: String = "test.json", step: Int? = nil, options: ReadOptions = ReadOptions()
) throws -> [Record] {
  try read(Array(text.utf8), name: name, step: step, options: options)
}

/// The only record of a text.
func readOne(_ text: String, options: ReadOptions = ReadOptions()) throws -> Record {
  let records = try read(text, options: options)
  try #require(records.count == 1)
  return records[0]
}

/// Gives no more than so many bytes at a time, as a pipe may.
final class TricklingBytes: ByteSource {
  private let source: MemorySource
  private let step: Int

  init(_ bytes: [UInt8], step: Int) {
    source = MemorySource(bytes)
    self.step = step
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(step)))
  }
}

/// Options that cut a source into the smallest chunks.
var tinyChunks: ReadOptions {
  var options = ReadOptions()
  options.chunkBytes = 16
  return options
}

func json(_ tree: ResourceTree, at node: Int = 0, layout: JSONWriter.Layout = .compact) -> String {
  let output = OutputBuffer()
  JSONWriter(to: output, layout: layout).write(tree, at: node)
  return String(decoding: output.array, as: UTF8.self)
}

/// What the content of a record is, in a word.
func word(_ content: Record.Content) -> String {
  switch content {
  case .resource: "resource"
  case .entry(let index): "entry \(index)"
  case .bundle(let count): "bundle of \(count)"
  case .unreadable: "unreadable"
  }
}
