import FHIRFormats
import FHIRModel
import Testing

/// Gives no more than so many bytes at a time, as a pipe may.
final class TricklingSource: ByteSource {
  private let source: MemorySource
  private let step: Int

  init(_ text: String, step: Int) {
    source = MemorySource(text)
    self.step = step
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(step)))
  }
}

/// The records of a document.
func readXML(_ text: String, step: Int? = nil, options: ReadOptions = ReadOptions()) throws -> [Record] {
  try readXML(step.map { TricklingSource(text, step: $0) } ?? MemorySource(text), options: options)
}

func readXML(_ source: any ByteSource, options: ReadOptions = ReadOptions()) throws -> [Record] {
  let reader = try XMLResourceReader(source: source, name: "test.xml", options: options)
  var records: [Record] = []
  while let batch = try reader.nextBatch() {
    func keep(_ record: Record) { records.append(record) }
    batch.forEach(keep)
  }
  return records
}

/// A FHIR document around the content of a root element.
func fhir(_ type: String, _ content: String) -> String {
  "<\(type) xmlns=\"http://hl7.org/fhir\">\(content)</\(type)>"
}

/// A tree as text, a line a node: `name=value`, indented; attributes as `@name=value`.
func outline(_ tree: ResourceTree, positions: Bool = false) -> String {
  var lines: [String] = []
  func add(_ index: Int, _ indent: String) {
    let node = tree.nodes[index]
    var line = indent + (node.flags.contains(.attribute) ? "@" : "") + elementName(node.name, in: tree)
    let text = String(decoding: tree.rawText(index), as: UTF8.self)
    if node.flags.kind == .resource { line += "(\(text))" }
    if node.flags.contains(.hasValue) { line += "=\(text)" }
    if positions { line += " \(node.position):\(node.column)" }
    lines.append(line)
    for child in tree.children(of: index) { add(child, indent + "  ") }
  }
  add(0, "")
  return lines.joined(separator: "\n")
}

func elementName(_ id: NameID, in tree: ResourceTree) -> String {
  if id == .root { return "" }
  return id.isUnknown
    ? tree.unknownNames[Int(id.rawValue - NameID.unknown)] : DefinitionTable.r4.string(of: id)
}

/// Issues as `severity rule expression line:column`.
func summary(_ issues: [FHIRModel.Issue]) -> [String] {
  issues.map {
    let place = $0.position.map { "\($0.line):\($0.column)" } ?? "-"
    return "\($0.severity.rawValue) \($0.rule.rawValue) \($0.expression) \(place)"
  }
}
